"""What the blocks of a conversation weigh: everything in them that a model reads, added up."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec.json import decode, encode

from amq2api.dialects import messages as m

from . import patches
from .amazonq.words import unsealed
from .tokenizer import NEWER, Tokenizer, weigh_all

__all__ = ["Tally"]

_PER_RESULT = 6
_PER_DOCUMENT = 12
# Twice as fast as ``in`` where other escapes are many, as in the code that tools are given.
_escaped = re.compile(r"\\u").search
_LARGE = 1 << 20  # characters of JSON beyond which its escapes count as they stand


class Tally:
    """Adds up one part of a call."""

    __slots__ = (
        "_texts", "_tokenizer", "counts_thoughts", "fixed", "images", "referenced", "tier",
    )  # fmt: skip

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._texts: list[str] = []
        self.tier = patches.HIGH if tokenizer is NEWER else patches.STANDARD
        self.fixed = 0.0
        self.images = 0.0
        self.referenced: set[str] = set()
        """Names of deferred tools that were brought into play."""
        self.counts_thoughts = True

    def text(self) -> float:
        """Everything but the images."""
        return self.fixed + weigh_all(self._texts, self._tokenizer)

    def say(self, text: str | None) -> None:
        if text:
            self._texts.append(text)

    def json(self, json: msgspec.Raw | bytes) -> None:
        text = str(json, "utf-8", "replace")
        self._texts.append(_unescaped(text) if _escaped(text) else text)

    def content(self, content: object) -> None:
        if isinstance(content, str):
            self._texts.append(content)
        elif isinstance(content, list):
            texts, text = self._texts, m.Text
            for block in content:
                if type(block) is text:
                    texts.append(block.text)
                else:
                    _READ.get(type(block), _other)(self, block)

    def call(self, name: str) -> None:
        self.fixed += self._tokenizer.per_call
        self._texts.append(name)


def _unescaped(text: str) -> str:
    """JSON with the characters that its escapes stand for, as a model reads it."""
    try:
        return text if len(text) > _LARGE else str(encode(decode(text)), "utf-8")
    except (msgspec.DecodeError, RecursionError):
        return text


def _tool_use(tally: Tally, block: m.ToolUse) -> None:
    tally.call(block.name)
    tally.json(block.input)


def _tool_result(tally: Tally, block: m.ToolResult) -> None:
    tally.fixed += _PER_RESULT
    tally.content(block.content)


def _thinking(tally: Tally, block: m.Thinking) -> None:
    if tally.counts_thoughts:
        tally.say(block.thinking)


def _redacted(tally: Tally, block: m.RedactedThinking) -> None:
    """Nobody knows."""


def _image(tally: Tally, block: m.Image) -> None:
    # What is not here in base64 counts as the largest that an image can be.
    tally.images += patches.of_image(getattr(block.source, "data", ""), tally.tier)


def _document(tally: Tally, block: m.Document) -> None:
    tally.fixed += _PER_DOCUMENT
    tally.say(block.title)
    tally.say(block.context)
    match block.source:
        case m.TextSource(data=text):
            tally.say(text)
        case m.ContentSource(content=content):
            tally.content(content)


def _search_result(tally: Tally, block: m.SearchResult) -> None:
    tally.fixed += _PER_DOCUMENT
    tally.say(block.source)
    tally.say(block.title)
    tally.content(block.content)


def _reference(tally: Tally, block: m.ToolReference) -> None:
    tally.referenced.add(block.tool_name)
    tally.say(block.tool_name)


def _server_tool_use(tally: Tally, block: m.ServerToolUse) -> None:
    tally.call(block.name or "")
    tally.json(encode(block.input))


def _found(tally: Tally, block: m.WebSearchToolResult) -> None:
    tally.fixed += _PER_RESULT
    for page in block.content if isinstance(block.content, list) else (block.content,):
        if not isinstance(page, dict):
            continue
        for name in ("title", "url", "page_age", "error_code"):
            tally.say(str(page.get(name) or ""))
        # What this gateway put there; another's stays behind.
        tally.say(unsealed(page.get("encrypted_content")))


def _other(tally: Tally, block: msgspec.Struct) -> None:
    """A block that no rule is known for, by its JSON."""
    tally.json(encode(block))


_Read: TypeAlias = Callable[[Tally, Any], None]
# By type, because a request of 150 KB has hundreds of blocks.
_READ: Mapping[type, _Read] = {
    m.ToolUse: _tool_use,
    m.ToolResult: _tool_result,
    m.Thinking: _thinking,
    m.RedactedThinking: _redacted,
    m.Image: _image,
    m.Document: _document,
    m.SearchResult: _search_result,
    m.ToolReference: _reference,
    m.ServerToolUse: _server_tool_use,
    m.WebSearchToolResult: _found,
}
