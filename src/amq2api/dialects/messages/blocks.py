"""Content blocks that a Messages client may send, each under its own ``type``.

Source: claude-api.md 3.3. Fields nobody here reads (``cache_control``) are not declared: unknown
fields are tolerated, unknown block types are refused by :func:`.call.decode`.
"""

from typing import Any, TypeAlias

import msgspec

__all__ = [
    "Base64Source", "Block", "ContentSource", "Document", "DocumentSource", "Echo", "FileSource",
    "Image", "ImageSource", "RedactedThinking", "ResultBlock", "SearchResult", "ServerToolUse",
    "Text", "TextSource", "Thinking", "ToolAddition", "ToolReference", "ToolRemoval",
    "ToolResult", "ToolSearchToolResult", "ToolUse", "UrlSource", "WebSearchToolResult",
]  # fmt: skip


class _Tagged(msgspec.Struct, frozen=True, tag_field="type", gc=False):
    """A variant of a union, told from its siblings by ``type``.

    Kept from the garbage collector, as all of a call: what was JSON is part of no cycle.
    """


class Text(_Tagged, frozen=True, tag="text"):
    text: str
    citations: Any = None


class Base64Source(_Tagged, frozen=True, tag="base64"):
    media_type: str
    data: str


class UrlSource(_Tagged, frozen=True, tag="url"):
    url: str


class FileSource(_Tagged, frozen=True, tag="file"):
    file_id: str


class TextSource(_Tagged, frozen=True, tag="text"):
    data: str
    media_type: str | None = None


ImageSource: TypeAlias = Base64Source | UrlSource | FileSource


class Image(_Tagged, frozen=True, tag="image"):
    source: ImageSource


class ContentSource(_Tagged, frozen=True, tag="content"):
    content: str | list[Text | Image]


DocumentSource: TypeAlias = Base64Source | UrlSource | FileSource | TextSource | ContentSource


class Document(_Tagged, frozen=True, tag="document"):
    source: DocumentSource
    title: str | None = None
    context: str | None = None
    citations: Any = None


class SearchResult(_Tagged, frozen=True, tag="search_result"):
    source: str
    title: str
    content: list[Text]
    citations: Any = None


class Thinking(_Tagged, frozen=True, tag="thinking"):
    thinking: str
    signature: str | None = ""


class RedactedThinking(_Tagged, frozen=True, tag="redacted_thinking"):
    data: str


class ToolUse(_Tagged, frozen=True, tag="tool_use"):
    """A call the model made. *input* is the JSON object as the client sent it, undecoded."""

    id: str
    name: str
    input: msgspec.Raw


class ToolReference(_Tagged, frozen=True, tag="tool_reference"):
    """Brings a tool with ``defer_loading`` into play."""

    tool_name: str


class BrowserState(_Tagged, frozen=True, tag="browser_state", omit_defaults=True):
    content: Any = None
    tabs: Any = None
    state_changes: Any = None


ResultBlock: TypeAlias = Text | Image | SearchResult | Document | ToolReference | BrowserState


class ToolResult(_Tagged, frozen=True, tag="tool_result"):
    tool_use_id: str
    content: str | list[ResultBlock] | None = None
    is_error: bool | None = None


class Echo(_Tagged, frozen=True, omit_defaults=True):
    """A block that only a server's own tools produce, sent back as history.

    The members below are those of claude-api.md 3.3 that carry content.
    """

    id: str | None = None
    name: str | None = None
    server_name: str | None = None
    mcp_server_name: str | None = None
    input: Any = None
    tool_use_id: str | None = None
    tool_name: str | None = None
    content: Any = None
    is_error: bool | None = None
    file_id: str | None = None
    tool: Any = None
    tools: Any = None
    tool_changes: Any = None


class ServerToolUse(Echo, frozen=True, tag="server_tool_use"): ...


class WebSearchToolResult(Echo, frozen=True, tag="web_search_tool_result"): ...


class WebFetchToolResult(Echo, frozen=True, tag="web_fetch_tool_result"): ...


class CodeExecutionToolResult(Echo, frozen=True, tag="code_execution_tool_result"): ...


class BashCodeExecutionToolResult(Echo, frozen=True, tag="bash_code_execution_tool_result"): ...


class TextEditorCodeExecutionToolResult(
    Echo, frozen=True, tag="text_editor_code_execution_tool_result"
): ...


class ToolSearchToolResult(Echo, frozen=True, tag="tool_search_tool_result"): ...


class AdvisorToolResult(Echo, frozen=True, tag="advisor_tool_result"): ...


class ContainerUpload(Echo, frozen=True, tag="container_upload"): ...


class McpToolUse(Echo, frozen=True, tag="mcp_tool_use"): ...


class McpToolResult(Echo, frozen=True, tag="mcp_tool_result"): ...


class McpToolListing(Echo, frozen=True, tag="mcp_tool_listing"): ...


class Compaction(Echo, frozen=True, tag="compaction"): ...


class Fallback(Echo, frozen=True, tag="fallback"): ...


class ToolAddition(Echo, frozen=True, tag="tool_addition"): ...


class ToolRemoval(Echo, frozen=True, tag="tool_removal"): ...


Block: TypeAlias = (
    Text
    | Image
    | Document
    | SearchResult
    | Thinking
    | RedactedThinking
    | ToolUse
    | ToolResult
    | ToolReference
    | ServerToolUse
    | WebSearchToolResult
    | WebFetchToolResult
    | CodeExecutionToolResult
    | BashCodeExecutionToolResult
    | TextEditorCodeExecutionToolResult
    | ToolSearchToolResult
    | AdvisorToolResult
    | ContainerUpload
    | McpToolUse
    | McpToolResult
    | McpToolListing
    | Compaction
    | Fallback
    | ToolAddition
    | ToolRemoval
)
