"""Tools that come with every call of a conversation, and so need not be read every time."""

from typing import TypeAlias

import msgspec

from .call import Tool

__all__ = ["SharedTools", "read_tools"]

_MOST = 32
_LONGEST = 128 * 1024  # bytes of JSON; with _MOST of them, what is kept at most


class SharedTools(list[Tool]):
    """Tools that later calls may share, so that what was made of them can be kept with them.

    Not to be changed. Of any other list nothing is to be kept: it may hold on to megabytes.
    """

    sound = False
    """Whether they have been checked, and nothing was wrong."""


_Key: TypeAlias = tuple[int, bytes]

_decode = msgspec.json.Decoder(list[Tool] | None).decode
_shelf: dict[_Key, tuple[bytes, SharedTools]] = {}


def read_tools(json: bytes) -> list[Tool] | None:
    """The tools that stand in *json*, which may be empty; where it came before, the same list.

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
    if tools is None or len(json) > _LONGEST:
        return tools
    if len(_shelf) >= _MOST:
        # Large calls are read in threads: another may be here as well.
        _shelf.pop(next(iter(list(_shelf))), None)
    shared = SharedTools(tools)
    _shelf[key] = json, shared
    return shared
