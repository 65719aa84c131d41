"""Our own HTTP server without uvicorn around it, and clients that write byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop

from amq2api.web.asgi import Receive, Scope, Send
from amq2api.web.http import Connection, Connections
from amq2api.web.patience import Limits
from knocking import Heard, understood

App = Callable[[Scope, Receive, Send], Awaitable[None]]
START = {"type": "http.response.start", "status": 200, "headers": []}
HEAD = b"GET / HTTP/1.1\r\nhost: a\r\n"


class Wire:
    """A client's end of a connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self, *, head: bool = False) -> Heard:
        """One answer."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        lowered = raw.lower()
        if head:
            return understood(raw)
        if b"transfer-encoding: chunked" in lowered:
            while not raw.endswith(b"\r\n0\r\n\r\n"):
                raw += await self.reader.readuntil(b"\r\n")
        elif b"content-length: " in lowered:
            length = int(lowered.split(b"content-length: ")[1].split(b"\r\n")[0])
            raw += await self.reader.readexactly(length)
        else:
            raw += await self.reader.read(-1)
        return understood(raw)

    async def rest(self) -> bytes:
        """All that comes until the server hangs up, which it does soon."""
        async with asyncio.timeout(5):
            return await self.reader.read(-1)

    async def is_cut(self) -> bool:
        """Whether the server hangs up soon, one way or the other."""
        try:
            return await self.rest() == b""
        except ConnectionResetError:
            return True


@dataclass
class Server:
    """What a connection needs of a server; also uvicorn's ``ServerState``."""

    loaded_app: App
    limits: Limits
    root_path: str = ""
    total_requests: int = 0
    connections: set[Connection] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    default_headers: list[tuple[bytes, bytes]] = field(default_factory=lambda: [(b"date", b"now")])
    port: int = 0

    def __post_init__(self) -> None:
        self._made = Connections(self.limits)

    def change(self, **limits: Any) -> None:
        """Another set of limits, from now on."""
        self._made.limits = Limits(**limits)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        connections = self._made
        listening = await asyncio.get_running_loop().create_server(
            lambda: connections(self, self, {}), "127.0.0.1", 0
        )
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield
            # Whatever a story leaves behind is gone when its clients are.
            async with asyncio.timeout(5):
                while self.connections or self.tasks:  # noqa: ASYNC110  (nothing tells)
                    await asyncio.sleep(0.001)
            assert not len(connections.patience)
        finally:
            listening.close()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Wire]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Wire(reader, writer)
        finally:
            writer.transport.abort()


def told(
    app: App,
    tell: Callable[[Server], Awaitable[None]],
    *,
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
    **limits: Any,
) -> Server:
    """*tell* may open any number of connections to *app*."""
    server = Server(app, Limits(**limits))

    async def run() -> None:
        async with server.open():
            await tell(server)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
    return server


def story(app: App, tell: Callable[[Wire], Awaitable[None]], **limits: Any) -> Server:
    """*tell* speaks over one connection to *app*."""

    async def run(server: Server) -> None:
        async with server.client() as wire:
            await tell(wire)

    return told(app, run, **limits)
