"""One HTTP request and its response, as an ASGI application meets them."""

import asyncio
import http
from collections.abc import Callable
from typing import Protocol, TypeAlias

from .asgi import DIRECT, ASGIApp, Message, Scope

HIGH_WATER = 256 * 1024  # bytes of a request's body that may wait for the application

_STATUS = {
    status.value: b"HTTP/1.1 %d %b" % (status, status.phrase.encode()) for status in http.HTTPStatus
}
_BODILESS = frozenset({204, 304})
_JOINED = 16 * 1024  # bytes of a body up to which a copy costs less than a write of its own
_DISCONNECT: Message = {"type": "http.disconnect"}

Left: TypeAlias = Callable[[], None]


class Line(Protocol):
    """The connection, as far as a cycle needs it."""

    def put(self, data: bytes) -> bool:
        """Send; whatever the client does not take at once waits in the transport.

        Returns:
            False if too much waits there: see ``slow``.
        """

    slow: bool
    """Whether so much waits that nobody should send more."""

    async def writable(self) -> None:
        """Return once less waits."""

    def resume_reading(self) -> None: ...

    def standing(self) -> bytes:
        """The header lines that every response has."""

    def over(self, cycle: "Cycle") -> None:
        """The response is complete, or never will be."""


class Cycle:
    """``scope["amq2api.direct"]`` is this very object, for :class:`.asgi.Direct`."""

    __slots__ = (
        "_chunked", "_encouraged", "_head", "_left", "_line", "_parts", "_started", "_told",
        "_waiter", "begun", "complete", "disconnected", "keep_alive", "late", "left", "scope",
        "waiting", "whole",
    )  # fmt: skip

    def __init__(self, line: Line, scope: Scope, *, keep_alive: bool) -> None:
        self._line, self.scope = line, scope
        self.keep_alive = keep_alive
        self._encouraged = False
        self._parts: list[bytes] = []
        self.waiting = 0
        """Bytes of the body that came and that nobody has taken."""
        self.whole = False
        """Whether all of the request is here."""
        self._told = False
        """Whether the application knows that it is."""
        self.late = False
        """Whether the rest of the request does not come in time."""
        self.disconnected = False
        self.left: Left | None = None
        self._started = False
        self.begun = self.complete = False
        """Whether anything of the response was sent, and whether all of it was."""
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""
        self._chunked = False
        self._left = 0
        """Bytes that the response's Content-Length has announced and that are still to come."""

    async def run(self, app: ASGIApp) -> None:
        scope = self.scope
        scope[DIRECT] = self
        try:
            await app(scope, self.receive, self.send)
        finally:
            self.left = None
            # The two hold each other, and only the collector could part them.
            scope.pop(DIRECT, None)
            if not self.complete:
                self._line.over(self)

    # What the connection tells.

    def take(self, part: bytes) -> None:
        """The next of the request's body."""
        self._parts.append(part)
        self.waiting += len(part)
        self._wake()

    def end(self) -> None:
        """The request is whole."""
        self.whole = True
        self._wake()

    def give_up(self) -> None:
        """The rest of the request does not come in time."""
        self.late = True
        self._wake()

    def lose(self) -> None:
        """The client is gone."""
        self.disconnected = True
        self._wake()
        if self.left is not None and not self.complete:
            self.left()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # What the application asks.

    async def receive(self) -> Message:
        """ASGI's ``receive``. A request that does not come in time ends in a disconnect with
        ``amq2api.late``; its client may still be there to hear why.
        """
        if not self.whole:
            self._encourage()
        while not (self.disconnected or self.complete):
            if self._parts or (self.whole and not self._told):
                return self._taken()
            if self.late:
                return {"type": "http.disconnect", "amq2api.late": True}
            self._line.resume_reading()
            if self._waiter is None:
                self._waiter = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._waiter)
        return _DISCONNECT

    def _encourage(self) -> None:
        """Give word to a client that waits for it before it sends the body (RFC 9110 10.1.1)."""
        if self._encouraged or self._started or self._parts:
            return
        self._encouraged = True
        if (b"expect", b"100-continue") in self.scope["headers"]:
            self._line.put(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _taken(self) -> Message:
        parts, self._parts = self._parts, []
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        self.waiting = 0
        # The end of the body is told once; who asks again waits for the client to go.
        self._told = self.whole
        return {"type": "http.request", "body": body, "more_body": not self.whole}

    async def send(self, message: Message) -> None:
        """ASGI's ``send``. The head leaves together with the first of the body."""
        if self._line.slow and not self.disconnected:
            await self._line.writable()
        if self.disconnected:
            await asyncio.sleep(0)  # who goes on sending can be cancelled, at least
            return
        kind = message["type"]
        if kind == "http.response.start" and not self._started:
            self._begin(message)
        elif kind == "http.response.body" and self._started and not self.complete:
            self._body(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"{kind} does not follow here")

    def body(self) -> bytes | None:
        """See :meth:`.asgi.Direct.body`."""
        if not self.whole or self._told or self.disconnected:
            return None
        body: bytes = self._taken()["body"]
        return body

    def write(self, body: bytes) -> bool:
        """See :meth:`.asgi.Direct.write`."""
        line = self._line
        if self.disconnected:
            return False
        if self._chunked and body and not self._head:
            return line.put(b"%x\r\n%b\r\n" % (len(body), body))
        self._body(body, more=True)
        return not line.slow

    def _begin(self, message: Message) -> None:
        status = message["status"]
        lines = [_STATUS.get(status) or b"HTTP/1.1 %d " % status]
        sized = closing = False
        for name, value in message.get("headers", ()):
            lowered = name.lower()
            if lowered == b"content-length":
                sized, self._left = True, int(value)
            elif lowered == b"connection":
                closing = closing or b"close" in value.lower()
            elif lowered == b"transfer-encoding":
                continue  # which one is ours to choose
            lines.append(b"%b: %b" % (lowered, value))
        bodiless = status in _BODILESS or self.scope["method"] == "HEAD"
        if bodiless:
            self._left = 0
        elif not sized and self.scope["http_version"] == "1.1":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked")
        elif not sized:
            self.keep_alive = False  # an older client reads to the end of the connection
            self._left = -1
        self._finish_head(lines, closing=closing)
        self._started = True

    def _finish_head(self, lines: list[bytes], *, closing: bool) -> None:
        # Where the request was not taken whole, what is left of it is no next request.
        self.keep_alive = self.keep_alive and not closing and self.whole
        if not self.keep_alive and not closing:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        breaks = len(lines) - 1
        if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
            raise RuntimeError("a response header holds a line break")
        self._head = b"%b\r\n%b\r\n" % (head, self._line.standing())

    def _body(self, body: bytes, *, more: bool) -> None:
        if not self._chunked:
            body = self._measured(body, more=more)
        head, self._head, self.begun = self._head, b"", True
        put = self._line.put
        if self._chunked:
            end = b"" if more else b"0\r\n\r\n"
            size = b"%x\r\n" % len(body) if body else b""
            put(b"".join((head, size, body, b"\r\n" if body else b"", end)))
        elif len(body) <= _JOINED:
            put(head + body)
        else:
            put(head)
            put(body)
        if not more:
            self.complete = True
            self._wake()
            self._line.over(self)

    def _measured(self, body: bytes, *, more: bool) -> bytes:
        """*body* as far as it is to be sent; what was announced must come."""
        if self._left < 0:
            return body
        if self.scope["method"] == "HEAD":
            return b""
        self._left -= len(body)
        if self._left < 0 or (self._left and not more):
            raise RuntimeError("the response's body is not as long as was announced")
        return body
