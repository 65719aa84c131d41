"""Estimates beside counts that are known; ``pytest -s`` shows the table."""

import sys
from collections.abc import Iterator
from statistics import median

import pytest

from amq2api.bridge import tokens
from amq2api.bridge.tokenizer import NEWER, OLDER, weigh
from bridge.counted import RATIOS, REQUESTS, TEXTS

PROMISED = 0.10
WORST = 0.25
"""No single row may be further off: there is nothing in the table that is unlike all others."""


def rows() -> Iterator[tuple[str, float, float]]:
    """What it is, the known figure, ours."""
    for name, (known, call) in REQUESTS.items():
        yield name, known, tokens.estimate(call)
    for name, (text, older, newer) in TEXTS.items():
        for rate, tokenizer, generation in ((older, OLDER, "older"), (newer, NEWER, "newer")):
            if rate is not None:
                yield f"{name}, {generation}", len(text) / rate, weigh(text, tokenizer)
    for name, (text, ratio) in RATIOS.items():
        # As tokens of the newer tokenizer, whatever the older one makes of it.
        older = weigh(text, OLDER)
        yield f"API {name}, newer to older", older * ratio, weigh(text, NEWER)


def off(known: float, ours: float) -> float:
    return abs(ours - known) / known


def test_estimates_are_within_ten_percent_in_the_median() -> None:
    errors = [off(known, ours) for _, known, ours in rows()]
    lines = [
        f"{name:48}{known:8.0f}{ours:9.1f}{100 * (ours / known - 1):+8.1f} %"
        for name, known, ours in rows()
    ]
    sys.stdout.write("\n".join([*lines, f"median of {len(errors)}: {median(errors):.1%}", ""]))
    assert median(errors) <= PROMISED
    assert median(errors[: len(REQUESTS)]) <= PROMISED


@pytest.mark.parametrize(("name", "known", "ours"), list(rows()), ids=[row[0] for row in rows()])
def test_no_known_count_is_far_from_ours(name: str, known: float, ours: float) -> None:
    assert off(known, ours) <= WORST, f"{name}: {known:.0f} known, {ours:.0f} estimated"
