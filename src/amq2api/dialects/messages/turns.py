"""What a conversation must satisfy: its turns, their blocks, the media in these.

Source: claude-api.md 3.3 and 4. Pairs of tool calls and results, empty turns and the order
of roles are put right by the bridge and not judged here.
"""

from binascii import a2b_base64
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Raw, Struct

from amq2api.errors import BadRequest

from .blocks import (
    Base64Source,
    Block,
    ContentSource,
    Document,
    FileSource,
    Image,
    RedactedThinking,
    ResultBlock,
    SearchResult,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from .call import Message, Role
from .media import SNIFFED, sniff

__all__ = ["check_messages", "check_object"]

MOST_MESSAGES = 100_000
MOST_IMAGE_BYTES = 10 * 1024 * 1024

_HOMES: Mapping[type[Struct], tuple[Role, ...]] = {
    ToolUse: ("assistant",),
    Thinking: ("assistant",),
    RedactedThinking: ("assistant",),
    ToolResult: ("user",),
    Image: ("user",),
    SearchResult: ("user",),
    # An assistant's documents are legal under anthropic-version 2023-06-01 (claude-api.md 0.2).
    Document: ("user", "assistant"),
}
_FORMATS = {f"image/{kind}": kind for kind in ("jpeg", "png", "gif", "webp")}
_MEDIA_TYPES = "'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
_PDF = "application/pdf"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def check_messages(messages: list[Message], *, cites: bool = True) -> None:
    """Refuse a conversation that cannot be held; the error names the first place at fault.

    Args:
        cites: Whether an assistant may hold documents and a user's texts citations, as under
            ``anthropic-version: 2023-06-01``.
    """
    if not messages:
        raise BadRequest("messages: at least one message is required")
    if len(messages) > MOST_MESSAGES:
        raise BadRequest(
            f"messages: List should have at most {MOST_MESSAGES} items, not {len(messages)}"
        )
    said = False
    for i, message in enumerate(messages):
        said |= _check_message(i, message)
    if not said:
        raise BadRequest("messages: text content blocks must be non-empty")
    if next((m.role for m in messages if m.role != "system"), "user") == "assistant":
        raise BadRequest('messages: first message must use the "user" role')
    _check_prefill(messages[-1])
    if not cites:
        _check_citations(messages)


def _check_citations(messages: list[Message]) -> None:
    for i, message in enumerate(messages):
        for j, block in enumerate(message.content if isinstance(message.content, list) else ()):
            place = f"messages.{i}.content.{j}"
            if isinstance(block, Document) and message.role == "assistant":
                raise BadRequest(f"{place}: `document` blocks can only be in `user` messages")
            if isinstance(block, Text) and message.role == "user" and block.citations:
                raise BadRequest(f"{place}.text.citations: Extra inputs are not permitted")
            if isinstance(block, SearchResult):
                _check_uncited(f"{place}.search_result.content", block.content)


def _check_uncited(place: str, texts: list[Text]) -> None:
    for k, text in enumerate(texts):
        if text.citations:
            raise BadRequest(f"{place}.{k}.text.citations: Extra inputs are not permitted")


def check_object(place: str, raw: Raw) -> None:
    """Refuse undecoded JSON that is no object, or not UTF-8.

    msgspec has checked its syntax and its escapes, so lone surrogates too. The UTF-8 of whole
    bodies would cost as much as the rest of all checks; what is not Raw, msgspec has read.
    """
    data = bytes(raw)
    if not data.startswith(b"{"):
        raise BadRequest(f"{place}: Input should be an object")
    if data.isascii():
        return
    try:
        str(data, "utf-8")
    except UnicodeDecodeError as exc:
        raise BadRequest(f"The request body is not valid JSON: {place} is not UTF-8") from exc


def _check_message(i: int, message: Message) -> bool:
    """Whether the message says anything at all."""
    content = message.content
    if isinstance(content, str):
        return _says(content)
    if not isinstance(content, list):
        if message.role != "system":
            raise BadRequest(f"messages.{i}.content: Field required")
        return False
    said = False
    for j, block in enumerate(content):
        if type(block) is Text:
            said = said or _says(block.text)
        else:
            _check_block(f"messages.{i}.content.{j}", message.role, block)
            said = True
    return said


def _says(text: str) -> bool:
    return bool(text) and not text.isspace()


def _check_block(place: str, role: Role, block: Block) -> None:
    kind = type(block)
    homes = _HOMES.get(kind)
    if homes is not None and role not in homes:
        roles = " or ".join(f"`{home}`" for home in homes)
        tag = kind.__struct_config__.tag
        raise BadRequest(f"{place}: `{tag}` blocks can only be in {roles} messages")
    if (look := _CHECKS.get(kind)) is not None:
        look(place, block)


def _check_tool_use(place: str, block: ToolUse) -> None:
    for name, value in ("id", block.id), ("name", block.name):
        if not value:
            raise BadRequest(f"{place}.tool_use.{name}: String should have at least 1 character")
    check_object(f"{place}.tool_use.input", block.input)


def _check_tool_result(place: str, block: ToolResult) -> None:
    if isinstance(block.content, list):
        _check_media(f"{place}.tool_result.content", block.content)


def _check_document(place: str, block: Document) -> None:
    match block.source:
        case FileSource():
            raise _no_files(f"{place}.document.source.file")
        case Base64Source(media_type=other) if other != _PDF:
            raise BadRequest(f"{place}.document.source.base64.media_type: Input should be '{_PDF}'")
        case ContentSource(content=list() as inner):
            _check_media(f"{place}.document.source.content.content", inner)


def _check_image(place: str, block: Image) -> None:
    match block.source:
        case Base64Source(media_type=media_type, data=data):
            _check_base64(f"{place}.image.source.base64", media_type, data)
        case FileSource():
            raise _no_files(f"{place}.image.source.file")


def _check_media(place: str, blocks: list[ResultBlock] | list[Text | Image]) -> None:
    for k, block in enumerate(blocks):
        if isinstance(block, Image):
            _check_image(f"{place}.{k}", block)
        elif isinstance(block, Document):
            _check_document(f"{place}.{k}", block)


_Look: TypeAlias = Callable[[str, Any], None]
_CHECKS: Mapping[type[Struct], _Look] = {
    ToolUse: _check_tool_use,
    ToolResult: _check_tool_result,
    Image: _check_image,
    Document: _check_document,
}


def _no_files(place: str) -> BadRequest:
    return BadRequest(f"{place}: there is no file store here; send the content itself")


def _check_base64(place: str, media_type: str, data: str) -> None:
    if media_type not in _FORMATS:
        raise BadRequest(f"{place}.media_type: Input should be {_MEDIA_TYPES}")
    size = len(data) // 4 * 3 - data[-2:].count("=")
    if size > MOST_IMAGE_BYTES:
        raise BadRequest(
            f"{place}: image exceeds 10 MB maximum: {size} bytes > {MOST_IMAGE_BYTES} bytes"
        )
    found = sniff(_head(data)) if _is_base64(data) else None
    if found is None:
        raise BadRequest(f"{place}: Could not process image")
    if found != _FORMATS[media_type]:
        raise BadRequest(
            f"{place}: Image does not match the provided media type {media_type}: "
            f"it is image/{found}"
        )


def _is_base64(data: str) -> bool:
    # A third of the time that decoding takes, and an image may have ten megabytes.
    if len(data) % 4 or not data.isascii():
        return False
    padding = data.encode().translate(None, _BASE64).decode()
    return padding in ("", "=", "==") and data.endswith(padding)


def _head(data: str) -> bytes:
    return a2b_base64(data[: -(-SNIFFED // 3) * 4])


def _check_prefill(last: Message) -> None:
    # What an assistant began, the model goes on with; it cannot after a space.
    if last.role != "assistant" or not last.content:
        return
    end = last.content if isinstance(last.content, str) else last.content[-1]
    text = end.text if isinstance(end, Text) else end
    if isinstance(text, str) and text[-1:].isspace():
        raise BadRequest("messages: final assistant content cannot end with trailing whitespace")
