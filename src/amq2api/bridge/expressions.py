"""Regular expressions of strangers, tried only where trying is sure to be quick.

JSON Schema's are those of ECMA-262, which Python reads nearly alike. Python's engine goes back
and tries anew: a repetition within a repetition can take for ever, several beside each other as
long as the text's length to their number, and every choice doubles it. Nothing else runs
meanwhile.
"""

import re
import warnings
from functools import lru_cache
from typing import NamedTuple

__all__ = ["effort", "matches"]

_LONGEST = 1_000  # characters of an expression
_MOST_STEPS = 1_000_000
# One element after the other: an escape, a set, the sign of a group, a repetition, all else.
_ELEMENT = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[:=!]|(?P<repeat>[*+?]|\{\d*(?:,\d*)?\})|.", re.DOTALL
)
_LAZY_OR_ONCE = re.compile(r"\?|\{0?,?1?\}|\{0,0\}")
_EXACTLY = re.compile(r"\{\d+\}")


class _Quick(NamedTuple):
    expression: re.Pattern[str]
    passes: int
    """How many times over it may go through a text, each within the other."""
    choices: int
    """Between how many ways it may have to choose."""


def effort(expression: str, text: str) -> int | None:
    """The most steps that looking for *expression* in *text* may take; None if too many."""
    quick = _quick(expression)
    if quick is None:
        return None
    steps = (len(text) + 1) ** quick.passes * quick.choices
    return steps if steps <= _MOST_STEPS else None


def matches(expression: str, text: str) -> bool | None:
    """Whether *expression* is found in *text*; None where that is not tried."""
    quick = _quick(expression)
    if quick is None or effort(expression, text) is None:
        return None
    return quick.expression.search(text) is not None


@lru_cache(maxsize=256)
def _quick(expression: str) -> _Quick | None:
    """None for what Python does not read, and for what repeats a group."""
    if len(expression) > _LONGEST:
        return None
    cost = _cost(expression)
    try:
        with warnings.catch_warnings():
            # Of what later versions of Python may read in another way.
            warnings.simplefilter("ignore", FutureWarning)
            return cost and _Quick(re.compile(expression, re.ASCII), *cost)
    except (re.error, RecursionError, OverflowError):
        return None


def _cost(expression: str) -> tuple[int, int] | None:
    """Passes and choices; None if a group is repeated."""
    # Without an anchor, each place of the text is a beginning.
    passes = int(not expression.startswith("^"))
    choices, before = 1, ""
    branches = [1]
    for element in _ELEMENT.finditer(expression):
        repeat = element["repeat"]
        if repeat is not None and _LAZY_OR_ONCE.fullmatch(repeat):
            choices *= 2
        elif repeat is not None:
            if before == ")":
                return None
            passes += not _EXACTLY.fullmatch(repeat)
        elif element[0].startswith("("):
            branches.append(1)
        elif element[0] == "|":
            branches[-1] += 1
        elif element[0] == ")" and len(branches) > 1:
            choices *= branches.pop()
        before = element[0]
    return max(1, passes), choices * branches[0]
