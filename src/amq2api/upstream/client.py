"""One pooled HTTP client for everything that goes upstream.

It knows bytes, statuses and transport errors, and nothing of what they mean: a refusal is
judged by the function it is given (``bridge.amazonq.prepare.verdict``).
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import lru_cache
from io import BytesIO
from types import TracebackType
from typing import Self

import aiohttp

from amq2api.errors import GatewayError, ProtocolError, UpstreamBroken, UpstreamTimeout
from amq2api.wire.exchange import Answer, Ask

from .silence import SilenceWatch

MAX_ANSWER = 16 * 1024 * 1024  # bytes of an answer that is read whole
_AT_ONCE = 512 * 1024  # bytes of a request that are written in one go
_READ = 64 * 1024  # bytes that may wait here before we stop reading: back-pressure

_SILENT = "the service was silent for too long"


class NameUnknown(UpstreamBroken):
    """No address is known for the service's name."""


class NotTrusted(UpstreamBroken):
    """There was no TLS with the service: its certificate is not trusted, or it speaks none."""


class ProxyFailed(UpstreamBroken):
    """The proxy cannot be reached, or does not let us through."""


class Unreachable(UpstreamBroken):
    """No connection to the service could be made."""


TRANSPORT: Mapping[type[BaseException], tuple[type[GatewayError], str]] = {
    # The nearest class of an exception decides.
    aiohttp.ServerTimeoutError: (UpstreamTimeout, _SILENT),
    TimeoutError: (UpstreamTimeout, _SILENT),
    aiohttp.ClientConnectorDNSError: (NameUnknown, "the service's name is unknown here"),
    aiohttp.ClientSSLError: (NotTrusted, "no trusted TLS connection to the service"),
    aiohttp.ClientProxyConnectionError: (ProxyFailed, "the proxy cannot be reached"),
    aiohttp.ClientHttpProxyError: (ProxyFailed, "the proxy refused to connect"),
    aiohttp.ClientConnectorError: (Unreachable, "the service cannot be reached"),
    aiohttp.ServerDisconnectedError: (UpstreamBroken, "the service closed the connection"),
    aiohttp.ClientPayloadError: (UpstreamBroken, "the service's answer was cut"),
    aiohttp.ClientError: (UpstreamBroken, "the way to the service failed"),
    OSError: (UpstreamBroken, "the way to the service failed"),
}
FAILURES = tuple(TRANSPORT)


def transport_error(exc: BaseException) -> GatewayError:
    """What a failure of the road means; the words hold nothing of what was sent."""
    verdict, words = next(TRANSPORT[cls] for cls in type(exc).__mro__ if cls in TRANSPORT)
    return verdict(f"{words} ({type(exc).__name__})")


class Stream:
    """The body of a successful answer, as it arrives."""

    __slots__ = ("_expired", "_first", "_response", "_watch", "heard", "since", "waiting")

    def __init__(self, response: aiohttp.ClientResponse, first: bytes, watch: SilenceWatch) -> None:
        self._response, self._first, self._watch = response, first, watch
        self._expired = False
        self.waiting = False
        self.heard = True
        self.since = 0.0
        watch.add(self)

    @property
    def ended(self) -> bool:
        """Whether the end is here already, so that ``read`` would return it at once."""
        return not self._first and self._response.content.at_eof()

    async def read(self) -> bytes:
        """Whatever has arrived, at least one byte; nothing at the end.

        Raises:
            UpstreamBroken: the connection broke, or was silent for too long.
        """
        if self._first:
            first, self._first = self._first, b""
            return first
        self.waiting = True
        try:
            data = await self._response.content.readany()
        except FAILURES as exc:
            if self._expired:
                raise UpstreamTimeout(_SILENT) from exc
            raise transport_error(exc) from exc
        finally:
            self.waiting = False
        self.heard = True
        return data

    def expire(self) -> None:
        """Nothing came for too long: wake whoever reads."""
        self._expired = True
        self._response.close()

    def close(self) -> None:
        """Stop the answer where it is; one that was read to its end frees its connection."""
        self._watch.remove(self)
        self._response.close()


class Client:
    """Use as an asynchronous context manager; one for the whole process.

    Args:
        proxy: The proxy to use for an address, if any; asked once per host.
    """

    def __init__(
        self,
        *,
        connect_timeout: float,
        idle_timeout: float,
        proxy: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        # aiohttp's own trust_env reads the environment and ~/.netrc for every request.
        self._proxy = lru_cache(maxsize=64)(proxy)
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=connect_timeout, sock_read=idle_timeout
        )
        # A stream's pieces are watched together; only its beginning has a timer of its own.
        self._stream_timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout)
        self._idle_timeout = idle_timeout
        self._watch = SilenceWatch(idle_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # Calls are bounded by who may call, not by the pool: a queue here would be invisible.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=55, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            read_bufsize=_READ,
            skip_auto_headers=("Accept-Encoding",),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        self._watch.close()
        if self._session is not None:
            await self._session.close()

    async def ask(self, ask: Ask, *, timeout: float | None = None) -> Answer:  # noqa: ASYNC109
        """Make one whole exchange; any status is an answer.

        Raises:
            UpstreamBroken: there was none, or it is larger than :data:`MAX_ANSWER`.
        """
        limit = self._timeout if timeout is None else aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._request(ask, limit) as response:
                return await _whole(response)
        except FAILURES as exc:
            raise transport_error(exc) from exc

    async def open(self, ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Stream:
        """Return once the first bytes of a stream are here, so that every refusal is raised.

        Raises:
            GatewayError: *verdict*'s, for an answer that is no stream; transport errors.
        """
        try:
            async with asyncio.timeout(self._idle_timeout):
                response, first = await self._begin(ask)
            # A refusal has come with status 200, and a stream with the wrong content type
            # (upstream-protocol.md 1.4): the first byte tells. No frame begins with a brace:
            # it would be 2 GB long.
            if response.status == 200 and first.lstrip()[:1] != b"{":
                return Stream(response, first, self._watch)
            async with response, asyncio.timeout(self._idle_timeout):
                answer = await _whole(response, first)
        except FAILURES as exc:
            raise transport_error(exc) from exc
        raise verdict(answer)

    async def _begin(self, ask: Ask) -> tuple[aiohttp.ClientResponse, bytes]:
        response = await self._request(ask, self._stream_timeout)
        try:
            return response, await response.content.readany()
        except BaseException:
            response.close()
            raise

    def _request(
        self, ask: Ask, limit: aiohttp.ClientTimeout
    ) -> aiohttp.client._RequestContextManager:
        if self._session is None:
            raise RuntimeError("the client is used outside its context")
        return self._session.request(
            ask.method, ask.url, data=_sendable(ask.body), headers=ask.headers, timeout=limit,
            allow_redirects=False, proxy=self._proxy(_origin(ask.url)),
        )  # fmt: skip


def _sendable(body: bytes) -> bytes | BytesIO:
    # A large body is written in pieces, so that other streams go on meanwhile.
    return body if len(body) <= _AT_ONCE else BytesIO(body)


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


async def _whole(response: aiohttp.ClientResponse, first: bytes = b"") -> Answer:
    parts, size = [first], len(first)
    while part := await response.content.readany():
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER:
            raise ProtocolError("the service's answer is too large")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, b"".join(parts), headers)
