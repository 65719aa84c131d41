"""From samples to a verdict. Pure: what is printed here can be tested without a clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from .figures import Case, Figure, Target, Values
from .proxies import GATEWAY

Verdict: TypeAlias = Literal["pass", "MISS", "not judged", ""]
Samples: TypeAlias = Mapping[str, Sequence[Values]]
"""The trials of one case, by proxy."""


@dataclass(frozen=True)
class Row:
    """A figure, summed up: what it is for every proxy, and the gateway's least and most."""

    case: Case
    figure: Figure
    of: Mapping[str, float]
    least: float
    most: float

    @property
    def value(self) -> float:
        return self.of[GATEWAY]

    @property
    def ratio(self) -> float | None:
        """To nginx's."""
        plain = self.of.get("nginx")
        return self.value / plain if plain and self.figure.ratio else None

    @property
    def added(self) -> float | None:
        """To what it is without a proxy."""
        bare = self.of.get("direct")
        return None if bare is None or not self.figure.added else self.value - bare

    @property
    def verdict(self) -> Verdict:
        target = self.figure.target
        if target is None:
            return ""
        judged = self._judged(target)
        if judged is None:
            return "not judged"
        return "pass" if target.met(judged) else "MISS"

    def _judged(self, target: Target) -> float | None:
        match target.beside:
            case "nginx":
                return self.ratio
            case "direct":
                return self.added
            case _:
                return self.value


def rows(case: Case, samples: Samples) -> Iterator[Row]:
    """One for each of the case's figures."""
    for figure in case.figures:
        of_figure = {name: [each[figure.name] for each in given] for name, given in samples.items()}
        mine = of_figure[GATEWAY]
        summed = {name: figure.summed(values) for name, values in of_figure.items()}
        yield Row(case, figure, summed, min(mine), max(mine))


def table(summed: Sequence[Row]) -> Iterator[str]:
    """The lines of a Markdown table; a column for every proxy that was beside the gateway."""
    others = list(dict.fromkeys(name for row in summed for name in row.of if name != GATEWAY))
    head = ["case", "figure", "gateway (least to most)", *others, "compared", "target", "verdict"]
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in summed:
        yield "| " + " | ".join(_cells(row, others)) + " |"


def plain(samples: Mapping[str, Samples], summed: Sequence[Row]) -> dict[str, Any]:
    """Everything, for a program to read."""
    return {
        "samples": samples,
        "figures": [
            {
                "case": row.case.name, "figure": row.figure.name, "label": row.figure.label,
                "of": row.of, "least": row.least, "most": row.most,
                "ratio": row.ratio, "added": row.added, "verdict": row.verdict,
                "target": row.figure.target and asdict(row.figure.target),
            }
            for row in summed
        ],
    }  # fmt: skip


def _cells(row: Row, others: Sequence[str]) -> Iterator[str]:
    yield row.case.name
    yield row.figure.label
    yield f"{_short(row.value)} ({_short(row.least)} to {_short(row.most)})"
    for name in others:
        yield _short(row.of[name]) if name in row.of else ""
    if row.ratio is not None:
        yield f"{row.ratio:.2f} × nginx"
    else:
        yield "" if row.added is None else f"{row.added:+.2f}"
    yield str(row.figure.target or "")
    yield row.verdict


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
