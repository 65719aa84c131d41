"""What a conversation must satisfy: its turns, their blocks, the media in these.

Source: claude-api.md 3.3 and 4. Pairs of tool calls and results, empty turns and the order
of roles are put right by the bridge and not judged here.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from amq2api.errors import BadRequest

from .blocks import (
    Document,
    Echo,
    Image,
    RedactedThinking,
    SearchResult,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from .call import Message, Role
from .objects import check_depth, check_object, is_object
from .sources import check_document, check_image, check_media

__all__ = ["check_messages"]

MOST_MESSAGES = 100_000

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


def check_messages(messages: list[Message]) -> None:
    """Refuse a conversation that cannot be held; the error names the first place at fault."""
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


def _check_message(i: int, message: Message) -> bool:
    """Whether the message says anything at all."""
    content = message.content
    if type(content) is str:
        return _says(content)
    if not isinstance(content, list):
        if message.role != "system":
            raise BadRequest(f"messages.{i}.content: Field required")
        return False
    said = False
    role = message.role
    for j, block in enumerate(content):
        if type(block) is Text:
            said = said or _says(block.text)
            continue
        said, kind = True, type(block)
        homes = _HOMES.get(kind)
        if homes is not None and role not in homes:
            raise BadRequest(f"messages.{i}: {_misplaced(role, kind, homes)}")
        if (look := _CHECKS.get(kind)) is not None and not _is_plain(kind, block):
            look(f"messages.{i}.content.{j}", block)
    return said


def _says(text: str) -> bool:
    return bool(text) and not text.isspace()


def _is_plain(kind: type[Struct], block: Any) -> bool:
    """Whether nothing can be wrong with a block of those that long conversations are made of:
    to see that is cheaper than to say where it is.
    """
    if kind is ToolUse:
        return bool(block.id and block.name) and is_object(block.input)
    if kind is not ToolResult:
        return False
    return not isinstance(block.content, list) or _TEXTS.issuperset(map(type, block.content))


def _misplaced(role: Role, kind: type[Struct], homes: tuple[Role, ...]) -> str:
    if role == "system":
        return "role 'system' supports text, tool_addition, and tool_removal blocks only"
    roles = " or ".join(f"`{home}`" for home in homes)
    return f"`{kind.__struct_config__.tag}` blocks can only be in {roles} messages"


def _check_tool_use(place: str, block: ToolUse) -> None:
    for name, value in ("id", block.id), ("name", block.name):
        if not value:
            raise BadRequest(f"{place}.tool_use.{name}: String should have at least 1 character")
    check_object(f"{place}.tool_use.input", block.input)


def _check_tool_result(place: str, block: ToolResult) -> None:
    if isinstance(block.content, list):
        check_media(f"{place}.tool_result.content", block.content)


def _check_echo(place: str, block: Echo) -> None:
    tag = block.__struct_config__.tag
    for name in _OPEN:
        check_depth(f"{place}.{tag}.{name}", getattr(block, name))


_TEXTS = frozenset({Text})
_OPEN = ("input", "content", "tool", "tools", "tool_changes")
_Look: TypeAlias = Callable[[str, Any], None]
_CHECKS: Mapping[type[Struct], _Look] = {
    ToolUse: _check_tool_use,
    ToolResult: _check_tool_result,
    Image: check_image,
    Document: check_document,
    **dict.fromkeys(Echo.__subclasses__(), _check_echo),
}


def _check_prefill(last: Message) -> None:
    # What an assistant began, the model goes on with; it cannot after a space.
    if last.role != "assistant" or not last.content:
        return
    end = last.content if isinstance(last.content, str) else last.content[-1]
    text = end.text if isinstance(end, Text) else end
    if isinstance(text, str) and text[-1:].isspace():
        raise BadRequest("messages: final assistant content cannot end with trailing whitespace")
