"""What a client of the Messages API hears: stream events, blocks and usage.

Source: claude-api.md 5 and 6. A whole reply is the same events folded (bridge/collect.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from amq2api.wire import sse

__all__ = [
    "ContentBlock", "ContentBlockDelta", "ContentBlockDeltas", "ContentBlockStart",
    "ContentBlockStop", "Delta",
    "EndOfMessage", "InputJsonDelta", "MessageDelta", "MessageHead", "MessageStart",
    "MessageStop", "Ping", "RedactedThinkingBlock", "ServerToolUsage", "ServerToolUseBlock",
    "SignatureDelta", "StopReason", "StreamError", "StreamEvent", "TextBlock", "TextDelta",
    "ThinkingBlock", "ThinkingDelta", "ToolUseBlock", "Usage", "WebSearchError",
    "WebSearchResult", "WebSearchToolResultBlock", "WholeMessage", "apart", "name", "render",
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


class ContentBlockDeltas(msgspec.Struct, frozen=True, gc=False):
    """A run of ``content_block_delta`` events of one kind that belong to one block.

    Nearly all of a stream is such; they need no object each. :func:`apart` makes those.
    """

    index: int
    kind: type[TextDelta | ThinkingDelta | InputJsonDelta]
    texts: list[str]


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
    | ContentBlockDeltas
    | ContentBlockStop
    | MessageDelta
    | MessageStop
    | Ping
    | StreamError
)

_encoder = msgspec.json.Encoder()
_encode = _encoder.encode
_encode_lines = _encoder.encode_lines
_HEADS: Mapping[type[Delta], bytes] = {
    TextDelta: b'"text_delta","text":',
    ThinkingDelta: b'"thinking_delta","thinking":',
    InputJsonDelta: b'"input_json_delta","partial_json":',
}
_DELTA = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":%b'
)
_DELTA_END = b"}}\n\n"
_LINES: Mapping[type[StreamEvent], bytes] = {
    kind: b"event: %b\ndata: " % str(kind.__struct_config__.tag).encode()
    for kind in get_args(StreamEvent)
    if kind is not ContentBlockDeltas
}
"""What each event begins with, up to its JSON."""


def name(event: StreamEvent) -> str:
    """The event's name on the SSE line, which is also its ``type``; no run of events has one."""
    return str(event.__struct_config__.tag)


def apart(events: Iterable[StreamEvent]) -> Iterator[StreamEvent]:
    """The same events, each by itself."""
    for event in events:
        if isinstance(event, ContentBlockDeltas):
            for text in event.texts:
                yield ContentBlockDelta(event.index, event.kind(text))
        else:
            yield event


def render(events: Iterable[StreamEvent]) -> bytes:
    """The events as one run of server-sent events, ready for the wire.

    None holds a character inside a line that some clients take for its end.
    """
    out: list[bytes] = []
    for event in events:
        if type(event) is ContentBlockDeltas:
            head, texts = _head(event.index, event.kind), event.texts
            if len(texts) == 1:
                data = _encode(texts[0])
                data = data if data.isascii() else sse.without_line_breaks(data)
                out += (head, data, _DELTA_END)
            else:
                out.append(_rendered(head, texts))
        else:
            data = sse.without_line_breaks(_encode(event))
            out += (_LINES[type(event)], data, b"\n\n")
    return b"".join(out)


def _rendered(head: bytes, texts: list[str]) -> bytes:
    """Several deltas in two steps: their texts as lines of JSON, in which a line's end can stand
    nowhere else, and for each line's end what is to stand between two texts.

    It takes a sixth of the time that a template for each takes, which takes a quarter of that
    for encoding the nested structs.
    """
    lines = _encode_lines(texts)
    # Text is searched in a twentieth of the time that its bytes are.
    if sse.breaks_lines("".join(texts)):
        lines = sse.without_line_breaks(lines)
    return head + lines[:-1].replace(b"\n", _DELTA_END + head) + _DELTA_END


@lru_cache(maxsize=256)
def _head(index: int, kind: type[Delta]) -> bytes:
    return _DELTA % (index, _HEADS[kind])
