"""Tables, bars and numbers, in a pipe."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.text import Text

from amq2api.cli.tables import amount, bar, cell, show, span, table

NUMBERS = {
    None: "?",
    0.0: "0",
    10_000.0: "10,000",
    5469.38: "5,469.38",
    0.5: "0.5",
    100.0: "100",
    1234567.0: "1,234,567",
}
SPANS = {
    0.0: "less than a minute",
    59.9: "less than a minute",
    60.0: "1 minute",
    3599.0: "59 minutes",
    7200.0: "2 hours",
    86400.0: "1 day",
    8e6: "92 days",
}


@pytest.mark.parametrize(("value", "shown"), NUMBERS.items(), ids=str)
def test_counts(value: float | None, shown: str) -> None:
    assert amount(value) == shown


@pytest.mark.parametrize(("seconds", "shown"), SPANS.items(), ids=str)
def test_lengths_of_time(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


@given(st.floats(0, 1e6))
@example(5e-324)
@example(99.999999)
def test_a_bar_is_full_only_at_the_end_and_empty_only_at_the_beginning(percent: float) -> None:
    shown = bar(percent).plain
    assert len(shown) == 20
    assert ("░" not in shown) == (percent >= 100)
    assert ("█" not in shown) == (percent == 0)


@pytest.mark.parametrize(
    ("percent", "colour"), [(79.9, "green"), (80.0, "yellow"), (99.9, "yellow"), (100.0, "red")]
)
def test_a_bar_warns_before_its_end(percent: float, colour: str) -> None:
    assert bar(percent).spans[0].style == colour


def test_nothing_known_is_no_bar() -> None:
    assert bar(None).plain == "?"


@pytest.mark.parametrize("name", ["x" * 500, "公司" * 100, "[red]no markup[/]", "a b " * 99 + "a"])
def test_in_a_pipe_a_row_is_one_line_without_colours(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = table("name", "state")
    shown.add_row(cell(name), Text("ready", "green"))
    show(shown, cell(name, "red"))
    head, _rule, row, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "state"]
    assert row == f"{name}   ready"
    assert line == name
