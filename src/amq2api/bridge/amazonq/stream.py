"""Amazon Q's reply, retold as a Messages stream.

Q sends flat fragments; a Messages client wants numbered blocks, each opened, filled and closed
before the next. The difference is one piece of state: which block is open.
"""

from typing import assert_never

from amq2api.bridge.backend import Note, Outcome, Progress, Search
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, UpstreamBroken
from amq2api.wire.eventstream import Decoder, Frame

from .blocks import TEXT, Blocks
from .calls import Calls
from .cutting import Cutter
from .ending import Ending
from .lanes import Lanes, lane_of
from .speech import Speech
from .terms import Terms

__all__ = ["StreamTranslator", "Terms"]


class StreamTranslator:
    """One reply. Feed it the bytes in order, then call exactly one of finish and fail.

    Between calls the events returned so far always form a prefix of a legal stream, so the
    connection may drop at any moment. See :class:`.backend.Translator` for searches.
    """

    def __init__(self, terms: Terms, progress: Progress | None = None) -> None:
        self._terms = terms
        self._frames = Decoder()
        self._mender = q.Mender()
        self._cutter = Cutter(terms.max_tokens, terms.stop_sequences, terms.tokenizer)
        self._ending = Ending()
        self._lanes = Lanes()
        self._plain = False
        """Whether text passes as it is: a text block is open, and nothing looks or waits."""
        self._last: list[m.StreamEvent] = []
        """What is told at the end; what ``finish`` had to say before it failed is not lost."""
        self.progress = progress or Progress()
        usage = m.Usage(terms.input_tokens, 0, 0, 0)
        head = m.MessageHead(terms.message_id, terms.model, usage)
        self._blocks = Blocks(head, begun=self.progress.begun, count=self.progress.blocks)
        self._first = self.progress.blocks
        self._searches = self.progress.searches
        self.wanted: Search | None = None
        self.unfinished = False
        self.failure: GatewayError | None = None
        self.outcome = Outcome(notes=list(self.progress.notes))
        self._calls = Calls(terms, self._cutter, self._blocks)
        self._speech = Speech(terms, self._cutter, self._blocks, self._note)

    @property
    def done(self) -> bool:
        """Whether the message was ended here, before its stream: the rest may be cancelled."""
        return self._cutter.end is not None

    @property
    def answering(self) -> bool:
        """Whether anything of the answer has come: text, reasoning or a tool call."""
        return self._blocks.index >= self._first or self.done

    @property
    def trailer(self) -> bool:
        """Whether the service sent a trailer, and so can be expected to."""
        return self._ending.trailer

    def begin(self) -> list[m.StreamEvent]:
        """The head of the message; nothing if it was given out before."""
        out: list[m.StreamEvent] = []
        self._blocks.begin(out)
        return out

    def feed(self, data: bytes) -> list[m.StreamEvent]:
        """Take the next bytes. Raises nothing: see ``failure``."""
        out: list[m.StreamEvent] = []
        cutter, blocks = self._cutter, self._blocks
        try:
            for frame in self._frames.feed(data):
                event = _read(frame)
                # Nearly every event is more of the open text, with nothing to look for in it.
                if self._plain and type(event) is q.AssistantResponseEvent:
                    if text := cutter.count(event.content or ""):
                        out.append(m.ContentBlockDelta(blocks.index, m.TextDelta(text)))
                else:
                    self._meet(event, out)
                if cutter.end is not None:
                    return out
            if self._frames.error is not None:
                raise self._frames.error
        except GatewayError as failure:
            self.failure = failure
        return out

    def answer(self, block: m.WebSearchToolResultBlock) -> list[m.StreamEvent]:
        """Give out what the wanted search found, and then what was held back."""
        out: list[m.StreamEvent] = []
        self.wanted = None
        if isinstance(block.content, list):
            self._searches += 1
        self._blocks.whole(block, out)
        try:
            self._resume(out)
        except GatewayError as failure:
            self.failure = failure
        return out

    def finish(self) -> list[m.StreamEvent]:
        """The stream ended on a frame boundary, or was cancelled because of ``done``.

        Raises:
            UpstreamBroken: what came is not a whole answer. Then call ``fail``.
        """
        out = self._last
        if not self.done:
            self._frames.finish()
            for event in self._mender.finish():
                self._take(event, out)
            self._settle(out)
            if self.wanted is not None:
                self._last = []
                return out
        if self._blocks.calling:
            self._calls.tear(out)
        whole = self._calls.clients and not self._calls.torn
        end = self._cutter.end or self._ending.end(tools=whole)
        self._blocks.begin(out)
        self._speech.end(out)
        self._add_up()
        self.unfinished = (
            not self.done and self._calls.searches_only and end.stop_reason in _GOES_ON
        )
        if not self.unfinished:
            out += self._end(end)
        return out

    def conclude(self, reason: m.StopReason) -> list[m.StreamEvent]:
        """End an unfinished message after all."""
        self.unfinished = False
        return self._end(m.EndOfMessage(reason))

    def fail(self, error: GatewayError) -> list[m.StreamEvent]:
        """The reply broke off: say why. No ``message_stop`` follows.

        An open tool call stays open, so that no client can take it for a whole one.
        """
        out = self._last
        self._blocks.begin(out)
        if not self._blocks.calling:
            self._speech.flush(out)
            self._speech.end(out)
        self.outcome.output_tokens = self.progress.output_tokens + self._cutter.tokens
        self.outcome.input_tokens = self.progress.whole_input + self._terms.input_tokens
        self.outcome.stop_reason = "error"
        out.append(m.StreamError(m.broken_off(error)))
        return out

    def _meet(self, event: q.Event | q.TornEvent, out: list[m.StreamEvent]) -> None:
        if isinstance(event, q.TornEvent) or self._mender.waiting:
            for whole in self._mender.feed(event):
                self._take(whole, out)
        else:
            self._take(event, out)
        if self._lanes.count:
            self._resume(out)
        self._plain = self._blocks.open == TEXT and self._speech.plain and not self._mender.waiting

    def _take(self, event: q.Event, out: list[m.StreamEvent]) -> None:
        if self.wanted is not None:
            self._lanes.hold(event)
            return
        if self._blocks.calling and (lane := lane_of(event)) not in (None, self._blocks.open):
            self._lanes.wait(lane, event)
            return
        match event:
            case q.AssistantResponseEvent(content):
                self._speech.text(content or "", out)
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
        self._note(Note("dropped", "answer.events"))
        if name not in q.OTHER_EVENTS and name not in self.outcome.unknown_events:
            self.outcome.unknown_events.append(name)

    def _resume(self, out: list[m.StreamEvent]) -> None:
        """Let what waits go on, lane by lane, until something has to be waited for again."""
        while self.wanted is None and not self.done:
            events = self._lanes.next(calling=self._blocks.calling)
            if not events:
                return
            for event in events:
                self._take(event, out)

    def _reasoning(self, event: q.ReasoningContentEvent, out: list[m.StreamEvent]) -> None:
        self._speech.flush(out)
        if event.text and not self.done:
            self._speech.think(event.text, out)
        if event.signature and not self.done:
            self._speech.sign(event.signature, out)
        if event.redacted_content and not self.done:
            self._speech.redacted(event.redacted_content, out)

    def _tool(self, event: q.ToolUseEvent, out: list[m.StreamEvent]) -> None:
        if self._terms.no_tools:
            self._note(_FORBIDDEN)
            return
        if not self._calls.begun(event.tool_use_id):
            self._speech.flush(out)
            if self.done:
                return
            block = self._calls.begin(event)
            self._speech.give_way()
            self._blocks.start(event.tool_use_id, block, out)
        self.wanted = self._calls.go_on(event, out)

    def _settle(self, out: list[m.StreamEvent]) -> None:
        """At the end of the stream: nothing may be left open that ought to be closed."""
        if self.wanted is not None:
            return
        self._ending.judge()
        self._speech.flush(out)
        while self._blocks.calling and not self.done:
            if not self._ending.cut_short:
                raise UpstreamBroken("the service's stream ended inside a tool call")
            self._calls.tear(out)
            self._resume(out)
        if self.done or self.wanted is not None:
            return
        if self._terms.expects_trailer and not self._ending.trailer:
            raise UpstreamBroken("the service's stream ended early: its trailer is missing")
        answered = self.answering or self._speech.withholds or _FORBIDDEN in self.outcome.notes
        if not answered and not self._ending.told:
            raise UpstreamBroken("the service's stream ended without an answer")

    def _note(self, note: Note) -> None:
        if note not in self.outcome.notes:
            self.outcome.notes.append(note)

    def _add_up(self) -> None:
        """What this request took, and the answer so far."""
        self.progress = self._ending.add_up(
            self.progress,
            m.Usage(self._terms.input_tokens, 0, 0, self._cutter.tokens),
            self._terms.window,
            self.outcome,
            blocks=self._blocks.index + 1,
            searches=self._searches,
        )

    def _end(self, end: m.EndOfMessage) -> list[m.StreamEvent]:
        self.outcome.stop_reason = end.stop_reason
        usage = self.progress.usage(searching=self._terms.search is not None)
        return [m.MessageDelta(end, usage), m.MessageStop()]


_FORBIDDEN = Note("dropped", "answer.tool_use")
_GOES_ON = frozenset({"end_turn", "stop_sequence", "pause_turn"})
"""Stop reasons after which a model that has searched may be asked to go on."""


def _read(frame: Frame) -> q.Event | q.TornEvent:
    if frame.headers.get(":message-type") == "event":
        return q.parse(frame)
    q.kind(frame)  # raises for what is none of the three kinds
    raise q.read_frame(frame)
