"""Our own HTTP server: what a client may ask, and what it is told if it may not."""

import asyncio
from typing import Any

import msgspec
import pytest
import uvloop
from structlog.testing import capture_logs

from amq2api.web.asgi import DIRECT, Receive, Scope, Send
from web.wires import HEAD, START, Server, Wire, story, told


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what it was asked."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body, more = body + message["body"], message["more_body"]
    told = {
        "method": scope["method"], "path": scope["path"], "query": scope["query_string"].decode(),
        "version": scope["http_version"], "body": body.decode(), "late": "amq2api.late" in message,
        "headers": [(name.decode(), value.decode()) for name, value in scope["headers"]],
    }  # fmt: skip
    await send(START)
    await send({"type": "http.response.body", "body": msgspec.json.encode(told)})


REQUESTS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "a query": (b"GET /a/b?c=d%20e HTTP/1.1\r\n\r\n", {"path": "/a/b", "query": "c=d%20e"}),
    "an escaped path": (b"GET /a%2Fb%C3%A9 HTTP/1.1\r\n\r\n", {"path": "/a/bé"}),
    "an absolute address": (b"GET http://b/c?d HTTP/1.1\r\n\r\n", {"path": "/c", "query": "d"}),
    "two slashes": (b"GET //c HTTP/1.1\r\n\r\n", {"path": "//c"}),
    "names of headers in any case": (
        b"GET / HTTP/1.1\r\nX-API-Key: K\r\nODD: v \r\n\r\n",
        {"headers": [["x-api-key", "K"], ["odd", "v"]]},
    ),
    "a body": (b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi", {"body": "hi"}),
    "a body in chunks": (
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;x=y\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
        {"body": "hi"},
    ),
    "trailers are not headers": (
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-api-key: K\r\n\r\n",
        {"body": "", "headers": [["transfer-encoding", "chunked"]]},
    ),
    "an offer of HTTP/2 is declined": (
        b"POST / HTTP/1.1\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
        b"http2-settings: AAMAAABk\r\ncontent-length: 2\r\n\r\nhi",
        {"body": "hi"},
    ),
    "an offer of WebSocket is declined": (
        b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", {"path": "/"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "told"), REQUESTS.values(), ids=REQUESTS)
def test_what_the_application_is_told(raw: bytes, told: dict[str, Any]) -> None:
    async def tell(wire: Wire) -> None:
        for _ in range(2):  # on one connection, which stays open
            wire.say(raw)
            heard = await wire.hear()
            assert told == {name: heard.json[name] for name in told}
            assert heard.headers["transfer-encoding"] == "chunked"
            assert "date" in heard.headers and "connection" not in heard.headers

    story(mirror, tell)


@pytest.mark.parametrize("size", [1, 7, 40])
def test_it_does_not_matter_how_the_network_cuts_requests(size: int) -> None:
    async def tell(wire: Wire) -> None:
        raw = b"".join(raw for raw, _ in REQUESTS.values())
        for at in range(0, len(raw), size):
            wire.say(raw[at : at + size])
            await asyncio.sleep(0)
        for _, expected in REQUESTS.values():
            said = (await wire.hear()).json
            assert expected == {name: said[name] for name in expected}

    story(mirror, tell)


REFUSED: dict[str, tuple[bytes, int]] = {
    "nothing like HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "HTTP/2 at once": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 400),
    "a tunnel": (b"CONNECT b:443 HTTP/1.1\r\nhost: b\r\n\r\n", 400),
    "a path beyond ASCII": ("GET /é HTTP/1.1\r\n\r\n".encode("latin-1"), 400),
    "a header without a colon": (HEAD + b"odd\r\n\r\n", 400),
    "a header with a zero": (HEAD + b"odd: a\0b\r\n\r\n", 400),
    "two lengths": (HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nhi", 400),
    "a length and chunks": (
        HEAD + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400,
    ),
    "a length below zero": (HEAD + b"content-length: -1\r\n\r\n", 400),
    "a long header": (HEAD + b"odd: " + b"x" * 2000 + b"\r\n\r\n", 431),
    "a header without end": (HEAD + b"odd: " + b"x" * 2000, 431),
    "a long address": (b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\n\r\n", 431),
    "an address without end": (b"GET /" + b"x" * 2000, 431),
    "many headers": (HEAD + b"a: b\r\n" * 40 + b"\r\n", 431),
    "no size of a chunk": (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", 400),
    "mostly wrapping": (
        HEAD + b"transfer-encoding: chunked\r\n\r\n1;" + b"x" * 5000 + b"\r\nh\r\n", 400,
    ),
    "trailers without end": (
        HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\n" + b"odd: 0123456789\r\n" * 400, 431,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("size", [1 << 20, 100], ids=["at once", "in pieces"])
def test_what_is_refused_is_told_why_and_nothing_more_is_read(
    raw: bytes, status: int, size: int
) -> None:
    async def tell(wire: Wire) -> None:
        for at in range(0, len(raw), size):
            wire.say(raw[at : at + size])
            await asyncio.sleep(0)
        heard = await wire.hear()
        assert heard.status == status and heard.headers["connection"] == "close"
        assert heard.json["type"] == "error"
        assert heard.json["error"]["type"] == "invalid_request_error"
        assert heard.json["request_id"] == heard.headers["request-id"]
        wire.say(HEAD + b"\r\n")
        wire.writer.write_eof()
        assert await wire.rest() == b""

    story(mirror, tell, head=1024, lines=30)


def test_heads_of_the_allowed_size_pass() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"odd: " + b"x" * 900 + b"\r\n" + b"\r\n")
        assert (await wire.hear()).status == 200
        wire.say(HEAD + b"a: b\r\n" * 29 + b"\r\n")
        assert len((await wire.hear()).json["headers"]) == 30

    story(mirror, tell, head=1024, lines=30)


def test_answers_come_in_the_order_of_the_requests() -> None:
    async def slow_first(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05 if scope["path"] == "/0" else 0)
        await mirror(scope, receive, send)

    async def tell(wire: Wire) -> None:
        wire.say(b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % each for each in range(10)))
        assert [(await wire.hear()).json["path"] for _ in range(10)] == [
            f"/{each}" for each in range(10)
        ]

    story(slow_first, tell)


def test_a_crowd_of_requests_on_one_connection_is_cut_short() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(b"GET / HTTP/1.1\r\n\r\n" * 1000)
        raw = await wire.rest()
        assert 1 < raw.count(b"HTTP/1.1 200 ") < 20
        assert b"connection: close" in raw.rpartition(b"HTTP/1.1 200 ")[2]

    story(mirror, tell)


def test_garbage_after_a_request_does_not_keep_it_from_its_answer() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"\r\n\0\0\0")
        heard = await wire.hear()
        assert (heard.status, heard.headers["connection"]) == (200, "close")
        assert await wire.rest() == b""

    story(mirror, tell)


FORMS: dict[str, tuple[bytes, list[tuple[bytes, bytes]], int, str]] = {
    "a length": (HEAD + b"\r\n", [(b"content-length", b"2")], 200, "content-length: 2"),
    "none": (HEAD + b"\r\n", [], 200, "transfer-encoding: chunked"),
    "none, to an older client": (b"GET / HTTP/1.0\r\n\r\n", [], 200, "connection: close"),
    "to be closed, says the client": (
        HEAD + b"connection: close\r\n\r\n", [], 200, "connection: close",
    ),
    "to be closed, says the application": (
        HEAD + b"\r\n", [(b"Connection", b"close")], 200, "connection: close",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "headers", "status", "line"), FORMS.values(), ids=FORMS)
def test_how_the_end_of_a_body_is_known(
    raw: bytes, headers: list[tuple[bytes, bytes]], status: int, line: str
) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"h", "more_body": True})
        await send({"type": "http.response.body", "body": b"i"})

    async def tell(wire: Wire) -> None:
        wire.say(raw)
        heard = await wire.hear()
        assert (heard.status, heard.body) == (200, b"hi")
        assert tuple(line.split(": ")) in heard.lines
        assert len([name for name, _ in heard.lines if name == "connection"]) <= 1
        if line == "connection: close":
            assert await wire.rest() == b""

    story(app, tell)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body_keep_the_connection(method: str, status: int) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        sized = [(b"content-length", b"5")] if method == "HEAD" else []
        await send({"type": "http.response.start", "status": status, "headers": sized})
        await send({"type": "http.response.body", "body": b"12345" if sized else b""})

    async def tell(wire: Wire) -> None:
        for _ in range(2):
            wire.say(f"{method} / HTTP/1.1\r\n\r\n".encode())
            heard = await wire.hear(head=True)
            assert heard.status == status and "transfer-encoding" not in heard.headers

    story(app, tell)


def test_a_client_that_waits_for_word_gets_it_when_its_body_is_wanted() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.say(b"hi")
        assert (await wire.hear()).json["body"] == "hi"

    story(mirror, tell)


async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 413, "headers": []})
    await send({"type": "http.response.body", "body": b"too large"})


def test_a_client_that_waits_for_word_may_hear_a_refusal_instead() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        heard = await wire.hear()
        assert (heard.status, heard.headers["connection"]) == (413, "close")

    story(refuse, tell)


def test_a_refusal_reaches_a_client_that_is_still_sending() -> None:
    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"content-length: 8000000\r\n\r\n")
        for _ in range(60):
            wire.say(b"x" * 100_000)
            await wire.writer.drain()
        heard = await wire.hear()
        assert (heard.status, heard.body) == (413, b"too large")

    story(refuse, tell)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_client_that_left_while_nobody_read_from_it_is_no_accident(loop: Any) -> None:
    gone = asyncio.Event()

    async def late(_scope: Scope, _receive: Receive, send: Send) -> None:
        await gone.wait()
        await send(START)
        await send({"type": "http.response.body", "body": b"too late"})

    async def tell(server: Server) -> None:
        async with server.client() as wire:
            wire.say(HEAD + b"content-length: 8000000\r\n\r\n" + b"x" * 600_000)
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
        gone.set()

    with capture_logs() as logs:
        told(late, tell, loop=loop, linger=0.2)
    assert not logs


BROKEN: dict[str, tuple[list[dict[str, Any]], bytes]] = {
    "before its answer": ([], b"HTTP/1.1 500 "),
    "with a line break in a header": (
        [START | {"headers": [(b"a", b"b\r\nc: d")]}], b"HTTP/1.1 500 ",
    ),
    "in its answer": (
        [START, {"type": "http.response.body", "body": b"half", "more_body": True}],
        b"HTTP/1.1 200 ",
    ),
    "short of what it announced": (
        [START | {"headers": [(b"content-length", b"9")]},
         {"type": "http.response.body", "body": b"half"}],
        b"HTTP/1.1 ",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("messages", "begins"), BROKEN.values(), ids=BROKEN)
def test_an_application_that_breaks_is_never_taken_for_one_that_ended(
    messages: list[dict[str, Any]], begins: bytes
) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        raise ArithmeticError

    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"\r\n")
        raw = await wire.rest()
        assert raw.startswith(begins) and b"\r\n0\r\n" not in raw
        assert b"c: d" not in raw

    story(app, tell)


def test_what_is_written_past_send_is_part_of_the_body() -> None:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        assert scope[DIRECT].write(b"b") is True
        assert scope[DIRECT].write(b"c") is True
        await send({"type": "http.response.body", "body": b"d"})

    async def tell(wire: Wire) -> None:
        wire.say(HEAD + b"\r\n")
        assert (await wire.hear()).body == b"abcd"

    story(app, tell)
