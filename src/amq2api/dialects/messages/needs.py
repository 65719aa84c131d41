"""What a call needs besides a model: a search of the web, files to be fetched or read."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from .blocks import Base64Source, ContentSource, Document, Image, ToolResult, UrlSource
from .call import Call, Tool

__all__ = ["WEB_SEARCH", "is_web_search", "needs_material", "web_search"]

WEB_SEARCH = "web_search"
"""The one name that the web search tool may have, whatever its version (claude-api.md 3.4)."""

_WEB_SEARCH = re.compile(r"web_search_\d+")


def is_web_search(tool: Tool) -> bool:
    """Whether this is the API's own tool, and no client's tool of the same name."""
    return tool.type is not None and _WEB_SEARCH.fullmatch(tool.type) is not None


def web_search(call: Call) -> Tool | None:
    """The call's web search tool, if it offers one."""
    return next((tool for tool in call.tools or () if is_web_search(tool)), None)


def name_web_search(call: Call) -> None:
    """Give a web search tool that came without a name its only one."""
    for i, tool in enumerate(call.tools or ()):
        if tool.name is None and is_web_search(tool) and call.tools is not None:
            # Also for calls to come that share the list: it is the same there.
            call.tools[i] = msgspec.structs.replace(tool, name=WEB_SEARCH)


def needs_material(call: Call) -> bool:
    """Whether any block holds a PDF or stands for something that lies elsewhere."""
    for message in call.messages:
        if isinstance(message.content, list) and _any_does(message.content):
            return True
    return False


def _any_does(blocks: Iterable[Any]) -> bool:
    # A loop takes half the time of any() here, where every block of every call passes.
    for block in blocks:
        if type(block) is ToolResult:
            if isinstance(block.content, list) and _any_does(block.content):
                return True
        elif type(block) in _HOLDERS and _does(block):
            return True
    return False


def _does(block: object) -> bool:
    match block:
        case Document(source=Base64Source() | UrlSource()) | Image(source=UrlSource()):
            return True
        case Document(source=ContentSource(content=list(inner))):
            return _any_does(inner)
    return False


_HOLDERS = frozenset({Document, Image})
