"""Requests that another process answers: ASGI messages over a pair of sockets, one for each.

Not HTTP once more: nothing has to be parsed twice or trusted, and an event stream passes as it
is. A frame is its length in four bytes, then msgpack.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from amq2api.admin.envelope import refuse
from amq2api.errors import Stopping
from amq2api.log import log
from amq2api.web.asgi import ASGIApp, Message, Receive, Scope, Send, raw_headers

_LENGTH = 4
_LONGEST = 64 * 1024 * 1024  # bytes of a frame; no body that the operator's side takes is larger
_CARRIED = (
    "type", "http_version", "method", "scheme", "path", "raw_path", "query_string", "root_path",
    "headers", "client", "server", "amq2api.request_id",
)  # fmt: skip
_GONE: Message = {"type": "http.disconnect"}
_HEARD: Message = {"type": "heard"}
# Seconds for the other process to notice that there is somebody: longer than a new one takes to
# come, even on a busy machine.
_PATIENCE = 10.0
_AGAIN = 0.02  # seconds between two tries
_WORDS = "the process that answers here is just being started anew; ask again"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Elsewhere:
    """An ASGI application that is in another process.

    Args:
        connect: Makes a connection to it; raises OSError.
    """

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            pipe = await self._reached()
        except OSError:
            await _refuse(scope, send)
            return
        async with pipe:
            await pipe.put({name: scope[name] for name in _CARRIED if name in scope})
            if not await _is_heard(pipe):
                await _refuse(scope, send)
                return
            asking = asyncio.ensure_future(_pump(receive, pipe))
            try:
                if not await _answer(pipe, send):
                    await _refuse(scope, send)
            finally:
                asking.cancel()

    async def _reached(self) -> "_Pipe":
        """A connection; the way there can be full for a moment."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        while True:
            try:
                return await _Pipe.over(self._connect())
            except BlockingIOError:
                if loop.time() >= until:
                    raise
            await asyncio.sleep(_AGAIN)


async def answer_guest(app: ASGIApp, connection: socket.socket) -> None:
    """Answer the one request that comes over *connection*."""
    with contextlib.suppress(ConnectionError):
        async with await _Pipe.over(connection) as pipe:
            scope = await pipe.get()
            if scope is None:
                return
            await pipe.put(_HEARD)
            for name in ("client", "server"):
                scope[name] = tuple(scope[name]) if scope.get(name) else None
            scope["headers"] = [(bytes(key), bytes(value)) for key, value in scope["headers"]]

            async def receive() -> Message:
                return await pipe.get() or _GONE

            try:
                await app({**scope, "asgi": {"version": "3.0"}}, receive, pipe.put)
            finally:
                await pipe.hang_up()


class _Pipe:
    """Frames in both directions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, connection: socket.socket) -> "_Pipe":
        return cls(*await asyncio.open_unix_connection(sock=connection))

    async def __aenter__(self) -> "_Pipe":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def hang_up(self) -> None:
        """Say that no more comes, and let the other side close first.

        A connection that is closed with anything unread in it is torn, and what was sent last
        is lost with it.
        """
        with contextlib.suppress(OSError, TimeoutError):
            self._writer.write_eof()
            async with asyncio.timeout(_PATIENCE):
                while await self.get() is not None:
                    pass

    async def put(self, message: Mapping[str, Any]) -> None:
        """Raise ConnectionError where nobody takes it any more."""
        raw = _encode(message)
        self._writer.write(len(raw).to_bytes(_LENGTH))
        self._writer.write(raw)
        await self._writer.drain()

    async def get(self) -> dict[str, Any] | None:
        """None where there is no other end any more."""
        try:
            size = int.from_bytes(await self._reader.readexactly(_LENGTH))
            if size > _LONGEST:
                raise ConnectionError("a frame beyond all sense")
            found: dict[str, Any] = _decode(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return found


async def _is_heard(pipe: _Pipe) -> bool:
    """Whether anyone is there: what the request takes then may take its time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            return await pipe.get() is not None
    return False


async def _pump(receive: Receive, pipe: _Pipe) -> None:
    """Pass on what the client sends, and that it has gone."""
    with contextlib.suppress(ConnectionError):
        while (message := await receive())["type"] != "http.disconnect":
            await pipe.put(message)
        async with pipe:
            pass


async def _answer(pipe: _Pipe, send: Send) -> bool:
    """Pass on the answer; False if there was none. One that broke off stays unfinished."""
    begun = False
    while (message := await pipe.get()) is not None:
        begun = True
        await send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            return True
    if begun:
        log.debug("tunnel.broken")
    return begun


async def _refuse(scope: Scope, send: Send) -> None:
    refusal = refuse(Stopping(_WORDS, retry_after=1), str(scope.get("amq2api.request_id", "")))
    headers = refusal.headers | {"content-length": str(len(refusal.body))}
    start = {"status": refusal.status, "headers": raw_headers(headers)}
    await send({"type": "http.response.start", **start})
    body = b"" if scope["method"] == "HEAD" else refusal.body
    await send({"type": "http.response.body", "body": body})
