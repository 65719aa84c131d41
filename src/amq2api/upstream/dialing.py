"""Making a connection: names, addresses tried side by side, TLS, and the way through a proxy."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import aiohappyeyeballs

from amq2api.errors import UpstreamBroken

from .connection import Connection
from .failures import CONNECTING, FAILURES, TO_PROXY, ProxyFailed, meaning
from .names import KnownNames
from .request import head
from .response import Responses
from .route import Place, Route

# Seconds that one address gets before the next is tried beside it (RFC 8305 8).
_HEAD_START = 0.25
_QUIET = 60  # seconds of silence after which the system asks whether the other side is there


class Dialing:
    """Safe to share; remembers names for a minute."""

    def __init__(self) -> None:
        self._names = KnownNames()
        self._trust: ssl.SSLContext | None = None

    def close(self) -> None:
        """Look up no more names."""
        self._names.close()

    async def __call__(self, route: Route, connection: Connection, limit: float) -> None:
        """Connect *connection* to where *route* leads.

        Raises:
            UpstreamBroken: that took longer than *limit* seconds, or cannot be done.
        """
        table = TO_PROXY if route.proxy else CONNECTING
        try:
            async with asyncio.timeout(limit):
                if route.proxy is None:
                    await self._connect(route.place, lambda: connection)
                elif route.forwarded:
                    await self._connect(route.proxy, lambda: connection)
                else:
                    await self._tunnel(route, route.proxy, connection)
        except FAILURES as exc:
            raise meaning(exc, table) from exc

    async def _connect(
        self, place: Place, protocol: Callable[[], asyncio.Protocol]
    ) -> asyncio.Transport:
        trust = await self._trusted() if place.tls else None
        sock = await self._reach(place)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_KEEPIDLE"):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _QUIET)
            transport, _ = await asyncio.get_running_loop().create_connection(
                protocol,
                sock=sock,
                ssl=trust,
                server_hostname=place.host if place.tls else None,
            )
        except BaseException:
            sock.close()
            raise
        return transport

    async def _reach(self, place: Place) -> socket.socket:
        infos = await self._names.infos(place.host, place.port)
        try:
            return await aiohappyeyeballs.start_connection(
                infos, happy_eyeballs_delay=_HEAD_START, interleave=1
            )
        except OSError:
            self._names.forget(place.host, place.port)
            raise

    async def _tunnel(self, route: Route, proxy: Place, connection: Connection) -> None:
        """Have *proxy* pass bytes on (RFC 9110 9.3.6), and speak TLS through it."""
        opening = _Opening()
        transport = await self._connect(proxy, lambda: opening)
        place = route.place
        try:
            lines = f"host: {place.endpoint}\r\n{route.proxy_lines}"
            transport.write(head("CONNECT", place.endpoint, lines, {}, 0))
            status = await opening.status()
            if status != 200:
                raise ProxyFailed(f"the proxy refused to connect (HTTP {status})")
            try:
                secured = await asyncio.get_running_loop().start_tls(
                    transport, connection, await self._trusted(), server_hostname=place.host
                )
            except OSError as exc:
                raise meaning(exc, CONNECTING) from exc
        except BaseException:
            transport.abort()
            raise
        assert secured is not None
        connection.connection_made(secured)

    async def _trusted(self) -> ssl.SSLContext:
        """Read once, in a thread: that takes as long as a stream may stand still."""
        if self._trust is None:
            self._trust = await asyncio.to_thread(_trust)
        return self._trust


def _trust() -> ssl.SSLContext:
    """What the system trusts, or SSL_CERT_FILE and SSL_CERT_DIR name."""
    trust = ssl.create_default_context()
    trust.set_alpn_protocols(["http/1.1"])
    return trust


class _Opening(asyncio.Protocol):
    """Waits for a proxy's answer to CONNECT."""

    def __init__(self) -> None:
        self._response = Responses()
        self._response.begin(bodiless=True)
        self._answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def status(self) -> int:
        return await self._answered

    def data_received(self, data: bytes) -> None:
        self._response.feed(data)
        self._judge()

    def connection_lost(self, exc: Exception | None) -> None:
        self._response.fail(UpstreamBroken("closed"))
        self._judge()

    def _judge(self) -> None:
        if self._answered.done():
            return
        if self._response.stage == "complete":
            self._answered.set_result(self._response.status)
        elif self._response.stage == "broken":
            self._answered.set_exception(ProxyFailed("the proxy does not speak HTTP"))
