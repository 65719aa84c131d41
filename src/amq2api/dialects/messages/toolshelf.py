"""Tools that come with every call of a conversation, and so need not be read every time."""

from typing import TypeAlias

import msgspec

from .call import Tool

__all__ = ["read_tools"]

_MOST = 32
_LONGEST = 128 * 1024  # bytes of JSON; with _MOST of them, what is kept at most

_Key: TypeAlias = tuple[int, bytes]

_decode = msgspec.json.Decoder(list[Tool] | None).decode
_shelf: dict[_Key, tuple[bytes, list[Tool]]] = {}


def read_tools(json: bytes) -> list[Tool] | None:
    """The tools that stand in *json*, which may be empty. Where it came before, the very same
    list, which nobody is to change, so that what was made of it can be found again.

    Raises:
        msgspec.ValidationError: they are no tools.
    """
    if not json:
        return None
    # Some of the bytes tell lists apart in a fraction of the time that a hash takes; the
    # comparison decides.
    key = (len(json), json[:: len(json) // 64 + 1])
    if (known := _shelf.get(key)) is not None and known[0] == json:
        return known[1]
    tools: list[Tool] | None = _decode(json)
    if tools is not None and len(json) <= _LONGEST:
        if len(_shelf) >= _MOST:
            del _shelf[next(iter(_shelf))]
        _shelf[key] = json, tools
    return tools
