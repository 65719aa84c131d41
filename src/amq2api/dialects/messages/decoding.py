"""From a request's bytes to a checked :class:`Call`, or to words that name the place.

Source of rules and wordings: claude-api.md 3, 4 and 10.C.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec

from amq2api.errors import BadRequest

from .call import Call
from .checks import LONGEST_ECHO, check
from .needs import name_web_search

__all__ = ["decode", "unknown_fields"]

_Path: TypeAlias = list[str]

_decode = msgspec.json.Decoder(Call).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN = frozenset(Call.__struct_fields__)
_WHOLE = frozenset({"max_tokens", "top_k"})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_hints = cache(get_type_hints)
_PLACE = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def decode(
    body: bytes,
    *,
    counting: bool = False,
    betas: frozenset[str] = frozenset(),
    version: str = "",
) -> Call:
    """Read and check one request; raises :exc:`BadRequest` and nothing else.

    Args:
        counting: Whether tokens are to be counted only, which needs no ``max_tokens``.
        betas: The values of ``anthropic-beta``.
        version: The value of ``anthropic-version``; one that is missing or not known here is
            judged as ``2023-06-01``.
    """
    try:
        call = _read(body)
    except msgspec.ValidationError as exc:
        raise BadRequest(explain(str(exc))) from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadRequest(f"The request body is not valid JSON: {exc}") from exc
    except RecursionError as exc:
        raise BadRequest("The request body is not valid JSON: it is nested too deeply") from exc
    name_web_search(call)
    check(call, counting=counting, betas=betas, version=version)
    return call


def _read(body: bytes) -> Call:
    try:
        return _decode(body)
    except msgspec.ValidationError:
        if (same := _with_whole_numbers(body)) is None:
            raise
        return _decode(same)


def _with_whole_numbers(body: bytes) -> bytes | None:
    """The same request with 256 where it says 256.0, which to JSON is one number; None if it
    does not say so anywhere.
    """
    members, changed = _members(body), False
    for name in _WHOLE.intersection(members):
        value = msgspec.json.decode(members[name])
        if isinstance(value, float) and value.is_integer():
            members[name], changed = msgspec.Raw(b"%d" % int(value)), True
    return msgspec.json.encode(members) if changed else None


def unknown_fields(body: bytes) -> tuple[str, ...]:
    """Names of top-level fields that no :class:`Call` knows, from a body that ``decode`` took.

    A name that is not made of letters, digits, ``_``, ``.`` and ``-`` is given as ``?``: notes
    go into a log line and a response header.
    """
    try:
        strange = [name for name in _members(body) if name not in _KNOWN]
    except (UnicodeDecodeError, RecursionError):
        return ("?",)
    return tuple(dict.fromkeys(n if _PLAIN_NAME.fullmatch(n) else "?" for n in strange))


def explain(complaint: str) -> str:
    """Turn msgspec's words into the API's: a dotted path, then the reason."""
    place = _PLACE.fullmatch(complaint)
    reason, at = place.groups() if place else (complaint, "")
    path = [name or index for name, index in _STEP.findall(at)]
    for pattern, words in REASONS.items():
        if match := re.fullmatch(pattern, reason, re.DOTALL):
            return words(path, match[1])
    return _at(path, reason)


def _at(path: _Path, reason: str) -> str:
    return f"{'.'.join(path)}: {reason}" if path else f"The request body: {reason}"


def _missing(path: _Path, field: str) -> str:
    return _at([*path, field], "Field required")


def _wrong_kind(path: _Path, kind: str) -> str:
    return _at(path, f"Input should be {_KINDS.get(kind, kind)}")


def _unknown_tag(path: _Path, tag: str) -> str:
    *path, field = path
    tags = [kind.__struct_config__.tag for kind in _expected(path) if _is_struct(kind)]
    return _at(
        path,
        f"Input tag '{tag[:LONGEST_ECHO]}' found using '{field}' does not match any of the "
        f"expected tags: {', '.join(_quoted(tags))}",
    )


def _unknown_option(path: _Path, _: str) -> str:
    options = [kind for kind in _expected(path) if get_origin(kind) is Literal]
    *most, last = _quoted(value for kind in options for value in get_args(kind))
    return _at(path, f"Input should be {', '.join(most)} or {last}")


def _out_of_range(path: _Path, _: str) -> str:
    return _at(path, "Input should be a finite number")


def _quoted(values: Iterable[str]) -> list[str]:
    return [f"'{value}'" for value in dict.fromkeys(values)]


_KINDS = {
    "int": "a valid integer",
    "float": "a valid number",
    "str": "a valid string",
    "bool": "a valid boolean",
    "array": "a valid list",
    "object": "an object",
    "str | array": "a valid string or a valid list",
}

REASONS: Mapping[str, Callable[[_Path, str], str]] = {
    r"Object missing required field `(.*)`": _missing,
    r"Expected `(.*?)(?: \| null)?`(?:, got `.*`)?": _wrong_kind,
    r"Invalid value '(.*)'": _unknown_tag,
    r"Invalid enum value (.*)": _unknown_option,
    r"(Number|Integer value) out of range": _out_of_range,
}
"""What msgspec says of a JSON value that is not a :class:`Call`, and how we say it.

msgspec has no structured errors; a test walks every kind of fault through this table.
"""


def _expected(path: _Path) -> list[Any]:
    """The types that a :class:`Call` may hold at *path*, unions taken apart.

    Where siblings of a union share a field name, all of them count.
    """
    here: list[Any] = [Call]
    for step in path:
        here = [part for kind in here for inner in _inside(kind, step) for part in _parts(inner)]
    return here


def _inside(kind: Any, step: str) -> Iterable[Any]:
    if _is_struct(kind):
        hints = _hints(kind)
        return [hints[step]] if step in hints else []
    return get_args(kind) if get_origin(kind) is list else ()


def _parts(kind: Any) -> Iterable[Any]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
