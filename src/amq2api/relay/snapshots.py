"""Numbers of a process as plain data, and what those of several come to."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from .families import BY_NAME

Value: TypeAlias = float | list[float]
"""Of a histogram the observations in each bucket, one beyond the last bound, and their sum."""
Row: TypeAlias = tuple[str, Sequence[str], Value]
"""A family's name, the values of its labels, and the number."""
Snapshot: TypeAlias = list[Row]


def merged(snapshots: Iterable[Sequence[Sequence[Any]]]) -> Snapshot:
    """The numbers of several processes as one's. Rows may come as JSON has them."""
    found: dict[tuple[str, tuple[str, ...]], Value] = {}
    for name, labels, value in (row for snapshot in snapshots for row in snapshot):
        key = (name, tuple(labels))
        found[key] = _together(BY_NAME[name].together, found[key], value) if key in found else value
    return [(name, labels, value) for (name, labels), value in found.items()]


def lasting(snapshot: Sequence[Sequence[Any]]) -> Snapshot:
    """What stays true of a process that is gone: a counter never falls."""
    return [
        (name, tuple(labels), value)
        for name, labels, value in snapshot
        if BY_NAME[name].kind != "gauge"
    ]


def _together(how: str, one: Value, other: Value) -> Value:
    if isinstance(one, list) and isinstance(other, list):
        return [mine + theirs for mine, theirs in zip(one, other, strict=True)]
    assert not isinstance(one, list)
    assert not isinstance(other, list)
    return one + other if how == "sum" else max(one, other) if how == "max" else min(one, other)
