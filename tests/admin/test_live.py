"""Event streams: what is told, to how many, and how they end."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from admin.desk import Desk, at_desk
from amq2api.admin.live import MOST, Live
from amq2api.errors import KeyRefused, RateLimited
from amq2api.relay.records import Record, Records
from amq2api.wire import sse

LOOK = 0.02


def events(raw: bytes) -> list[tuple[str, Any]]:
    return [(event.name, json.loads(event.data)) for event in sse.Decoder().feed(raw)]


@dataclass
class Reader:
    """Somebody who listens: an ASGI server's side of one answer."""

    heard: bytes = b""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    may_send: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, live: Live, allowed: Callable[[], object] = lambda: None) -> None:
        self.may_send.set()
        await live.answer(allowed)({"type": "http"}, self._receive, self._send)
        self.over.set()

    async def _receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.may_send.wait()
        self.heard += message.get("body", b"")
        self.news.set()

    async def until(self, heard: Callable[["Reader"], bool]) -> None:
        async with asyncio.timeout(5):
            while not heard(self):
                self.news.clear()
                await self.news.wait()


def made(status: dict[str, Any], **more: Any) -> tuple[Live, Records]:
    records = Records()
    return Live(lambda: dict(status), records, look=LOOK, **more), records


def test_a_listener_hears_what_is_and_what_changes() -> None:
    async def story() -> None:
        status: dict[str, Any] = {"now": 1, "accounts": []}
        live, records = made(status)
        records.add(Record(id="old", at=0, outcome="end_turn", ok=True))
        reader = Reader()
        task = asyncio.ensure_future(reader.listen(live))
        await reader.until(lambda r: len(events(r.heard)) == 1)
        status["now"] = 2  # which is no change
        await asyncio.sleep(LOOK * 4)
        assert len(events(reader.heard)) == 1
        status["accounts"] = ["one"]
        records.add(Record(id="new", at=1, outcome="end_turn", ok=True))
        await reader.until(lambda r: len(events(r.heard)) == 3)
        live.close()
        await task
        assert [name for name, _ in events(reader.heard)] == ["status", "status", "request"]
        assert events(reader.heard)[1][1] == {"now": 2, "accounts": ["one"]}
        assert events(reader.heard)[2][1]["id"] == "new"

    asyncio.run(story())


def test_silence_is_broken_by_comments() -> None:
    async def story() -> None:
        live, _ = made({"now": 0}, silence=LOOK)
        reader = Reader()
        task = asyncio.ensure_future(reader.listen(live))
        await reader.until(lambda r: r.heard.count(b": still here\n\n") > 1)
        live.close()
        await task

    asyncio.run(story())


def test_a_slow_reader_gets_the_latest_and_no_backlog() -> None:
    async def story() -> None:
        status: dict[str, Any] = {"now": 0, "turn": 0}
        live, _ = made(status)
        reader = Reader()
        task = asyncio.ensure_future(reader.listen(live))
        await reader.until(lambda r: len(events(r.heard)) == 1)
        reader.may_send.clear()
        for turn in range(1, 10):
            status["turn"] = turn
            await asyncio.sleep(LOOK * 2)
        reader.may_send.set()
        await reader.until(lambda r: events(r.heard)[-1][1]["turn"] == 9)
        assert len(events(reader.heard)) <= 3
        live.close()
        await task

    asyncio.run(story())


def test_there_is_room_for_so_many_and_for_others_once_some_have_left() -> None:
    async def story() -> None:
        live, _ = made({"now": 0}, most=2)
        readers = [Reader(), Reader()]
        tasks = [asyncio.ensure_future(reader.listen(live)) for reader in readers]
        for reader in readers:
            await reader.until(lambda r: bool(r.heard))
        with pytest.raises(RateLimited):
            live.answer(lambda: None)
        readers[0].gone.set()
        await readers[0].over.wait()
        third = Reader()
        tasks.append(asyncio.ensure_future(third.listen(live)))
        await third.until(lambda r: bool(r.heard))
        live.close()
        await asyncio.gather(*tasks)

    asyncio.run(story())


def test_who_may_listen_no_longer_hears_no_more() -> None:
    async def story() -> None:
        status: dict[str, Any] = {"now": 0, "turn": 0}
        live, _ = made(status)
        barred: list[bool] = []

        def allowed() -> None:
            if barred:
                raise KeyRefused("signed out")

        reader = Reader()
        task = asyncio.ensure_future(reader.listen(live, allowed))
        await reader.until(lambda r: bool(r.heard))
        barred.append(True)
        status["turn"] = 1
        async with asyncio.timeout(5):
            await task
        assert len(events(reader.heard)) == 1

    asyncio.run(story())


def test_after_the_end_streams_end_at_once() -> None:
    async def story() -> None:
        live, _ = made({"now": 0})
        live.close()
        async with asyncio.timeout(5):
            await Reader().listen(live)

    asyncio.run(story())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_desk(tmp_path) as found:
        yield found


@contextmanager
def listening(desk: Desk) -> Iterator[HTTPResponse]:
    address = urlsplit(desk.house.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=20)
    connection.request("GET", "/api/events", headers={"accept": "text/event-stream"})
    response = connection.getresponse()
    try:
        yield response
    finally:
        response.close()
        connection.close()


def heard(response: HTTPResponse) -> Iterator[tuple[str, Any]]:
    decoder = sse.Decoder()
    while line := response.readline():
        for event in decoder.feed(line):
            yield event.name, json.loads(event.data)


def test_a_page_sees_what_happens(desk: Desk) -> None:
    with listening(desk) as response:
        assert response.status == 200
        assert (response.getheader("content-type") or "").startswith("text/event-stream")
        assert response.getheader("cache-control") == "no-store"
        stream = heard(response)
        name, first = next(stream)
        assert name == "status" and len(first["accounts"]) == 1
        desk.add("another")
        until = time.monotonic() + 10
        for name, told in stream:
            assert time.monotonic() < until
            if name == "status" and len(told["accounts"]) == 2:
                break
        desk.ask("POST", "/v1/messages", {"model": "claude-sonnet-4-5", "max_tokens": 9,
                 "messages": [{"role": "user", "content": "hi"}]})  # fmt: skip
        record = next(told for name, told in stream if name == "request")
        assert record["model"] == "claude-sonnet-4-5" and record["ok"] is True


def test_one_event_for_those_who_ask_and_do_not_listen(desk: Desk) -> None:
    answer = desk.ask("GET", "/api/events", accept="*/*")
    ((name, status),) = events(answer.raw)
    assert name == "status"
    assert status.keys() == desk.ask("GET", "/api/status").data.keys()


def test_a_crowd_is_kept_small(desk: Desk) -> None:
    crowd = [listening(desk) for _ in range(MOST)]
    responses = [each.__enter__() for each in crowd]
    try:
        assert {response.status for response in responses} == {200}
        refused = desk.ask("GET", "/api/events", accept="text/event-stream")
        assert (refused.status, refused.error["type"]) == (429, "too_many_requests")
        assert refused.headers["retry-after"]
        assert desk.ask("GET", "/api/status").status == 200
    finally:
        for each in crowd:
            each.__exit__(None, None, None)
