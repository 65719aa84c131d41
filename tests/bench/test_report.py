"""Samples become medians, medians become verdicts."""

import pytest

from measure.cases import CASES, Case, Target, Unit
from measure.report import Sample, Verdict, row, table


def sample(cpu: float, first: float = 1.0) -> Sample:
    return Sample(cpu, 1000, 100, 2.0, first, 2 * first)


def case(unit: Unit, target: Target | None) -> Case:
    return Case("some", "some load", unit, "one", 100, 4, target=target)


@pytest.mark.parametrize(
    ("unit", "micros"), [("event", 2000.0), ("request", 20_000.0)], ids=["event", "request"]
)
def test_the_cost_is_per_unit_and_a_median(unit: Unit, micros: float) -> None:
    samples = {"gateway": [sample(1.0), sample(9.0), sample(2.0)]}

    summed = row(case(unit, None), samples)

    assert summed.micros == pytest.approx(micros)
    assert (summed.least, summed.most) == pytest.approx((micros / 2, micros * 4.5))


@pytest.mark.parametrize(
    ("target", "nginx", "verdict"),
    [
        pytest.param(Target(2000, "µs"), None, "pass", id="exactly the target"),
        pytest.param(Target(1999, "µs"), None, "MISS", id="a little more"),
        pytest.param(Target(2.0, "nginx"), 1.0, "pass", id="twice nginx"),
        pytest.param(Target(2.0, "nginx"), 0.9, "MISS", id="more than twice"),
        pytest.param(Target(2.0, "nginx"), None, "not judged", id="no nginx to compare"),
        pytest.param(None, 1.0, "", id="no target"),
    ],
)
def test_verdicts(target: Target | None, nginx: float | None, verdict: Verdict) -> None:
    samples = {"gateway": [sample(2.0)]} | ({"nginx": [sample(nginx)]} if nginx else {})

    assert row(case("event", target), samples).verdict == verdict


def test_the_table_has_a_cell_for_every_column() -> None:
    samples = {"gateway": [sample(2.0, first=3.0)], "nginx": [sample(0.5)]}
    bare = {"gateway": [sample(2.0)]}

    head, rule, *rows = table([row(case("event", Target(4, "µs")), s) for s in (samples, bare)])

    assert {line.count("|") for line in (head, rule, *rows)} == {head.count("|")}
    assert "2,000" in rows[0] and "4.00" in rows[0] and "3.00 / 6.00" in rows[0]
    assert "MISS" in rows[0]


def test_every_case_fits_its_script_and_can_end_in_time() -> None:
    for each in CASES.values():
        at_once = min(each.at_once, each.streams)
        paced = 200 / each.rate * each.streams / at_once if each.rate else 0
        assert each.ramp + paced < each.limit
