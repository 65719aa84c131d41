"""Samples become medians, medians become verdicts."""

import json
from collections.abc import Mapping

import pytest

from measure.cases import CASES, USUAL
from measure.figures import Case, Figure, Target, Values
from measure.loads import Load
from measure.proxies import Proxy
from measure.report import Row, Verdict, plain, rows, table
from measure.runs import Stage
from measure.scripts import SCRIPTS
from measure.trials import Loaded, Stalled


class Untried:
    loads: tuple[Load, ...] = ()

    def measure(self, stage: Stage, proxy: Proxy, name: str) -> Values:
        raise AssertionError("a report measures nothing")


def case(*figures: Figure) -> Case:
    return Case("some", "some load", Untried(), figures)


def summed(figure: Figure, **values: list[float]) -> Row:
    samples = {name: [{figure.name: value} for value in given] for name, given in values.items()}
    (row,) = rows(case(figure), samples)
    return row


def test_a_figure_is_a_median_with_its_extremes() -> None:
    row = summed(Figure("cpu", "µs"), gateway=[1.0, 9.0, 2.0], nginx=[4.0])

    assert (row.value, row.least, row.most) == (2.0, 1.0, 9.0)
    assert row.of == {"gateway": 2.0, "nginx": 4.0}


def test_of_what_the_clock_says_the_least_counts() -> None:
    first = Figure("first", "ms", added=True, by_the_clock=True)
    row = summed(first, gateway=[3.0, 9.0, 2.0], direct=[0.5, 4.0])

    assert (row.value, row.added, row.most) == (2.0, 1.5, 9.0)


@pytest.mark.parametrize(
    ("target", "others", "verdict"),
    [
        pytest.param(Target(2.0), {}, "pass", id="exactly the target"),
        pytest.param(Target(1.9), {}, "MISS", id="a little more"),
        pytest.param(Target(2.0, "at least"), {}, "pass", id="no less than the target"),
        pytest.param(Target(2.1, "at least"), {}, "MISS", id="a little less"),
        pytest.param(Target(2.0, "times nginx"), {"nginx": 1.0}, "pass", id="twice nginx"),
        pytest.param(Target(2.0, "times nginx"), {"nginx": 0.9}, "MISS", id="more than twice"),
        pytest.param(Target(2.0, "times nginx"), {}, "not judged", id="no nginx to compare"),
        pytest.param(
            Target(1.0, "ms more than direct"), {"direct": 1.0}, "pass", id="one ms added"
        ),
        pytest.param(
            Target(1.0, "ms more than direct"), {"direct": 0.5}, "MISS", id="more than one added"
        ),
        pytest.param(None, {"nginx": 1.0}, "", id="no target"),
    ],
)
def test_verdicts(target: Target | None, others: Mapping[str, float], verdict: Verdict) -> None:
    figure = Figure("cpu", "µs", ratio=True, added=True, target=target)
    values = {"gateway": [2.0]} | {name: [value] for name, value in others.items()}

    assert summed(figure, **values).verdict == verdict


def test_the_table_has_a_cell_for_every_column() -> None:
    cpu = Figure("cpu", "µs CPU per event", ratio=True).at_most(4)
    first = Figure("first", "first event", added=True).wanting(Target(1, "ms more than direct"))
    of_all = [summed(cpu, gateway=[4.5], nginx=[0.5], other=[1234.0]), summed(cpu, gateway=[3.0])]

    head, rule, *lines = table([*of_all, summed(first, gateway=[0.7], direct=[0.2])])

    assert {line.count("|") for line in (head, rule, *lines)} == {head.count("|")}
    assert "nginx" in head and "other" in head and "direct" in head
    assert "9.00 × nginx" in lines[0] and "1,234" in lines[0] and "MISS" in lines[0]
    assert "+0.50" in lines[2] and "≤ 1 more than direct" in lines[2] and "pass" in lines[2]


def test_programs_read_all_that_people_do() -> None:
    figure = Figure("cpu", "µs", ratio=True).at_most(4)
    given = {"gateway": [{"cpu": 4.5}], "nginx": [{"cpu": 0.5}]}
    row = summed(figure, gateway=[4.5], nginx=[0.5])

    told = json.loads(json.dumps(plain({"some": given}, [row])))

    assert told["samples"] == {"some": given}
    assert [(f["case"], f["ratio"], f["verdict"]) for f in told["figures"]] == [
        ("some", 9.0, "MISS")
    ]


def test_every_load_can_end_in_time() -> None:
    for each in CASES.values():
        for load in each.trial.loads if isinstance(each.trial, Loaded | Stalled) else ():
            paced = SCRIPTS[load.script]().deltas / load.rate if load.rate else 0
            assert load.ramp + load.streams / load.at_once * paced < load.limit


def test_figures_are_told_apart_by_case_and_name() -> None:
    for each in CASES.values():
        names = [figure.name for figure in each.figures]
        assert names and len(names) == len(set(names))


def test_the_usual_cases_are_judged_and_need_no_proxy_of_their_own() -> None:
    assert {"burst", "paced300", "req", "cc150k"} <= {*USUAL}
    assert all(CASES[name].judged and not CASES[name].own for name in USUAL)
