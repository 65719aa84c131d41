"""JSON documents in what a model says, as it says it."""

import json
import re
from typing import Any, NamedTuple

__all__ = ["Document", "decode", "documents"]

# Where a document may begin that is more than one word of prose in brackets.
_OPENING = re.compile(r"""\{\s*["}]|\[\s*(?:["{\[\]]|-?[0-9]|true|false|null)""")
_FENCE = "```"


class Document(NamedTuple):
    """JSON as it was written, and what it says."""

    text: str
    value: Any


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)
decode = _decoder.decode
"""One document. Raises ValueError, and RecursionError where it is too deep."""


def documents(text: str) -> list[Document]:
    """The JSON documents in *text* with their values; none if one of them is broken."""
    whole = text.strip()
    for candidate in (whole, _unfenced(whole)):
        if candidate:
            try:
                value = decode(candidate)
            except (ValueError, RecursionError):
                continue
            # A document in quotation marks is a string, too; which was meant, the schema knows.
            inside = _scattered(candidate) if isinstance(value, str) else []
            return [*inside, Document(candidate, value)]
    return _scattered(text)


def _unfenced(text: str) -> str:
    if not (text.startswith(_FENCE) and text.endswith(_FENCE)):
        return ""
    return text.removesuffix(_FENCE).partition("\n")[2].strip()


def _scattered(text: str) -> list[Document]:
    found: list[Document] = []
    at = 0
    while opening := _OPENING.search(text, at):
        start = opening.start()
        try:
            value, at = _decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            # It began as JSON: a smaller document inside it is not the answer.
            return []
        found.append(Document(text[start:at], value))
    return found
