"""Content blocks read for a service that has texts, images, tool uses and results, no more.

Texts stay as they are, byte for byte. What the service has no member for becomes text made of
the client's own words: a document its title and text, a server tool's block its JSON.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest

from .changes import Changes
from .fidelity import Ledger, row_of
from .names import Names

__all__ = ["Piece", "Reader", "image", "is_blank", "kind"]

Piece: TypeAlias = str | m.Image | m.ToolUse | m.ToolResult | m.Thinking | m.RedactedThinking

_AS_IT_IS = frozenset({m.Image, m.ToolUse, m.ToolResult, m.Thinking, m.RedactedThinking})
# Of a call that is only shown (relay/material.py leaves links alone then).
_ELSEWHERE = "what lies elsewhere is fetched only when the call is made"
_FORMATS: dict[str, q.ImageFormat] = {
    "image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp",
}  # fmt: skip


class Reader:
    """Reads the blocks of one conversation and remembers what they change of its tools.

    Args:
        declared: Names of the call's tools.
    """

    def __init__(self, names: Names, ledger: Ledger, declared: Collection[str] = ()) -> None:
        self._names = names
        self._ledger = ledger
        self.changes = Changes(declared)

    def pieces(self, content: str | Sequence[m.Block | m.ResultBlock]) -> list[Piece]:
        """What a message or a tool result says, in order."""
        if isinstance(content, str):
            return [content]
        made: list[Any] = []
        text, as_it_is = m.Text, _AS_IT_IS
        for block in content:
            if type(block) is text:
                if block.citations:
                    self._ledger.dropped("citations")
                made.append(block.text)
            elif type(block) in as_it_is:
                made.append(block)
            else:
                made += self._retold(block)
        return made

    def _retold(self, block: m.Block | m.ResultBlock) -> Iterator[Piece]:
        self._ledger.approximated(row_of(kind(block)))
        match block:
            case m.Document(source=source):
                self._uncited(block)
                yield from self._document(source, _given(block.title, block.context))
            case m.SearchResult(content=content):
                self._uncited(block)
                texts = [piece for piece in self.pieces(content) if isinstance(piece, str)]
                yield _lines([*_given(block.title, block.source), *texts])
            case m.ToolReference(tool_name=name):
                self.changes.refer(name)
                # The name the model has to call it by.
                yield self._names.upstream(name)
            case _:
                if not (isinstance(block, m.Echo) and self.changes.heed(block)):
                    yield msgspec.json.encode(block).decode()

    def _uncited(self, block: m.Document | m.SearchResult) -> None:
        if isinstance(block.citations, dict) and block.citations.get("enabled"):
            self._ledger.dropped("citations")

    def _document(self, source: m.DocumentSource, label: list[str]) -> Iterator[Piece]:
        match source:
            case m.TextSource(data=text) | m.ContentSource(content=str(text)):
                yield _lines([*label, text])
            case m.ContentSource(content=list(parts)):
                if label:
                    yield _lines(label)
                yield from self.pieces(parts)
            case _:
                raise BadRequest(f"document.source: {_ELSEWHERE}")


def image(block: m.Image) -> q.Image:
    source = block.source
    if not isinstance(source, m.Base64Source):
        raise BadRequest(f"image.source: {_ELSEWHERE}")
    return q.Image(_FORMATS[source.media_type], q.ImageBytes(source.data))


def kind(block: Piece | m.Block | m.ResultBlock | m.Echo) -> str:
    """The ``type`` of a block on the wire; a bare string is a text."""
    return "text" if isinstance(block, str) else str(block.__struct_config__.tag)


def is_blank(text: str) -> bool:
    return not text or text.isspace()


def _given(*label: str | None) -> list[str]:
    return [part for part in label if part]


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)
