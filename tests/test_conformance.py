"""Every row of the conformance checklist is proven by a test that bears its number, or the
fidelity page says why not.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from conformance import CHOSEN, LAST, UNPROVEN, section

ROOT = Path(__file__).parent.parent
_NUMBER = re.compile(r"(?i)(?<![a-z0-9])c[-_](\d{3})(?!\d)")
ROWS = frozenset(range(1, LAST + 1))


def proven(collected: Iterable[str]) -> frozenset[int]:
    """The numbers in the ids of all tests, those that would be skipped here included.

    Args:
        collected: The ids of the tests that are to be run now. Where those prove less than all,
            the whole suite is looked through, which takes a while.
    """
    found = _numbers(" ".join(collected))
    if found >= ROWS - UNPROVEN.keys():
        return found
    asked = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stdout[-2000:] + asked.stderr
    return _numbers(asked.stdout)


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in _NUMBER.findall(text))


def named(rows: Iterable[int]) -> list[str]:
    return [f"C-{number:03}" for number in sorted(rows)]


@pytest.mark.timeout(300)
def test_every_row_is_proven_or_explained(request: pytest.FixtureRequest) -> None:
    found = proven(item.nodeid for item in request.session.items)
    assert {
        "forgotten": named(ROWS - found - UNPROVEN.keys()),
        "called unproven, and proven": named(found & UNPROVEN.keys()),
        "of no row": named(found - ROWS),
        "chosen, and not proven as chosen": named(CHOSEN.keys() - found),
    } == {
        "forgotten": [], "called unproven, and proven": [], "of no row": [],
        "chosen, and not proven as chosen": [],
    }  # fmt: skip


def test_the_page_names_rows_in_their_order() -> None:
    told = [int(number) for number in re.findall(r"(?m)^\| C-(\d{3}) ", section())]
    assert told == [*sorted(CHOSEN), *sorted(UNPROVEN)]


def test_numbers_are_found_in_names_and_in_ids() -> None:
    ids = "a.py::test_c_001_c_002_x b.py::test_y[C-003 C-004 z] c.py::test_abc_005[C-0067]"
    assert sorted(_numbers(ids)) == [1, 2, 3, 4]
