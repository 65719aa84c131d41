"""Giving up on exchanges that take too long: one clock for all of them.

A timer for each would have to be armed and disarmed for every piece of every answer; that each
notes when its last piece came costs a fraction, and a look at all of them a few times per limit
finds the same silence.
"""

import asyncio
from time import monotonic
from typing import Protocol

_TICK = 1.0  # seconds between looks, where no limit is shorter than ten of them


class Watched(Protocol):
    """An exchange as the watch sees it."""

    @property
    def patience(self) -> float:
        """Seconds of its shortest limit."""

    def look(self, now: float) -> None:
        """Give up if too long was waited; *now* is of the monotonic clock."""


class SilenceWatch:
    """Looks after exchanges from ``add`` to ``remove``."""

    def __init__(self) -> None:
        self._watched: set[Watched] = set()
        self._tick = _TICK
        self._timer: asyncio.TimerHandle | None = None

    def add(self, exchange: Watched) -> None:
        self._watched.add(exchange)
        patience = exchange.patience
        if patience < 10 * self._tick:
            self._tick = patience / 10
            self.close()
        if self._timer is None:
            self._arm()

    def remove(self, exchange: Watched) -> None:
        self._watched.discard(exchange)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._tick, self._look)

    def _look(self) -> None:
        self._timer = None
        now = monotonic()
        for exchange in list(self._watched):
            exchange.look(now)
        if self._watched:
            self._arm()
        else:
            self._tick = _TICK
