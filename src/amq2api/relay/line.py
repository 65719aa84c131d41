"""A line in which callers take turns."""

import asyncio
from collections import OrderedDict
from typing import NamedTuple, TypeAlias

from amq2api.errors import AtCapacity

Turn: TypeAlias = "asyncio.Future[AtCapacity | None]"
"""What one in line waits for: None is a place."""


class Waiting(NamedTuple):
    """One call in line."""

    came: float
    """By the loop's clock."""
    weight: int
    """How many places it takes."""


class Line:
    """Those who wait. Callers take turns, and each caller's calls keep their order."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, OrderedDict[Turn, Waiting]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._callers)

    def __len__(self) -> int:
        return sum(map(len, self._callers.values()))

    def join(self, caller: str, turn: Turn, waiting: Waiting) -> None:
        self._callers.setdefault(caller, OrderedDict())[turn] = waiting

    def drop(self, caller: str, turn: Turn) -> Waiting | None:
        """What *turn* was, if it was in line; it is not any more."""
        turns = self._callers.get(caller)
        if turns is None or turn not in turns:
            return None
        waiting = turns.pop(turn)
        if not turns:
            del self._callers[caller]
        return waiting

    @property
    def weight(self) -> int:
        """Of whose turn it is; the line must not be empty."""
        return next(iter(next(iter(self._callers.values())).values())).weight

    def next(self) -> Turn:
        """Take out whose turn it is; the line must not be empty."""
        caller, turns = self._callers.popitem(last=False)
        turn, _ = turns.popitem(last=False)
        if turns:
            self._callers[caller] = turns
        return turn

    def crowding(self, caller: str) -> tuple[str, Turn] | None:
        """The newest call of whoever has most in line, if *caller* with one more has fewer."""
        if not self._callers:
            return None
        greediest = max(self._callers, key=lambda name: len(self._callers[name]))
        turns = self._callers[greediest]
        if len(turns) <= len(self._callers.get(caller, ())) + 1:
            return None
        return greediest, next(reversed(turns))
