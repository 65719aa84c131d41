"""What the service may send: replies as somebody means them, and the frames that carry them.

A :class:`Reply` knows what it says, so that a test can compare what a client hears with it. Its
frames are cut as the service cuts them (upstream-protocol.md 3.3, 3.4, Appendix A 7): anywhere,
also inside an escape and between the halves of a character.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st

from amq2api.wire.eventstream import encode
from laws.texts import INPUTS, TEXTS, VALUES

__all__ = ["Frame", "Part", "Reply", "broken", "carried", "legal", "reads", "spoken", "written"]

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["text", "thinking", "redacted", "call"]


@dataclass(frozen=True)
class Frame:
    """One frame, and whose part of the reply it carries; *part* is -1 for none."""

    data: bytes
    event: str
    payload: Any
    part: int = -1

    @property
    def told(self) -> list[Any]:
        """For a person to read."""
        return [self.event, self.payload]


@dataclass(frozen=True)
class Part:
    """Something that the model says, whole."""

    kind: Kind
    text: str
    """The text, the thought, what is redacted, or the call's input as JSON text."""
    name: str = ""
    id: str = ""
    signature: str = ""


@dataclass
class Reply:
    parts: list[Part]
    frames: list[Frame]
    reason: str | None = None
    """The stop reason that the service gives, if it does."""
    trailer: bool = False
    fault: str = ""
    """What is wrong with it; empty for a good one."""
    whole: bytes | None = None
    """The bytes, where they are not just those of the frames."""

    @property
    def data(self) -> bytes:
        return b"".join(f.data for f in self.frames) if self.whole is None else self.whole

    def said(self, kind: Kind) -> str:
        return "".join(part.text for part in self.parts if part.kind == kind)

    @property
    def calls(self) -> list[Part]:
        return [part for part in self.parts if part.kind == "call"]


_NAMES = st.sampled_from(["ls", "cat_9f86d081", "mcp__x", "web_search"])
_REASONS = st.sampled_from([
    None, "END_TURN", "end_turn", "TOOL_USE", "CONTENT_FILTERED", "GUARDRAIL_INTERVENED",
    "MAX_TOKENS", "MODEL_CONTEXT_WINDOW_EXCEEDED", "PAUSE_TURN", "STOP_SEQUENCE", "SOMETHING_NEW",
])  # fmt: skip
_SIGNATURES = st.sampled_from(["", "EqQBCkgIBRABGAIiQ", "sig=="])
_STRANGE = st.sampled_from([
    ("initial-response", {"conversationId": "c"}), ("messageMetadataEvent", {"utteranceId": "u"}),
    ("assistantResponseEvent", {"modelId": "x"}), ("assistantResponseEvent", {"content": ""}),
    ("assistantResponseEvent", {"content": None}), ("reasoningContentEvent", {}),
    ("reasoningContentEvent", {"text": ""}), ("codeReferenceEvent", {"references": []}),
    ("citationEvent", {"target": {"location": 1}, "citationLink": "β"}), ("newEvent", [1]),
    ("followupPromptEvent", {"followupPrompt": {"content": "α"}}), ("newEvent", {"content": "β"}),
    ("codeEvent", {"content": "γ"}), ("toolResultEvent", {"toolResult": {}}), ("", {}),
    ("supplementaryWebLinksEvent", {"supplementaryWebLinks": [{"url": "β", "title": "γ"}]}),
])  # fmt: skip
_BLANKS = st.sampled_from(["", " ", "\n"])


def written(event: str, payload: Any, *, ascii: bool = True, part: int = -1) -> Frame:
    """An event's frame; half a character can only be written as an escape."""
    try:
        raw = json.dumps(payload, ensure_ascii=ascii).encode()
    except UnicodeEncodeError:
        raw = json.dumps(payload).encode()
    headers = {":event-type": event, ":content-type": "application/json",
               ":message-type": "event"}  # fmt: skip
    return Frame(encode(headers, raw), event, payload, part)


def exception(name: str, **payload: Any) -> Frame:
    headers = {":exception-type": name, ":content-type": "application/json",
               ":message-type": "exception"}  # fmt: skip
    return Frame(encode(headers, json.dumps(payload).encode()), f"!{name}", payload)


@st.composite
def _parts(draw: st.DrawFn, kinds: Sequence[Kind]) -> list[Part]:
    made: list[Part] = []
    for at, kind in enumerate(draw(st.lists(st.sampled_from(kinds), max_size=5))):
        if kind == "call":
            text = draw(_BLANKS) if draw(st.booleans()) else draw(INPUTS.map(_object_text))
            id = draw(st.sampled_from(["tooluse_", "toolu_", "τ"])) + str(at)
            made.append(Part("call", text, draw(_NAMES), id))
        elif kind == "redacted":
            made.append(Part(kind, draw(st.sampled_from(["LktUUn5+", "AAAA"]))))
        else:
            signature = draw(_SIGNATURES) if kind == "thinking" else ""
            made.append(Part(kind, draw(TEXTS), signature=signature))
    return made


def _object_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=len(value) == 1)


@st.composite
def _fragments(draw: st.DrawFn, text: str) -> list[str]:
    """*text* cut anywhere as Java counts it, so between the halves of a character too."""
    units = text.encode("utf-16-le")
    cuts = draw(st.lists(st.integers(0, len(units) // 2), max_size=4))
    ends = [0, *sorted(2 * cut for cut in cuts), len(units)]
    return [units[a:b].decode("utf-16-le", "surrogatepass") for a, b in pairwise(ends)]


@st.composite
def carried(draw: st.DrawFn, at: int, part: Part) -> list[Frame]:
    """The frames of one part, in order."""
    event, payloads = "assistantResponseEvent", list[Json]()
    fragments = draw(_fragments(part.text)) if part.kind != "redacted" else []
    match part.kind:
        case "text":
            payloads = [{"content": piece} for piece in fragments]
            if draw(st.booleans()):
                payloads[0]["modelId"] = "x"
        case "thinking":
            event = "reasoningContentEvent"
            payloads = [{"text": piece} for piece in fragments]
            if part.signature and draw(st.booleans()):
                payloads.append({"signature": part.signature})
            elif part.signature:
                payloads[-1]["signature"] = part.signature
        case "redacted":
            event, payloads = "reasoningContentEvent", [{"redactedContent": part.text}]
        case "call":
            event, payloads = "toolUseEvent", draw(_call(part, fragments))
    ascii = draw(st.booleans())
    return [written(event, payload, ascii=ascii, part=at) for payload in payloads]


@st.composite
def _call(draw: st.DrawFn, part: Part, fragments: list[str]) -> list[Json]:
    """First a frame that only names the call, then its input, then the end, or some together."""
    named: Json = {"name": part.name, "toolUseId": part.id}
    payloads: list[Json] = [{**named, "input": piece} for piece in fragments]
    if draw(st.booleans()):
        payloads[:0] = [named] * draw(st.integers(1, 2))
    if draw(st.booleans()):
        payloads[-1] = {"stop": True, **payloads[-1]}
    else:
        payloads.append({**named, "stop": True})
    if draw(st.booleans()):
        payloads.append(named)  # its first frame once more
    return payloads


@st.composite
def spoken(
    draw: st.DrawFn, kinds: Sequence[Kind] = ("text", "text", "thinking", "call", "redacted")
) -> tuple[list[Part], list[Frame]]:
    """Parts and their frames, those of neighbours interleaved, strangers among them."""
    parts = draw(_parts(kinds))
    lanes = [draw(carried(at, part)) for at, part in enumerate(parts)]
    frames: list[Frame] = []
    mixed = draw(st.booleans())
    while lanes := [lane for lane in lanes if lane]:
        # Neighbours of one kind stay in order: they are one lane to the service.
        open_to = _together(lanes, parts) if mixed else 1
        frames.append(lanes[draw(st.integers(0, open_to - 1))].pop(0))
    for at, (event, payload) in draw(st.lists(st.tuples(st.integers(0, 30), _STRANGE), max_size=3)):
        frames.insert(min(at, len(frames)), written(event, payload))
    return parts, frames


def _together(lanes: list[list[Frame]], parts: list[Part]) -> int:
    """How many of the first lanes may be sent at once: calls all, other kinds one each."""
    kinds: list[Kind] = []
    for lane in lanes:
        kind = parts[lane[0].part].kind
        kind = "thinking" if kind == "redacted" else kind
        if kind != "call" and kind in kinds:
            break
        kinds.append(kind)
    return len(kinds)


@st.composite
def _trailer(draw: st.DrawFn, reason: str | None, *, full: bool = True) -> list[Frame]:
    """``metadataEvent``, ``contextUsageEvent``, ``meteringEvent``, each or none (3.4).

    Where the window may be *full*, that is a reason to leave a tool call half written.
    """
    made = [written("metadataEvent", {"stopReason": reason})] if reason else []
    percentages = [None, 0, 4.349499702453613, 99.9]
    percentage = draw(st.sampled_from([*percentages, 100] if full else percentages))
    if percentage is not None:
        made.append(written("contextUsageEvent", {"contextUsagePercentage": percentage}))
    if draw(st.booleans()):
        made.append(written("meteringEvent", {"usage": 0.25, "unit": "credit"}))
    if reason and draw(st.booleans()):
        counted = {"uncachedInputTokens": 5, "outputTokens": 7, "totalTokens": 12}
        made.append(written("metadataEvent", {"tokenUsage": counted}))
    return made


@st.composite
def legal(
    draw: st.DrawFn, kinds: Sequence[Kind] = ("text", "text", "thinking", "call", "redacted")
) -> Reply:
    """A reply that the service means as whole."""
    parts, frames = draw(spoken(kinds))
    answers = any(_answers(frame) for frame in frames)
    reason = draw(_REASONS if answers else st.just("END_TURN"))
    trailer = draw(_trailer(reason))
    return Reply(parts, [*frames, *trailer], reason, trailer=bool(trailer))


def _answers(frame: Frame) -> bool:
    """Whether a client hears anything of it."""
    told = frame.payload if isinstance(frame.payload, dict) else {}
    members = ("content", "text", "signature", "redactedContent", "toolUseId")
    return frame.part >= 0 and any(told.get(name) for name in members)


@st.composite
def reads(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The bytes as the network delivers them: in any pieces."""
    if draw(st.booleans()):
        size = draw(st.sampled_from([1, 7, 64, 4096]))
        if len(data) // size < 2000:
            return [data[at : at + size] for at in range(0, len(data), size)]
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


_EXCEPTIONS = st.sampled_from([
    exception("ThrottlingException", message="α", reason="USER_REQUEST_RATE_EXCEEDED"),
    exception("throttlingError", message="α"), exception("InternalServerException"),
    exception("com.amazon.x#ValidationException", message="Input is too long."),
    exception("ContentLengthExceededException", message="α"), exception("error", message=""),
    exception("SomethingNew", message="α\u2028", retryAfterMilliseconds=5),
    written("invalidStateEvent", {"reason": "INVALID_TASK_ASSIST_PLAN", "message": "β"}),
    Frame(encode({":message-type": "error", ":error-code": "e", ":error-message": "m"}, b""),
          "!error", None),
    Frame(encode({":message-type": "other"}, b"{}"), "!other", None),
    Frame(encode({":event-type": "assistantResponseEvent"}, b'{"content":"a"}'), "!untyped", None),
])  # fmt: skip
_UNREADABLE = st.sampled_from([b"", b"{", b"[]", b'{"content":1}', b'{"content":"\xff"}', b"null",
                               b'{"content":"a"} x', b'{"toolUseId":1}', b"nul"])  # fmt: skip
_FAULTS = ("exception", "unreadable", "flipped", "truncated", "no stop", "no object", "after",
           "malformed", "nothing", "no trailer")  # fmt: skip


@st.composite
def broken(draw: st.DrawFn) -> Reply:
    """A reply that no client may take for a whole one.

    One without its trailer is at fault only where a trailer is known to be due.
    """
    fault = draw(st.sampled_from(_FAULTS))
    parts, frames = draw(spoken())
    trailer = draw(_trailer(draw(st.sampled_from([None, "END_TURN", "TOOL_USE"])), full=False))
    reply = Reply(parts, [*frames, *trailer], trailer=bool(trailer), fault=fault)
    at = draw(st.integers(0, len(frames)))
    match fault:
        case "exception":
            _put(reply, at, draw(_EXCEPTIONS))
        case "unreadable":
            event = draw(st.sampled_from(["assistantResponseEvent", "toolUseEvent"]))
            raw = draw(_UNREADABLE.filter(lambda raw: event[0] != "a" or b"toolUseId" not in raw))
            headers = {":event-type": event, ":message-type": "event"}
            _put(reply, at, Frame(encode(headers, raw), f"!{event}", raw.decode("latin-1")))
        case "flipped" | "truncated":
            _damage(draw, reply)
        case "no stop" | "no object" | "after":
            _spoil(draw, reply, at)
        case "malformed":
            word = draw(st.sampled_from(["MALFORMED_TOOL_USE", "MALFORMED_MODEL_OUTPUT"]))
            reply.frames.append(written("metadataEvent", {"stopReason": word}))
        case "nothing":
            reply.frames = [frame for frame in frames if not _answers(frame)]
        case "no trailer":
            reply.frames, reply.trailer = frames, False
    return reply


def _put(reply: Reply, at: int, frame: Frame) -> None:
    reply.frames.insert(at, frame)


def _damage(draw: st.DrawFn, reply: Reply) -> None:
    """A bit flipped, or the stream cut off inside a frame."""
    if not reply.frames:
        _put(reply, 0, written("assistantResponseEvent", {"content": "α"}))
    data = reply.data
    at = draw(st.integers(0, len(data) - 1))
    if reply.fault == "flipped":
        bit = 1 << draw(st.integers(0, 7))
        reply.whole = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
        return
    ends = {0}
    for frame in reply.frames:
        ends.add(max(ends) + len(frame.data))
    reply.whole = data[: at + 1] if at in ends else data[:at]
    if len(reply.whole) in ends:  # a frame of one byte there is not
        reply.whole = data[: at + 2]


def _spoil(draw: st.DrawFn, reply: Reply, at: int) -> None:
    """A tool call that never ends, is no object, or goes on after its end."""
    named: Json = {"name": "ls", "toolUseId": "tooluse_z"}
    frames = [written("toolUseEvent", {**named, "input": "{}"})]
    if reply.fault == "no object":
        text = draw(st.sampled_from(["[1]", '{"α":', "nul", '"', "1", "{}{}", "{'α':1}"])
                    | VALUES.filter(lambda v: not isinstance(v, dict)).map(json.dumps))  # fmt: skip
        frames = [written("toolUseEvent", {**named, "input": text, "stop": True})]
    elif reply.fault == "after":
        frames.append(written("toolUseEvent", {**named, "stop": True}))
        frames.append(written("toolUseEvent", {**named, "input": " "}))
    for frame in reversed(frames):
        _put(reply, at, frame)
