"""HTTP/1.1 for an ASGI application, with a limit to everything that a client may take up.

It stands where uvicorn has its own. That one bounds neither a request's head nor the time that a
client takes to send it, and drops no client that takes nothing of its answer; and an answer's
pieces can only leave through ``await send``, a task's turn each (docs/performance.md).
"""

import asyncio
import contextlib
from collections import deque
from typing import Any, Protocol, TypeAlias, cast
from urllib.parse import unquote

from amq2api.dialects import messages as m
from amq2api.errors import AtCapacity, BadRequest, GatewayError, RequestTimedOut
from amq2api.log import log

from .asgi import Scope, new_request_id
from .cycle import HIGH_WATER, Cycle
from .patience import Limits, Patience, Reading
from .requests import Head, HeadTooLarge, Requests

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_PIPELINED = 16  # requests that may wait for the answers to those before them

Place: TypeAlias = tuple[str, int | None] | None


class _Config(Protocol):
    """What is used of uvicorn's."""

    @property
    def loaded_app(self) -> Any: ...

    @property
    def root_path(self) -> str: ...


class _State(Protocol):
    """What is used of uvicorn's ``ServerState``."""

    total_requests: int
    connections: set[Any]
    tasks: set["asyncio.Task[None]"]
    default_headers: list[tuple[bytes, bytes]]


class Connections:
    """Makes a :class:`Connection` for each client, and looks after all of them.

    Stands where uvicorn wants a protocol class: ``uvicorn.Config(http=...)``.
    """

    def __init__(self, limits: Limits) -> None:
        self.patience = Patience(limits)
        self._standing: tuple[object, bytes] = (None, b"")

    @property
    def limits(self) -> Limits:
        """May be changed at run time; connections that are there keep those to sizes."""
        return self.patience.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self.patience.limits = limits

    def __call__(
        self, config: _Config, server_state: _State, app_state: dict[str, Any], _loop: Any = None
    ) -> "Connection":
        return Connection(self, config, server_state, app_state)

    def standing(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """uvicorn's own header lines, ready for the wire; it makes a new list once a second."""
        if headers is not self._standing[0]:
            lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
            self._standing = (headers, lines)
        return self._standing[1]


class Connection(asyncio.Protocol):
    """One client's connection: requests in, responses out, one after the other."""

    __slots__ = (
        "_app_state", "_client", "_config", "_connections", "_cycle", "_queue", "_requests",
        "_server", "_state", "_writable", "_written", "began", "drained", "lingering", "mark",
        "since", "slow", "taken", "transport", "unheeded",
    )  # fmt: skip

    transport: asyncio.Transport

    def __init__(
        self, connections: Connections, config: _Config, state: _State, app_state: dict[str, Any]
    ) -> None:
        self._connections, self._config, self._state = connections, config, state
        self._app_state = app_state
        self._requests: Requests | None = Requests(self, connections.limits)
        """None once no more are to come; what still does is thrown away."""
        self._server: Place = None
        self._client: Place = None
        self._cycle: Cycle | None = None
        """Of the request that is being answered."""
        self._queue: deque[Cycle] | None = None
        """Of those that came after it; the last one may be incomplete."""
        self._writable: asyncio.Event | None = None
        self._written = 0
        self.slow = self.unheeded = self.lingering = False
        self.since = self.began = self.drained = 0.0
        self.mark: tuple[int, object] = (0, None)
        self.taken = 0

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._state.connections.add(self)
        patience = self._connections.patience
        patience.add(self)
        self._client = _place(transport.get_extra_info("peername"))
        self._server = _place(transport.get_extra_info("sockname"))
        beyond = len(patience) - patience.limits.connections
        if beyond > patience.limits.connections // 8:
            self.transport.abort()
        elif beyond > 0:
            self._refuse(AtCapacity("this gateway has as many connections as it may have"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        self._connections.patience.remove(self)
        self._stop_listening()
        for cycle in (self._cycle, *(self._queue or ())):
            if cycle is not None:
                cycle.lose()
        self._queue = None
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        requests = self._requests
        if requests is None:
            return
        try:
            requests.feed(data)
        except BadRequest as fault:
            self._refuse(fault)

    def eof_received(self) -> bool:
        return False  # a client that sends no more wants no more

    def pause_writing(self) -> None:
        self.slow = True
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        self.slow = False
        writable, self._writable = self._writable, None
        if writable is not None:
            writable.set()

    # The requests' side.

    def request(self, head: Head) -> None:
        cycle = Cycle(self, self._scope(head), keep_alive=head.keep_alive)
        if self._cycle is None:
            self._begin(cycle)
            return
        queue = self._queue = self._queue or deque()
        if len(queue) >= _PIPELINED:
            raise BadRequest("too many requests at once on one connection")
        queue.append(cycle)

    def part(self, body: bytes) -> None:
        cycle = self._newest
        if cycle is None or cycle.complete:
            return
        cycle.take(body)
        if cycle.waiting > HIGH_WATER and not self.unheeded:
            self.unheeded = True
            self.transport.pause_reading()

    def end(self) -> None:
        cycle = self._newest
        if cycle is not None:
            cycle.end()

    @property
    def _newest(self) -> Cycle | None:
        """Of the request that came last, if it is not answered."""
        return self._queue[-1] if self._queue else self._cycle

    def _scope(self, head: Head) -> Scope:
        root, path = self._config.root_path, head.path.decode("ascii")
        return {
            "type": "http", "asgi": _ASGI, "http_version": head.version, "server": self._server,
            "client": self._client, "scheme": "http", "method": head.method, "root_path": root,
            "path": root + (unquote(path) if "%" in path else path),
            "raw_path": root.encode() + head.path, "query_string": head.query,
            "headers": head.headers, "state": self._app_state.copy(),
        }  # fmt: skip

    # The cycles' side.

    def put(self, data: bytes) -> bool:
        self._written += len(data)
        self.transport.write(data)
        return not self.slow

    async def writable(self) -> None:
        while self._writable is not None:
            await self._writable.wait()

    def resume_reading(self) -> None:
        if self.unheeded:
            self.unheeded = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def standing(self) -> bytes:
        return self._connections.standing(self._state.default_headers)

    def over(self, cycle: Cycle) -> None:
        """The response is complete, or never will be."""
        self._state.total_requests += 1
        if cycle is not self._cycle:
            return
        self._cycle = None
        if self.transport.is_closing():
            return
        if not cycle.begun:
            self.put(_refusal(GatewayError("Internal server error"), self.standing()))
        if not cycle.complete or not cycle.keep_alive:
            # Where we have stopped listening, there is more to come.
            self._close(heard=cycle.whole and self._requests is not None)
            return
        self.resume_reading()
        if self._queue:
            self._begin(self._queue.popleft())

    # uvicorn's side.

    def shutdown(self) -> None:
        """Close as soon as no request is being answered."""
        if self._cycle is None:
            self.transport.close()
        else:
            self._cycle.keep_alive = False

    # The clock's side.

    @property
    def reading(self) -> Reading:
        return self._requests.reading if self._requests is not None else "nothing"

    @property
    def received(self) -> int:
        return self._requests.received if self._requests is not None else 0

    @property
    def answering(self) -> bool:
        return self._cycle is not None

    def progress(self) -> tuple[int, object]:
        requests = self._requests
        if requests is None:
            return -1, self.lingering
        return requests.begun, (requests.reading, requests.received, self._cycle is None)

    def unsent(self) -> tuple[int, int]:
        waits = self.transport.get_write_buffer_size()
        return waits, self._written - waits

    def expire(self) -> None:
        reading, newest = self.reading, self._newest
        if reading == "nothing":
            self.transport.abort()
        elif reading == "body" and newest is not None and not newest.whole:
            newest.give_up()
        else:
            self._refuse(RequestTimedOut("the request's head did not come in time"))

    def abort(self) -> None:
        log.info("client dropped", reason="it takes nothing of what it asked for")
        self.transport.abort()

    def _begin(self, cycle: Cycle) -> None:
        self._cycle = cycle
        task = asyncio.get_running_loop().create_task(cycle.run(self._config.loaded_app))
        self._state.tasks.add(task)
        task.add_done_callback(self._finished)

    def _refuse(self, error: GatewayError) -> None:
        """The last word on this connection, after the answers that are due before it."""
        self._stop_listening()
        queue, newest = self._queue, self._newest
        if queue and newest is not None and not newest.whole:
            queue.pop()
            newest = self._newest
        if newest is not None and newest.whole:
            newest.keep_alive = False
            return
        if newest is not None:
            self._cycle = None
            newest.lose()
        if newest is None or not newest.begun:
            self.put(_refusal(error, self.standing()))
        self._close(heard=False)

    def _stop_listening(self) -> None:
        requests, self._requests = self._requests, None
        if requests is not None:
            requests.close()

    def _close(self, *, heard: bool) -> None:
        """Hang up; *heard* is whether the client has sent all that it meant to.

        To one that is still sending, a connection closed at once is a connection reset, and it
        may never see the answer that waits for it (RFC 9112 9.6).
        """
        self._stop_listening()
        if heard:
            self.transport.close()
            return
        self.lingering = True
        self.resume_reading()
        with contextlib.suppress(OSError):  # it may have reset the connection just now
            self.transport.write_eof()

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._state.tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("unforeseen", exc_info=failure)


def _refusal(error: GatewayError, standing: bytes) -> bytes:
    request_id = new_request_id()
    log.info("refused", request_id=request_id, outcome=type(error).__name__)
    refusal = m.refuse(error, request_id)
    status = 431 if isinstance(error, HeadTooLarge) else refusal.status
    headers = {**refusal.headers, "content-length": len(refusal.body), "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"HTTP/1.1 %d \r\n%b%b\r\n%b" % (status, lines.encode(), standing, refusal.body)


def _place(name: Any) -> Place:
    """A socket's name as ASGI has it."""
    if isinstance(name, tuple):
        return str(name[0]), int(name[1])
    return (name, None) if isinstance(name, str) and name else None
