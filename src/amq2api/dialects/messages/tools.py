"""What the tools of a call and the choice among them must satisfy. Source: claude-api.md 3.4, 3.5.

Names of any characters are taken: the bridge maps what the service does not know.
"""

import re

from amq2api.errors import BadRequest

from .call import AnyTool, Call, OneTool, Tool, kind_of
from .faults import LONGEST_ECHO, unknown_tag
from .needs import WEB_SEARCH, is_web_search
from .objects import check_object, is_object
from .toolshelf import SharedTools

__all__ = ["check_tool_choice", "check_tools"]

_KNOWN = (
    "bash_20241022", "bash_20250124",
    "computer_20241022", "computer_20250124", "computer_20251124",
    "custom",
    "memory_20250818",
    "text_editor_20241022", "text_editor_20250124", "text_editor_20250429", "text_editor_20250728",
    "web_search_20250305", "web_search_20260209", "web_search_20260318",
)  # fmt: skip
# Of these kinds any version is taken: what becomes of them does not depend on it.
_CLIENT_TOOL = re.compile(r"(bash|text_editor|computer|memory)_\d")
# Run by the API itself, or by a client that the API tells of many tools at once.
_NOT_HERE = re.compile(
    r"(web_fetch|code_execution|tool_search|advisor)(_|$)|mcp_toolset|\w+_toolset_"
)


def check_tools(tools: list[Tool]) -> None:
    if isinstance(tools, SharedTools) and tools.sound:
        return
    for i, tool in enumerate(tools):
        _check_tool(i, tool)
    if len({tool.name for tool in tools}) < len(tools):
        raise BadRequest("tools: Tool names must be unique.")
    if tools and all(tool.defer_loading for tool in tools):
        raise BadRequest(
            "At least one tool must have defer_loading=false. All tools cannot be deferred."
        )
    if isinstance(tools, SharedTools):
        tools.sound = True


def check_tool_choice(call: Call) -> None:
    match call.tool_choice:
        case AnyTool() | OneTool() if not call.tools:
            raise BadRequest("tool_choice may only be specified while providing tools.")
        case OneTool(name=name) if name not in {tool.name for tool in call.tools or []}:
            raise BadRequest(f"Tool '{name[:LONGEST_ECHO]}' not found in provided tools")


def _check_tool(i: int, tool: Tool) -> None:
    kind = kind_of(tool.type)
    if kind == "custom" and tool.name and is_object(tool.input_schema):
        return None  # Nearly all are; where something is amiss need not be said.
    at = f"tools.{i}"
    place = f"{at}.{kind[:LONGEST_ECHO]}"
    if is_web_search(tool):
        return _check_web_search(place, tool)
    if kind != "custom" and not _CLIENT_TOOL.match(kind):
        raise BadRequest(_unknown_kind(at, kind))
    if tool.name is None:
        raise BadRequest(f"{place}.name: Field required")
    if not tool.name:
        raise BadRequest(f"{place}.name: String should have at least 1 character")
    if kind == "custom":
        schema = f"{place}.input_schema"
        if not bytes(tool.input_schema):
            raise BadRequest(f"{schema}: Field required")
        check_object(schema, tool.input_schema)


def _check_web_search(place: str, tool: Tool) -> None:
    if tool.name != WEB_SEARCH:
        raise BadRequest(f"{place}.name: Input should be '{WEB_SEARCH}'")
    if tool.max_uses is not None and tool.max_uses <= 0:
        raise BadRequest(f"{place}.max_uses: Input should be greater than 0")
    if tool.allowed_domains and tool.blocked_domains:
        raise BadRequest(
            f"{place}: Only one of `allowed_domains` and `blocked_domains` may be specified."
        )


def _unknown_kind(at: str, kind: str) -> str:
    words = unknown_tag(at, kind, _KNOWN)
    return f"{words}; tools of this type are not available here" if _NOT_HERE.match(kind) else words
