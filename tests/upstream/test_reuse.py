"""Connections between requests: which are used again, which are not, and what a stale one does."""

import asyncio
import random

import pytest

from amq2api.errors import UpstreamBroken, UpstreamTimeout
from amq2api.upstream import pool
from amq2api.upstream.client import Client
from amq2api.wire.exchange import Ask
from upstream.servers import (
    CHUNKED,
    KEEPING,
    RESET,
    Line,
    Run,
    Turn,
    Verdict,
    chunk,
    each_loop,
    eventually,
    limits,
    ok,
    says,
    serving,
)


async def _times(client: Client, url: str, times: int) -> None:
    for _ in range(times):
        stream = await client.open(Ask(url), Verdict)
        while await stream.read():
            pass
        stream.close()


@each_loop
def test_one_connection_serves_request_after_request(run: Run) -> None:
    async def story() -> None:
        async with serving(KEEPING) as server, Client(timeouts=limits()) as client:
            await _times(client, server.url, 20)
            for _ in range(20):
                await client.ask(Ask(server.url, b"x" * 100_000))
            assert (server.connections, len(server.requests)) == (1, 40)

    run(story())


def test_a_refusal_leaves_its_connection_to_the_next_request() -> None:
    async def story() -> None:
        refusing = says(ok(b"no", status="429 Slow"), times=9)
        async with serving(refusing) as server, Client(timeouts=limits()) as client:
            for _ in range(5):
                with pytest.raises(Verdict):
                    await client.open(Ask(server.url), Verdict)
            assert server.connections == 1

    asyncio.run(story())


def test_as_many_connections_as_requests_at_once() -> None:
    async def story() -> None:
        slow = says(0.05, ok(b"\0"), times=100)
        async with serving(slow) as server, Client(timeouts=limits()) as client:
            for _ in range(2):
                await asyncio.gather(*(client.ask(Ask(server.url)) for _ in range(30)))
            assert server.connections == 30

    asyncio.run(story())


NOT_KEPT: dict[str, Turn] = {
    "the server says so": says(ok(b"\0", "Connection: close"), times=9),
    "it is HTTP/1.0": says(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n\0", times=9),
    "more follows": says(ok(b"\0") + b"HTTP/1.1 200 OK\r\n", times=9),
    "more follows later": says(ok(b"\0"), 0.02, b"\r\n", times=9),
    "another answer follows later": says(ok(b"\0"), 0.02, ok(b"smuggled"), times=9),
}


@pytest.mark.parametrize("turn", NOT_KEPT.values(), ids=NOT_KEPT)
def test_a_connection_is_not_used_again_when(turn: Turn) -> None:
    async def story() -> None:
        async with serving(turn) as server, Client(timeouts=limits()) as client:
            for _ in range(3):
                assert (await client.ask(Ask(server.url))).body == b"\0"
                await eventually(lambda: server.live == 0)
            assert server.connections == 3

    asyncio.run(story())


def test_an_unfinished_stream_takes_its_connection_with_it_at_once() -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def turn(line: Line) -> None:
            await line.request()
            await line.play(CHUNKED, chunk(b"\0"))
            await line.gone()
            gone.set()

        async with serving(turn, KEEPING) as server, Client(timeouts=limits()) as client:
            stream = await client.open(Ask(server.url), Verdict)
            stream.close()
            await asyncio.wait_for(gone.wait(), 0.5)
            await _times(client, server.url, 1)
            assert server.connections == 2

    asyncio.run(story())


async def closing_when_asked(line: Line) -> None:
    await line.request()
    await line.play(ok(b"\0"))
    await line.request()


async def resetting_when_asked(line: Line) -> None:
    await closing_when_asked(line)
    line.reset()


async def timing_out_when_asked(line: Line) -> None:
    await closing_when_asked(line)
    await line.play(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")


STALE: dict[str, Turn] = {
    "closed": says(ok(b"\0")),
    "reset": says(ok(b"\0"), RESET),
    "given up with a word": says(
        ok(b"\0"), 0.02, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
    ),
    "closed when it is asked": closing_when_asked,
    "reset when it is asked": resetting_when_asked,
    "given up with a word when it is asked": timing_out_when_asked,
}


@each_loop
@pytest.mark.parametrize("pause", [0.0, 0.05], ids=["at once", "later"])
@pytest.mark.parametrize("turn", STALE.values(), ids=STALE)
def test_a_stale_connection_is_replaced_unseen(run: Run, turn: Turn, pause: float) -> None:
    async def story() -> None:
        async with serving(turn, KEEPING) as server, Client(timeouts=limits()) as client:
            for size in (5, 5, 5):
                assert (await client.ask(Ask(server.url, b"x" * size))).body == b"\0"
                await asyncio.sleep(pause)
            assert server.connections == 2

    run(story())


def test_a_large_request_is_written_again_on_a_fresh_connection() -> None:
    async def story() -> None:
        turns = closing_when_asked, KEEPING
        async with serving(*turns) as server, Client(timeouts=limits()) as client:
            body = random.Random(1).randbytes(3_000_000)
            for _ in range(2):
                assert (await client.ask(Ask(server.url, body))).body == b"\0"
            assert server.requests[-1].endswith(body) and server.connections == 2

    asyncio.run(story())


async def _answering_a_little(line: Line) -> None:
    await closing_when_asked(line)
    await line.play(b"HTTP/1.1 2")


async def _silent_then(line: Line) -> None:
    await closing_when_asked(line)
    await asyncio.sleep(5)


NOT_REPEATED: dict[str, tuple[tuple[Turn, ...], type[UpstreamBroken], int]] = {
    "anything was answered": ((_answering_a_little, KEEPING), UpstreamBroken, 1),
    "the answer is late": ((_silent_then, KEEPING), UpstreamTimeout, 1),
    "the fresh connection breaks too": ((closing_when_asked, says()), UpstreamBroken, 2),
}


@pytest.mark.parametrize(("turns", "kind", "connections"), NOT_REPEATED.values(), ids=NOT_REPEATED)
def test_a_request_is_not_sent_again_if(
    turns: tuple[Turn, ...], kind: type[UpstreamBroken], connections: int
) -> None:
    async def story() -> None:
        async with serving(*turns) as server, Client(timeouts=limits(idle=0.3)) as client:
            await client.ask(Ask(server.url))
            with pytest.raises(kind):
                await client.ask(Ask(server.url))
            assert server.connections == connections

    asyncio.run(story())


def test_a_connection_that_nobody_needs_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "KEPT", 0.3)

    async def story() -> None:
        async with serving(KEEPING) as server, Client(timeouts=limits()) as client:
            await asyncio.gather(*(client.ask(Ask(server.url)) for _ in range(3)))
            while server.live > 1:
                await asyncio.sleep(0.02)
                await client.ask(Ask(server.url))
            assert server.connections == 3  # the one that is used stays
            await eventually(lambda: server.live == 0)
            await client.ask(Ask(server.url))
            assert (server.live, server.connections) == (1, 4)

    asyncio.run(story())


def test_other_hosts_have_other_connections() -> None:
    async def story() -> None:
        async with (
            serving(KEEPING) as one, serving(KEEPING) as two, Client(timeouts=limits()) as client
        ):  # fmt: skip
            for url in (one.url, two.url, one.url.replace("127.0.0.1", "localhost")) * 2:
                await client.ask(Ask(url))
            assert (one.connections, two.connections) == (2, 1)

    asyncio.run(story())


def test_closing_the_client_closes_everything() -> None:
    async def story() -> None:
        hanging = says(CHUNKED, chunk(b"\0"), 5.0)
        async with serving(hanging, hanging, KEEPING) as server:
            async with Client(timeouts=limits()) as client:
                streams = [await client.open(Ask(server.url), Verdict) for _ in range(2)]
                assert [await stream.read() for stream in streams] == [b"\0"] * 2
                await client.ask(Ask(server.url))
                reading = asyncio.ensure_future(streams[0].read())
                await asyncio.sleep(0.01)
                assert server.live == 3
            with pytest.raises(UpstreamBroken, match="given up"):
                await reading
            with pytest.raises(UpstreamBroken, match="given up"):
                await streams[1].read()
            for stream in streams:
                stream.close()

    asyncio.run(story())


def test_an_early_refusal_is_heard_while_a_large_request_is_written() -> None:
    async def story() -> None:
        async def turn(line: Line) -> None:
            await line.reader.readuntil(b"\r\n\r\n")
            await line.play(ok(b"too large", status="413 Large"))
            await line.gone()

        async with serving(turn) as server, Client(timeouts=limits()) as client:
            with pytest.raises(Verdict, match="413"):
                await client.open(Ask(server.url, b"x" * 50_000_000), Verdict)
            await client.ask(Ask(server.url))
            assert server.connections == 2

    asyncio.run(story())


def test_a_large_request_leaves_room_for_other_streams() -> None:
    async def story() -> None:
        ticking = says(CHUNKED + chunk(b"\0"), *(0.002, chunk(b"\0")) * 200)
        async with (
            serving(ticking) as clock, serving(KEEPING) as server,
            Client(timeouts=limits()) as client,
        ):  # fmt: skip
            stream = await client.open(Ask(clock.url), Verdict)
            ticks = 0

            def take(piece: bytes) -> bool:
                nonlocal ticks
                ticks += len(piece)
                return True

            listening = asyncio.ensure_future(stream.flow(take))
            body = random.Random(1).randbytes(30_000_000)
            before = ticks
            await client.ask(Ask(server.url, body))
            assert server.requests[0].endswith(body) and ticks > before
            listening.cancel()
            stream.close()

    asyncio.run(story())


async def _unread(line: Line) -> None:
    assert isinstance(line.writer.transport, asyncio.Transport)
    line.writer.transport.pause_reading()
    await asyncio.sleep(5)


@pytest.mark.parametrize("size", [200_000, 30_000_000])
def test_a_request_that_nobody_takes_is_given_up(size: int) -> None:
    async def story() -> None:
        async with serving(_unread) as server, Client(timeouts=limits(idle=0.3)) as client:
            with pytest.raises(UpstreamTimeout, match="did not begin"):
                await client.ask(Ask(server.url, b"x" * size))

    asyncio.run(story())
