"""``/api/events``: what changes, as it changes, to whoever keeps listening.

Each listener compares what there is with what it has been told, once a second, and waits until
its last event has left before it looks again: a slow one misses what came and went meanwhile,
and nothing piles up for it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from amq2api.errors import GatewayError, RateLimited
from amq2api.relay.records import Records
from amq2api.wire import sse

from .envelope import encode

MEDIA_TYPE = "text/event-stream"
EVENT: Mapping[str, Any] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
}
"""How an event stream is described: by the schema of one event."""
MOST = 20
"""Listeners at a time. A browser page is one, and so is each of its tabs."""
LOOK = 1.0
"""Seconds between two looks."""
SILENCE = 15.0
"""Seconds after which a comment shows that the connection lives."""


class Live:
    """Belongs to one event loop.

    Args:
        status: What there is; its member ``now`` is no change.
        clock: Seconds, any origin.
    """

    def __init__(
        self,
        status: Callable[[], dict[str, Any]],
        records: Records,
        *,
        most: int = MOST,
        look: float = LOOK,
        silence: float = SILENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._status, self._records = status, records
        self._most, self._look, self._silence, self._clock = most, look, silence, clock
        self._listeners = 0
        self._over = asyncio.Event()

    def answer(self, allowed: Callable[[], object]) -> Response:
        """An answer with events until :meth:`close`, or until its reader has gone.

        Args:
            allowed: Raises a GatewayError once the listener may listen no longer.

        Raises:
            RateLimited: there are too many listeners already.
        """
        if self._listeners >= self._most:
            raise RateLimited(f"{self._most} listen already; close a page", retry_after=10)
        self._listeners += 1
        return _Stream(self._events(allowed), self._left)

    def once(self) -> Response:
        """An answer with one status event, for those who ask and do not listen."""
        return Response(_event("status", self._status()), media_type=MEDIA_TYPE)

    def close(self) -> None:
        """End all streams, and those to come."""
        self._over.set()

    def _left(self) -> None:
        self._listeners -= 1

    async def _events(self, allowed: Callable[[], object]) -> AsyncIterator[bytes]:
        told: object = None
        number, spoke = self._records.last, self._clock()
        # What ends the stream is told to whoever asks again.
        with contextlib.suppress(GatewayError):
            while not await self._is_over(0.0 if told is None else self._look):
                allowed()
                events: list[bytes] = []
                status = self._status()
                if (found := {**status, "now": None}) != told:
                    told = found
                    events.append(_event("status", status))
                news, number = self._records.since(number), self._records.last
                events += [_event("request", msgspec.to_builtins(record)) for record in news]
                if not events and self._clock() - spoke >= self._silence:
                    events.append(b": still here\n\n")
                if events:
                    yield b"".join(events)
                    spoke = self._clock()

    async def _is_over(self, wait: float) -> bool:
        """Wait for the next look, or the end."""
        if not self._over.is_set() and wait:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._over.wait()
        return self._over.is_set()


class _Stream(StreamingResponse):
    """Says when it is over, whoever ended it."""

    def __init__(self, events: AsyncIterator[bytes], left: Callable[[], None]) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(events, media_type=MEDIA_TYPE, headers=headers)
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()


def _event(name: str, data: object) -> bytes:
    return sse.encode(name, encode(data))
