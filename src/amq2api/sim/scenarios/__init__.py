"""Everything the simulator can answer, by name.

A scenario is chosen as ``NAME`` or ``NAME:ARGUMENT``. Refusals take ``NAME:TIMES`` (so many
times, then an echo) and ``NAME:TIMES,SECONDS`` where there is a time to wait to announce.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from amq2api.sim.faults import Fault
from amq2api.sim.question import Question
from amq2api.sim.steps import Flat, Streamed

from .broken import BROKEN
from .refusals import REFUSALS, Refusal
from .searches import SEARCHES
from .told import TOLD, Table
from .tools import TOOLS

__all__ = ["REFUSALS", "STREAMS", "Choice", "UnknownScenario", "choose", "summaries"]

STREAMS: Table = {**TOLD, **TOOLS, **SEARCHES, **BROKEN}
ECHO = "echo"
_WAIT = 1.0  # seconds that a refusal announces unless told otherwise


class UnknownScenario(ValueError):
    """There is no scenario of this name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A scenario with its argument."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.argument}" if self.argument else self.name

    @property
    def refusal(self) -> Refusal | None:
        return REFUSALS.get(self.name)

    def refused(self, turn: int) -> Fault | Flat | None:
        """What a refusal answers the *turn*-th time (from 0); None once it is over for now."""
        if (refusal := self.refusal) is None:
            return None
        times, _, seconds = self.argument.partition(",")
        if times.isdigit() and turn % (int(times) + 1) >= int(times):
            return None
        return refusal.answer(_number(seconds))

    def streamed(self, question: Question) -> Streamed | Flat | None:
        """What the scenario tells; None where the echo answers, as after a refusal that is over."""
        row = STREAMS.get(self.name)
        return None if row is None else row[1](question, self.argument)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return _WAIT


def choose(wanted: str) -> Choice:
    """Read ``NAME[:ARGUMENT]``.

    Raises:
        UnknownScenario: the name is in no table.
    """
    name, _, argument = wanted.partition(":")
    if name != ECHO and name not in STREAMS and name not in REFUSALS:
        raise UnknownScenario(name)
    return Choice(name, argument)


def summaries() -> Mapping[str, str]:
    """Each scenario in one line."""
    told = {name: row[0] for name, row in STREAMS.items()}
    refused = {name: refusal.summary for name, refusal in REFUSALS.items()}
    return {ECHO: "an answer to what was asked", **told, **refused}
