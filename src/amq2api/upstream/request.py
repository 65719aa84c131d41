"""A request's head in bytes. What does not belong into one is refused, never written."""

import re
from collections.abc import Mapping
from functools import lru_cache

from amq2api.errors import ProtocolError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
_TARGET = re.compile(r"[!-\"$-~]+")
_METHOD = re.compile(r"[A-Z]+")
# Ours to write: a second one could part the request in two (RFC 9112 11.2).
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "te"})

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def head(method: str, target: str, lines: str, headers: Mapping[str, str], length: int) -> bytes:
    """Everything before the body.

    Args:
        lines: Header lines, the host's among them.
        length: Of the body, in bytes.

    Raises:
        ProtocolError: something of it holds what would end it early.
    """
    line = _line(method, target)
    block = _template(tuple(headers)) % tuple(headers.values())
    ends = len(headers)
    if block.count("\n") != ends or block.count("\r") != ends or "\0" in block:
        raise ProtocolError("a header of the request holds a line's end")
    size = f"content-length: {length}\r\n" if length or method in _WITH_BODY else ""
    try:
        return f"{line}{lines}{block}{size}\r\n".encode()
    except UnicodeEncodeError:
        raise ProtocolError("a header of the request is no text") from None


@lru_cache(maxsize=64)
def _line(method: str, target: str) -> str:
    if not (_METHOD.fullmatch(method) and _TARGET.fullmatch(target)):
        raise ProtocolError("the request's method or address cannot be written")
    return f"{method} {target} HTTP/1.1\r\n"


@lru_cache(maxsize=64)
def _template(names: tuple[str, ...]) -> str:
    """Checked names, with room for their values: the same ones come again with each request."""
    for name in names:
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise ProtocolError("a header's name cannot be written")
    return "".join(f"{name.replace('%', '%%')}: %s\r\n" for name in names)
