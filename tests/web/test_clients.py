"""Clients that are slow, leave, or come in crowds: what they may take up, and for how long."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable

import pytest

from amq2api.web.asgi import DIRECT, Receive, Scope, Send
from amq2api.web.cycle import Cycle
from amq2api.web.http import Connection
from amq2api.web.requests import Requests
from web.wires import HEAD, START, Server, Wire, story, told

PIECE = b"x" * 50_000
POST = b"POST / HTTP/1.1\r\nhost: a\r\n"


async def hold(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the request; answers ``/late`` if it does not come, ``/`` after a long time."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            if message.get("amq2api.late"):
                await send(START | {"status": 408})
                await send({"type": "http.response.body", "body": b"late"})
            return
        more = message["more_body"]
    await receive()  # for the client to go


def cancelling() -> Callable[[], object]:
    task = asyncio.current_task()
    assert task is not None
    return task.cancel


async def flood(scope: Scope, _receive: Receive, send: Send) -> None:
    """An answer without end."""
    if scope[DIRECT].left is None:
        scope[DIRECT].left = cancelling()
    await send(START)
    while True:
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})


async def trickle(wire: Wire, data: bytes, every: float) -> None:
    for byte in data:
        wire.say(bytes([byte]))
        await asyncio.sleep(every)


LOITERERS: dict[str, tuple[bytes, bytes, bytes]] = {
    "a head that stops": (b"GET / HTTP/1.1\r\nhost:", b"", b"408"),
    "a head that trickles": (b"GET / HTTP/1.1\r\nodd:", b"x" * 200, b"408"),
    "a head that stops, after an answer": (
        b"GET /brief HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n", b"", b"408",
    ),
    "a body that stops": (POST + b"content-length: 9\r\n\r\nab", b"", b"408"),
    "a body that never begins": (POST + b"content-length: 9\r\n\r\n", b"", b"408"),
    "a body that trickles": (POST + b"content-length: 999\r\n\r\n", b"x" * 200, b"408"),
    "nothing at all": (b"", b"", b""),
    "nothing after an answer": (b"GET /brief HTTP/1.1\r\n\r\n", b"", b"200"),
}  # fmt: skip


@pytest.mark.parametrize(("first", "then", "status"), LOITERERS.values(), ids=LOITERERS)
def test_who_does_not_go_on_is_told_and_cut_off(first: bytes, then: bytes, status: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/brief":
            await send(START)
            await send({"type": "http.response.body", "body": b"brief"})
        else:
            await hold(scope, receive, send)

    async def tell(wire: Wire) -> None:
        began = time.monotonic()
        wire.say(first)
        trickling = asyncio.ensure_future(trickle(wire, then, 0.02))
        raw = await wire.rest()
        trickling.cancel()
        assert 0.1 < time.monotonic() - began < 2.0
        if status:
            assert raw.rpartition(b"HTTP/1.1 ")[2].startswith(status)
        assert raw.count(b"HTTP/1.1 ") == first.count(b"brief") + (status == b"408")

    story(app, tell, head_time=0.2, client_timeout=0.2, idle_time=0.2, linger=0.2)


def test_a_body_that_comes_slowly_but_well_is_waited_for() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(POST + b"content-length: 6000\r\n\r\n")
        for _ in range(6):
            wire.say(b"x" * 1000)
            await asyncio.sleep(0.1)
        wire.say(HEAD)  # still here, and heard
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wire.reader.read(1), 0.05)

    story(hold, tell, client_timeout=0.2, head_time=5)


def test_a_client_is_not_blamed_while_nobody_reads_its_body() -> None:
    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.6)
        await hold(scope, receive, send)

    async def tell(wire: Wire) -> None:
        wire.say(POST + b"content-length: 8000000\r\n\r\n" + b"x" * 8_000_000)
        await asyncio.wait_for(wire.writer.drain(), 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wire.reader.read(1), 0.1)

    story(busy, tell, client_timeout=0.3)


def test_an_answer_may_take_as_long_as_it_takes() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wire.reader.read(1), 0.6)

    story(hold, tell, client_timeout=0.1, head_time=0.1, idle_time=0.1)


def test_a_reader_that_takes_nothing_is_cut_off_and_costs_no_memory() -> None:
    most = 0

    async def tell(server: Server) -> None:
        nonlocal most
        async with server.client() as wire:
            wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
            wire.say(HEAD + b"\r\n")
            began = time.monotonic()
            while server.connections or not most:
                await asyncio.sleep(0.01)
                for connection in server.connections:
                    most = max(most, connection.transport.get_write_buffer_size())
            assert 0.2 < time.monotonic() - began < 3.0

    told(flood, tell, client_timeout=0.3)
    assert len(PIECE) < most < 4 * len(PIECE)


def test_a_reader_that_is_slow_but_reads_is_not_cut_off() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"\r\n")
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            assert await wire.reader.read(200_000)
            await asyncio.sleep(0.02)

    story(flood, tell, client_timeout=0.4)


def test_whoever_writes_past_send_hears_that_the_client_is_slow() -> None:
    heard: list[bool] = []

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        while not heard or heard[-1]:
            heard.append(scope[DIRECT].write(PIECE))
            await asyncio.sleep(0)
        waiting = asyncio.ensure_future(
            send({"type": "http.response.body", "body": b"end", "more_body": False})
        )
        assert not (await asyncio.wait([waiting], timeout=0.1))[0]
        go.set()
        await waiting

    async def tell(server: Server) -> None:
        async with server.client() as wire:
            wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
            wire.say(HEAD + b"\r\n")
            await go.wait()
            wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
            raw = b""
            while not raw.endswith(b"end\r\n0\r\n\r\n"):
                raw += await wire.reader.read(1 << 20)
            assert raw.count(b"x") == len(PIECE) * len(heard)

    go = asyncio.Event()
    told(app, tell)


async def leave_at_once(wire: Wire) -> None:
    await asyncio.sleep(0)


async def leave_in_the_head(wire: Wire) -> None:
    wire.say(HEAD)
    await asyncio.sleep(0.02)


async def leave_in_the_body(wire: Wire) -> None:
    wire.say(POST + b"content-length: 9\r\n\r\nab")
    await asyncio.sleep(0.02)


async def leave_before_the_answer(wire: Wire) -> None:
    wire.say(HEAD + b"\r\n")
    await asyncio.sleep(0.02)


async def leave_in_the_answer(wire: Wire) -> None:
    wire.say(b"GET /flood HTTP/1.1\r\n\r\n")
    await wire.reader.read(10)


async def leave_in_an_answer_that_waits_for_us(wire: Wire) -> None:
    wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
    wire.say(b"GET /flood HTTP/1.1\r\n\r\n")
    await asyncio.sleep(0.1)


async def leave_behind_a_second_request(wire: Wire) -> None:
    wire.say(HEAD + b"\r\n" + HEAD + b"\r\n")
    await asyncio.sleep(0.02)


async def leave_behind_half_a_request(wire: Wire) -> None:
    wire.say(HEAD + b"\r\n" + POST + b"content-length: 9\r\n\r\nab")
    await asyncio.sleep(0.02)


async def leave_politely(wire: Wire) -> None:
    wire.say(HEAD + b"\r\n")
    wire.writer.write_eof()
    assert await wire.rest() == b""


LEAVERS = [
    leave_at_once, leave_in_the_head, leave_in_the_body, leave_before_the_answer,
    leave_in_the_answer, leave_in_an_answer_that_waits_for_us, leave_behind_a_second_request,
    leave_behind_half_a_request, leave_politely,
]  # fmt: skip


@pytest.mark.parametrize("leave", LEAVERS, ids=lambda leave: leave.__name__)
def test_nothing_is_left_of_clients_that_leave(leave: Callable[[Wire], Awaitable[None]]) -> None:
    left: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        cancel = cancelling()

        def tell() -> None:
            left.append("told")
            cancel()

        scope[DIRECT].left = tell
        await (flood if scope["path"] == "/flood" else hold)(scope, receive, send)

    server = story(app, leave)  # which waits for connections and tasks to be gone
    asked = leave not in (leave_at_once, leave_in_the_head)
    assert left == (["told"] if asked else [])
    assert not server.connections and not server.tasks


def test_nothing_that_is_over_waits_for_the_collector() -> None:
    async def tell(server: Server) -> None:
        for leave in LEAVERS[:-1]:
            async with server.client() as wire:
                await leave(wire)

    gc.collect()
    gc.disable()
    try:
        told(flood, tell)
        kinds = Connection, Cycle, Requests
        assert [type(each).__name__ for each in gc.get_objects() if isinstance(each, kinds)] == []
    finally:
        gc.enable()


def test_more_connections_than_allowed_are_told_so_and_many_more_are_not_even_told() -> None:
    async def tell(server: Server) -> None:
        async with asyncio.TaskGroup() as all_of_them:
            done = asyncio.Event()

            async def stay() -> None:
                async with server.client() as wire:
                    wire.say(HEAD + b"\r\n")
                    await done.wait()

            stayers = [all_of_them.create_task(stay()) for _ in range(16)]
            while len(server.connections) < len(stayers):  # noqa: ASYNC110  (nothing tells)
                await asyncio.sleep(0.01)
            async with server.client() as late, server.client() as later, server.client() as last:
                for refused in (late, later):
                    heard = await refused.hear()
                    assert heard.status == 529 and "retry-after" in heard.headers
                    assert heard.json["error"]["type"] == "overloaded_error"
                assert await last.is_cut()
            done.set()

    told(hold, tell, connections=16)


def test_what_is_told_at_the_end_waits_for_no_one() -> None:
    """uvicorn asks each connection to end; those that answer end after their answer."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"a", "more_body": scope["path"] != "/"})
        if scope["path"] != "/":
            await asyncio.sleep(0.05)
            await send({"type": "http.response.body", "body": b"b"})

    async def tell(server: Server) -> None:
        async with server.client() as idle, server.client() as busy:
            idle.say(HEAD + b"\r\n")
            assert (await idle.hear()).body == b"a"
            busy.say(b"GET /long HTTP/1.1\r\n\r\n")
            assert b"200" in await busy.reader.readuntil(b"\r\n\r\n")
            for connection in list[Connection](server.connections):
                connection.shutdown()
            assert await idle.rest() == b""
            assert await busy.rest() == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"

    told(app, tell)


def test_limits_that_change_hold_for_those_who_are_there() -> None:
    async def tell(server: Server) -> None:
        async with server.client() as wire:
            wire.say(b"GET / HTT")
            server.change(head_time=0.1, linger=0.1, idle_time=0.2)
            assert b" 408 " in await wire.rest()

    told(hold, tell, idle_time=0.4, head_time=60)
