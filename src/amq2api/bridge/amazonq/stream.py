"""Amazon Q's reply, retold as a Messages stream.

Q sends flat fragments; a Messages client wants numbered blocks, each opened, filled and closed
before the next. The difference is one piece of state: which block is open. Where Q interleaves
(upstream-protocol.md, Appendix A 7), other lanes wait until an open tool call is closed.
"""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from amq2api.bridge.backend import Outcome
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, ProtocolError, UpstreamBroken
from amq2api.wire.eventstream import Decoder, Frame

from .cutting import StopSequences, TokenGauge
from .ending import Ending
from .ids import client_tool_id
from .thinking import ThoughtSplitter
from .words import MARKER_SIGNATURE


class Terms(msgspec.Struct, frozen=True):
    """What a translator must know of the call whose reply it retells."""

    message_id: str
    model: str
    """The name the client used."""
    input_tokens: int
    """An estimate, until the service tells."""
    window: int | None = None
    """Size of the model's context window in tokens, where published."""
    names: Mapping[str, str] = {}
    """Upstream tool name to the client's, where they differ."""
    max_tokens: int | None = None
    """Where to cut the answer; None when the model sees to it itself."""
    stop_sequences: tuple[str, ...] = ()
    one_tool: bool = False
    """``disable_parallel_tool_use``: the answer ends with its first tool call."""
    thinking_tags: bool = False
    """Whether the model was asked to write its thoughts in tags."""
    show_thinking: bool = True
    """False for ``display: omitted``: thinking blocks stay empty but for their signature."""
    want_thinking: bool = True
    """False when the client disabled thinking: no thinking blocks at all."""
    expects_trailer: bool = False
    """Whether this account's replies are known to end with a trailer (3.4)."""


# Lanes that are no tool call's id; the space keeps them apart from any.
_TEXT, _THINKING, _REDACTED = "the text", "the thinking", "the redacted thinking"


class StreamTranslator:
    """One reply. Feed it the bytes in order, then call exactly one of finish and fail.

    Between calls the events returned so far always form a prefix of a legal stream, so the
    connection may drop at any moment.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._frames = Decoder()
        self._mender = q.Mender()
        self._splitter = ThoughtSplitter() if terms.thinking_tags else None
        self._stops = StopSequences(terms.stop_sequences) if terms.stop_sequences else None
        self._plain = False
        """Whether text passes as it is: nothing looks for anything in it, no half waits."""
        self._gauge = TokenGauge(terms.max_tokens)
        self._ending = Ending()
        self._begun = False
        self._blocks = 0
        self._open: str | None = None
        """The lane of the newest block while it is open: text, thinking, or a tool call's id."""
        self._calls: dict[str, list[str]] = {}
        """The input of every tool call begun so far, in fragments, by upstream id."""
        self._waiting: dict[str, list[q.Event]] = {}
        """Events of other lanes, in order of their first, while a tool call is open."""
        # A limit of nothing ends the message before it begins (claude-api.md 3.1).
        self._cut = m.EndOfMessage("max_tokens") if terms.max_tokens == 0 else None
        self._last: list[m.StreamEvent] = []
        """What is told at the end; what ``finish`` had to say before it failed is not lost."""
        self.failure: GatewayError | None = None
        """Why ``feed`` stopped short: what it returned is good, what follows is lost."""
        self.outcome = Outcome()

    @property
    def done(self) -> bool:
        """Whether the message was ended here, before its stream: the rest may be cancelled."""
        return self._cut is not None

    @property
    def answering(self) -> bool:
        """Whether anything of the answer has come: text, reasoning or a tool call."""
        return self._blocks > 0 or self._cut is not None

    @property
    def trailer(self) -> bool:
        """Whether the service sent a trailer, and so can be expected to."""
        return self._ending.trailer

    def begin(self) -> list[m.StreamEvent]:
        """The head of the message; nothing if it was given out before."""
        out: list[m.StreamEvent] = []
        self._begin(out)
        return out

    def feed(self, data: bytes) -> list[m.StreamEvent]:
        """Take the next bytes. Raises nothing: see ``failure``."""
        out: list[m.StreamEvent] = []
        try:
            for frame in self._frames.feed(data):
                event = _read(frame)
                # Nearly every event is more of the open text, with nothing to look for in it.
                if type(event) is q.AssistantResponseEvent and self._open == _TEXT and self._plain:
                    self._put(event.content or "", out)
                else:
                    self._meet(event, out)
                if self._cut is not None:
                    return out
            if self._frames.error is not None:
                raise self._frames.error
        except GatewayError as failure:
            self.failure = failure
        return out

    def _meet(self, event: q.Event | q.TornEvent, out: list[m.StreamEvent]) -> None:
        if isinstance(event, q.TornEvent) or self._mender.waiting:
            for whole in self._mender.feed(event):
                self._take(whole, out)
        else:
            self._take(event, out)
        if self._waiting:
            self._resume(out)
        self._plain = not (self._splitter or self._stops or self._mender.waiting)

    def finish(self) -> list[m.StreamEvent]:
        """The stream ended on a frame boundary, or was cancelled because of ``done``.

        Raises:
            UpstreamBroken: what came is not a whole answer. Then call ``fail``.
        """
        out = self._last
        if self._cut is None:
            self._frames.finish()
            for event in self._mender.finish():
                self._take(event, out)
            self._settle(out)
        end = self._cut or self._ending.end(tools=bool(self._calls))
        self._begin(out)
        self._close(out)
        usage = self._ending.usage(self._terms.input_tokens, self._gauge.tokens, self._terms.window)
        self._ending.report(self.outcome, usage, self._terms.window)
        self.outcome.stop_reason = end.stop_reason
        out += [m.MessageDelta(end, usage), m.MessageStop()]
        return out

    def fail(self, error: GatewayError) -> list[m.StreamEvent]:
        """The reply broke off: say why. No ``message_stop`` follows.

        An open tool call stays open, so that no client can take it for a whole one.
        """
        out = self._last
        self._begin(out)
        if self._open not in self._calls:
            self._flush_text(out)
            self._close(out)
        self.outcome.output_tokens = self._gauge.tokens
        self.outcome.input_tokens = self._terms.input_tokens
        self.outcome.stop_reason = "error"
        out.append(m.StreamError(m.broken_off(error)))
        return out

    def _take(self, event: q.Event, out: list[m.StreamEvent]) -> None:
        if self._open in self._calls and (lane := _lane(event)) not in (None, self._open):
            self._waiting.setdefault(lane, []).append(event)
            return
        match event:
            case q.AssistantResponseEvent(content):
                self._text(content or "", out)
            case q.ToolUseEvent():
                self._tool(event, out)
            case q.ReasoningContentEvent():
                self._reasoning(event, out)
            case q.MetadataEvent() | q.ContextUsageEvent() | q.MeteringEvent():
                self._ending.take(event)
            case q.InvalidStateEvent(reason, message):
                raise UpstreamBroken(f"the service reports an invalid state: {reason} {message}")
            case q.InitialResponse() | q.MessageMetadataEvent():
                pass
            case q.OtherEvent(name):
                self._meet_stranger(name)
            case _:
                assert_never(event)

    def _meet_stranger(self, name: str) -> None:
        if name not in q.OTHER_EVENTS and name not in self.outcome.unknown_events:
            self.outcome.unknown_events.append(name)

    def _resume(self, out: list[m.StreamEvent]) -> None:
        """Let waiting lanes go on, one after the other, until one opens a call it leaves open."""
        while self._waiting and self._open not in self._calls and self._cut is None:
            for event in self._waiting.pop(next(iter(self._waiting))):
                self._take(event, out)

    def _text(self, text: str, out: list[m.StreamEvent]) -> None:
        if self._splitter is None:
            self._say(text, out)
            return
        self._pieces(self._splitter.feed(text), out)

    def _pieces(self, pieces: list[Any], out: list[m.StreamEvent]) -> None:
        for kind, piece in pieces:
            if self._cut is None:
                (self._think if kind == "thinking" else self._say)(piece, out)

    def _say(self, text: str, out: list[m.StreamEvent], *, last: bool = False) -> None:
        if self._stops is not None and not last:
            text = self._stops.feed(text)
        self._put(text, out)
        if self._cut is None and self._stops is not None and self._stops.matched is not None:
            self._cut = m.EndOfMessage("stop_sequence", self._stops.matched)

    def _put(self, text: str, out: list[m.StreamEvent]) -> None:
        kept = self._gauge.take(text)
        if kept:
            if self._open != _TEXT:
                self._switch(_TEXT, m.TextBlock(), out)
            out.append(m.ContentBlockDelta(self._blocks - 1, m.TextDelta(kept)))
        if len(kept) < len(text):
            self._cut = m.EndOfMessage("max_tokens")

    def _flush_text(self, out: list[m.StreamEvent]) -> None:
        """Something other than text begins: nothing may wait behind it."""
        if self._splitter is not None:
            self._pieces(self._splitter.finish(), out)
        if self._stops is not None and (rest := self._stops.finish()):
            self._say(rest, out, last=True)

    def _think(self, text: str, out: list[m.StreamEvent]) -> None:
        kept = self._gauge.take(text)
        if self._terms.want_thinking:
            if self._open != _THINKING:
                self._switch(_THINKING, m.ThinkingBlock(), out)
            if self._terms.show_thinking and kept:
                out.append(m.ContentBlockDelta(self._blocks - 1, m.ThinkingDelta(kept)))
        if len(kept) < len(text):
            self._cut = m.EndOfMessage("max_tokens")

    def _reasoning(self, event: q.ReasoningContentEvent, out: list[m.StreamEvent]) -> None:
        self._flush_text(out)
        if event.text:
            self._think(event.text, out)
        if not self._terms.want_thinking:
            return
        if event.signature:
            if self._open != _THINKING:
                self._switch(_THINKING, m.ThinkingBlock(), out)
            self._close(out, signature=event.signature)
        if event.redacted_content:
            self._switch(_REDACTED, m.RedactedThinkingBlock(event.redacted_content), out)
            self._close(out)

    def _tool(self, event: q.ToolUseEvent, out: list[m.StreamEvent]) -> None:
        key = event.tool_use_id
        if key in self._calls and key != self._open:
            if event.input:
                raise ProtocolError(f"tool call {key!r} goes on after its end")
            return
        if key not in self._calls:
            self._flush_text(out)
            if self._cut is None:
                self._begin_tool(event, out)
        if self._cut is None and event.input:
            self._fill_tool(key, event.input, out)
        if self._cut is None and event.stop:
            self._end_tool(key, out)

    def _begin_tool(self, event: q.ToolUseEvent, out: list[m.StreamEvent]) -> None:
        if not event.name or not event.tool_use_id:
            raise ProtocolError("a tool call without a name or an id")
        name = self._terms.names.get(event.name, event.name)
        block = m.ToolUseBlock(client_tool_id(event.tool_use_id), name)
        self._switch(event.tool_use_id, block, out)
        self._calls[event.tool_use_id] = []

    def _fill_tool(self, key: str, fragment: str, out: list[m.StreamEvent]) -> None:
        kept = self._gauge.take(fragment)
        self._calls[key].append(kept)
        out.append(m.ContentBlockDelta(self._blocks - 1, m.InputJsonDelta(kept)))
        if len(kept) < len(fragment):
            self._cut = m.EndOfMessage("max_tokens")

    def _end_tool(self, key: str, out: list[m.StreamEvent]) -> None:
        _check_input(key, "".join(self._calls[key]))
        self._close(out)
        if self._terms.one_tool:
            self._cut = m.EndOfMessage("tool_use")

    def _settle(self, out: list[m.StreamEvent]) -> None:
        """At the end of the stream: nothing may be left open that ought to be closed."""
        self._flush_text(out)
        while self._open in self._calls:
            if not self._ending.cut_short:
                raise UpstreamBroken("the service's stream ended inside a tool call")
            self._close(out)
            self._resume(out)
        if self._cut is not None:
            return
        if self._terms.expects_trailer and not self._ending.trailer:
            raise UpstreamBroken("the service's stream ended early: its trailer is missing")
        if not self.answering and not self._ending.told:
            raise UpstreamBroken("the service's stream ended without an answer")

    def _switch(self, lane: str, block: m.ContentBlock, out: list[m.StreamEvent]) -> None:
        """Make *lane* the open block, closing another one if need be."""
        self._begin(out)
        self._close(out)
        out.append(m.ContentBlockStart(self._blocks, block))
        self._open = lane
        self._blocks += 1

    def _begin(self, out: list[m.StreamEvent]) -> None:
        if not self._begun:
            self._begun = True
            usage = m.Usage(self._terms.input_tokens, 0, 0, 0)
            head = m.MessageHead(self._terms.message_id, self._terms.model, usage)
            out.append(m.MessageStart(head))

    def _close(self, out: list[m.StreamEvent], *, signature: str = MARKER_SIGNATURE) -> None:
        lane, self._open = self._open, None
        if lane == _THINKING:
            out.append(m.ContentBlockDelta(self._blocks - 1, m.SignatureDelta(signature)))
        if lane is not None:
            out.append(m.ContentBlockStop(self._blocks - 1))


def _read(frame: Frame) -> q.Event | q.TornEvent:
    if frame.headers.get(":message-type") == "event":
        return q.parse(frame)
    q.kind(frame)  # raises for what is none of the three kinds
    raise q.read_frame(frame)


def _lane(event: q.Event) -> str | None:
    """Which block an event belongs to; None if to none."""
    match event:
        case q.AssistantResponseEvent(content):
            return _TEXT if content else None
        case q.ReasoningContentEvent():
            return _THINKING
        case q.ToolUseEvent(tool_use_id):
            return tool_use_id
        case _:
            return None


def _check_input(key: str, text: str) -> None:
    """A closed call's input is an empty text or a JSON object; anything else was cut (3.5)."""
    if not text.strip():
        return
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as exc:
        raise UpstreamBroken(f"the input of tool call {key!r} is cut or not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise UpstreamBroken(f"the input of tool call {key!r} is not an object")
