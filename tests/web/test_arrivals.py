"""How calls come in: late, in crowds, large, or through a server that is not ours."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

import gateways
from amq2api.relay.aside import LARGE
from bridge.replies import ended, text
from gateways import Gateway, Service, running, stream
from web.wires import Wire

CALL: dict[str, Any] = {"model": "claude-sonnet-4.5", "max_tokens": 1024,
                        "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
STREAM = CALL | {"stream": True}
LONG = CALL | {"messages": [{"role": "user", "content": "word " * (LARGE // 4)}]}
HEAD = b"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n"


@asynccontextmanager
async def wired(gateway: Gateway) -> AsyncIterator[Wire]:
    port = int(gateway.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def until(what: Any) -> None:
    async with asyncio.timeout(5):
        while not what():  # noqa: ASYNC110  (nothing tells)
            await asyncio.sleep(0.01)


def test_a_call_whose_body_does_not_come_is_told_so_and_on_record(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, client_timeout=1.0) as gateway, wired(gateway) as wire:
            wire.say(HEAD % 100 + b'{"model":')
            heard = await asyncio.wait_for(wire.hear(), 5)
            error = heard.json["error"]
            assert (heard.status, error["type"]) == (408, "invalid_request_error")
            assert error["details"] == {"error_code": "request_body_timeout"}
            (record,) = gateway.relay.records.recent()
            assert (record.outcome, record.status) == ("RequestTimedOut", 408)
            assert gateway.relay.admission.inside == 0

    asyncio.run(story())


def test_a_client_that_reads_nothing_stops_the_service_and_is_dropped(tmp_path: Path) -> None:
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        piece = text("x" * 50_000)
        while sent < 1 << 28:
            await response.write(piece)
            sent += len(piece)
        return response

    async def story() -> None:
        service = Service(script=[flood])
        body = msgspec.json.encode(STREAM | {"max_tokens": 1 << 30})
        async with running(tmp_path, service, client_timeout=1.0) as gateway:
            async with wired(gateway) as wire:
                wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
                wire.say(HEAD % len(body) + body)
                await asyncio.wait_for(service.gone.get(), 10)
            await until(lambda: gateway.relay.records.last)
            (record,) = gateway.relay.records.recent()
            assert record.outcome == "abandoned"
            # What the kernel holds on both ways, and no more than a read or two beside it.
            assert sent < 1 << 25

    asyncio.run(story())


def test_calls_beyond_those_that_are_served_wait_and_beyond_those_are_refused(
    tmp_path: Path,
) -> None:
    slow = stream(text("a"), 0.5, ended("END_TURN"))

    async def story() -> None:
        service = Service(script=[slow])
        async with running(tmp_path, service, max_calls=1, queue=1) as gateway:
            room = gateway.relay.admission
            first = asyncio.ensure_future(gateway.post(STREAM))
            await until(lambda: room.inside)
            second = asyncio.ensure_future(gateway.post(CALL))
            await until(lambda: room.waiting)
            status, headers, body = await gateway.post(CALL)
            assert status == 529 and int(headers["retry-after"]) > 0
            assert b"calls under way: 1, waiting: 1" in body
            assert [(await each)[0] for each in (first, second)] == [200, 200]
            queued = [record.queued for record in gateway.relay.records.recent()]
            assert (queued[0] or 0.0) > 0.1
            assert (room.inside, room.waiting) == (0, 0)

    asyncio.run(story())


def test_a_client_that_leaves_the_line_leaves_no_trace_in_it(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(script=[stream(0.6, text("a"), ended("END_TURN"))])
        async with running(tmp_path, service, max_calls=1) as gateway:
            room = gateway.relay.admission
            first = asyncio.ensure_future(gateway.post(CALL))
            await until(lambda: room.inside)
            second = asyncio.ensure_future(gateway.post(CALL))
            await until(lambda: room.waiting)
            second.cancel()
            await until(lambda: not room.waiting)
            assert (await first)[0] == 200
            assert (await gateway.post(CALL))[0] == 200
            assert len(service.calls) == 2

    asyncio.run(story())


def test_large_calls_are_answered_like_others(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            status, headers, _ = await gateway.post(LONG | {"zzz": 1}, amq2api_explain="1")
            assert status == 200 and "unknown fields" in headers["amq2api-fidelity"]
            status, _, body = await gateway.post(LONG, "/v1/messages/count_tokens")
            assert status == 200 and msgspec.json.decode(body)["input_tokens"] > LARGE / 8
            status, _, body = await gateway.post(LONG | {"messages": []})
            assert status == 400

    asyncio.run(story())


@pytest.fixture
def another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvicorn's own protocol, for any server that knows ASGI and nothing of ours."""
    monkeypatch.setattr(gateways, "Connections", lambda _limits: "httptools")


@pytest.mark.usefixtures("another_server")
def test_another_server_will_do(tmp_path: Path) -> None:
    async def story() -> None:
        service = Service(script=[stream(*(text(f"{n} ") for n in range(50)), ended("END_TURN"))])
        async with running(tmp_path, service) as gateway:
            status, _, body = await gateway.post(STREAM)
            assert status == 200 and body.count(b"text_delta") == 50
            assert (await gateway.post(CALL))[0] == 200

    asyncio.run(story())


@pytest.mark.usefixtures("another_server")
def test_with_another_server_too_a_client_that_leaves_takes_the_upstream_along(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        service = Service(script=[stream(text("a"), 30.0)])
        async with running(tmp_path, service) as gateway:
            call = asyncio.ensure_future(gateway.post(STREAM))
            await until(lambda: service.calls)
            await asyncio.sleep(0.2)
            left = time.monotonic()
            call.cancel()
            await asyncio.wait_for(service.gone.get(), 5)
            assert time.monotonic() - left < 1.0

    asyncio.run(story())
