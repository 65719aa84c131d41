"""A response as bytes: whatever way an application sends it, the client reads what was meant."""

import asyncio
from collections.abc import Sequence
from typing import Literal

import httptools
from hypothesis import given
from hypothesis import strategies as st

from amq2api.web.asgi import DIRECT, Receive, Scope, Send
from amq2api.web.cycle import Cycle

Step = tuple[Literal["send", "write"], bytes]


class Line:
    """A client that takes everything at once."""

    slow = False

    def __init__(self) -> None:
        self.sent = b""
        self.ended = 0

    def put(self, data: bytes) -> bool:
        self.sent += data
        return True

    async def writable(self) -> None: ...

    def resume_reading(self) -> None: ...

    def standing(self) -> bytes:
        return b"date: now\r\n"

    def over(self, cycle: Cycle) -> None:
        self.ended += 1


class Reader:
    """What an HTTP parser makes of it."""

    def __init__(self, raw: bytes) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.body, self.complete = b"", False
        httptools.HttpResponseParser(self).feed_data(raw)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name] = value

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def answered(steps: Sequence[Step], last: bytes, *, sized: bool) -> Line:
    length = sum(len(part) for _, part in steps) + len(last)
    headers = [(b"content-length", b"%d" % length)] if sized else []

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        assert not line.sent, "the head waits for the first of the body"
        for way, part in steps:
            if way == "send":
                await send({"type": "http.response.body", "body": part, "more_body": True})
            else:
                assert scope[DIRECT].write(part)
        await send({"type": "http.response.body", "body": last})

    line = Line()
    cycle = Cycle(line, {"method": "GET", "http_version": "1.1"}, keep_alive=True)
    cycle.end()
    asyncio.run(cycle.run(app))
    assert cycle.complete and cycle.keep_alive
    return line


# Parts of nothing, too: a chunk of nothing would be the end of the body.
parts = st.tuples(st.sampled_from(["send", "write"]), st.binary(max_size=40))


@given(st.lists(parts, max_size=8), st.binary(max_size=40), st.booleans())
def test_what_is_read_is_what_was_sent(steps: list[Step], last: bytes, sized: bool) -> None:
    line = answered(steps, last, sized=sized)
    reader = Reader(line.sent)
    assert reader.body == b"".join(part for _, part in steps) + last
    assert reader.complete and line.ended == 1
    assert (b"transfer-encoding" in reader.headers) is not sized
    assert reader.headers[b"date"] == b"now"


@given(st.binary(max_size=200_000))
def test_a_large_part_is_sent_as_it_is(part: bytes) -> None:
    assert Reader(answered([], part, sized=True).sent).body == part


def test_a_client_that_left_before_anyone_looked_asks_for_nothing() -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, _send: Send) -> None:
        seen.extend((scope[DIRECT].body(), (await receive())["type"]))

    line = Line()
    cycle = Cycle(line, {"method": "POST", "http_version": "1.1"}, keep_alive=True)
    cycle.take(b"hi")
    cycle.end()
    cycle.lose()
    asyncio.run(cycle.run(app))
    assert seen == [None, "http.disconnect"] and line.sent == b""
