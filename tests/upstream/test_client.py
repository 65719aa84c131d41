"""The HTTP client over real sockets: what becomes of every way an exchange can go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from amq2api.errors import (
    GatewayError,
    ProtocolError,
    RequestRefused,
    UpstreamBroken,
    UpstreamTimeout,
)
from amq2api.upstream import client as upstream
from amq2api.upstream.client import (
    Client,
    NameUnknown,
    NotTrusted,
    ProxyFailed,
    Unreachable,
    transport_error,
)
from amq2api.wire.exchange import Answer, Ask

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Verdict(RequestRefused):
    """Carries the answer it judges."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


@asynccontextmanager
async def exchange(handler: Handler) -> AsyncIterator[tuple[Client, Ask]]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        async with Client(connect_timeout=2, idle_timeout=0.5) as client:
            yield client, Ask(url, b"body", {"content-type": "text/plain"})
    finally:
        await runner.cleanup()


async def _drain(client: Client, ask: Ask) -> bytes:
    stream = await client.open(ask, Verdict)
    parts = []
    try:
        while data := await stream.read():
            parts.append(data)
    finally:
        stream.close()
    return b"".join(parts)


def answering(*parts: bytes, status: int = 200, tear: bool = False, wait: float = 0) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        response.enable_chunked_encoding()
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(0.02)
        await asyncio.sleep(wait)
        if tear and request.transport is not None:
            request.transport.abort()
        return response

    return handler


def test_a_stream_arrives_as_it_was_sent() -> None:
    async def story() -> None:
        async with exchange(answering(b"\0one", b"two", b"three")) as (client, ask):
            assert await _drain(client, ask) == b"\0onetwothree"

    asyncio.run(story())


JUDGED: dict[str, tuple[Handler, int, bytes]] = {
    "a refusal in pieces": (answering(b"no", b"pe", status=400), 400, b"nope"),
    "a refusal with status 200": (answering(b"\n {", b"}"), 200, b"\n {}"),
    "a redirect is not followed": (answering(b"", status=302), 302, b""),
    "an empty refusal": (answering(status=403), 403, b""),
}


@pytest.mark.parametrize(("handler", "status", "body"), JUDGED.values(), ids=JUDGED)
def test_what_is_no_stream_is_judged(handler: Handler, status: int, body: bytes) -> None:
    async def story() -> None:
        async with exchange(handler) as (client, ask):
            with pytest.raises(Verdict) as judged:
                await client.open(ask, Verdict)
            assert (judged.value.answer.status, judged.value.answer.body) == (status, body)

    asyncio.run(story())


BROKEN: dict[str, tuple[Handler, type[GatewayError]]] = {
    "torn": (answering(b"\0", tear=True), UpstreamBroken),
    "torn before its first byte": (answering(tear=True), UpstreamBroken),
    "silent": (answering(b"\0", wait=2), UpstreamTimeout),
    "silent before its first byte": (answering(wait=2), UpstreamTimeout),
}


@pytest.mark.parametrize(("handler", "failure"), BROKEN.values(), ids=BROKEN)
def test_a_broken_road_is_an_error(handler: Handler, failure: type[GatewayError]) -> None:
    async def story() -> None:
        async with exchange(handler) as (client, ask):
            with pytest.raises(failure):
                await _drain(client, ask)
            with pytest.raises(failure):
                await client.ask(ask)

    asyncio.run(story())


def test_nobody_there() -> None:
    async def story() -> None:
        async with Client(connect_timeout=1, idle_timeout=1) as client:
            ask = Ask("http://127.0.0.1:9/")
            with pytest.raises(UpstreamBroken, match="cannot be reached"):
                await client.open(ask, Verdict)
            with pytest.raises(UpstreamBroken, match="cannot be reached"):
                await client.ask(ask)

    asyncio.run(story())


def test_what_ended_the_road_can_be_told_apart() -> None:
    async def story() -> None:
        async with exchange(answering(b"no TLS here")) as (client, ask):
            for url, failure in (
                ("http://127.0.0.1:9/", Unreachable),
                ("http://nobody.invalid/", NameUnknown),
                (ask.url.replace("http:", "https:"), NotTrusted),
            ):
                with pytest.raises(failure):
                    await client.ask(Ask(url))
        async with Client(
            connect_timeout=1, idle_timeout=1, proxy={"http://a.invalid": "http://127.0.0.1:9"}.get
        ) as client:
            with pytest.raises(ProxyFailed):
                await client.ask(Ask("http://a.invalid/"))

    asyncio.run(story())


def test_an_answer_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "MAX_ANSWER", 4)

    async def story() -> None:
        async with exchange(answering(b"abc", b"def", status=500)) as (client, ask):
            with pytest.raises(ProtocolError, match="too large"):
                await client.ask(ask)
            with pytest.raises(ProtocolError, match="too large"):
                await client.open(ask, Verdict)

    asyncio.run(story())


def test_a_whole_exchange_has_its_own_limit() -> None:
    async def story() -> None:
        async with exchange(answering(b"a", wait=0.4)) as (client, ask):
            with pytest.raises(UpstreamTimeout):
                await client.ask(ask, timeout=0.1)

    asyncio.run(story())


def test_a_proxy_is_used_where_it_is_asked_for() -> None:
    seen: list[str] = []

    async def proxy(request: web.Request) -> web.StreamResponse:
        seen.append(str(request.url))
        return web.Response(body=b"through")

    async def story() -> None:
        async with exchange(proxy) as (_, ask):
            chosen = {"http://service.invalid": ask.url}.get
            async with Client(connect_timeout=2, idle_timeout=1, proxy=chosen) as client:
                answer = await client.ask(Ask("http://service.invalid/path"))
                assert answer.body == b"through"
        assert seen == ["http://service.invalid/path"]

    asyncio.run(story())


@pytest.mark.parametrize("cls", upstream.TRANSPORT)
def test_every_transport_error_has_words_without_content(cls: type[BaseException]) -> None:
    exc = cls.__new__(cls)
    error = transport_error(exc)
    assert isinstance(error, UpstreamBroken) and cls.__name__ in str(error)


def test_a_client_outside_its_context_says_so() -> None:
    async def story() -> None:
        with pytest.raises(RuntimeError):
            await Client(connect_timeout=1, idle_timeout=1).ask(Ask("http://127.0.0.1:9/"))

    asyncio.run(story())


def test_the_real_exceptions_are_in_the_table() -> None:
    for cls in (aiohttp.ClientOSError, aiohttp.ClientConnectionResetError, ConnectionResetError,
                aiohttp.ConnectionTimeoutError, aiohttp.SocketTimeoutError,
                aiohttp.InvalidURL, aiohttp.ServerFingerprintMismatch):  # fmt: skip
        assert issubclass(cls, upstream.FAILURES)
