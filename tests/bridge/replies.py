"""Replies for tests: what Q sends as bytes, and what the client hears as one line of text."""

from typing import Any

import msgspec

from amq2api.bridge.amazonq.stream import StreamTranslator, Terms
from amq2api.bridge.amazonq.words import MARKER_SIGNATURE
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError
from amq2api.wire.eventstream import encode


def frame(event_type: str, **payload: Any) -> bytes:
    return raw_frame(event_type, msgspec.json.encode(payload))


def raw_frame(event_type: str, payload: bytes) -> bytes:
    headers = {
        ":event-type": event_type, ":content-type": "application/json", ":message-type": "event",
    }  # fmt: skip
    return encode(headers, payload)


def exception(name: str, **payload: Any) -> bytes:
    headers = {
        ":exception-type": name, ":content-type": "application/json",
        ":message-type": "exception",
    }  # fmt: skip
    return encode(headers, msgspec.json.encode(payload))


def text(content: str) -> bytes:
    return frame("assistantResponseEvent", content=content)


def thought(**members: str) -> bytes:
    return frame("reasoningContentEvent", **members)


def tool(key: str, name: str = "ls", **members: Any) -> bytes:
    return frame("toolUseEvent", toolUseId=key, name=name, **members)


def ended(reason: str, **members: Any) -> bytes:
    return frame("metadataEvent", stopReason=reason, **members)


def usage(percentage: float) -> bytes:
    return frame("contextUsageEvent", contextUsagePercentage=percentage)


METERED = frame("meteringEvent", unit="credit", unitPlural="credits", usage=0.25)
BEGIN = frame("initial-response", conversationId="c")


def terms(**changes: Any) -> Terms:
    return Terms(**{"message_id": "msg_1", "model": "m", "input_tokens": 7, **changes})


def replay(chunks: list[bytes], **changes: Any) -> tuple[StreamTranslator, list[m.StreamEvent]]:
    """Everything a client hears of a reply that arrives in these reads."""
    translator = StreamTranslator(terms(**changes))
    heard: list[m.StreamEvent] = []
    for chunk in chunks:
        if translator.done or translator.failure is not None:
            break
        heard += translator.feed(chunk)
    try:
        if translator.failure is not None:
            raise translator.failure
        heard += translator.finish()
    except GatewayError as failure:
        heard += translator.fail(failure)
    return translator, list(m.apart(heard))


def told(events: list[m.StreamEvent]) -> str:
    """A stream in one line, so that a failing row reads at a glance."""
    return " ".join(map(_word, m.apart(events)))


def _word(event: m.StreamEvent) -> str:
    match event:
        case m.MessageStart():
            return "start"
        case m.ContentBlockStart(index, block):
            return f"+{index}{_block(block)}"
        case m.ContentBlockDelta(_, m.SignatureDelta(signature)):
            return "~ours" if signature == MARKER_SIGNATURE else f"~{signature}"
        case m.ContentBlockDelta(
            _, m.TextDelta(said) | m.ThinkingDelta(said) | m.InputJsonDelta(said)
        ):
            return f".{said}"
        case m.ContentBlockStop(index):
            return f"-{index}"
        case m.MessageDelta(m.EndOfMessage(reason, sequence)):
            return f"end({reason}{'=' + sequence if sequence else ''})"
        case m.MessageStop():
            return "stop"
        case m.StreamError(error):
            return f"error({error['type']})"
        case _:
            return "ping"


def _block(block: m.ContentBlock) -> str:
    match block:
        case m.ToolUseBlock(id, name):
            return f"tool_use:{id}:{name}"
        case m.ServerToolUseBlock(id):
            return f"search:{id}"
        case m.WebSearchToolResultBlock(id):
            return f"found:{id}"
        case m.RedactedThinkingBlock(data):
            return f"redacted:{data}"
        case _:
            return str(block.__struct_config__.tag)
