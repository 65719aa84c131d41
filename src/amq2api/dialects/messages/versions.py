"""What the newer API version refuses that ``2023-06-01`` takes (claude-api.md 0.2 item 3).

The API's own words about documents and citations are not known (claude-api.md, appendix B 7):
these are made like its others.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from amq2api.errors import BadRequest

from .blocks import ContentSource, Document, SearchResult, Text, ToolResult
from .call import Call, Message

__all__ = ["NEWER", "check_newer"]

NEWER = "2026-10-21"
_SAMPLING = ("temperature", "top_p", "top_k")
_EXTRA = "Extra inputs are not permitted"


def check_newer(call: Call) -> None:
    for name in _SAMPLING:
        if getattr(call, name) is not None:
            raise BadRequest(f"{name}: {_EXTRA}")
    # Nearly every call has nothing of the kind, and to see that is cheaper than to say where.
    if any(isinstance(m.content, list) and _is_suspicious(m.content) for m in call.messages):
        _check_messages(call.messages)


def _is_suspicious(blocks: Iterable[object]) -> bool:
    for block in blocks:
        if isinstance(block, Text):
            if block.citations:
                return True
        elif isinstance(block, ToolResult):
            if isinstance(block.content, list) and _is_suspicious(block.content):
                return True
        elif type(block) in _LOOKS:
            return True
    return False


def _check_messages(messages: Iterable[Message]) -> None:
    for i, message in enumerate(messages):
        if not isinstance(message.content, list):
            continue
        if message.role == "user":
            _check_cited(f"messages.{i}.content", message.content)
        elif any(isinstance(block, Document) for block in message.content):
            raise BadRequest(f"messages.{i}: `document` blocks can only be in `user` messages")


def _check_cited(place: str, blocks: Iterable[object]) -> None:
    for k, block in enumerate(blocks):
        if (look := _LOOKS.get(type(block))) is not None:
            look(f"{place}.{k}", block)


def _check_text(place: str, block: Text) -> None:
    if block.citations:
        raise BadRequest(f"{place}.text.citations: {_EXTRA}")


def _check_search_result(place: str, block: SearchResult) -> None:
    for k, text in enumerate(block.content):
        if text.citations:
            raise BadRequest(f"{place}.search_result.content.{k}.citations: {_EXTRA}")


def _check_tool_result(place: str, block: ToolResult) -> None:
    if isinstance(block.content, list):
        _check_cited(f"{place}.tool_result.content", block.content)


def _check_document(place: str, block: Document) -> None:
    match block.source:
        case ContentSource(content=list(inner)):
            _check_cited(f"{place}.document.source.content.content", inner)


_LOOKS: Mapping[type[object], Callable[[str, Any], None]] = {
    Text: _check_text,
    SearchResult: _check_search_result,
    ToolResult: _check_tool_result,
    Document: _check_document,
}
