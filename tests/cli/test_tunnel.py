"""Requests that another process answers: here, one in the same loop."""

import asyncio
import socket
from typing import Any

import msgspec
import pytest

from amq2api.cli import tunnel
from amq2api.cli.tunnel import Elsewhere, answer_guest
from amq2api.web.asgi import ASGIApp, Message, Receive, Scope, Send

SCOPE: dict[str, Any] = {
    "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/api/x",
    "raw_path": b"/api/x", "query_string": b"a=1", "root_path": "",
    "headers": [(b"host", b"localhost"), (b"cookie", b"\xff")],
    "client": ("192.0.2.1", 4711), "server": ("127.0.0.1", 3015),
    "amq2api.request_id": "req_1", "state": {"not": "carried"}, "app": object(),
}  # fmt: skip


class Client:
    """Asks, and keeps what it hears."""

    def __init__(self, *body: bytes) -> None:
        parts = [{"type": "http.request", "body": part, "more_body": True} for part in body[:-1]]
        parts += [{"type": "http.request", "body": part, "more_body": False} for part in body[-1:]]
        self._parts: list[Message] = list(parts)
        self._left = asyncio.Event()
        self.heard: list[Message] = []
        self.begun = asyncio.Event()

    async def receive(self) -> Message:
        if self._parts:
            return self._parts.pop(0)
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.heard.append(message)
        self.begun.set()

    def leave(self) -> None:
        self._left.set()

    @property
    def status(self) -> int:
        return int(self.heard[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.heard[1:])


async def through(app: ASGIApp, client: Client, scope: Scope = SCOPE) -> None:
    """Let *client* ask *app* on the other side."""
    ours, theirs = socket.socketpair()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(answer_guest(app, theirs))
        await Elsewhere(lambda: ours)(scope, client.receive, client.send)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"\xfe")]})
    told = {name: scope[name] for name in SCOPE if name not in ("state", "app")}
    told["headers"], told["raw_path"] = repr(scope["headers"]), repr(scope["raw_path"])
    told["query_string"] = repr(scope["query_string"])
    more_to_come = {"type": "http.response.body", "more_body": True}
    await send({**more_to_come, "body": msgspec.json.encode(told)})
    await send({"type": "http.response.body", "body": body})


def test_nothing_of_a_request_or_its_answer_changes_on_the_way() -> None:
    client = Client(b"one", b"two" * 100_000)
    asyncio.run(through(echo, client))
    start, told, last = client.heard
    assert (start["status"], [tuple(pair) for pair in start["headers"]]) == (
        201,
        [(b"x-a", b"\xfe")],
    )
    found = msgspec.json.decode(told["body"])
    assert found["headers"] == repr(SCOPE["headers"])
    assert found["query_string"] == repr(b"a=1") and found["client"] == ["192.0.2.1", 4711]
    assert "state" not in found and "app" not in found
    assert last["body"] == b"one" + b"two" * 100_000


def test_parts_of_an_answer_come_as_they_are_made() -> None:
    async def story() -> None:
        heard = asyncio.Event()

        async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await heard.wait()
            await send({"type": "http.response.body", "body": b"late"})

        client = Client(b"")
        asking = asyncio.ensure_future(through(app, client))
        await asyncio.wait_for(client.begun.wait(), 5)
        heard.set()
        await asking
        assert client.body == b"late"

    asyncio.run(story())


def test_the_other_side_learns_that_the_client_has_gone() -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def app(_scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            assert (await receive())["type"] == "http.request"
            assert (await receive())["type"] == "http.disconnect"
            assert (await receive())["type"] == "http.disconnect", "as often as it is asked"
            gone.set()

        client = Client(b"")
        asking = asyncio.ensure_future(through(app, client))
        await asyncio.wait_for(client.begun.wait(), 5)
        client.leave()
        await asyncio.wait_for(gone.wait(), 5)
        await asking

    asyncio.run(story())


class Slow(Client):
    """Takes its time with the answer, and goes on sending meanwhile."""

    async def receive(self) -> Message:
        if len(self._parts) == 1:
            await asyncio.sleep(0.05)
        return await super().receive()

    async def send(self, message: Message) -> None:
        await super().send(message)
        await asyncio.sleep(0.1)


def test_an_answer_to_whoever_was_not_heard_out_is_not_lost() -> None:
    async def refusing(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    client = Slow(b"x" * 50_000, b"y")
    asyncio.run(through(refusing, client))
    assert (client.status, client.body) == (401, b"no")


async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """As a process that dies before it says anything."""


async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})


def test_no_answer_is_told_as_such() -> None:
    client = Client(b"")
    asyncio.run(through(silent, client))
    assert client.status == 503
    told = msgspec.json.decode(client.body)
    assert (told["success"], told["error"]["type"]) == (False, "stopping")
    assert told["error"]["request_id"] == "req_1"


def test_half_an_answer_is_not_taken_for_a_whole_one() -> None:
    client = Client(b"")
    asyncio.run(through(half, client))
    assert client.body == b"half"
    assert client.heard[-1]["more_body"]


def test_a_way_that_is_full_for_a_moment_is_tried_again() -> None:
    async def story() -> None:
        ours, theirs = socket.socketpair()
        tries: list[OSError] = [BlockingIOError("full"), BlockingIOError("full")]

        def connect() -> socket.socket:
            if tries:
                raise tries.pop()
            return ours

        client = Client(b"hello")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(answer_guest(echo, theirs))
            await Elsewhere(connect)(SCOPE, client.receive, client.send)
        assert client.status == 201

    asyncio.run(story())


@pytest.mark.parametrize(("method", "words"), [("GET", True), ("HEAD", False)])
def test_an_office_that_cannot_be_reached_is_told(
    method: str, words: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tunnel, "_PATIENCE", 0.05)

    def nobody() -> socket.socket:
        raise BlockingIOError("its box is full")

    client = Client(b"")
    asyncio.run(Elsewhere(nobody)({**SCOPE, "method": method}, client.receive, client.send))
    assert client.status == 503
    assert bool(client.body) == words


def test_an_office_that_does_not_stir_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be about to be started anew; what it is to do may be long, but not its silence."""
    monkeypatch.setattr(tunnel, "_PATIENCE", 0.05)
    ours, theirs = socket.socketpair()
    client = Client(b"")
    with theirs:
        asyncio.run(Elsewhere(lambda: ours)(SCOPE, client.receive, client.send))
    assert client.status == 503


def test_a_visitor_who_says_nothing_is_let_go() -> None:
    async def story() -> None:
        ours, theirs = socket.socketpair()
        ours.close()
        await asyncio.wait_for(answer_guest(echo, theirs), 5)

    asyncio.run(story())
