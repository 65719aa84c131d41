"""What a client's request says, read from its JSON."""

import base64
import json
import re
from collections.abc import Iterator
from string import Formatter
from typing import Any

from amq2api.bridge.amazonq import words
from amq2api.bridge.amazonq.names import Names
from bridge.conversations import Json
from laws.upstream import strings

__all__ = ["OURS", "blocks", "client_words", "image_data", "made_of", "sound"]

OURS = (
    frozenset(
        piece
        for sentence in words.ALL - {words.MARKER_SIGNATURE}
        for piece, *_ in Formatter().parse(sentence)
    )
    | frozenset('\n0123456789{}[]":,+-.e')
    | {"true", "false", "null"}
)
"""The program's words, separators, numbers that are filled in, and what holds JSON together."""


def blocks(body: Json) -> Iterator[Json]:
    """The blocks of all messages, not those inside of others."""
    for message in body["messages"]:
        if isinstance(message.get("content"), list):
            yield from message["content"]


def image_data(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "base64":
            yield value["data"]
        for inner in value.values():
            yield from image_data(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from image_data(inner)


def sound(value: Any) -> Any:
    """A tool's input as far as it is the client's: an empty key of it may be another upstream."""
    if isinstance(value, list):
        return [sound(inner) for inner in value]
    if isinstance(value, dict):
        return [(re.sub("^(_[0-9a-f]{8})?$", "_", k), sound(inner)) for k, inner in value.items()]
    return value


def client_words(body: Json) -> frozenset[str]:
    """Everything a client said, as it is and as JSON has it, its keys and its tools' names."""
    said = {*strings(body), *_keys(body), "web_search"}  # which need not be named
    said |= {_opened(text) for text in list(said)}
    names = Names(tool.get("name", "web_search") for tool in body.get("tools") or ())
    said |= {names.upstream(text) for text in list(said) if len(text) < 200}
    said |= {json.dumps(text, ensure_ascii=False)[1:-1] for text in list(said)}
    said |= {json.dumps(text)[1:-1] for text in list(said)}
    for text in [text for text in said if len(text) > 5_000]:
        # Where a description is cut: 10 000 units of one or two.
        said |= {part for at in (5_000, 9_999, 10_000) for part in (text[:at], text[at:])}
    return frozenset(said)


def _opened(text: str) -> str:
    """What the program sealed for a client to keep (a page's excerpt), else nothing."""
    try:
        return base64.b64decode(text, validate=True).removeprefix(words.MARK).decode()
    except ValueError:
        return ""


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _keys(inner)


def made_of(text: str, pieces: frozenset[str]) -> bool:
    """Whether *text* is nothing but *pieces*, one after the other."""
    usable = [piece for piece in pieces if piece and piece in text]
    reached = {0}
    for at in range(len(text)):
        if at in reached:
            reached.update(at + len(piece) for piece in usable if text.startswith(piece, at))
    return len(text) in reached
