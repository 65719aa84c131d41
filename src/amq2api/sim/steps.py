"""What an answer consists of, as values: frames, pauses and accidents, one after another."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from amq2api.dialects.amazonq.operations import EVENT_STREAM
from amq2api.wire.eventstream import HeaderValue, encode

__all__ = [
    "Bytes", "Drop", "ErrorFrame", "Event", "Exact", "Flat", "Pause", "Raised", "Step",
    "Streamed", "Trailer", "compact", "frame", "reasoning", "reasoning_end", "text", "tool_piece",
    "tool_start", "tool_stop",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """An ``event`` frame. *headers* come in front of the usual three."""

    type: str
    payload: Mapping[str, Any]
    headers: Mapping[str, HeaderValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Raised:
    """An ``exception`` frame."""

    name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """An ``error`` frame: an unmodelled failure, told in headers only (3.2)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes as they are, sensible or not."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks; nothing after this step is sent."""


@dataclass(frozen=True, slots=True)
class Trailer:
    """Where the three closing events go, if the profile has them or the scenario insists.

    *percentage* is computed from the sizes of question and answer unless given.
    """

    stop_reason: str | None = "END_TURN"
    percentage: float | None = None
    details: Mapping[str, Any] | None = None
    insist: bool = False


Exact: TypeAlias = Event | Raised | ErrorFrame | Bytes
"""A step that is bytes."""
Step: TypeAlias = Exact | Pause | Drop | Trailer


@dataclass(frozen=True, slots=True)
class Streamed:
    """HTTP 200 and an event stream."""

    steps: Sequence[Step]
    wait: float = 0.0
    """Seconds before even the status line is sent."""
    content_type: str = EVENT_STREAM
    bare: bool = False
    """Whether the profile adds nothing in front: the scenario is about how the stream begins."""
    cut: int | None = None
    """Bytes after which *steps* end for good; ``dropped`` says how."""
    dropped: bool = True
    """Whether the cut breaks the connection, or ends the body in good order."""


@dataclass(frozen=True, slots=True)
class Flat:
    """An HTTP answer that is no stream and no fault of the service's own making."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


def compact(value: object) -> bytes:
    """JSON as the service writes it; half a surrogate pair can only be an escape."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def frame(step: Exact) -> bytes:
    """One step as bytes, headers in the order of captures (3.2)."""
    match step:
        case Event(kind, payload, extra):
            headers = {**extra, **_headers(":event-type", kind, "event")}
            return encode(headers, compact(payload))
        case Raised(name, payload):
            return encode(_headers(":exception-type", name, "exception"), compact(payload))
        case ErrorFrame(code, message):
            told = {":error-code": code, ":error-message": message, ":message-type": "error"}
            return encode(told, b"")
        case Bytes(data):
            return data


def _headers(name: str, value: str, message_type: str) -> dict[str, HeaderValue]:
    return {name: value, ":content-type": "application/json", ":message-type": message_type}


def text(content: str) -> Event:
    return Event("assistantResponseEvent", {"content": content})


def reasoning(content: str) -> Event:
    return Event("reasoningContentEvent", {"text": content})


def reasoning_end(signature: str) -> Event:
    return Event("reasoningContentEvent", {"signature": signature})


def tool_start(key: str, name: str) -> Event:
    return Event("toolUseEvent", {"name": name, "toolUseId": key})


def tool_piece(key: str, name: str, piece: str) -> Event:
    return Event("toolUseEvent", {"input": piece, "name": name, "toolUseId": key})


def tool_stop(key: str, name: str) -> Event:
    return Event("toolUseEvent", {"name": name, "stop": True, "toolUseId": key})
