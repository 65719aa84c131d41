"""Whole exchanges that read as a specification; ``notation.py`` says how to read one.

``scripts/golden --write`` writes what really comes of every case into its file, to be reviewed
like any other change.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.notation import CASES, expanded, pretty, read, written
from golden.stage import played

FILES = sorted(CASES.rglob("*.txt"))


def _name(path: Path) -> str:
    """The file's, with the numbers of the checklist that its head says it proves."""
    numbers = re.findall(r"C-\d{3}", read(path.read_text()).head)
    return " ".join([str(path.relative_to(CASES).with_suffix("")), *numbers])


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_golden(path: Path) -> None:
    told = path.read_text()
    assert written(played(read(told))) == told, "scripts/golden --write shows the difference"


def test_every_case_has_a_title_and_a_reason() -> None:
    heads = [read(path.read_text()).head for path in FILES]
    fitting = re.compile(r"# [^\n]+\n\n.*[.]", re.DOTALL).fullmatch
    assert [head for head in heads if not fitting(head)] == []


def test_there_are_enough_to_be_a_specification() -> None:
    assert len(FILES) >= 60


# Short alphabets and long repetitions, so that there is something to shorten.
TEXTS = st.text("ab\n\u2028 é", max_size=9).flatmap(
    lambda text: st.sampled_from([text, text * 150, f"x{text * 101}y"])
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_shown_says_all(value: Any) -> None:
    shown = pretty(value)
    assert json.loads(expanded(shown)) == value
    assert "\u2028" not in shown
