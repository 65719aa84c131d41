"""Whole exchanges that read as a specification; ``notation.py`` says how to read one.

``scripts/golden --write`` writes what really comes of every case into its file, to be reviewed
like any other change.
"""

import re
from pathlib import Path

import pytest

from golden.notation import CASES, read, written
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


def test_there_are_enough_to_be_a_specification() -> None:
    assert len(FILES) >= 60
