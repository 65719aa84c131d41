"""From a request's bytes to a checked :class:`Call`, or to words that name the place.

Source of rules and wordings: claude-api.md 3, 4 and 10.C.
"""

import re
from typing import Any

import msgspec

from amq2api.errors import BadRequest

from .call import Call, Message
from .checks import check
from .faults import explain
from .needs import name_web_search
from .toolshelf import read_tools
from .versions import NEWER, check_newer

__all__ = ["decode", "unknown_fields"]

_LARGE = 8 * 1024 * 1024
"""Bytes of a body whose messages are read one by one. It takes half as long again, but while all
of it is read at once no other thread runs, and every stream waits: some ten milliseconds here."""

# As most calls are: without members that nobody knows, which a Call does not tell. Its tools are
# left as they are, and messages, too, where that is meant.
_Plain: Any = msgspec.defstruct(
    "Call", [("tools", msgspec.Raw, msgspec.Raw())],
    bases=(Call,), frozen=True, kw_only=True, forbid_unknown_fields=True,
)  # fmt: skip
_Large: Any = msgspec.defstruct(
    "Call", [("messages", list[msgspec.Raw])],
    bases=(_Plain,), frozen=True, kw_only=True, forbid_unknown_fields=True,
)  # fmt: skip
_decode_plain = msgspec.json.Decoder(_Plain).decode
_decode_large = msgspec.json.Decoder(_Large).decode
_decode_message = msgspec.json.Decoder(Message).decode
_decode = msgspec.json.Decoder(Call).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN = frozenset(Call.__struct_fields__)
_put = msgspec.structs.force_setattr
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
        return _read_apart(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass  # Something unknown may be all that is wrong; and words come from the whole.
    try:
        return _decode(body)
    except msgspec.ValidationError:
        pass  # The body is read again from here on: that it is no JSON would weigh more.
    try:
        return _decode(_with_whole_numbers(body))
    except msgspec.ValidationError as exc:
        raise BadRequest(explain(str(exc), _value(body))) from exc


def _read_apart(body: bytes) -> Call:
    call: Call
    if len(body) > _LARGE:
        call = _decode_large(body)
        messages: Any = call.messages
        _put(call, "messages", [_decode_message(message) for message in messages])
    else:
        call = _decode_plain(body)
    tools: Any = call.tools
    _put(call, "tools", read_tools(bytes(tools)))
    return call


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


def unknown_fields(body: bytes, call: Call | None = None) -> tuple[str, ...]:
    """Names of top-level fields that no :class:`Call` knows, from a body that ``decode`` took,
    which saves looking for them if it is given the *call* that came of it.

    A name that is not made of letters, digits, ``_``, ``.`` and ``-`` is given as ``?``: notes
    go into a log line and a response header.
    """
    if isinstance(call, _Plain):
        return ()
    try:
        strange = [name for name in _members(body) if name not in _KNOWN]
    except (UnicodeDecodeError, RecursionError):
        return ("?",)
    return tuple(dict.fromkeys(n if _PLAIN_NAME.fullmatch(n) else "?" for n in strange))
