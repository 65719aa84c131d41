"""A room that so many calls, or bytes of them, have a place in, and the line before its door.

A free place costs a comparison. Where there is none, a call waits: callers take turns, the calls
of one caller go in the order they came. Whoever cannot be served in time hears so, and how things
stand, instead of waiting for what will not come.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from amq2api.errors import AtCapacity

from .line import Line, Turn, Waiting

Place: TypeAlias = Literal["process", "account", "bodies"]
End: TypeAlias = Literal["served", "full", "late", "left"]
"""How waiting ended: with a turn, because too many wait, because none came in time, or because
the caller went away."""
Heard: TypeAlias = Callable[[Place, End, float], None]
"""Told of every call that found no free place: where, what came of it, seconds waited."""

_LONGEST_ADVICE = 60.0  # seconds; Claude Code gives up at once on a longer wait

_FULL = {
    "process": ("this gateway", "calls under way"),
    "account": ("the account for this call", "calls under way"),
    "bodies": ("this gateway", "bytes of large calls at hand"),
}


def nobody_listens(_place: Place, _end: End, _seconds: float) -> None:
    """A :data:`Heard` that does nothing."""


@dataclass(slots=True)
class Limits:
    """How much room there is. May be changed while calls wait: see :meth:`Admission.limit`."""

    calls: int = 5000
    per_account: int = 0
    """Calls that one account serves at once; 0 for as many as come."""
    waiting: int = 100
    """Most calls in line, for the process and for all accounts together."""
    patience: float = 10.0
    """Seconds that a call waits for its turn, at most."""
    in_line: int = field(default=0, init=False)
    """Calls that wait now, wherever they do."""


class Room:
    """Places for calls. While anyone waits, none is free.

    A call takes as many as it weighs, or all where there are fewer.
    """

    __slots__ = ("_heard", "_limits", "_line", "_place", "_since", "_turns", "inside", "limit")

    def __init__(self, place: Place, limit: int, limits: Limits, heard: Heard) -> None:
        self._place, self._limits, self._heard = place, limits, heard
        self._line = Line()
        self._since, self._turns = 0.0, 0
        """Since when the line has not been empty, and who has had a turn from it since."""
        self.limit = limit
        """Places in all; 0 for as many as are asked for."""
        self.inside = 0
        """Places taken."""

    def enter(self, weight: int = 1) -> bool:
        """Take a place if one is free."""
        # Else a heavy one would wait as long as light ones come.
        return not self._line and self._enter(weight)

    async def wait(self, caller: str, weight: int = 1) -> float:
        """Wait in line for a place, and take it; how many seconds that took.

        Raises:
            AtCapacity: there will be none in time, or the line is too long.
        """
        loop = asyncio.get_running_loop()
        came = loop.time()
        if self.enter(weight):
            return 0.0
        if self._limits.in_line >= self._limits.waiting and not self._make_way(caller):
            raise self._refusal("full", came)
        if not self._line:
            self._since, self._turns = came, 0
        turn: Turn = loop.create_future()
        self._line.join(caller, turn, Waiting(came, weight))
        self._limits.in_line += 1
        timer = loop.call_later(self._limits.patience, self._dismiss, caller, turn, "late")
        try:
            failure = await turn
        except asyncio.CancelledError:
            self._leave_line(caller, turn, Waiting(came, weight))
            raise
        finally:
            timer.cancel()
        if failure is not None:
            raise failure
        waited = loop.time() - came
        self._heard(self._place, "served", waited)
        return waited

    def leave(self, weight: int = 1) -> None:
        """Give the place back; whoever is next has it at once."""
        self.inside -= weight
        if self._line:
            self.admit()

    def admit(self) -> None:
        """Let in from the line as many as there is room for."""
        while self._line and self._enter(weight := self._line.weight):
            turn = self._line.next()
            self._limits.in_line -= 1
            if turn.done():  # its caller is about to go
                self.inside -= weight
            else:
                self._turns += 1
                turn.set_result(None)

    @property
    def idle(self) -> bool:
        return not self.inside and not self._line

    def _enter(self, weight: int) -> bool:
        if self.inside and self.inside + weight > self.limit > 0:
            return False
        self.inside += weight
        return True

    def _make_way(self, caller: str) -> bool:
        """Let no caller keep the others out by filling the line."""
        crowding = self._line.crowding(caller)
        if crowding is None:
            return False
        self._dismiss(*crowding, "full")
        return True

    def _dismiss(self, caller: str, turn: Turn, end: End) -> None:
        waiting = self._line.drop(caller, turn)
        if waiting is None:
            return
        self._limits.in_line -= 1
        if not turn.done():  # else its caller is about to go
            turn.set_result(self._refusal(end, waiting.came))
        self.admit()  # there may have been room for who came behind

    def _leave_line(self, caller: str, turn: Turn, waiting: Waiting) -> None:
        """The caller went away; a place that it was just given goes to the next."""
        if self._line.drop(caller, turn) is not None:
            self._limits.in_line -= 1
            self.admit()
        elif not turn.cancelled():
            if turn.result() is not None:
                return  # it was refused a moment before
            self.leave(waiting.weight)
        self._heard(self._place, "left", asyncio.get_running_loop().time() - waiting.came)

    def _refusal(self, end: End, came: float) -> AtCapacity:
        now = asyncio.get_running_loop().time()
        self._heard(self._place, end, now - came)
        late = f"no turn came in {self._limits.patience:g} seconds; " if end == "late" else ""
        who, what = _FULL[self._place]
        return AtCapacity(
            f"{who} is at capacity: {late}{what}: {self.inside}, waiting:"
            f" {self._limits.in_line}. Try again in a moment.",
            retry_after=self._advice(now),
        )

    def _advice(self, now: float) -> float:
        """Seconds until one more in line would have its turn, at the pace of late."""
        if not self._line or not self._turns:
            return self._limits.patience
        pace = (now - self._since) / self._turns
        return min(max((len(self._line) + 1) * pace, 1.0), _LONGEST_ADVICE)
