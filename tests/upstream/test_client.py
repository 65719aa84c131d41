"""The HTTP client over real sockets: what becomes of answers, and who judges them."""

import asyncio
import time

import pytest

from amq2api.errors import GatewayError, ProtocolError, UpstreamBroken, UpstreamTimeout
from amq2api.upstream import client as upstream
from amq2api.upstream.client import Client
from amq2api.upstream.timeouts import Timeouts
from amq2api.wire.exchange import Answer, Ask
from upstream.servers import (
    CHUNKED,
    RESET,
    Line,
    Run,
    Turn,
    Verdict,
    chunk,
    chunks,
    each_loop,
    limits,
    ok,
    says,
    serving,
)

STREAM = CHUNKED[:-2] + b"X-Amzn-RequestId: id-1\r\n\r\n"


async def _drained(client: Client, ask: Ask) -> bytes:
    stream = await client.open(ask, Verdict)
    parts = []
    try:
        while data := await stream.read():
            parts.append(data)
    finally:
        stream.close()
    return b"".join(parts)


@each_loop
def test_a_stream_arrives_as_it_was_sent(run: Run) -> None:
    async def story() -> None:
        turn = says(STREAM, chunk(b"\0one"), 0.02, chunk(b"two"), 0.02, chunks(b"three"))
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            stream = await client.open(Ask(server.url, b"body"), Verdict)
            assert (stream.request_id, stream.ended) == ("id-1", False)
            assert [await stream.read() for _ in range(4)] == [b"\0one", b"two", b"three", b""]
            assert stream.ended and 0.01 < stream.gap < 1
            stream.close()
            assert 0.01 < stream.gap < 1
            assert await stream.read() == b"" and stream.ended

    run(story())


STREAMS: dict[str, tuple[bytes, bytes]] = {
    "chunks": (CHUNKED + chunks(b"\0", b"a"), b"\0a"),
    "a length": (ok(b"\0a"), b"\0a"),
    "until the connection ends": (b"HTTP/1.1 200 OK\r\n\r\n\0a", b"\0a"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n\0a", b"\0a"),
    "called JSON": (ok(b"\0a", "Content-Type: application/json"), b"\0a"),
    "called HTML": (ok(b"\0a", "Content-Type: text/html"), b"\0a"),
    "events of ours": (ok(b"event: x\n", "Content-Type: text/event-stream"), b"event: x\n"),
    "nothing": (ok(b""), b""),
    "nothing, called JSON": (ok(b"", "Content-Type: application/json"), b""),
    "after informational answers": (b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"\0"), b"\0"),
}


@pytest.mark.parametrize(("data", "body"), STREAMS.values(), ids=STREAMS)
def test_what_is_a_stream(data: bytes, body: bytes) -> None:
    async def story() -> None:
        async with serving(says(data)) as server, Client(timeouts=limits()) as client:
            assert await _drained(client, Ask(server.url)) == body
            assert (await client.ask(Ask(server.url))).body == body

    asyncio.run(story())


HTML = b"<!DOCTYPE html><title>502</title>"
JUDGED: dict[str, tuple[Turn, int, bytes]] = {
    "a refusal in pieces": (
        says(b"HTTP/1.1 400 Bad\r\nContent-Length: 4\r\n\r\nno", 0.02, b"pe"), 400, b"nope"
    ),
    "a refusal with status 200": (says(CHUNKED, chunk(b"\n {"), 0.02, chunks(b"}")), 200, b"\n {}"),
    "a page with status 200": (says(ok(HTML, "Content-Type: text/html")), 200, HTML),
    "a page that does not say so": (says(ok(b"\xef\xbb\xbf" + HTML)), 200, b"\xef\xbb\xbf" + HTML),
    "words with status 200": (says(ok(b"Denied", "Content-Type: text/plain")), 200, b"Denied"),
    "a list with status 200": (says(ok(b"[]")), 200, b"[]"),
    "a redirect is not followed": (
        says(ok(b"", "Location: /elsewhere", status="302 Found")), 302, b""
    ),
    "an empty refusal": (says(ok(b"", status="403 Forbidden")), 403, b""),
    "another success": (says(ok(b"\0", status="202 Accepted")), 202, b"\0"),
    "a refusal that is cut": (
        says(b"HTTP/1.1 429 Slow\r\nContent-Length: 9\r\n\r\n{"), 429, b"{"
    ),
    "a refusal that is cut before its first word": (
        says(b"HTTP/1.1 429 Slow\r\nContent-Length: 9\r\n\r\n"), 429, b""
    ),
    "a refusal that is reset": (
        says(b"HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n{", 0.05, RESET), 503, b"{"
    ),
    "a refusal that does not end": (
        says(b"HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n{", 9.0), 503, b"{"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("turn", "status", "body"), JUDGED.values(), ids=JUDGED)
def test_what_is_no_stream_is_judged(turn: Turn, status: int, body: bytes) -> None:
    async def story() -> None:
        async with serving(turn) as server, Client(timeouts=limits(idle=0.3)) as client:
            with pytest.raises(Verdict) as judged:
                await client.open(Ask(server.url), Verdict)
            assert (judged.value.answer.status, judged.value.answer.body) == (status, body)

    asyncio.run(story())


def test_any_status_is_an_answer_with_its_headers() -> None:
    async def story() -> None:
        turn = says(ok(b"no", "Retry-After: 5", status="429 Slow"))
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            answer = await client.ask(Ask(server.url))
            assert (answer.status, answer.body) == (429, b"no")
            assert answer.headers["retry-after"] == "5"

    asyncio.run(story())


async def _flood(line: Line) -> None:
    await line.request()
    await line.play(b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await line.play(chunk(b"x" * 50_000))


def test_of_a_huge_refusal_the_beginning_is_judged() -> None:
    async def story() -> None:
        async with serving(_flood) as server, Client(timeouts=limits()) as client:
            with pytest.raises(Verdict) as judged:
                await client.open(Ask(server.url), Verdict)
            assert judged.value.answer.status == 503
            assert 100_000 < len(judged.value.answer.body) < 1_000_000
            with pytest.raises(ProtocolError, match="too large"):
                await client.ask(Ask(server.url))

    asyncio.run(story())


def test_an_answer_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "MAX_ANSWER", 4)

    async def story() -> None:
        async with serving(says(ok(b"{cdef"))) as server, Client(timeouts=limits()) as client:
            with pytest.raises(ProtocolError, match="too large"):
                await client.ask(Ask(server.url))
            with pytest.raises(ProtocolError, match="too large"):
                await client.open(Ask(server.url), Verdict)

    asyncio.run(story())


def test_a_packed_stream_is_refused() -> None:
    async def story() -> None:
        turn = says(ok(b"\x1f\x8b", "Content-Encoding: gzip"))
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            with pytest.raises(ProtocolError, match="packs"):
                await client.open(Ask(server.url), Verdict)

    asyncio.run(story())


def test_a_whole_exchange_has_its_own_limit() -> None:
    async def story() -> None:
        async with serving(says(9.0)) as server, Client(timeouts=limits()) as client:
            began = time.monotonic()
            with pytest.raises(UpstreamTimeout, match="too long"):
                await client.ask(Ask(server.url), timeout=0.1)
            assert time.monotonic() - began < 1

    asyncio.run(story())


def test_limits_may_be_changed_while_requests_are_under_way() -> None:
    async def story() -> None:
        turn = says(CHUNKED, chunk(b"\0"), 0.5, chunks(b"1"))
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            earlier = await client.open(Ask(server.url), Verdict)
            client.timeouts = limits(idle=0.2)
            later = await client.open(Ask(server.url), Verdict)
            assert await later.read() == b"\0"
            with pytest.raises(UpstreamTimeout, match="silent"):
                await later.read()
            assert [await earlier.read(), await earlier.read()] == [b"\0", b"1"]
            earlier.close()
            later.close()

    asyncio.run(story())


def test_limits_are_seconds_of_each_part_alone() -> None:
    async def story() -> None:
        slow = says(0.5, CHUNKED, chunk(b"\0"), 0.02, chunks(b"1"))
        patience = Timeouts(connect=2, first_byte=2, idle=0.4, total=2)
        async with serving(slow) as server, Client(timeouts=patience) as client:
            assert await _drained(client, Ask(server.url)) == b"\x001"
        pausing = says(CHUNKED, chunk(b"\0"), 0.5, chunks(b"1"))
        patience = Timeouts(connect=2, first_byte=0.4, idle=2, total=2)
        async with serving(pausing) as server, Client(timeouts=patience) as client:
            assert await _drained(client, Ask(server.url)) == b"\x001"

    asyncio.run(story())


def test_a_client_outside_its_context_says_so() -> None:
    async def story() -> None:
        client = Client(timeouts=limits())
        for _ in range(2):
            with pytest.raises(RuntimeError):
                await client.ask(Ask("http://127.0.0.1:9/"))
            async with client:
                pass

    asyncio.run(story())


NOT_WRITTEN: dict[str, Ask] = {
    "a line end in a value": Ask("http://127.0.0.1:9/", b"", {"a": "b\r\nc: d"}),
    "half a line end": Ask("http://127.0.0.1:9/", b"", {"a": "b\nc: d"}),
    "a zero byte": Ask("http://127.0.0.1:9/", b"", {"a": "\0"}),
    "a line end in a name": Ask("http://127.0.0.1:9/", b"", {"a: b\r\nc": "d"}),
    "another length": Ask("http://127.0.0.1:9/", b"", {"Content-Length": "5"}),
    "a transfer coding": Ask("http://127.0.0.1:9/", b"", {"transfer-encoding": "chunked"}),
    "half a character": Ask("http://127.0.0.1:9/", b"", {"a": "\ud800"}),
    "a space in the path": Ask("http://127.0.0.1:9/ HTTP/1.1"),
    "a line end in the path": Ask("http://127.0.0.1:9/\r\na: b"),
    "a fragment": Ask("http://127.0.0.1:9/#there"),
    "a method of two words": Ask("http://127.0.0.1:9/", method="GET /x"),
    "another scheme": Ask("ftp://127.0.0.1/"),
    "no host": Ask("http:///"),
    "no URL": Ask("127.0.0.1:9"),
    "no port": Ask("http://127.0.0.1:port/"),
    "a port beyond": Ask("http://127.0.0.1:99999/"),
    "a space in the host": Ask("http://127.0.0.1 .example/"),
    "a line end in the host": Ask("http://127.0.0.1\r\n:9/"),
    "a query without a path": Ask("http://127.0.0.1?a"),
    "an open bracket": Ask("http://[::1/"),
}


_REASONS = "cannot be written|is no URL|header of the request"


@pytest.mark.parametrize("ask", NOT_WRITTEN.values(), ids=NOT_WRITTEN)
def test_what_cannot_be_written_is_not_sent(ask: Ask) -> None:
    async def story() -> None:
        async with Client(timeouts=limits()) as client:
            for way in (client.ask(ask), client.open(ask, Verdict)):
                with pytest.raises(UpstreamBroken) as told:
                    await _outcome(way)
                assert (
                    "written" in str(told.value)
                    or "URL" in str(told.value)
                    or ("header" in str(told.value))
                )

    asyncio.run(story())


async def _outcome(way: object) -> object:
    return await way  # type: ignore[misc]


def test_a_request_is_written_as_it_is_asked() -> None:
    async def story() -> None:
        async with serving(says(ok(b""), times=9)) as server, Client(timeouts=limits()) as client:
            headers = {"x-one": "1", "X-Amz-Target": "a%b"}
            await client.ask(Ask(f"{server.url}a/b?c=%20d&e", b"body", headers))
            await client.ask(Ask(server.url, b"", {}))
            await client.ask(Ask(server.url[:-1], method="GET"))
            host = f"host: 127.0.0.1:{server.port}\r\n"
            assert [request.decode() for request in server.requests] == [
                f"POST /a/b?c=%20d&e HTTP/1.1\r\n{host}x-one: 1\r\nX-Amz-Target: a%b\r\n"
                "content-length: 4\r\n\r\nbody",
                f"POST / HTTP/1.1\r\n{host}content-length: 0\r\n\r\n",
                f"GET / HTTP/1.1\r\n{host}\r\n",
            ]
            secret = server.url.replace("://", "://me:a%40b@")
            await client.ask(Ask(secret))
            assert b"\r\nauthorization: Basic bWU6YUBi\r\n" in server.requests[-1]

    asyncio.run(story())


def test_head_gets_no_body() -> None:
    async def story() -> None:
        turn = says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1.0)
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            assert (await client.ask(Ask(server.url, method="HEAD"))).status == 200

    asyncio.run(story())


class _Slow(GatewayError):
    """What a verdict may be."""


def test_the_verdict_is_what_is_raised() -> None:
    async def story() -> None:
        def verdict(answer: Answer) -> GatewayError:
            return _Slow(str(answer.status), retry_after=3)

        turn = says(ok(b"", status="500 Bad"))
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            with pytest.raises(_Slow) as told:
                await client.open(Ask(server.url), verdict)
            assert told.value.retry_after == 3

    asyncio.run(story())
