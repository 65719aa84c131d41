"""ASGI applications on sockets, until a signal says stop."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
import uvloop

from .app import Complaint

_BACKLOG = 2048
_PATIENCE = 30  # seconds that streams under way get to end in


class _Server(uvicorn.Server):
    """uvicorn without its way with signals: it ends the process by the signal, tidied up or not."""

    def __init__(self, app: Any, *, dated: bool) -> None:
        super().__init__(
            uvicorn.Config(
                app, http="httptools", ws="none", lifespan="on", interface="asgi3",
                access_log=False, log_config=None, server_header=False, proxy_headers=False,
                date_header=dated,
                backlog=_BACKLOG, timeout_graceful_shutdown=_PATIENCE + 5,
            )
        )  # fmt: skip
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def cut(self) -> None:
        """Drop all clients, which ends their calls as if they had gone. uvicorn would cancel
        the calls, and write a traceback for each."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def listen(host: str, port: int) -> socket.socket:
    """A socket on the address; raises :exc:`Complaint` where there can be none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only for sockets
    # that know theirs.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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


@asynccontextmanager
async def serving(app: Any, sock: socket.socket, *, dated: bool = True) -> AsyncIterator[_Server]:
    """*app* answers on *sock* while the block runs; streams under way may end.

    Args:
        dated: Whether answers get a Date header; those of the simulator have one.
    """
    server = _Server(app, dated=dated)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[sock]))
        await server.up.wait()
        try:
            yield server
        finally:
            server.should_exit = True


async def serve(
    app: Any,
    sock: socket.socket,
    *,
    then: Callable[[], Awaitable[None]] | None = None,
    stopping: Callable[[], None] = lambda: None,
    dated: bool = True,
) -> None:
    """Serve until SIGINT or SIGTERM; a second one, or time, cuts the streams that still run.

    Args:
        then: Done once *app* answers; not finished if a signal comes first.
        stopping: Called at the first signal, to end streams that would never end by themselves.
        dated: As for :func:`serving`.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    running: list[_Server] = []

    def told() -> None:
        for server in running:
            if stop.is_set():
                server.cut()
            else:
                loop.call_later(_PATIENCE, server.cut)
        stop.set()

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, told)
    async with serving(app, sock, dated=dated) as server:
        running.append(server)
        if then is not None:
            await _first(then(), stop)
        await stop.wait()
        stopping()


async def _first(work: Awaitable[None], stop: asyncio.Event) -> None:
    """Wait for *work*, but no longer than for *stop*."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
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
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_as_coroutine(main))


async def _as_coroutine(main: Awaitable[None]) -> None:
    await main
