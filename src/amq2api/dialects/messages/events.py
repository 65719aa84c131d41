"""What a client of the Messages API hears: stream events, blocks and usage.

Source: claude-api.md 5 and 6. A whole reply is the same events folded (bridge/collect.py).
"""

from typing import Any, Literal, TypeAlias

import msgspec

__all__ = [
    "ContentBlock", "ContentBlockDelta", "ContentBlockStart", "ContentBlockStop", "Delta",
    "EndOfMessage", "InputJsonDelta", "MessageDelta", "MessageHead", "MessageStart",
    "MessageStop", "Ping", "RedactedThinkingBlock", "ServerToolUsage", "ServerToolUseBlock",
    "SignatureDelta", "StopReason", "StreamError", "StreamEvent", "TextBlock", "TextDelta",
    "ThinkingBlock", "ThinkingDelta", "ToolUseBlock", "Usage", "WebSearchError",
    "WebSearchResult", "WebSearchToolResultBlock", "WholeMessage", "name", "render",
]  # fmt: skip

StopReason: TypeAlias = Literal[
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal",
    "model_context_window_exceeded",
]  # fmt: skip


class _Tagged(msgspec.Struct, frozen=True, tag_field="type", gc=False):
    """A variant of a union, told from its siblings by ``type``.

    Kept from the garbage collector: events can be part of no cycle, and there are many.
    """


class TextBlock(_Tagged, frozen=True, tag="text"):
    text: str = ""


class ThinkingBlock(_Tagged, frozen=True, tag="thinking"):
    thinking: str = ""
    signature: str = ""


class RedactedThinkingBlock(_Tagged, frozen=True, tag="redacted_thinking"):
    """Complete from its start: it takes no deltas."""

    data: str


class ToolUseBlock(_Tagged, frozen=True, tag="tool_use"):
    """*input* is ``{}`` in a stream, where it follows as deltas, and whole in a whole reply."""

    id: str
    name: str
    input: Any = {}


class ServerToolUseBlock(_Tagged, frozen=True, tag="server_tool_use"):
    """A tool that this side runs. *input* as with :class:`ToolUseBlock`."""

    id: str
    """``srvtoolu_…``."""
    name: str
    input: Any = {}


class WebSearchResult(_Tagged, frozen=True, tag="web_search_result"):
    url: str
    title: str
    encrypted_content: str
    """Opaque to the client, which sends it back unchanged."""
    page_age: str | None = None


class WebSearchError(_Tagged, frozen=True, tag="web_search_tool_result_error"):
    error_code: Literal[
        "too_many_requests", "invalid_tool_input", "max_uses_exceeded", "query_too_long",
        "unavailable",
    ]  # fmt: skip


class WebSearchToolResultBlock(_Tagged, frozen=True, tag="web_search_tool_result"):
    """Complete from its start: it takes no deltas."""

    tool_use_id: str
    content: list[WebSearchResult] | WebSearchError


class TextDelta(_Tagged, frozen=True, tag="text_delta"):
    text: str


class ThinkingDelta(_Tagged, frozen=True, tag="thinking_delta"):
    thinking: str


class SignatureDelta(_Tagged, frozen=True, tag="signature_delta"):
    """Replaces; the last delta of a thinking block."""

    signature: str


class InputJsonDelta(_Tagged, frozen=True, tag="input_json_delta"):
    partial_json: str


ContentBlock: TypeAlias = (
    TextBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ServerToolUseBlock
    | WebSearchToolResultBlock
)
Delta: TypeAlias = TextDelta | ThinkingDelta | SignatureDelta | InputJsonDelta


class ServerToolUsage(msgspec.Struct, frozen=True):
    """How often tools of this side ran in one answer."""

    web_search_requests: int = 0


class Usage(msgspec.Struct, frozen=True):
    """Token counts. The whole input is the sum of the first three (claude-api.md 5)."""

    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int
    service_tier: str = "standard"
    server_tool_use: ServerToolUsage | msgspec.UnsetType = msgspec.UNSET
    """Only where the call offered such a tool."""


class MessageHead(_Tagged, frozen=True, tag="message"):
    """A message before it has any content."""

    id: str
    model: str
    usage: Usage
    role: Literal["assistant"] = "assistant"
    content: list[ContentBlock] = []
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None


class WholeMessage(_Tagged, frozen=True, tag="message"):
    """The answer to a call that did not ask for a stream."""

    id: str
    model: str
    content: list[ContentBlock]
    stop_reason: StopReason | None
    stop_sequence: str | None
    usage: Usage
    role: Literal["assistant"] = "assistant"
    stop_details: dict[str, Any] | None = None


class MessageStart(_Tagged, frozen=True, tag="message_start"):
    message: MessageHead


class ContentBlockStart(_Tagged, frozen=True, tag="content_block_start"):
    index: int
    content_block: ContentBlock


class ContentBlockDelta(_Tagged, frozen=True, tag="content_block_delta"):
    index: int
    delta: Delta


class ContentBlockStop(_Tagged, frozen=True, tag="content_block_stop"):
    index: int


class EndOfMessage(msgspec.Struct, frozen=True):
    """How the message ended: the ``delta`` of a ``message_delta``."""

    stop_reason: StopReason
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None


class MessageDelta(_Tagged, frozen=True, tag="message_delta"):
    """*usage* is cumulative and complete: some clients read it only here (claude-api.md 6.4)."""

    delta: EndOfMessage
    usage: Usage


class MessageStop(_Tagged, frozen=True, tag="message_stop"): ...


class Ping(_Tagged, frozen=True, tag="ping"): ...


class StreamError(_Tagged, frozen=True, tag="error"):
    """The end of a stream that broke; no ``message_stop`` follows."""

    error: dict[str, Any]
    request_id: str | msgspec.UnsetType = msgspec.UNSET


StreamEvent: TypeAlias = (
    MessageStart
    | ContentBlockStart
    | ContentBlockDelta
    | ContentBlockStop
    | MessageDelta
    | MessageStop
    | Ping
    | StreamError
)

_encode = msgspec.json.Encoder().encode
_TEXT = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":'
)
_TEXT_END = b"}}\n\n"


def name(event: StreamEvent) -> str:
    """The event's name on the SSE line, which is also its ``type``."""
    return str(event.__struct_config__.tag)


def render(events: list[StreamEvent]) -> bytes:
    """The events as one run of server-sent events, ready for the wire.

    Text deltas, nearly all of a stream, are set into a template: a quarter of the time
    that encoding the nested structs takes (performance.md, stages).
    """
    out: list[bytes] = []
    index, head = -1, b""
    for event in events:
        if type(event) is ContentBlockDelta and type(event.delta) is TextDelta:
            if event.index != index:
                index = event.index
                head = _TEXT % index
            out += (head, _encode(event.delta.text), _TEXT_END)
        else:
            out.append(b"event: %b\ndata: %b\n\n" % (name(event).encode(), _encode(event)))
    return b"".join(out)
