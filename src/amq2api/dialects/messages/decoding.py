"""From a request's bytes to a checked :class:`Call`, or to words that name the place.

Source of rules and wordings: claude-api.md 3, 4 and 10.C.
"""

import re
from typing import Any

import msgspec

from amq2api.errors import BadRequest

from .call import Call
from .checks import check
from .faults import explain
from .needs import name_web_search
from .versions import NEWER, check_newer

__all__ = ["decode", "unknown_fields"]

_decode = msgspec.json.Decoder(Call).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN = frozenset(Call.__struct_fields__)
_WHOLE = frozenset({"max_tokens", "top_k"})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


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
        name_web_search(call)
        if version == NEWER:
            check_newer(call)
        check(call, counting=counting, betas=betas)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadRequest(f"The request body is not valid JSON: {exc}") from exc
    except RecursionError as exc:
        raise BadRequest("The request body is not valid JSON: it is nested too deeply") from exc
    return call


def _read(body: bytes) -> Call:
    try:
        return _decode(body)
    except msgspec.ValidationError:
        pass  # The body is read again from here on: that it is no JSON would weigh more.
    try:
        return _decode(_with_whole_numbers(body))
    except msgspec.ValidationError as exc:
        raise BadRequest(explain(str(exc), _value(body))) from exc


def _value(body: bytes) -> Any:
    """The body's JSON, None if a number in it is beyond all numbers."""
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError:
        return None


def _with_whole_numbers(body: bytes) -> bytes:
    """The same request with 256 where it says 256.0, which to JSON is one number."""
    members, changed = _members(body), False
    for name in _WHOLE.intersection(members):
        value = _value(bytes(members[name]))
        if isinstance(value, float) and value.is_integer():
            members[name], changed = msgspec.Raw(b"%d" % int(value)), True
    return msgspec.json.encode(members) if changed else body


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
