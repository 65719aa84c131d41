"""Every image and document of a call with its place in it, to be exchanged for another."""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec.structs import replace

from amq2api.dialects import messages as m

Holder: TypeAlias = m.Image | m.Document
Change: TypeAlias = Callable[[str, Holder], Holder]
"""From the place of a block and the block to what shall be there."""


def changed(call: m.Call, change: Change) -> m.Call:
    """*call* with every image and document as *change* makes it, in tool results and documents too.

    What nothing changes in stays the very same object.
    """
    messages = []
    for i, message in enumerate(call.messages):
        if isinstance(message.content, list):
            content = _listed(f"messages.{i}.content", message.content, change)
            if content is not message.content:
                message = replace(message, content=content)
        messages.append(message)
    return replace(call, messages=messages)


def _listed(place: str, blocks: list[Any], change: Change) -> list[Any]:
    made = [_block(f"{place}.{k}", block, change) for k, block in enumerate(blocks)]
    same = all(new is old for new, old in zip(made, blocks, strict=True))
    return blocks if same else made


def _block(place: str, block: object, change: Change) -> object:
    match block:
        case m.ToolResult(content=list(inner)):
            made = _listed(f"{place}.tool_result.content", inner, change)
            return block if made is inner else replace(block, content=made)
        case m.Document(source=m.ContentSource(content=list(parts)) as source):
            said = _listed(f"{place}.document.source.content.content", parts, change)
            if said is parts:
                return block
            return replace(block, source=replace(source, content=said))
        case m.Image() | m.Document():
            return change(place, block)
    return block
