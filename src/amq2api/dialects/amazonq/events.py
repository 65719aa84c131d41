"""What Amazon Q says in reply: the members of its ``ChatResponseStream`` union.

Source: upstream-protocol.md 3.3. Members are camelCase on the wire. Events that only other
front ends of the service use, and events newer than this table, are carried as values.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from amq2api.errors import ProtocolError
from amq2api.wire.eventstream import Frame, Run

__all__ = [
    "OTHER_EVENTS",
    "READERS",
    "UNREADABLE",
    "AssistantResponseEvent",
    "Batch",
    "ContextUsageEvent",
    "Event",
    "InitialResponse",
    "InvalidStateEvent",
    "MessageMetadataEvent",
    "MetadataEvent",
    "MeteringEvent",
    "OtherEvent",
    "ReasoningContentEvent",
    "TokenUsage",
    "ToolUseEvent",
    "TornEvent",
    "kind",
    "parse",
    "parse_all",
]  # fmt: skip


class _Wire(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Snake case here, camel case on the wire, unknown fields ignored.

    Kept from the garbage collector, as frames are.
    """


class InitialResponse(_Wire, frozen=True):
    """The first frame in the AWS-JSON encoding; absent in the REST one."""

    conversation_id: str | None = None


class MessageMetadataEvent(_Wire, frozen=True):
    conversation_id: str | None = None
    utterance_id: str | None = None


class AssistantResponseEvent(_Wire, frozen=True):
    """The next piece of the answer's text. One that names only the model has no text."""

    content: str | None = None
    model_id: str | None = None


class ReasoningContentEvent(_Wire, frozen=True):
    """A piece of reasoning, its signature, or reasoning nobody may read (base64)."""

    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class ToolUseEvent(_Wire, frozen=True):
    """The next piece of a tool call; pieces of one call share a *tool_use_id*."""

    tool_use_id: str
    name: str = ""
    input: str | None = None
    """A fragment of JSON text, not a JSON value: only the concatenation parses."""
    stop: bool | None = None


class TokenUsage(_Wire, frozen=True):
    uncached_input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    context_usage_percentage: float | None = None


class MetadataEvent(_Wire, frozen=True):
    """*stop_reason* as sent, in whatever case; the translator knows the values."""

    stop_reason: str | None = None
    stop_details: Any = None
    token_usage: TokenUsage | None = None


class ContextUsageEvent(_Wire, frozen=True):
    """How full the model's window is after this answer, in percent."""

    context_usage_percentage: float | None = None


class MeteringEvent(_Wire, frozen=True):
    usage: float | None = None
    unit: str | None = None


class InvalidStateEvent(_Wire, frozen=True):
    """A failure in the guise of an event; the official IDE client treats it as an error."""

    reason: str = ""
    message: str = ""


class TornEvent(msgspec.Struct, frozen=True):
    """An event whose text begins or ends with half a character: :class:`.mending.Mender`'s."""

    event: Any


class OtherEvent(msgspec.Struct, frozen=True):
    """An event nobody here acts on; *payload* is its JSON, undecoded."""

    event_type: str
    payload: bytes


Event: TypeAlias = (
    AssistantResponseEvent
    | ReasoningContentEvent
    | ToolUseEvent
    | MetadataEvent
    | ContextUsageEvent
    | MeteringEvent
    | InvalidStateEvent
    | InitialResponse
    | MessageMetadataEvent
    | OtherEvent
)
"""An event as the translator knows it: whole."""

_TYPES: Mapping[str, type[Event]] = {
    "initial-response": InitialResponse,
    "messageMetadataEvent": MessageMetadataEvent,
    "assistantResponseEvent": AssistantResponseEvent,
    "reasoningContentEvent": ReasoningContentEvent,
    "toolUseEvent": ToolUseEvent,
    "metadataEvent": MetadataEvent,
    "contextUsageEvent": ContextUsageEvent,
    "meteringEvent": MeteringEvent,
    "invalidStateEvent": InvalidStateEvent,
}

OTHER_EVENTS = frozenset({
    "toolResultEvent", "codeReferenceEvent", "supplementaryWebLinksEvent", "citationEvent",
    "followupPromptEvent", "codeEvent", "intentsEvent", "interactionComponentsEvent",
    "dryRunSucceedEvent",
})  # fmt: skip
"""Known from the model, used by consoles and IDEs only: carried as :class:`OtherEvent`."""

READERS: Mapping[type[Event], Callable[[bytes], Event]] = {
    kind: msgspec.json.Decoder(kind).decode for kind in _TYPES.values()
}
"""What reads the payload of an event of each class; it raises one of :data:`UNREADABLE`."""
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_DECODERS = {name: READERS[kind] for name, kind in _TYPES.items()}


def kind(frame: Frame) -> Literal["event", "exception", "error"]:
    """What sort of frame this is.

    Raises:
        ProtocolError: its ``:message-type`` is missing or none of the three.
    """
    match frame.headers.get(":message-type"):
        case "event":
            return "event"
        case "exception":
            return "exception"
        case "error":
            return "error"
        case other:
            raise ProtocolError(f"a frame of message type {other!r}")


def parse(frame: Frame) -> Event | TornEvent:
    """Read an ``event`` frame; exception frames are :func:`.errors.read_frame`'s business."""
    event_type = frame.headers.get(":event-type", "")
    # A header may be of any type; one that is no text names no event.
    if not isinstance(event_type, str) or (decode := _DECODERS.get(event_type)) is None:
        return OtherEvent(str(event_type), frame.payload)
    try:
        return decode(frame.payload)
    except msgspec.MsgspecError as exc:
        return _leniently(event_type, frame.payload, exc)
    except (UnicodeDecodeError, RecursionError) as exc:
        raise ProtocolError(f"{event_type}: {exc}") from exc


# The members whose text comes in pieces.
_JOINED = frozenset({"content", "input", "text"})


class Batch(msgspec.Struct, gc=False):
    """The events of a run, and what came after them where that is no event."""

    events: list[Any]
    """Of :data:`Event`, and of :class:`TornEvent` only where no kind is given."""
    kind: type[Event] | None
    """The one class of all of them; None where they have to be told apart."""
    failure: ProtocolError | None = None


def parse_all(run: Run) -> Batch:
    """Read frames as :func:`parse` does, without a call for each."""
    event_type = run.headers.get(":event-type", "")
    if isinstance(event_type, str) and (decode := _DECODERS.get(event_type)) is not None:
        try:
            return Batch([decode(payload) for payload in run.payloads], _TYPES[event_type])
        except UNREADABLE:
            pass  # Those before the bad one count, and it may be torn only: one by one.
    return _one_by_one(run)


def _one_by_one(run: Run) -> Batch:
    events: list[Event | TornEvent] = []
    try:
        for payload in run.payloads:
            events.append(parse(Frame(run.headers, payload)))
    except ProtocolError as failure:
        return Batch(events, None, failure)
    return Batch(events, None)


def _leniently(event_type: str, payload: bytes, cause: msgspec.MsgspecError) -> TornEvent:
    # msgspec refuses an escaped surrogate without its partner; the standard library reads it.
    if b"\\ud" not in payload and b"\\uD" not in payload:
        raise ProtocolError(f"{event_type}: {cause}") from cause
    try:
        return TornEvent(msgspec.convert(_mended(json.loads(payload)), _TYPES[event_type]))
    except (ValueError, RecursionError) as exc:
        raise ProtocolError(f"{event_type}: {exc}") from exc


def _mended(event: Any) -> Any:
    """The event without half characters, but for the texts whose other half may be in the next
    one: ``Mender`` joins those."""
    if not isinstance(event, dict):
        return event
    return {
        key: value if key in _JOINED and isinstance(value, str) else _whole(value)
        for key, value in event.items()
    }


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(each) for each in value]
        case dict():
            return {_whole(key): _whole(each) for key, each in value.items()}
        case _:
            return value
