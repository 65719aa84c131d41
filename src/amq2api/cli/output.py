"""What commands write for programs, and how text of others' making is made safe to show.

With ``--json`` standard output holds the result as JSON, or nothing; a failure is one line on
standard error, ``{"error": {"type": …, "message": …}}``, with the types of the admin API. The
exit status says which it was.
"""

import json
import unicodedata
from typing import Any

import msgspec
import typer

from amq2api.admin import envelope
from amq2api.errors import GatewayError

_JOINER = "\u200d"  # holds the parts of one emoji together


def say_json(value: Any) -> None:
    """*value* on standard output, indented: people look at it, too."""
    typer.echo(_json(value, indent=2))


def say_json_line(value: Any, *, err: bool = False) -> None:
    """*value* on a line of its own: for what goes on running, or has several things to say."""
    typer.echo(_json(value), err=err)


def failure(exc: Exception, kind: str = "") -> dict[str, Any]:
    """The ``error`` of *exc*: its kind, its words, and the place at fault if it knows one."""
    if isinstance(exc, GatewayError):
        kind = envelope.row(exc).type
    places = {name: getattr(exc, name, None) for name in ("field", "line", "column")}
    return {
        "type": kind,
        "message": str(exc) or kind.replace("_", " "),
        **{name: place for name, place in places.items() if place is not None},
    }


def visible(text: str) -> str:
    """*text* without anything a terminal would obey, or that would hide from the eye."""
    return "".join(c if _is_visible(c) else _escaped(c) for c in text)


def _is_visible(c: str) -> bool:
    return c.isprintable() or c == _JOINER or unicodedata.category(c) == "Zs"


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode()


def _json(value: Any, indent: int | None = None) -> bytes:
    plain = msgspec.to_builtins(value)
    try:
        return json.dumps(plain, indent=indent, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair has no place in UTF-8
        return json.dumps(plain, indent=indent).encode()
