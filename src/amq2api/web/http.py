"""HTTP/1.1 for an ASGI application, with a limit to everything that a client may take up.

A uvicorn ``http=`` class of our own. uvicorn's bounds neither a request's head nor how long a
client may take to send it, and drops no client that takes nothing; and what it does for every
request and every piece of an answer cost more than the translation (docs/performance.md).
"""

import asyncio
import secrets
from collections import deque
from typing import Any, Protocol, cast
from urllib.parse import unquote

import httptools

from amq2api.dialects import messages as m
from amq2api.errors import AtCapacity, BadRequest, GatewayError, RequestTimedOut
from amq2api.log import log

from .asgi import Scope
from .cycle import HIGH_WATER, Cycle
from .patience import Limits, Patience, Reading

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_VERSIONS = frozenset({"1.0", "1.1"})
_PIPELINED = 16  # requests that may wait for the answers to those before them
# Names that are one object for all requests, as every client sends them.
_NAMES = {
    spelling: name
    for name in (
        b"accept", b"accept-encoding", b"accept-language", b"anthropic-beta", b"anthropic-version",
        b"authorization", b"connection", b"content-length", b"content-type", b"host", b"origin",
        b"sec-fetch-mode", b"sec-fetch-site", b"transfer-encoding", b"user-agent", b"x-api-key",
        b"x-app", b"x-claude-code-session-id", b"x-stainless-arch", b"x-stainless-lang",
        b"x-stainless-os", b"x-stainless-package-version", b"x-stainless-retry-count",
        b"x-stainless-runtime", b"x-stainless-runtime-version", b"x-stainless-timeout",
    )
    for spelling in (name, name.title())
}  # fmt: skip
_OVERHEAD = 8  # bytes sent for each byte of a body; chunks of one byte take six


class _Config(Protocol):
    """What is used of uvicorn's."""

    loaded_app: Any
    root_path: str


class _State(Protocol):
    """What is used of uvicorn's ``ServerState``."""

    total_requests: int
    connections: set[Any]
    tasks: set["asyncio.Task[None]"]
    default_headers: list[tuple[bytes, bytes]]


class HeadTooLarge(BadRequest):
    """The request line and the headers are more than this gateway takes."""


class Connections:
    """Makes a :class:`Connection` for each client, and looks after all of them.

    Stands where uvicorn wants a protocol class: ``uvicorn.Config(http=...)``.
    """

    def __init__(self, limits: Limits) -> None:
        self.patience = Patience(limits)
        self._standing: tuple[object, bytes] = (None, b"")

    @property
    def limits(self) -> Limits:
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
        "_app_state", "_client", "_config", "_connections", "_cycle", "_fault", "_head", "_headers",
        "_limit", "_parser", "_queue", "_raw", "_server", "_state", "_url", "_writable",
        "_written", "began", "drained", "lingering", "reading", "received", "since", "slow",
        "stirred", "taken", "transport", "unheeded",
    )  # fmt: skip

    transport: asyncio.Transport

    def __init__(
        self, connections: Connections, config: _Config, state: _State, app_state: dict[str, Any]
    ) -> None:
        self._connections, self._config, self._state = connections, config, state
        self._app_state = app_state
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._server: tuple[str, int | None] | None = None
        self._client: tuple[str, int | None] | None = None
        self._cycle: Cycle | None = None
        """Of the request that is being answered."""
        self._queue: deque[Cycle] | None = None
        """Of those that came after it; the last one may be incomplete."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head = 0
        """Bytes of the request's head that the parser has told, at least."""
        self._limit = connections.limits.head
        self._raw = 0
        """Bytes fed to the parser for the request."""
        self._fault: GatewayError | None = None
        self._writable: asyncio.Event | None = None
        self._written = 0
        self.slow = self.unheeded = self.lingering = False
        self.reading: Reading = "nothing"
        self.stirred = True
        self.since = self.began = self.drained = 0.0
        self.received = self.taken = 0

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
        self._parser = None
        if self._cycle is not None:
            self._cycle.lose()
        self._queue = None
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        while data and self._parser is not None:
            data = self._fed(self._parser, data)

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

    # The parser's side.

    def _fed(self, parser: httptools.HttpRequestParser, data: bytes) -> bytes:
        """Feed *data*; return what is to be fed next."""
        self._raw += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if parser.get_method() == b"CONNECT":
                self._refuse(BadRequest("this is no proxy"))
                return b""
            return self._without_offer(parser) + data[offer.args[0] :]
        except httptools.HttpParserError:
            self._refuse(self._fault or BadRequest("this is not HTTP as it is written"))
            return b""
        limit = self._limit
        if self.reading == "head" and self._raw > limit:
            self._refuse(self._too_long())
        elif self.reading == "body" and self._raw > self.received * _OVERHEAD + 2 * limit:
            self._refuse(BadRequest("the request has more around its body than in it"))
        return b""

    def _without_offer(self, parser: httptools.HttpRequestParser) -> bytes:
        """The head of a request that offers to go on in another protocol, as if it did not.

        A server may overlook the offer (RFC 9110 7.8); the parser leaves the body unread for it.
        """
        self._parser = httptools.HttpRequestParser(self)
        lines = [b"%b %b HTTP/%b" % (
            parser.get_method(), self._url, parser.get_http_version().encode(),
        )]  # fmt: skip
        for name, value in self._headers:
            if name == b"connection":
                value = b"keep-alive" if parser.should_keep_alive() else b"close"
            if name != b"upgrade":
                lines.append(b"%b: %b" % (name, value))
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def on_message_begin(self) -> None:
        self.reading, self.stirred = "head", True
        self._url, self._headers, self._head = b"", [], 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._head = len(self._url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((_NAMES.get(name) or name.lower(), value.rstrip()))
        self._head += len(name) + len(value) + 4
        if self._head > self._limit:
            self._fault = self._too_long()
            raise self._fault

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser is None or parser.should_upgrade():
            return  # see _without_offer
        self.reading, self.stirred = "body", True
        self.received, self.began = 0, 0.0
        if len(self._headers) > self._connections.limits.lines or len(self._url) > self._limit:
            self._fault = self._too_long()
            raise self._fault
        version = parser.get_http_version()
        if version not in _VERSIONS:
            raise httptools.HttpParserError
        cycle = Cycle(
            self, self._scope(parser.get_method().decode("ascii"), version),
            keep_alive=version == "1.1" and parser.should_keep_alive(),
        )  # fmt: skip
        # What comes after the body is nobody's business (trailers).
        self._headers, self._head = [], 0
        if self._cycle is None:
            self._begin(cycle)
        else:
            self._enqueue(cycle)

    def _enqueue(self, cycle: Cycle) -> None:
        queue = self._queue = self._queue or deque()
        if len(queue) >= _PIPELINED:
            self._fault = BadRequest("too many requests at once on one connection")
            raise self._fault
        queue.append(cycle)

    def on_body(self, body: bytes) -> None:
        self.received += len(body)
        self.stirred = True
        cycle = self._newest()
        if cycle is None or cycle.complete:
            return
        cycle.take(body)
        if cycle.waiting > HIGH_WATER and not self.unheeded:
            self.unheeded = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        if self.reading != "body":
            return
        self.reading, self.stirred = "nothing", True
        self._raw = 0
        cycle = self._newest()
        if cycle is not None:
            cycle.end()

    def _newest(self) -> Cycle | None:
        return self._queue[-1] if self._queue else self._cycle

    def _too_long(self) -> HeadTooLarge:
        limits = self._connections.limits
        return HeadTooLarge(
            f"the request's head is too large: {limits.head} bytes and {limits.lines} lines"
            " are allowed"
        )

    def _scope(self, method: str, version: str) -> Scope:
        path, _, query = self._url.partition(b"?")
        if path[:1] != b"/":
            # Absolute-form, which only proxies are sent, but servers must take (RFC 9112 3.2.2).
            parsed = httptools.parse_url(self._url)
            path, query = parsed.path or b"/", parsed.query or b""
        decoded = path.decode("ascii")
        root = self._config.root_path
        return {
            "type": "http", "asgi": _ASGI, "http_version": version, "server": self._server,
            "client": self._client, "scheme": "http", "method": method, "root_path": root,
            "path": root + (unquote(decoded) if "%" in decoded else decoded),
            "raw_path": root.encode() + path, "query_string": query, "headers": self._headers,
            "state": self._app_state.copy(),
        }  # fmt: skip

    # The cycles' side.

    def put(self, data: bytes) -> None:
        self._written += len(data)
        self.transport.write(data)

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
        self._cycle, self.stirred = None, True
        if self.transport.is_closing():
            return
        if not cycle.begun:
            self.put(_refusal(GatewayError("Internal server error"), self.standing()))
        if not cycle.complete or not cycle.keep_alive:
            self._close(heard=cycle.whole)
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
    def answering(self) -> bool:
        return self._cycle is not None

    def unsent(self) -> tuple[int, int]:
        waits = self.transport.get_write_buffer_size()
        return waits, self._written - waits

    def expire(self) -> None:
        if self.lingering or self.reading == "nothing":
            self.transport.abort()
        elif self.reading == "body" and (cycle := self._newest()) is not None:
            cycle.give_up()
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
        self._parser = None
        queue, newest = self._queue, self._newest()
        if queue and newest is not None and not newest.whole:
            queue.pop()
            newest = self._newest()
        if newest is not None and newest.whole:
            newest.keep_alive = False
            return
        if newest is not None:
            self._cycle = None
            newest.lose()
        if newest is None or not newest.begun:
            self.put(_refusal(error, self.standing()))
        self._close(heard=False)

    def _close(self, *, heard: bool) -> None:
        """Hang up; *heard* is whether the client has sent all that it meant to.

        To one that is still sending, a connection closed at once is a connection reset, and it
        may never see the answer that waits for it (RFC 9112 9.6).
        """
        self._parser = None
        if heard:
            self.transport.close()
            return
        self.lingering = self.stirred = True
        self.resume_reading()
        self.transport.write_eof()

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._state.tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("unforeseen", exc_info=failure)


def _refusal(error: GatewayError, standing: bytes) -> bytes:
    request_id = f"req_{secrets.token_hex(12)}"
    log.info("refused", request_id=request_id, outcome=type(error).__name__)
    refusal = m.refuse(error, request_id)
    status = 431 if isinstance(error, HeadTooLarge) else refusal.status
    headers = {**refusal.headers, "content-length": len(refusal.body), "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"HTTP/1.1 %d \r\n%b%b\r\n%b" % (status, lines.encode(), standing, refusal.body)


def _place(name: Any) -> tuple[str, int | None] | None:
    """A socket's name as ASGI has it."""
    if isinstance(name, tuple):
        return str(name[0]), int(name[1])
    return (name, None) if isinstance(name, str) and name else None
