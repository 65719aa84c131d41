"""What a request must still satisfy once its shape is right.

Refused is what breaks the call or what clients rely on being refused; all else is taken and
normalised by the bridge. Wordings are those of claude-api.md 3, 4 and 7.6: clients match them.
"""

import re

from amq2api.errors import BadRequest

from .call import AnyTool, Call, Enabled, OneTool, Tool
from .needs import WEB_SEARCH, is_web_search
from .turns import check_messages, check_object

__all__ = ["check"]

LONGEST_ECHO = 64  # characters of the caller's own words repeated in a message
_INT64 = 2**63 - 1  # larger integers cannot be sent on
_RANGES: tuple[tuple[str, int, int], ...] = (
    ("max_tokens", 0, _INT64),
    ("temperature", 0, 1),
    ("top_p", 0, 1),
    ("top_k", 0, _INT64),
)
_LEAST_BUDGET = 1024
_UNSUPPORTED = {
    "mcp_servers": "MCP servers are not supported here",
    "container": "containers are not supported here",
    "compaction": "compaction by the API is not supported here",
}
# Run by the API itself (claude-api.md 3.4); the toolsets stand for tools it would list.
_SERVER_TOOL = re.compile(
    r"(web_fetch|code_execution|tool_search|advisor)(_|$)|mcp_toolset|\w+_toolset_"
)
_CLIENT_TOOL = re.compile(r"(bash|text_editor|computer|memory)_")


_NEWER = "2026-10-21"
"""The ``anthropic-version`` with the differences of claude-api.md 0.2 item 3."""
_SAMPLING = ("temperature", "top_p", "top_k")


def check(call: Call, *, counting: bool, betas: frozenset[str], version: str) -> None:
    """Refuse what no account could serve; see :func:`.decoding.decode` for the arguments."""
    if call.max_tokens is None and not counting:
        raise BadRequest("max_tokens: Field required")
    if version == _NEWER:
        _check_newer(call)
    for name, low, high in _RANGES:
        _check_range(name, getattr(call, name), low, high)
    _check_supported(call)
    _check_stop_sequences(call.stop_sequences or [])
    _check_thinking(call, betas)
    _check_schemas(call)
    _check_tools(call.tools or [])
    _check_tool_choice(call)
    check_messages(call.messages, cites=version != _NEWER)


def _check_newer(call: Call) -> None:
    for name in _SAMPLING:
        if getattr(call, name) is not None:
            raise BadRequest(f"{name}: Extra inputs are not permitted")


def _check_range(place: str, value: float | None, low: int, high: int) -> None:
    if value is not None and value < low:
        raise BadRequest(f"{place}: Input should be greater than or equal to {low}")
    if value is not None and value > high:
        raise BadRequest(f"{place}: Input should be less than or equal to {high}")


def _check_supported(call: Call) -> None:
    if call.thread is not None:
        # The SDKs' tool runners go on without threads when they read this code (clients.md 3).
        raise BadRequest(
            "thread: message threads are not supported here; send the whole conversation",
            code="thread_unsupported_request",
        )
    for name, reason in _UNSUPPORTED.items():
        if getattr(call, name):
            raise BadRequest(f"{name}: {reason}")


def _check_stop_sequences(sequences: list[str]) -> None:
    if not all(sequence.strip() for sequence in sequences):
        raise BadRequest("stop_sequences: each stop sequence must contain non-whitespace")


def _check_thinking(call: Call, betas: frozenset[str]) -> None:
    if not isinstance(call.thinking, Enabled):
        return
    budget = call.thinking.budget_tokens
    _check_range("thinking.enabled.budget_tokens", budget, _LEAST_BUDGET, _INT64)
    interleaved = any(beta.startswith("interleaved-thinking") for beta in betas)
    if call.max_tokens is not None and budget >= call.max_tokens and not interleaved:
        raise BadRequest("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_schemas(call: Call) -> None:
    if call.output_config is not None and call.output_config.format is not None:
        check_object("output_config.format.schema", call.output_config.format.schema)
    if call.output_format is not None:
        check_object("output_format.schema", call.output_format.schema)


def _check_tools(tools: list[Tool]) -> None:
    for i, tool in enumerate(tools):
        _check_tool(f"tools.{i}", tool)
    if len({tool.name for tool in tools}) < len(tools):
        raise BadRequest("tools: Tool names must be unique.")
    if tools and all(tool.defer_loading for tool in tools):
        raise BadRequest(
            "At least one tool must have defer_loading=false. All tools cannot be deferred."
        )


def _check_tool(place: str, tool: Tool) -> None:
    kind = (tool.type or "custom")[:LONGEST_ECHO]
    if _SERVER_TOOL.match(kind):
        raise BadRequest(
            f"{place}: the tool type '{kind}' is run by the API's own servers "
            "and is not supported here"
        )
    if is_web_search(tool):
        return _check_web_search(f"{place}.{kind}", tool)
    if kind != "custom" and not _CLIENT_TOOL.match(kind):
        raise BadRequest(
            f"{place}: Input tag '{kind}' found using 'type' does not match any of the "
            "expected tags: 'custom', 'bash_*', 'text_editor_*', 'computer_*', 'memory_*', "
            "'web_search_*'"
        )
    if tool.name is None:
        raise BadRequest(f"{place}.{kind}.name: Field required")
    if not tool.name:
        raise BadRequest(f"{place}.{kind}.name: String should have at least 1 character")
    if kind == "custom":
        schema = f"{place}.custom.input_schema"
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


def _check_tool_choice(call: Call) -> None:
    match call.tool_choice:
        case AnyTool() | OneTool() if not call.tools:
            raise BadRequest("tool_choice may only be specified while providing tools.")
        case OneTool(name=name) if name not in {tool.name for tool in call.tools or []}:
            raise BadRequest(
                f"tool_choice: Tool '{name[:LONGEST_ECHO]}' not found in provided tools"
            )
