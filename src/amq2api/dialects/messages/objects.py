"""JSON that the API leaves open: what is asked of it, wherever it stands."""

from collections.abc import Iterable
from typing import Any

from msgspec import Raw

from amq2api.errors import BadRequest

__all__ = ["check_depth", "check_object", "is_object"]

MOST_LEVELS = 200
"""Of values within values: what is read here is written again further down the stack, which
must not end there."""


def is_object(raw: Raw) -> bool:
    """Whether undecoded JSON is an object, and UTF-8.

    msgspec has checked its syntax and its escapes, so lone surrogates too. The UTF-8 of whole
    bodies would cost as much as the rest of all checks; what is not Raw, msgspec has read.
    """
    data = bytes(raw)
    if not data.startswith(b"{"):
        return False
    try:
        return data.isascii() or bool(str(data, "utf-8"))
    except UnicodeDecodeError:
        return False


def check_object(place: str, raw: Raw) -> None:
    """Refuse what is no object, or not UTF-8."""
    if is_object(raw):
        return
    if not bytes(raw).startswith(b"{"):
        raise BadRequest(f"{place}: Input should be an object")
    raise BadRequest(f"The request body is not valid JSON: {place} is not UTF-8")


def check_depth(place: str, value: Any) -> None:
    """Refuse decoded JSON that is nested too deeply to be written again."""
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return
    raise BadRequest(f"{place}: Input is nested too deeply")


def _within(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
