"""Expressions of strangers: judged where that is quick, left alone where it might not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.expressions import matches

JUDGED: dict[str, tuple[str, str, bool]] = {
    "a date": (r"^\d{4}-\d{2}-\d{2}$", "2026-11-21", True),
    "no date": (r"^\d{4}-\d{2}-\d{2}$", "21.11.2026", False),
    "somewhere in the text": ("b", "abc", True),
    "an address": (r"^[^@\s]+@[^@\s]+\.[a-z]+$", "ada@example.org", True),
    "digits of other scripts": (r"^\d$", "٣", False),
    "signs of repetition in a set": ("^[*+{]$", "+", True),
    "escaped signs of repetition": (r"^\(a\)\+$", "(a)+", True),
    "a group that may be missing": ("^(ab)?c$", "c", True),
    "a choice": ("^(red|green)$", "blue", False),
    "a choice of many": ("^(?:" + "|".join(f"c{n}" for n in range(150)) + ")$", "c99", True),
    "as little as will do": ("^<.+?>$", "<a>", True),
    "a brace that repeats nothing": ("^{a$", "{a", True),
    "nothing": ("", "", True),
}


@pytest.mark.parametrize(("expression", "text", "found"), JUDGED.values(), ids=JUDGED)
def test_judged(expression: str, text: str, found: bool) -> None:
    assert matches(expression, text) is found


LEFT: dict[str, tuple[str, str]] = {
    "repetition within repetition": ("^(a+)+$", "aaaa!"),
    "a counted group": ("^(a{1,30}){1,30}$", "aaaa!"),
    "a group for ever": ("(a|aa)*b", "aaaa!"),
    "many repetitions, a long text": ("a*a*a*a*b", "a" * 100),
    "many that may be missing": ("a?" * 40 + "a" * 40, "a" * 40),
    "many choices": ("(a|a)" * 40 + "b", "a" * 40),
    "a long expression": ("a" * 1001, "a"),
    "what Python cannot read": (r"^\p{L}$", "é"),
    "no expression": ("(", "("),
}


@pytest.mark.parametrize(("expression", "text"), LEFT.values(), ids=LEFT)
def test_left_alone(expression: str, text: str) -> None:
    assert matches(expression, text) is None


@given(st.text("ab(|)[]*+?{}1,\\^$.", max_size=20), st.text("ab", max_size=30))
def test_any_expression_is_answered(expression: str, text: str) -> None:
    assert matches(expression, text) in (True, False, None)
