"""Ways to the service: names, addresses, TLS and proxies, and what it is called when there is none.

TLS is real: an authority of the test's own signs, and SSL_CERT_FILE says whether it is trusted.
"""

import asyncio
import gc
import socket
from pathlib import Path

import pytest

from amq2api.errors import UpstreamBroken
from amq2api.upstream.client import Client
from amq2api.upstream.failures import (
    CONNECTING,
    TO_PROXY,
    ConnectTimeout,
    NameUnknown,
    NotTrusted,
    ProxyFailed,
    Unreachable,
    meaning,
)
from amq2api.upstream.names import KnownNames, Names
from amq2api.wire.exchange import Ask
from upstream.servers import (
    CHUNKED,
    KEEPING,
    RESET,
    Authority,
    Flood,
    Line,
    Run,
    Turn,
    Verdict,
    chunk,
    chunks,
    deaf,
    each_loop,
    eventually,
    limits,
    ok,
    says,
    serving,
    silent,
)
from upstream.test_faults import sockets


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
    return made


async def fails(url: str, proxy: str | None = None, connect: float = 2) -> UpstreamBroken:
    """What asking comes to; the same by both ways."""
    told: list[UpstreamBroken] = []
    async with Client(timeouts=limits(connect), proxy=lambda _: proxy) as client:
        with pytest.raises(UpstreamBroken) as asked:
            await client.ask(Ask(url, b"hush", {"authorization": "Bearer hush"}))
        with pytest.raises(UpstreamBroken) as opened:
            await client.open(Ask(url), Verdict)
        told = [asked.value, opened.value]
    assert type(told[0]) is type(told[1])
    assert not any("hush" in str(each) or "secret" in str(each) for each in told)
    return told[0]


def test_nobody_listens() -> None:
    failure = asyncio.run(fails("http://127.0.0.1:9/"))
    assert type(failure) is Unreachable and "ConnectionRefusedError" in str(failure)


@pytest.mark.parametrize("name", ["nobody.invalid", "a..b", "x" * 70 + ".example", ".example"])
def test_nobody_has_that_name(name: str) -> None:
    assert type(asyncio.run(fails(f"http://{name}/"))) is NameUnknown
    assert type(asyncio.run(fails(f"https://{name}/"))) is NameUnknown


@each_loop
def test_nobody_takes_the_connection(run: Run) -> None:
    async def story() -> None:
        with deaf() as port:
            before = sockets()
            failure = await fails(f"http://127.0.0.1:{port}/", connect=0.2)
            assert type(failure) is ConnectTimeout and isinstance(failure, Unreachable)
            assert sockets() == before

    run(story())


@each_loop
def test_tls_with_who_is_trusted(run: Run, authority: Authority) -> None:
    async def story() -> None:
        streaming = says(CHUNKED, chunk(b"\0"), 0.02, chunks(b"a"))
        for turn in (KEEPING, streaming):
            async with (
                serving(turn, tls=authority.serving()) as server,
                Client(timeouts=limits()) as client,
            ):
                assert (await client.ask(Ask(server.url, b"x" * 2_000_000))).body[:1] == b"\0"
                stream = await client.open(Ask(server.url), Verdict)
                while not stream.ended:
                    await stream.read()
                stream.close()
                assert server.connections == (1 if turn is KEEPING else 2)

    run(story())


@each_loop
def test_a_reader_that_sleeps_stops_a_flood_by_tls(run: Run, authority: Authority) -> None:
    async def story() -> None:
        flood = Flood(1_000)
        async with (
            serving(flood, tls=authority.serving()) as server, Client(timeouts=limits()) as client
        ):  # fmt: skip
            stream = await client.open(Ask(server.url), Verdict)
            await asyncio.sleep(0.3)
            assert flood.sent < 14_000_000
            size = 0
            while data := await stream.read():
                size += len(data)
            assert size == 20_000_001
            stream.close()

    run(story())


async def _no_tls(line: Line) -> None:
    await line.play(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await line.gone()


async def _reset(line: Line) -> None:
    await line.reader.read(1)
    line.reset()


@each_loop
def test_tls_with_who_is_not(run: Run, tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")

    async def story() -> None:
        before = sockets()
        for context, words in (
            (other.serving(), "unable to get local issuer"),
            (authority.serving(days=-1), "expired"),
            (authority.serving(name="other.example"), "mismatch"),
        ):
            async with serving(KEEPING, tls=context) as server:
                failure = await fails(server.url)
                assert type(failure) is NotTrusted
                assert words in str(failure)
        for turn, kind in ((_no_tls, NotTrusted), (_reset, Unreachable), (silent, ConnectTimeout)):
            async with serving(turn) as server:
                url = server.url.replace("http:", "https:")
                assert type(await fails(url, connect=0.3)) is kind
                await eventually(lambda: server.live == 0)
        await eventually(lambda: sockets() == before)

    run(story())


def _tunnel(status: str = "200 Connection established", *, target: int = 0) -> Turn:
    """A proxy: answers CONNECT, then passes bytes on to *target*."""

    async def turn(line: Line) -> None:
        await line.request()
        await line.play(f"HTTP/1.1 {status}\r\nX-Proxy: 1\r\n\r\n".encode())
        if not target:
            await line.gone()
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", target)
        try:
            await asyncio.gather(
                _pass(line.reader, writer), _pass(reader, line.writer), return_exceptions=True
            )
        finally:
            writer.close()

    return turn


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@each_loop
def test_a_proxy_passes_tls_on(run: Run, authority: Authority) -> None:
    async def story() -> None:
        tls = authority.serving(name="service.example")
        async with (
            serving(KEEPING, tls=tls) as server, serving(_tunnel(target=server.port)) as proxy
        ):  # fmt: skip
            through = f"http://me:a%3Asecret@127.0.0.1:{proxy.port}"
            async with Client(timeouts=limits(), proxy=lambda _: through) as client:
                for _ in range(3):
                    ask = Ask("https://service.example:8443/path", b"x" * 700_000)
                    assert (await client.ask(ask)).body == b"\0"
            assert (proxy.connections, server.connections) == (1, 1)
            assert proxy.requests == [
                b"CONNECT service.example:8443 HTTP/1.1\r\nhost: service.example:8443\r\n"
                b"proxy-authorization: Basic bWU6YTpzZWNyZXQ=\r\n\r\n"
            ]
            head = server.requests[0].partition(b"\r\n\r\n")[0]
            assert head.startswith(b"POST /path HTTP/1.1\r\nhost: service.example:8443\r\n")
            assert b"proxy" not in head

    run(story())


@each_loop
def test_a_proxy_forwards_what_is_not_tls(run: Run) -> None:
    async def story() -> None:
        async with serving(KEEPING) as proxy:
            through = f"me:secret@127.0.0.1:{proxy.port}"
            async with Client(timeouts=limits(), proxy=lambda _: through) as client:
                assert (await client.ask(Ask("http://service.invalid/path?a"))).body == b"\0"
                assert (await client.ask(Ask("http://service.invalid:81/"))).body == b"\0"
            first, second = proxy.requests
            assert first.startswith(b"POST http://service.invalid/path?a HTTP/1.1\r\n")
            assert b"\r\nhost: service.invalid\r\nproxy-authorization: Basic " in first
            assert second.startswith(b"POST http://service.invalid:81/ HTTP/1.1\r\n")

    run(story())


def test_a_proxy_may_itself_be_reached_by_tls(authority: Authority) -> None:
    async def story() -> None:
        tls, ours = authority.serving(name="service.example"), authority.serving()
        async with (
            serving(KEEPING, tls=tls) as server,
            serving(_tunnel(target=server.port), tls=ours) as proxy,
            Client(timeouts=limits(), proxy=lambda _: proxy.url) as client,
        ):
            assert (await client.ask(Ask("https://service.example/"))).body == b"\0"

    asyncio.run(story())


def test_a_proxy_is_asked_for_once_per_host() -> None:
    asked: list[str] = []

    def proxy(origin: str) -> str | None:
        asked.append(origin)
        return None

    async def story() -> None:
        async with serving(KEEPING) as server, Client(timeouts=limits(), proxy=proxy) as client:
            for path in ("a", "b", "c?d"):
                await client.ask(Ask(f"{server.url}{path}"))
            assert asked == [server.url[:-1]]

    asyncio.run(story())


PROXIES: dict[str, tuple[Turn, str]] = {
    "refuses": (_tunnel("403 Forbidden"), "HTTP 403"),
    "wants a password": (_tunnel("407 Proxy Authentication Required"), "HTTP 407"),
    "cannot reach it": (_tunnel("502 Bad Gateway"), "HTTP 502"),
    "is no proxy": (says(b"nonsense\r\n"), "does not speak HTTP"),
    "closes": (says(), "does not speak HTTP"),
    "resets": (says(RESET), "does not speak HTTP"),
    "says nothing": (silent, "in time"),
}


@each_loop
@pytest.mark.parametrize(("turn", "words"), PROXIES.values(), ids=PROXIES)
def test_a_proxy_that(run: Run, turn: Turn, words: str) -> None:
    async def story() -> None:
        before = sockets()
        async with serving(turn) as proxy:
            url = proxy.url.replace("://", "://me:secret@")
            failure = await fails("https://service.invalid/", url, connect=0.3)
            assert type(failure) is ProxyFailed and words in str(failure)
            await eventually(lambda: proxy.live == 0)
        await eventually(lambda: sockets() == before)

    run(story())


@pytest.mark.parametrize("url", ["https://service.invalid/", "http://service.invalid/"])
def test_a_proxy_that_is_not_there(url: str) -> None:
    for proxy in ("http://127.0.0.1:9", "http://nobody.invalid:3128", "127.0.0.1:9"):
        assert type(asyncio.run(fails(url, proxy))) is ProxyFailed
    for proxy in ("socks5://127.0.0.1:9", "http://", "http://a:port", "http://[::1"):
        failure = asyncio.run(fails(url, proxy))
        assert type(failure) is ProxyFailed and "no URL" in str(failure)


def test_a_proxy_that_wants_a_password_of_forwarded_requests() -> None:
    async def story() -> None:
        async with serving(says(ok(b"", status="407 Who"))) as proxy:
            failure = await fails("http://service.invalid/", proxy.url)
            assert type(failure) is ProxyFailed and "HTTP 407" in str(failure)

    asyncio.run(story())


@each_loop
def test_behind_a_proxy_nobody_is_trusted_either(run: Run, authority: Authority) -> None:
    async def story() -> None:
        async with (
            serving(KEEPING, tls=authority.serving(name="other.example")) as server,
            serving(_tunnel(target=server.port)) as proxy,
        ):
            failure = await fails("https://service.example/", proxy.url)
            assert type(failure) is NotTrusted and "mismatch" in str(failure)

    run(story())


@each_loop
def test_an_address_that_does_not_answer_does_not_keep_the_next_waiting(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deaf("127.0.0.2") as port:

        async def infos(self: Names, host: str, port: int) -> list[object]:
            kind = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ""
            return [(*kind, (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

        monkeypatch.setattr(Names, "infos", infos)

        async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ok(b"here", "Connection: close"))
            writer.close()

        async def story() -> None:
            before = sockets()
            listening = await asyncio.start_server(answering, "127.0.0.1", port)
            async with Client(timeouts=limits(connect=5)) as client:
                asking = client.ask(Ask(f"http://two.example:{port}/"))
                assert (await asyncio.wait_for(asking, 2)).body == b"here"
            listening.close()
            await eventually(lambda: sockets() == before)

        run(story())


@each_loop
def test_a_client_does_not_wait_for_a_connection_that_is_being_made(
    run: Run, authority: Authority
) -> None:
    async def late(line: Line) -> None:
        await asyncio.sleep(0.3)
        await line.gone()

    async def story() -> None:
        before = sockets()
        async with serving(late) as server:
            async with Client(timeouts=limits(connect=5)) as client:
                asking = asyncio.ensure_future(client.ask(Ask(f"https://127.0.0.1:{server.port}/")))
                await eventually(lambda: server.live == 1)
                closing = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - closing < 1
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await eventually(lambda: server.live == 0)
        await eventually(lambda: sockets() == before)

    run(story())


def test_a_connection_that_is_there_too_late_is_not_used() -> None:
    async def story() -> None:
        async with serving(KEEPING) as server:
            async with Client(timeouts=limits()) as client:
                asking = asyncio.ensure_future(client.ask(Ask(server.url)))
                await asyncio.sleep(0)
            with pytest.raises(UpstreamBroken):
                await asking
            await eventually(lambda: server.live == 0)
            assert server.requests == []

    asyncio.run(story())


def test_a_name_is_looked_up_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    look_up = Names.infos

    async def infos(self: Names, host: str, port: int) -> object:
        asked.append(host)
        await asyncio.sleep(0.02)
        return await look_up(self, host, port)

    monkeypatch.setattr(Names, "infos", infos)

    async def story() -> None:
        names = KnownNames()
        first = asyncio.ensure_future(names.infos("localhost", 80))
        await asyncio.sleep(0)
        first.cancel()
        found = await asyncio.gather(*(names.infos("localhost", 80) for _ in range(20)))
        assert asked == ["localhost"] and found[0]
        await names.infos("localhost", 80)
        assert asked == ["localhost"]
        names.forget("localhost", 80)
        await names.infos("localhost", 80)
        assert asked == ["localhost"] * 2
        for literal in ("127.0.0.1", "::1"):
            assert (await names.infos(literal, 80))[0][4][0] == literal
        assert asked == ["localhost"] * 2
        with pytest.raises(OSError):  # noqa: PT011  (whatever the system says of it)
            await names.infos("nobody.invalid", 80)
        names.close()

    asyncio.run(story())


def test_a_name_that_is_found_unknown_too_late_bothers_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def infos(self: Names, host: str, port: int) -> object:
        await asyncio.sleep(0.5)
        raise socket.gaierror("too late")

    monkeypatch.setattr(Names, "infos", infos)
    complaints: list[object] = []

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        assert type(await fails("http://slow.example/", connect=0.02)) is ConnectTimeout
        await asyncio.sleep(0.6)
        gc.collect()

    asyncio.run(story())
    assert complaints == []


@pytest.mark.parametrize("table", [CONNECTING, TO_PROXY], ids=["service", "proxy"])
def test_every_failure_has_words_without_content(table: object) -> None:
    assert isinstance(table, dict)
    for cls in (*table, ConnectionResetError, PermissionError):
        error = meaning(cls.__new__(cls), table)
        assert isinstance(error, UpstreamBroken) and cls.__name__ in str(error)
