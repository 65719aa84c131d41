"""ASGI applications on sockets, until a signal says stop."""

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from math import ceil
from typing import Any, Protocol, cast

import uvicorn
import uvloop

from amq2api.log import log, unforeseen
from amq2api.web.http import Connections
from amq2api.web.patience import Limits

from .app import Complaint
from .orders import Orders
from .room import make_room

_BACKLOG = 2048
_PATIENCE = 30.0  # seconds that calls under way get to end in
_FAREWELL = 5.0  # seconds in which a client may still take what it is told at the end
# Seconds between saying that no more calls are to come and hanging up, where calls keep the
# process alive anyway: time for whoever sends them to look.
_NOTICE = 1.0


class _Server(uvicorn.Server):
    """uvicorn without its way with signals: it ends the process by the signal, tidied up or not."""

    def __init__(self, app: Any, *, dated: bool, clients: Connections) -> None:
        super().__init__(
            uvicorn.Config(
                app, http=cast(Any, clients), ws="none", lifespan="on", interface="asgi3",
                access_log=False, log_config=None, server_header=False, proxy_headers=False,
                date_header=dated, backlog=_BACKLOG,
            )
        )  # fmt: skip
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def end(self, patience: float) -> None:
        """Hang up; calls may end, and are cut off a little after *patience* seconds."""
        self.config.timeout_graceful_shutdown = ceil(patience + 2 * _FAREWELL)
        asyncio.get_running_loop().call_later(patience + _FAREWELL, self.cut)
        self.should_exit = True

    def cut(self) -> None:
        """Drop all clients, which ends their calls as if they had gone. uvicorn would cancel
        the calls, and write a traceback for each."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def listen_for_all(host: str, port: int, workers: int) -> list[socket.socket]:
    """A socket for each worker; raises :exc:`Complaint` where there can be none."""
    first = listen(host, port)
    if sys.platform != "linux":
        return [first] * workers  # elsewhere the system would not spread who connects
    # Where others share their port in the same way, only a socket that does not share it tells.
    port = first.getsockname()[1]
    first.close()
    return [listen(host, port, shared=True) for _ in range(workers)]


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket on the address; raises :exc:`Complaint` where there can be none.

    Args:
        shared: Whether more are to be on the same address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only for sockets
    # that know theirs.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as exc:
        sock.close()
        if exc.errno == errno.EADDRINUSE:
            raise Complaint(
                f"port {port} of {host} is in use; another one is chosen with --port or PORT"
            ) from exc
        raise Complaint(f"cannot listen on {host}, port {port}: {exc.strerror}") from exc
    sock.setblocking(False)
    return sock


class Ending(Protocol):
    """An application that can be told of its end."""

    def drain(self) -> None:
        """No more calls are to come: say so, and end what would never end by itself."""

    def end(self) -> None:
        """End the calls that are still under way, truthfully."""


@asynccontextmanager
async def serving(
    app: Any,
    sock: socket.socket,
    *,
    dated: bool = True,
    clients: Connections | None = None,
    patience: Callable[[], float] = lambda: _PATIENCE,
    under_way: set[asyncio.Task[None]] | None = None,
) -> AsyncIterator[_Server]:
    """*app* answers on *sock* while the block runs; calls under way may end.

    Args:
        dated: Whether answers get a Date header; those of the simulator have one.
        clients: What becomes of whoever connects.
        patience: Seconds that calls get to end in, asked for when it is time.
        under_way: Where calls are kept; others may keep there what has to end as they do.
    """
    server = _Server(app, dated=dated, clients=clients or Connections(Limits()))
    if under_way is not None:
        server.server_state.tasks = under_way
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[sock]))
        await server.up.wait()
        try:
            yield server
        finally:
            server.end(patience())


async def serve(
    app: Any,
    sock: socket.socket,
    *,
    then: Callable[[], Awaitable[None]] | None = None,
    ending: Ending | None = None,
    orders: Orders | None = None,
    dated: bool = True,
    clients: Connections | None = None,
    patience: Callable[[], float] = lambda: _PATIENCE,
    under_way: set[asyncio.Task[None]] | None = None,
) -> None:
    """Serve until told to stop. Calls under way may end within *patience*, then *ending* ends
    them; told to stop now, or a little later, they are cut off.

    Args:
        then: Done once *app* answers; not finished if it is to stop first.
        ending: Told of the end, where the application cares.
        orders: What it is told; signals, if nothing else is given.
        dated: As for :func:`serving`.
        clients: As for :func:`serving`.
        patience: As for :func:`serving`.
        under_way: As for :func:`serving`.
    """
    if orders is None:
        orders = Orders()
        orders.by_signals()
    async with serving(
        app, sock, dated=dated, clients=clients, patience=patience, under_way=under_way
    ) as server:
        orders.when_cut(server.cut)
        if then is not None:
            await _first(then(), orders)
        await orders.to_stop()
        if ending is not None:
            log.info("stopping", calls=len(server.server_state.tasks), patience=patience())
            ending.drain()
            asyncio.get_running_loop().call_later(patience(), ending.end)
        await _notice(server, min(_NOTICE, patience()))


async def _notice(server: _Server, seconds: float) -> None:
    """Wait a moment, but not for nobody."""
    if under_way := tuple(server.server_state.tasks):
        await asyncio.wait(under_way, timeout=seconds)


async def _first(work: Awaitable[None], orders: Orders) -> None:
    """Wait for *work*, but not if it is time to stop."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(orders.to_stop())
    await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if working.done():
        working.result()
        return
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


def run(main: Awaitable[None]) -> None:
    """``asyncio.run`` on the loop that serves best here (docs/performance.md)."""
    make_room()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop().set_exception_handler(unforeseen)
        runner.run(_as_coroutine(main))


async def _as_coroutine(main: Awaitable[None]) -> None:
    await main
