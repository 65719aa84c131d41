"""From samples to a verdict. Pure: what is printed here can be tested without a clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

from .cases import Case

Verdict: TypeAlias = Literal["pass", "MISS", "not judged", ""]


@dataclass(frozen=True)
class Sample:
    """One run of one case through one proxy; *cpu* is in seconds, *first* in milliseconds."""

    cpu: float
    events: int
    requests: int
    seconds: float
    first_p50: float
    first_p99: float

    def micros(self, case: Case) -> float:
        """Microseconds of CPU for each of the case's units."""
        return self.cpu * 1e6 / (self.events if case.unit == "event" else self.requests)


Samples: TypeAlias = Mapping[str, Mapping[str, Sequence[Sample]]]
"""By case, then by proxy."""


@dataclass(frozen=True)
class Row:
    """One case, summed up: medians, and nginx's where it ran."""

    case: Case
    micros: float
    least: float
    most: float
    nginx: float | None
    first_ms: tuple[float, float]
    nginx_first_ms: tuple[float, float] | None
    rate: float

    @property
    def ratio(self) -> float | None:
        return self.micros / self.nginx if self.nginx else None

    @property
    def verdict(self) -> Verdict:
        target = self.case.target
        if target is None:
            return ""
        measured = self.micros if target.of == "µs" else self.ratio
        if measured is None:
            return "not judged"
        return "pass" if measured <= target.most else "MISS"


def row(case: Case, samples: Mapping[str, Sequence[Sample]]) -> Row:
    mine, plain = samples["gateway"], samples.get("nginx")
    costs = [sample.micros(case) for sample in mine]
    return Row(
        case,
        median(costs),
        min(costs),
        max(costs),
        median(sample.micros(case) for sample in plain) if plain else None,
        _first(mine),
        _first(plain) if plain else None,
        median(sample.events / sample.seconds for sample in mine),
    )


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield (
        "| case | µs CPU per | gateway (least to most) | nginx | ratio | target | verdict |"
        " events/s | first event ms p50 / p99 | nginx's |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for each in rows:
        yield "| " + " | ".join(_cells(each)) + " |"


def _cells(each: Row) -> Iterator[str]:
    yield each.case.name
    yield each.case.unit
    yield f"{_short(each.micros)} ({_short(each.least)} to {_short(each.most)})"
    yield "" if each.nginx is None else _short(each.nginx)
    yield "" if each.ratio is None else f"{each.ratio:.2f}"
    yield str(each.case.target or "")
    yield each.verdict
    yield f"{each.rate:,.0f}"
    yield "{:.2f} / {:.2f}".format(*each.first_ms)
    yield "{:.2f} / {:.2f}".format(*each.nginx_first_ms) if each.nginx_first_ms else ""


def _short(micros: float) -> str:
    return f"{micros:,.0f}" if micros >= 100 else f"{micros:.3g}"


def _first(samples: Sequence[Sample]) -> tuple[float, float]:
    return median(s.first_p50 for s in samples), median(s.first_p99 for s in samples)
