"""msgspec's complaints in the API's words: a dotted path, then the reason.

Source of paths and wordings: claude-api.md 3. Where several kinds of a thing may stand, the kind
that the caller chose is a step of the path: ``messages.0.content.1.tool_use.id``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec

from .call import Call, Tool, kind_of

__all__ = ["LONGEST_ECHO", "explain", "unknown_tag"]

LONGEST_ECHO = 64  # characters of the caller's own words repeated in a message

_Types: TypeAlias = list[Any]
_PLACE = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_hints = cache(get_type_hints)


class _Place:
    """Where in a request a fault is."""

    def __init__(self, steps: list[str], body: Any) -> None:
        self._steps = steps
        self._body = body

    def __str__(self) -> str:
        """The path as the API tells it, empty for the whole request."""
        return ".".join(self._walk()[0])

    @property
    def types(self) -> _Types:
        """What a :class:`Call` may hold here, unions taken apart."""
        return self._walk()[1]

    @property
    def parent(self) -> "_Place":
        return _Place(self._steps[:-1], self._body)

    def _walk(self) -> tuple[list[str], _Types]:
        told: list[str] = []
        types, value = [Call], self._body
        for step in self._steps:
            told.append(step)
            types, value = _stepped(types, step), _member(value, step)
            if (chosen := _chosen(types, value)) is not None:
                tag, types = chosen
                told.append(tag)
        return told, types


def explain(complaint: str, body: Any) -> str:
    """The API's words for *complaint*, msgspec's about *body*, which is the JSON decoded.

    A *body* that is not known (None) costs the path the kinds that were chosen.
    """
    found = _PLACE.fullmatch(complaint)
    reason, at = found.groups() if found else (complaint, "")
    place = _Place([name or index for name, index in _STEP.findall(at)], body)
    for pattern, words in REASONS.items():
        if match := re.fullmatch(pattern, reason, re.DOTALL):
            return words(place, match[1])
    return _at(str(place), reason)


def unknown_tag(place: str, tag: str, expected: Iterable[str]) -> str:
    """*tag* may be of any length; *expected* is told in the order of the alphabet."""
    return _at(
        place,
        f"Input tag '{tag[:LONGEST_ECHO]}' found using 'type' does not match any of the "
        f"expected tags: {', '.join(map(_quoted, sorted(set(expected))))}",
    )


def _at(place: str, reason: str) -> str:
    return f"{place or 'The request body'}: {reason}"


def _missing(place: _Place, field: str) -> str:
    told = str(place)
    return _at(f"{told}.{field}" if told else field, "Field required")


def _wrong_kind(place: _Place, kind: str) -> str:
    return _at(str(place), f"Input should be {_KINDS.get(kind, kind)}")


def _wrong_tag(place: _Place, tag: str) -> str:
    tags = list(dict.fromkeys(filter(None, map(_tag, place.parent.types))))
    if len(tags) == 1:
        # Where there is no choice the API takes the type for a member like any other.
        return _at(str(place), f"Input should be {_quoted(tags[0])}")
    return unknown_tag(str(place.parent), tag, tags)


def _unknown_option(place: _Place, _: str) -> str:
    literals = filter(_is_literal, place.types)
    values = dict.fromkeys(_quoted(value) for kind in literals for value in get_args(kind))
    *most, last = values or ("one of the documented values",)
    return _at(str(place), f"Input should be {' or '.join(filter(None, [', '.join(most), last]))}")


def _out_of_range(place: _Place, _: str) -> str:
    return _at(str(place), "Input should be a finite number")


def _quoted(value: str) -> str:
    return f"'{value}'"


_KINDS = {
    "int": "a valid integer",
    "float": "a valid number",
    "str": "a valid string",
    "bool": "a valid boolean",
    "array": "a valid array",
    "object": "an object",
    "str | array": "a valid string or a valid array",
}

REASONS: Mapping[str, Callable[[_Place, str], str]] = {
    r"Object missing required field `(.*)`": _missing,
    r"Expected `(.*?)(?: \| null)?`(?:, got `.*`)?": _wrong_kind,
    r"Invalid value '(.*)'": _wrong_tag,
    r"Invalid enum value (.*)": _unknown_option,
    r"(Number|Integer value) out of range": _out_of_range,
}
"""What msgspec says of a JSON value that is not a :class:`Call`, and how we say it.

msgspec has no structured errors; a test walks every kind of fault through this table.
"""


def _stepped(types: _Types, step: str) -> _Types:
    return [part for kind in types for inner in _inside(kind, step) for part in _parts(inner)]


def _inside(kind: Any, step: str) -> Iterable[Any]:
    if _is_struct(kind):
        hints = _hints(kind)
        return [hints[step]] if step in hints else []
    return get_args(kind) if get_origin(kind) is list else ()


def _parts(kind: Any) -> Iterable[Any]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _tag(kind: Any) -> str | None:
    return kind.__struct_config__.tag if _is_struct(kind) else None


def _member(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


def _chosen(types: _Types, value: Any) -> tuple[str, _Types] | None:
    """Which of several kinds *value* says it is, and what is left of *types* then."""
    if not isinstance(value, dict):
        return None
    if types == [Tool]:
        return kind_of(value.get("type"))[:LONGEST_ECHO], types
    tags = {tag: kind for kind in types if (tag := _tag(kind)) is not None}
    tag = value.get("type")
    if len(tags) < 2 or not isinstance(tag, str) or tag not in tags:
        return None
    return tag, [tags[tag]]
