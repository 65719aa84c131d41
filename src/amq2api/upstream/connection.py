"""One connection to a server: a request goes out, its answer comes in, then the next request.

All of an answer's body that one read of the network held is handed on as one piece: at once to
whoever takes the stream (``flow``), else it waits here for ``read``. No task is switched and no
timer is touched for a piece that is taken.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TypeAlias, cast

from amq2api.errors import UpstreamBroken, UpstreamTimeout

from .response import Closed, Responses
from .timeouts import Timeouts

Take: TypeAlias = Callable[[bytes], bool]
"""Takes a piece; says whether it wants the next one in the same way."""

_WAITING = 64 * 1024  # bytes that may wait here before we stop reading: back-pressure
_JOINED = 16 * 1024  # bytes of a request's body that are worth copying to be sent with its head
_AT_ONCE = 512 * 1024  # bytes of a request that are written in one go
_SLICE = 256 * 1024  # bytes of a larger one: other streams go on in between

_FOREVER = float("inf")
_NO_LIMITS = Timeouts(connect=_FOREVER, first_byte=_FOREVER, idle=_FOREVER, total=_FOREVER)


class Connection(asyncio.Protocol):
    """Serves one request at a time: ``send``, ``begin``, ``read`` or ``flow``; then ``rest`` if it
    is ``usable``, else ``abort``.

    Args:
        lost: Called once, when the connection is no more.
    """

    __slots__ = (
        "_begun", "_choked", "_deadline", "_limits", "_lost", "_paused", "_queue", "_queued",
        "_since", "_take", "_transport", "_unsent", "_uses", "_waiter", "gap", "idle_since",
        "patience", "response",
    )  # fmt: skip

    def __init__(self, lost: Callable[["Connection"], None]) -> None:
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self.response = Responses()
        self._uses = 0
        self.idle_since = 0.0
        self._limits, self._deadline = _NO_LIMITS, _FOREVER
        self.patience = _FOREVER
        """Seconds of its shortest limit, for the watch."""
        self._since = 0.0
        """When anything was last heard, or could be heard again; of the monotonic clock."""
        self.gap = 0.0
        """Most seconds between two pieces of the answer, as far as they were let in."""
        self._begun = False
        self._queue: list[bytes] = []
        self._queued = 0
        self._paused = False
        self._take: Take | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._unsent: memoryview | None = None
        self._choked = False

    # What the one who asks does.

    def send(
        self, head: bytes, body: bytes, limits: Timeouts, deadline: float, *, bodiless: bool = False
    ) -> None:
        """Write a request; whatever goes wrong is told by ``begin``."""
        self.response.begin(bodiless=bodiless)
        self._uses += 1
        self._begun = False
        self._since = monotonic()
        self._deadline = deadline
        if limits is not self._limits:
            self._limits = limits
            self.patience = min(limits.first_byte, limits.idle, limits.total)
        transport = self._transport
        if transport is None or transport.is_closing():
            self._break(Closed("the service closed the connection"))
        elif len(body) <= _JOINED:
            transport.write(head + body)
        elif len(body) <= _AT_ONCE:
            transport.writelines((head, body))
        else:
            self._unsent = memoryview(body)
            transport.write(head)
            self._pump()

    async def begin(self) -> None:
        """Wait for the beginning of the answer's body, and leave it to be read.

        Raises:
            UpstreamBroken: it broke off before, unless its status says enough.
        """
        while not self._queue and self._open:
            await self._wait()
        self._begun, self.gap = True, 0.0
        if not self._queue and self.response.status in (0, 200):
            self._check()

    @property
    def first(self) -> bytes:
        """What waits to be read next, if anything does."""
        return self._queue[0] if self._queue else b""

    async def read(self) -> bytes:
        """Whatever has arrived, at least one byte; nothing at the end.

        Raises:
            UpstreamBroken: there is no more, and this is not the end.
        """
        while not self._queue and self._open:
            await self._wait()
        if self._queue:
            return self._taken()
        self._check()
        return b""

    async def flow(self, take: Take) -> None:
        """Give *take* each piece when it arrives, until it wants no more or none will come.

        How it ended is for the next ``read`` to tell.
        """
        if self._queue and not take(self._taken()):
            return
        if not self._open:
            return
        self._take = take
        try:
            await self._wait()
        finally:
            self._take = None

    @property
    def ended(self) -> bool:
        """Whether the answer was read to its end."""
        return self.response.stage == "complete" and not self._queue

    @property
    def stale(self) -> bool:
        """Whether the server had let go of this connection before it could get the request.

        Some say so (RFC 9110 15.5.9).
        """
        response = self.response
        closed = isinstance(response.failure, Closed) and response.unheard
        return self._uses > 1 and (closed or response.status == 408)

    @property
    def connected(self) -> bool:
        return self._transport is not None

    @property
    def usable(self) -> bool:
        """Whether another request may be sent."""
        transport = self._transport
        return (
            self.response.kept
            and self.response.stage in ("idle", "complete")
            and self._unsent is None
            and transport is not None
            and not transport.is_closing()
        )

    def rest(self) -> None:
        """Be done with a complete answer; the connection stays open for the next request."""
        self.response.rest()
        self._queue.clear()
        self._resume()

    def abort(self) -> None:
        """Drop the connection at once, wherever it is."""
        self._break(UpstreamBroken("the answer was given up here"))

    # What the watch does.

    def look(self, now: float) -> None:
        """Give up if too long was waited."""
        limits = self._limits
        if not self._open:
            return
        if now >= self._deadline:
            self._break(UpstreamTimeout("the service's answer took too long"))
        elif self._waiter is None:
            return  # what nobody asks for is not missed
        elif not self._begun and now - self._since >= limits.first_byte:
            self._break(UpstreamTimeout("the service did not begin to answer in time"))
        elif self._begun and now - self._since >= limits.idle:
            self._break(UpstreamTimeout("the service was silent for too long"))

    # What the transport does.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are of this kind without saying so.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        response = self.response
        piece = response.feed(data)
        if piece:
            now = monotonic()
            if now - self._since > self.gap:
                self.gap = now - self._since
            self._since = now
            if self._take is None:
                self._keep(piece)
            else:
                try:
                    more = self._take(piece)
                except Exception as exc:  # noqa: BLE001  (whoever awaits ``flow`` is told)
                    self._stop(exc)
                else:
                    if not more:
                        self._stop()
        if response.stage != "body":
            self._turn()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport, self._unsent = None, None
        self.response.finish()
        self._wake()
        self._lost(self)

    def pause_writing(self) -> None:
        self._choked = True

    def resume_writing(self) -> None:
        self._choked = False
        self._pump()

    @property
    def _open(self) -> bool:
        return self.response.stage in ("head", "body")

    def _check(self) -> None:
        failure = self.response.failure
        if failure is not None:
            # A fresh one: with a traceback it would hold this connection, which holds it.
            raise type(failure)(*failure.args)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self, exc: Exception | None = None) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if exc is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(exc)

    def _stop(self, exc: Exception | None = None) -> None:
        self._take = None
        self._wake(exc)

    def _keep(self, piece: bytes) -> None:
        self._queue.append(piece)
        self._queued += len(piece)
        transport = self._transport
        if self._queued > _WAITING and not self._paused and transport is not None:
            self._paused = True
            transport.pause_reading()
        self._wake()

    def _taken(self) -> bytes:
        queue = self._queue
        data = queue[0] if len(queue) == 1 else b"".join(queue)
        queue.clear()
        self._resume()
        return data

    def _resume(self) -> None:
        self._queued = 0
        transport = self._transport
        if self._paused and transport is not None and not transport.is_closing():
            self._since = monotonic()
            transport.resume_reading()
        self._paused = False

    def _turn(self) -> None:
        """The answer is over, or not yet begun."""
        stage = self.response.stage
        if stage == "head":
            return
        if stage == "idle" or stage == "broken":
            self.abort()
        self._wake()

    def _break(self, failure: UpstreamBroken) -> None:
        self.response.fail(failure)
        self._unsent = None
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def _pump(self) -> None:
        """Write the next part of a large request."""
        unsent, transport = self._unsent, self._transport
        if unsent is None or self._choked or transport is None or transport.is_closing():
            return
        transport.write(unsent[:_SLICE])
        self._since = monotonic()
        self._unsent = unsent[_SLICE:] if len(unsent) > _SLICE else None
        if self._unsent is not None and not self._choked:
            asyncio.get_running_loop().call_soon(self._pump)
