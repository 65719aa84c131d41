"""Everything that can go wrong on the road, on real sockets: what it is called, and that no
socket is left. Each row is tried by ``ask`` and by ``open``, under both event loops.
"""

import asyncio
import os

import pytest

from amq2api.errors import GatewayError, ProtocolError, UpstreamBroken, UpstreamTimeout
from amq2api.upstream.client import Client
from amq2api.upstream.connection import Take
from amq2api.wire.exchange import Ask
from upstream.servers import (
    CHUNKED,
    RESET,
    Line,
    Run,
    Turn,
    Verdict,
    chunk,
    each_loop,
    eventually,
    limits,
    says,
    serving,
    silent,
)

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
_EOT = b"\r\n"


async def hung_up(line: Line) -> None:
    """Closes before it has read anything."""


async def dribbling_head(line: Line) -> None:
    await line.request()
    await line.play(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        await line.play(b"X-%d: y\r\n" % number, 0.03)


async def informing(line: Line) -> None:
    await line.request()
    for _ in range(100):
        await line.play(b"HTTP/1.1 102 Processing\r\n\r\n", 0.03)


async def dripping(line: Line) -> None:
    await line.request()
    await line.play(CHUNKED)
    for _ in range(200):
        await line.play(chunk(b"\0"), 0.03)


async def endless_head(line: Line) -> None:
    await line.request()
    await line.play(b"HTTP/1.1 200 OK\r\n")
    while True:
        await line.play(b"X-Again: and again\r\n" * 1000)


async def endless_start(line: Line) -> None:
    await line.request()
    await line.play(b"HTTP/1.1 200 ")
    while True:
        await line.play(b"O" * 10_000)


async def endless_trailers(line: Line) -> None:
    await line.request()
    await line.play(CHUNKED, chunk(b"\0"), 0.05, b"0\r\n")
    while True:
        await line.play(b"X-Again: and again\r\n" * 1000)


Row = tuple[Turn, type[GatewayError], str]
BROKEN: dict[str, Row] = {
    "closed at once": (hung_up, UpstreamBroken, "closed the connection"),
    "closed instead of an answer": (says(), UpstreamBroken, "closed the connection"),
    "reset instead of an answer": (says(RESET), UpstreamBroken, "closed the connection"),
    "closed in the head": (says(_HEAD[:30]), UpstreamBroken, "closed the connection"),
    "reset in the head": (says(_HEAD[:30], 0.05, RESET), UpstreamBroken, "closed the connection"),
    "closed after the head": (says(_HEAD), UpstreamBroken, "was cut"),
    "closed in the body": (says(_HEAD, b"\0234"), UpstreamBroken, "was cut"),
    "reset in the body": (says(_HEAD, b"\0234", 0.05, RESET), UpstreamBroken, "was cut"),
    "closed in a chunk": (says(CHUNKED, b"5\r\n\0123"), UpstreamBroken, "was cut"),
    "closed between chunks": (says(CHUNKED, chunk(b"\0123")), UpstreamBroken, "was cut"),
    "closed before the last line": (says(CHUNKED, chunk(b"\0"), b"0\r\n"), UpstreamBroken, "cut"),
    "no answer": (silent, UpstreamTimeout, "did not begin"),
    "half a head": (says(_HEAD[:30], 5.0), UpstreamTimeout, "did not begin"),
    "a head alone": (says(_HEAD, 5.0), UpstreamTimeout, "did not begin"),
    "a head line by line": (dribbling_head, UpstreamTimeout, "did not begin"),
    "informational answers for ever": (informing, UpstreamTimeout, "did not begin"),
    "silence in the body": (says(_HEAD, b"\0234", 5.0), UpstreamTimeout, "silent"),
    "silence before the last line": (says(CHUNKED, chunk(b"\0"), 5.0), UpstreamTimeout, "silent"),
    "drop by drop": (dripping, UpstreamTimeout, "too long"),
    "no HTTP": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), ProtocolError, "not HTTP"),
    "HTTP/2": (says(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d"), ProtocolError, "not HTTP"),
    "no status": (says(b"HTTP/1.1 OK\r\n\r\n"), ProtocolError, "not HTTP"),
    "a status of four digits": (says(b"HTTP/1.1 2000 OK\r\n\r\n"), ProtocolError, "not HTTP"),
    "two lengths": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n\0"),
        ProtocolError, "not HTTP",
    ),
    "a length and chunks": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", CHUNKED[17:], b"0\r\n\r\n"),
        ProtocolError, "not HTTP",
    ),
    "a negative length": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), ProtocolError, "not HTTP"
    ),
    "a chunk without a size": (says(CHUNKED, b"zz\r\n\0\r\n"), ProtocolError, "not HTTP"),
    "a chunk beyond its size": (says(CHUNKED, b"1\r\n\0123\r\n"), ProtocolError, "not HTTP"),
    "an enormous chunk": (says(CHUNKED, b"f" * 17 + b"\r\n"), ProtocolError, "not HTTP"),
    "another transfer coding": (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n\0"), ProtocolError, "coding"
    ),
    "codings one on another": (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\n\0\r\n"),
        ProtocolError, "coding",
    ),
    "a switch of protocols": (
        says(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n\0"),
        ProtocolError, "not HTTP",
    ),
    "an endless head": (endless_head, ProtocolError, "no end"),
    "an endless first line": (endless_start, ProtocolError, "no end"),
    "endless trailers": (endless_trailers, ProtocolError, "no end"),
}  # fmt: skip


def sockets() -> int:
    return sum(
        os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
        for number in os.listdir("/proc/self/fd")
        if os.path.islink(f"/proc/self/fd/{number}")
    )


async def whole(client: Client, ask: Ask) -> bytes:
    stream = await client.open(ask, Verdict)
    try:
        parts = []
        while data := await stream.read():
            parts.append(data)
        return b"".join(parts)
    finally:
        stream.close()


async def pushed(client: Client, ask: Ask) -> bytes:
    stream = await client.open(ask, Verdict)
    parts = [await stream.read()]
    try:
        await stream.flow(taking(parts))
        parts.append(await stream.read())
        return b"".join(parts)
    finally:
        stream.close()


def taking(parts: list[bytes]) -> Take:
    """Keeps every piece in *parts*."""

    def take(piece: bytes) -> bool:
        parts.append(piece)
        return True

    return take


async def asked(client: Client, ask: Ask) -> bytes:
    return (await client.ask(ask)).body


WAYS = {"ask": asked, "read": whole, "flow": pushed}


@each_loop
@pytest.mark.parametrize(("turn", "kind", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_road_is_called_what_it_is(
    run: Run, turn: Turn, kind: type[GatewayError], words: str
) -> None:
    async def story() -> None:
        before = sockets()
        patience = limits(2, 0.15, total=0.5) if kind is UpstreamTimeout else limits(2, 5)
        async with serving(turn) as server, Client(timeouts=patience) as client:
            ask = Ask(server.url, b"{}", {"authorization": "Bearer hush"})
            told = await asyncio.gather(
                *(way(client, ask) for way in WAYS.values()), return_exceptions=True
            )
            for failure in told:
                assert type(failure) is kind or (
                    kind is UpstreamBroken and isinstance(failure, UpstreamBroken)
                ), failure
                assert words in str(failure) and "hush" not in str(failure)
        await eventually(lambda: sockets() == before)

    run(story())
