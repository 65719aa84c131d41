"""Guessing is slow: after a few failures there is a pause, and each further one doubles it.

Failures are counted for each who, an address or a browser that has signed in before, so that one
who guesses does not lock out the others; and per process, so that a restart forgets them.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from .barred import LockedOut

_FREE = 5  # tries before the first pause
_FIRST, _LONGEST = 10.0, 900.0  # seconds of pause
_FORGOTTEN = 3600.0  # seconds after the end of a pause
_MOST = 1000  # of whom tries are remembered; the one that tried least lately goes


@dataclass(slots=True)
class _Tries:
    count: int = 0
    until: float = 0.0


class Lockout:
    """Belongs to one event loop. *now* gives seconds of any origin."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def attempt(self, who: str) -> None:
        """To be called before a secret is looked at: the try counts as failed until
        :meth:`succeeded`, so that many at once gain nothing.

        Raises:
            LockedOut: the pause after earlier tries is not over.
        """
        now, tries = self._now(), self._tries.setdefault(who, _Tries())
        self._tries.move_to_end(who)
        if len(self._tries) > _MOST:
            self._tries.popitem(last=False)
        if now < tries.until:
            wait = tries.until - now
            raise LockedOut(
                f"too many failed tries; try again in {round(wait) or 1} s", retry_after=wait
            )
        if now > tries.until + _FORGOTTEN:
            tries.count = 0
        tries.count += 1
        pauses = tries.count - _FREE
        tries.until = now + (min(_LONGEST, _FIRST * 2.0 ** min(pauses, 20)) if pauses >= 0 else 0.0)

    def succeeded(self, who: str) -> None:
        self._tries.pop(who, None)
