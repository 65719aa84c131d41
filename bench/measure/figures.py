"""What a case is made of: a trial, the figures it gives, and what each may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeAlias

from .loads import Load

if TYPE_CHECKING:
    from .proxies import Proxy
    from .runs import Stage

Values: TypeAlias = Mapping[str, float]
"""What one trial of one proxy gave, by the names of figures."""


class Trial(Protocol):
    """One way of finding out."""

    @property
    def loads(self) -> Sequence[Load]:
        """What it puts on."""

    def measure(self, stage: "Stage", proxy: "Proxy", name: str) -> Values:
        """Try *proxy* once; *name* is the case's.

        Raises:
            Broken: an answer was wrong, or a process did not live through it.
        """


@dataclass(frozen=True)
class Target:
    """What a figure may be: in its own unit, or compared with another proxy's in the same run."""

    limit: float
    kind: Literal["at most", "at least", "times nginx", "ms more than direct"] = "at most"

    def met(self, value: float) -> bool:
        return value >= self.limit if self.kind == "at least" else value <= self.limit

    @property
    def beside(self) -> str | None:
        """The proxy that it compares with."""
        match self.kind:
            case "times nginx":
                return "nginx"
            case "ms more than direct":
                return "direct"
            case _:
                return None

    def __str__(self) -> str:
        match self.kind:
            case "times nginx":
                return f"≤ {self.limit:g} × nginx"
            case "ms more than direct":
                return f"≤ {self.limit:g} more than direct"
            case "at least":
                return f"≥ {self.limit:g}"
            case "at most":
                return f"≤ {self.limit:,g}"


@dataclass(frozen=True)
class Figure:
    """One number of a case: its *name* among the trial's values, what it says, what it may be.

    *ratio*: worth dividing by nginx's. *added*: worth subtracting what it is without a proxy.
    *by_the_clock*: whoever else is at work on the machine can only add to it, so that the least
    of the runs says most; of others it is the median.
    """

    name: str
    label: str
    ratio: bool = False
    added: bool = False
    by_the_clock: bool = False
    target: Target | None = None

    def summed(self, values: Sequence[float]) -> float:
        return min(values) if self.by_the_clock else median(values)

    def at_most(self, limit: float) -> Self:
        return self.wanting(Target(limit))

    def wanting(self, target: Target) -> Self:
        return replace(self, target=target)


@dataclass(frozen=True)
class Case:
    """*own*: each trial starts its proxy anew. *gateways_only*: nginx has nothing to say to it."""

    name: str
    what: str
    trial: Trial
    figures: tuple[Figure, ...]
    own: bool = False
    gateways_only: bool = False

    @property
    def judged(self) -> bool:
        return any(figure.target for figure in self.figures)
