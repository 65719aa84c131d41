"""Amazon Q's reply, retold as a Messages stream.

Q sends flat fragments; a Messages client wants numbered blocks, each opened, filled and closed
before the next. The difference is one piece of state: which block is open.
"""

from collections.abc import Iterable
from typing import assert_never

from amq2api.bridge.backend import Note, Outcome, Progress, Search, merged
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, ProtocolError, UpstreamBroken
from amq2api.wire.eventstream import Decoder, Frame

from .blocks import TEXT, THINKING, Blocks
from .calls import Calls
from .cutting import Cutter
from .ending import Ending
from .lanes import Lanes, lane_of
from .terms import Terms
from .thinking import Piece, ThoughtSplitter

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
        self._splitter = ThoughtSplitter() if terms.thinking_tags else None
        self._cutter = Cutter(terms.max_tokens, terms.stop_sequences, terms.tokenizer)
        self._ending = Ending()
        self._calls = Calls(terms.names, terms.search)
        self._lanes = Lanes()
        self._withheld: list[str] | None = [] if terms.forced else None
        """Text that a forced tool call may yet make superfluous; None once there is one."""
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
        end = self._cutter.end or self._ending.end(tools=self._calls.clients)
        self._blocks.begin(out)
        self._release(out)
        self._blocks.close(out)
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
        if self._blocks.open not in self._calls:
            self._flush(out)
            self._release(out)
            self._blocks.close(out)
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
        if self._lanes:
            self._resume(out)
        splitter = self._splitter
        self._plain = (
            self._blocks.open == TEXT
            and (splitter is None or splitter.answering)
            and not (self._cutter.looks or self._mender.waiting)
        )

    def _take(self, event: q.Event, out: list[m.StreamEvent]) -> None:
        if self.wanted is not None:
            self._lanes.hold(event)
            return
        busy = self._blocks.open
        if busy in self._calls and (lane := lane_of(event)) not in (None, busy):
            self._lanes.wait(lane, event)
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
        """Let what waits go on, lane by lane, until something has to be waited for again."""
        while self._lanes and not self._busy:
            for event in self._lanes.next():
                self._take(event, out)

    @property
    def _busy(self) -> bool:
        """Whether other events cannot come forth now."""
        return self._blocks.open in self._calls or self.wanted is not None or self.done

    def _text(self, text: str, out: list[m.StreamEvent]) -> None:
        if self._splitter is None:
            self._put(self._cutter.text(text), out)
        else:
            self._pieces(self._splitter.feed(text), out)

    def _pieces(self, pieces: Iterable[Piece], out: list[m.StreamEvent]) -> None:
        for kind, piece in pieces:
            if self.done:
                return
            if kind == "thinking":
                self._think(piece, out)
            else:
                self._put(self._cutter.text(piece), out)

    def _put(self, text: str, out: list[m.StreamEvent]) -> None:
        if not text:
            return
        if self._withheld is not None:
            self._withheld.append(text)
            return
        if self._blocks.open != TEXT:
            self._blocks.start(TEXT, m.TextBlock(), out)
        out.append(m.ContentBlockDelta(self._blocks.index, m.TextDelta(text)))

    def _flush(self, out: list[m.StreamEvent]) -> None:
        """Something other than text begins: nothing may wait behind it."""
        if self._splitter is not None:
            self._pieces(self._splitter.finish(), out)
        if not self.done:
            self._put(self._cutter.rest(), out)

    def _release(self, out: list[m.StreamEvent]) -> None:
        """No tool call has come of it: the text that was withheld is the answer."""
        withheld, self._withheld = self._withheld, None
        if withheld:
            self._put("".join(withheld), out)

    def _think(self, text: str, out: list[m.StreamEvent]) -> None:
        kept = self._cutter.count(text)
        if not self._terms.want_thinking:
            return
        if self._blocks.open != THINKING:
            self._blocks.start(THINKING, m.ThinkingBlock(), out)
        if self._terms.show_thinking and kept:
            self._blocks.add(m.ThinkingDelta(kept), out)

    def _reasoning(self, event: q.ReasoningContentEvent, out: list[m.StreamEvent]) -> None:
        self._flush(out)
        if event.text and not self.done:
            self._think(event.text, out)
        if not self._terms.want_thinking or self.done:
            return
        if event.signature:
            if self._blocks.open != THINKING:
                self._blocks.start(THINKING, m.ThinkingBlock(), out)
            self._blocks.close(out, signature=event.signature)
        if event.redacted_content:
            self._blocks.whole(m.RedactedThinkingBlock(event.redacted_content), out)

    def _tool(self, event: q.ToolUseEvent, out: list[m.StreamEvent]) -> None:
        key = event.tool_use_id
        if key in self._calls and key != self._blocks.open:
            if event.input:
                raise ProtocolError(f"tool call {key!r} goes on after its end")
            return
        if key not in self._calls:
            self._flush(out)
            if self.done:
                return
            block = self._calls.begin(event)
            self._leave_out_withheld()
            self._blocks.start(key, block, out)
        if event.input:
            heard = self._calls.fill(key, self._cutter.count(event.input))
            if heard:
                self._blocks.add(m.InputJsonDelta(heard), out)
        if event.stop and not self.done:
            self._end_call(key, out)

    def _leave_out_withheld(self) -> None:
        if self._withheld:
            self.outcome.notes.append(Note("dropped", "answer.text"))
        self._withheld = None

    def _end_call(self, key: str, out: list[m.StreamEvent]) -> None:
        self.wanted = self._calls.end(key)
        self._blocks.close(out)
        if self._terms.one_tool and self.wanted is None:
            self._cutter.end = m.EndOfMessage("tool_use")

    def _settle(self, out: list[m.StreamEvent]) -> None:
        """At the end of the stream: nothing may be left open that ought to be closed."""
        if self.wanted is not None:
            return
        self._flush(out)
        while self._blocks.open in self._calls:
            if not self._ending.cut_short:
                raise UpstreamBroken("the service's stream ended inside a tool call")
            self._blocks.close(out)
            self._resume(out)
        if self.done or self.wanted is not None:
            return
        if self._terms.expects_trailer and not self._ending.trailer:
            raise UpstreamBroken("the service's stream ended early: its trailer is missing")
        if not self.answering and not self._withheld and not self._ending.told:
            raise UpstreamBroken("the service's stream ended without an answer")

    def _add_up(self) -> None:
        """What this request took, and the answer so far."""
        before, ending, outcome = self.progress, self._ending, self.outcome
        usage = ending.usage(self._terms.input_tokens, self._cutter.tokens, self._terms.window)
        ending.report(outcome, usage, self._terms.window)
        if before.credits is not None:
            outcome.credits = before.credits + (outcome.credits or 0.0)
        self.progress = after = Progress(
            begun=True,
            blocks=self._blocks.index + 1,
            input_tokens=before.input_tokens + usage.input_tokens,
            cache_written=before.cache_written + usage.cache_creation_input_tokens,
            cache_read=before.cache_read + usage.cache_read_input_tokens,
            output_tokens=before.output_tokens + usage.output_tokens,
            searches=self._searches,
            credits=outcome.credits,
            notes=merged(outcome.notes),
        )
        outcome.input_tokens, outcome.output_tokens = after.whole_input, after.output_tokens

    def _end(self, end: m.EndOfMessage) -> list[m.StreamEvent]:
        self.outcome.stop_reason = end.stop_reason
        usage = self.progress.usage(searching=self._terms.search is not None)
        return [m.MessageDelta(end, usage), m.MessageStop()]


_GOES_ON = frozenset({"end_turn", "stop_sequence", "pause_turn"})
"""Stop reasons after which a model that has searched may be asked to go on."""


def _read(frame: Frame) -> q.Event | q.TornEvent:
    if frame.headers.get(":message-type") == "event":
        return q.parse(frame)
    q.kind(frame)  # raises for what is none of the three kinds
    raise q.read_frame(frame)
