"""The one HTTP client for everything that goes upstream.

It knows bytes, statuses and failures of the road, and nothing of what they mean: a refusal is
judged by the function it is given (``bridge.amazonq.prepare.verdict``).
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import lru_cache
from time import monotonic
from types import TracebackType
from typing import Self

from amq2api.errors import GatewayError, ProtocolError, UpstreamBroken
from amq2api.wire.exchange import Answer, Ask

from .connection import Connection
from .failures import ProxyFailed
from .pool import Pool
from .request import head
from .response import Responses
from .route import Route, route
from .stream import Stream
from .timeouts import Timeouts

MAX_ANSWER = 16 * 1024 * 1024  # bytes of an answer that is read whole
_MOST_WORDS = 256 * 1024  # bytes of a refusal that are worth reading
_BOM = b"\xef\xbb\xbf"
_NO_STREAMS = ("text/html", "text/plain", "application/json", "application/xml", "text/xml")


class Client:
    """Use as an asynchronous context manager; one for the whole process.

    Args:
        proxy: The proxy to use for an address, if any; asked once per host.
    """

    def __init__(
        self, *, timeouts: Timeouts, proxy: Callable[[str], str | None] = lambda _: None
    ) -> None:
        self.timeouts = timeouts
        """May be replaced: what begins later keeps to the new ones."""
        self._route = lru_cache(maxsize=64)(lambda origin: route(origin, proxy(origin)))
        self._way = lru_cache(maxsize=64)(self._find_way)
        self._pool: Pool | None = None

    async def __aenter__(self) -> Self:
        self._pool = Pool()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def ask(self, ask: Ask, *, timeout: float | None = None) -> Answer:  # noqa: ASYNC109
        """Make one whole exchange; any status is an answer.

        Args:
            timeout: Seconds that it may take in all, where the client's own limits are longer.

        Raises:
            UpstreamBroken: there was none, or it is larger than :data:`MAX_ANSWER`.
        """
        limits = self.timeouts if timeout is None else self.timeouts.within(timeout)
        pool, way, connection = await self._begin(ask, limits)
        try:
            return await _whole(connection)
        finally:
            pool.release(way, connection)

    async def open(self, ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Stream:
        """Return once the first bytes of a stream are here, so that every refusal is raised.

        Raises:
            GatewayError: *verdict*'s, for an answer that is no stream; failures of the road.
        """
        limits = self.timeouts
        pool, way, connection = await self._begin(ask, limits)
        response = connection.response
        if response.status == 200 and _is_stream(connection.first, response):
            if response.headers.get("content-encoding", "identity") == "identity":
                return Stream(pool, way, connection)
            pool.release(way, connection)
            raise ProtocolError("the service packs its answer, which nobody asked for")
        try:
            if response.status == 200:
                answer = await _whole(connection)
            else:
                answer = await _refusal(connection, limits.idle)
        finally:
            pool.release(way, connection)
        raise verdict(answer)

    async def _begin(self, ask: Ask, limits: Timeouts) -> tuple[Pool, Route, Connection]:
        """Send *ask* and wait until something of the answer's body, or its end, is here."""
        pool = self._pool
        if pool is None:
            raise RuntimeError("the client is used outside its context")
        way, target = self._way(ask.url)
        top = head(ask.method, target, way.lines, ask.headers, len(ask.body))
        deadline = monotonic() + limits.total
        connection = pool.waiting(way)
        while True:
            if connection is None:
                connection = await pool.fresh(way, limits.connect)
            connection.send(top, ask.body, limits, deadline, bodiless=ask.method == "HEAD")
            pool.watch(connection)
            try:
                await connection.begin()
            except BaseException as exc:
                pool.release(way, connection)
                if not (isinstance(exc, UpstreamBroken) and connection.stale):
                    raise
            else:
                if not connection.stale:
                    break
                pool.release(way, connection)
            connection = None  # a fresh one is never stale
        if way.forwarded and connection.response.status == 407:
            pool.release(way, connection)
            raise ProxyFailed("the proxy refused to connect (HTTP 407)")
        return pool, way, connection

    def _find_way(self, url: str) -> tuple[Route, str]:
        """The way to *url*, and what the request line names there."""
        parts = url.split("/", 3)
        way = self._route("/".join(parts[:3]))
        return way, f"{way.prefix}/{parts[3] if len(parts) > 3 else ''}"


def _is_stream(first: bytes, response: Responses) -> bool:
    """Whether the answer is what was asked for.

    A refusal has come with status 200, and a stream with the wrong content type
    (upstream-protocol.md 1.4): the first byte tells. A frame begins with a zero, or it would be
    16 MB long; nothing at all is a stream that has ended.
    """
    if first[:1] == b"\0":
        return True
    text = first.removeprefix(_BOM).lstrip()
    if first and text[:1] in (b"", b"{", b"[", b"<"):
        return False
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return not first or kind not in _NO_STREAMS


async def _whole(connection: Connection) -> Answer:
    parts: list[bytes] = []
    if await _collect(connection, parts, MAX_ANSWER) > MAX_ANSWER:
        raise ProtocolError("the service's answer is too large")
    await connection.read()  # tells whether that was the end
    return Answer(connection.response.status, b"".join(parts), connection.response.headers)


async def _refusal(connection: Connection, limit: float) -> Answer:
    """What there is of it: its status says more than how its words broke off."""
    parts: list[bytes] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit):
            await _collect(connection, parts, _MOST_WORDS)
    return Answer(connection.response.status, b"".join(parts), connection.response.headers)


async def _collect(connection: Connection, parts: list[bytes], most: int) -> int:
    """Read until the end, a failure, or more than *most* bytes; how many there were."""
    size = 0

    def take(piece: bytes) -> bool:
        nonlocal size
        parts.append(piece)
        size += len(piece)
        return size <= most

    await connection.flow(take)
    return size
