"""Giving up on streams that say nothing: one clock for all of them.

aiohttp would arm and disarm a timer for every piece of every stream; a flag costs a fraction of
that, and a look at all streams a few times per limit finds the same silence.
"""

import asyncio
from typing import Protocol


class Listener(Protocol):
    """A stream as the watch sees it."""

    waiting: bool
    """Whether someone waits for its next bytes. Bytes that nobody asks for are not missed."""
    heard: bool
    """Whether anything came since the last look."""
    since: float
    """The watch's own: when anything had last come, by the loop's clock."""

    def expire(self) -> None:
        """It was silent for too long: whoever waits should hear of it."""


class SilenceWatch:
    """Looks after streams from ``add`` to ``remove``."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._tick = min(1.0, limit / 10)
        self._listeners: set[Listener] = set()
        self._watch: asyncio.Task[None] | None = None

    def add(self, listener: Listener) -> None:
        listener.since = asyncio.get_running_loop().time()
        self._listeners.add(listener)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._look())

    def remove(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self._listeners:
            await asyncio.sleep(self._tick)
            now = loop.time()
            for listener in list(self._listeners):
                if listener.heard or not listener.waiting:
                    listener.heard, listener.since = False, now
                elif now - listener.since >= self._limit:
                    listener.expire()
