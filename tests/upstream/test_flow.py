"""Streams pushed and pulled: nothing is lost between the two, memory is bounded, and whoever goes
away leaves nothing behind.
"""

import asyncio
import contextlib
import gc
import itertools
import random
import tracemalloc
from collections.abc import AsyncIterator, Callable

import pytest

from amq2api.errors import UpstreamBroken
from amq2api.upstream.client import Client
from amq2api.upstream.connection import Connection
from amq2api.upstream.response import Responses
from amq2api.upstream.stream import Stream
from amq2api.wire.exchange import Ask
from upstream.servers import (
    CHUNKED,
    RESET,
    Flood,
    Line,
    Run,
    Turn,
    Verdict,
    chunk,
    chunks,
    each_loop,
    eventually,
    limits,
    says,
    serving,
    silent,
)
from upstream.test_faults import sockets, taking


@contextlib.asynccontextmanager
async def opened(turn: Turn, idle: float = 2) -> AsyncIterator[Stream]:
    """The stream that *turn* answers with, closed in the end."""
    async with serving(turn) as server, Client(timeouts=limits(idle=idle)) as client:
        with contextlib.closing(await client.open(Ask(server.url), Verdict)) as stream:
            yield stream


async def everything(stream: Stream, wants: Callable[[], bool]) -> bytes:
    """Read and flow in turn, as relays do; *wants* says what a take answers."""
    parts: list[bytes] = []

    def take(piece: bytes) -> bool:
        assert piece
        parts.append(piece)
        return wants()

    while data := await stream.read():
        parts.append(data)
        await stream.flow(take)
    return b"".join(parts)


@each_loop
@pytest.mark.parametrize("size", [1, 100, 5_000, 200_000])
def test_nothing_is_lost_between_read_and_flow(run: Run, size: int) -> None:
    lots = random.Random(size)
    pieces = [lots.randbytes(lots.randint(1, size)) for _ in range(50)]

    async def turn(line: Line) -> None:
        await line.request()
        await line.play(CHUNKED, chunk(b"\0"))
        for piece in pieces:
            await line.play(chunk(piece), lots.choice([0.0, 0.0, 0.001]))
        await line.play(chunk(b""))

    async def story() -> None:
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            for wants in (lambda: True, lambda: False, lambda: lots.random() < 0.5):
                stream = await client.open(Ask(server.url), Verdict)
                assert await everything(stream, wants) == b"\0" + b"".join(pieces)
                assert stream.ended
                stream.close()

    run(story())


def test_one_read_of_the_network_is_one_piece() -> None:
    async def story() -> None:
        turn = says(CHUNKED, chunk(b"\0"), 0.03, chunks(b"a", b"b", b"c"))
        async with opened(turn) as stream:
            await stream.read()
            pieces: list[tuple[bytes, bool]] = []

            def take(piece: bytes) -> bool:
                pieces.append((piece, stream.ended))
                return True

            await stream.flow(take)
            # Whoever takes the last piece knows it.
            assert pieces == [(b"abc", True)]
            assert await stream.read() == b""
            await stream.flow(take)
            assert len(pieces) == 1
            stream.close()
            await stream.flow(take)

    asyncio.run(story())


@each_loop
def test_what_a_take_raises_reaches_who_awaits_the_flow(run: Run) -> None:
    async def story() -> None:
        turn = says(CHUNKED, chunk(b"\0"), 0.03, chunk(b"a"), 0.03, chunks(b"b"))
        async with opened(turn) as stream:
            await stream.read()
            for expected in (b"a", b"b"):

                def take(piece: bytes) -> bool:
                    raise ZeroDivisionError(piece)

                with pytest.raises(ZeroDivisionError) as told:
                    await stream.flow(take)
                assert told.value.args == (expected,)
            assert await stream.read() == b""

    run(story())


@each_loop
def test_a_cancelled_reader_closes_nothing_and_loses_nothing(run: Run) -> None:
    async def story() -> None:
        turn = says(CHUNKED, chunk(b"\0"), 0.1, chunk(b"a"), 0.1, chunks(b"b"))
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            stream = await client.open(Ask(server.url), Verdict)
            await stream.read()
            taken: list[bytes] = []
            for way in (lambda: stream.read(), lambda: stream.flow(taking(taken))):
                waiting = asyncio.ensure_future(way())
                await asyncio.sleep(0.01)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            assert await everything(stream, lambda: True) == b"ab" and taken == []
            assert server.connections == 1
            stream.close()

    run(story())


@each_loop
def test_a_cancelled_request_leaves_no_socket(run: Run) -> None:
    async def story() -> None:
        before = sockets()
        async with serving(silent) as server, Client(timeouts=limits()) as client:
            for wait in (0.0, 0.0001, 0.001, 0.01):
                asking = [
                    asyncio.ensure_future(way)
                    for way in (
                        client.open(Ask(server.url), Verdict),
                        client.ask(Ask(server.url, b"x" * 1_000_000)),
                        client.ask(Ask(server.url.replace("127.0.0.1", "localhost"))),
                    )
                ]
                await asyncio.sleep(wait)
                for each in asking:
                    each.cancel()
                told = await asyncio.gather(*asking, return_exceptions=True)
                assert all(isinstance(each, asyncio.CancelledError) for each in told)
            await eventually(lambda: server.live == 0)
        await eventually(lambda: sockets() == before)

    run(story())


@each_loop
def test_a_reader_that_sleeps_stops_the_flood(run: Run) -> None:
    async def story() -> None:
        flood = Flood(1_500)
        async with opened(flood) as stream:
            await asyncio.sleep(0.3)
            before = flood.sent
            await asyncio.sleep(0.1)
            assert flood.sent == before < 20_000_000  # the system's own buffers hold the rest
            first = await stream.read()
            assert len(first) < 1_000_000
            rest = await everything(stream, lambda: True)
            assert len(first) + len(rest) == 30_000_001

    run(story())


def test_many_readers_that_sleep_hold_little() -> None:
    async def story() -> None:
        async with serving(Flood(1_500)) as server, Client(timeouts=limits()) as client:
            tracemalloc.start()
            try:
                streams = [await client.open(Ask(server.url), Verdict) for _ in range(10)]
                await asyncio.sleep(0.3)
                assert tracemalloc.get_traced_memory()[0] < 10 * 700_000
                for stream in streams:
                    assert await stream.read()
            finally:
                tracemalloc.stop()
            for stream in streams:
                stream.close()

    asyncio.run(story())


def test_silence_while_nobody_reads_is_not_held_against_the_service() -> None:
    async def story() -> None:
        # Just enough to stop reading, so that nothing is left to come when it goes on.
        turn = says(CHUNKED, chunk(b"\0" * 66_000), 0.7, chunks(b"x"))
        async with opened(turn, idle=0.3) as stream:
            await asyncio.sleep(0.6)
            assert len(await everything(stream, lambda: True)) == 66_001

    asyncio.run(story())


def test_the_longest_gap_is_told() -> None:
    async def story() -> None:
        turn = says(1.0, CHUNKED, chunk(b"\0"), 0.02, chunk(b"a"), 0.12, chunk(b"b"), chunks(b"c"))
        async with opened(turn) as stream:
            await everything(stream, lambda: True)
            assert 0.1 < stream.gap < 0.9  # waiting for the first piece is none
            stream.close()
            assert 0.1 < stream.gap < 0.9

    asyncio.run(story())


def test_a_stream_that_breaks_in_a_flow_gives_what_came() -> None:
    async def story() -> None:
        turn = says(CHUNKED, chunk(b"\0"), 0.02, chunk(b"a") + chunk(b"b") + b"nonsense")
        async with opened(turn) as stream:
            parts = [await stream.read()]
            await stream.flow(taking(parts))
            assert parts == [b"\0", b"ab"] and not stream.ended
            for _ in range(2):
                with pytest.raises(UpstreamBroken, match="not HTTP"):
                    await stream.read()

    asyncio.run(story())


def test_ended_streams_leave_no_objects() -> None:
    async def story() -> None:
        turns = itertools.cycle([
            says(CHUNKED, chunks(b"\0")), says(CHUNKED, chunk(b"\0")), says(CHUNKED, b"nonsense"),
            says(RESET), says(CHUNKED, chunk(b"\0"), 0.05),
        ])  # fmt: skip

        async def turn(line: Line) -> None:
            await next(turns)(line)

        async with serving(turn) as server, Client(timeouts=limits()) as client:
            gc.collect()
            gc.disable()
            try:
                for _ in range(50):
                    with contextlib.suppress(UpstreamBroken):
                        stream = await client.open(Ask(server.url), Verdict)
                        stream.close()
                        del stream
                await asyncio.sleep(0.05)
                # Without the collector: nothing of a connection refers to itself.
                left = [each for each in gc.get_objects() if type(each) in _OURS]
            finally:
                gc.enable()
            assert len(left) <= len(_OURS)

    asyncio.run(story())


_OURS = (Connection, Responses, Stream)


class _Quiet:
    """As much of a transport as a connection needs."""

    def __init__(self) -> None:
        self.written = itertools.count()

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        next(self.written)

    def abort(self) -> None: ...


def test_a_connection_that_is_no_more_says_so() -> None:
    async def story() -> None:
        lost: list[Connection] = []
        connection = Connection(lost.append)
        connection.connection_made(_Quiet())  # type: ignore[arg-type]
        connection.connection_lost(None)
        assert lost == [connection] and not connection.usable
        connection.send(b"x", b"", limits(), 1e9)
        with pytest.raises(UpstreamBroken, match="closed the connection"):
            await connection.begin()

    asyncio.run(story())


def test_an_open_stream_is_small() -> None:
    """Objects of ours alone; what the loop and the system hold for a socket is theirs."""
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(12))

    async def story() -> None:
        many = 200
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            kept = []
            for _ in range(many):
                connection = Connection(lambda _: None)
                connection.connection_made(_Quiet())  # type: ignore[arg-type]
                connection.send(b"x", b"", limits(), 1e9)
                connection.data_received(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"a"))
                stream = Stream(None, None, connection)  # type: ignore[arg-type]
                await stream.read()
                kept.append(stream)
            used = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert used / many < 4_000

    asyncio.run(story())
