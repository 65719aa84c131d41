"""From a request's bytes to a checked :class:`Call`, or to words that name the place.

Source of rules and wordings: claude-api.md 3, 4 and 10.C.
"""

import re

import msgspec

from amq2api.errors import BadRequest

from .call import Call

__all__ = ["decode"]

_decode = msgspec.json.Decoder(Call).decode
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)


def decode(body: bytes, *, counting: bool = False) -> Call:
    try:
        return _decode(body)
    except msgspec.MsgspecError as exc:
        raise BadRequest(str(exc)) from exc
