"""Amazon Q's reply, retold as a Messages stream.

Q sends flat fragments; a Messages client wants numbered blocks, each opened, filled and closed
before the next. The difference is one piece of state: which block is open.
"""

from amq2api.bridge.backend import Outcome, Progress, Search
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError
from amq2api.wire.eventstream import Decoder, Frame, Run

from .telling import Telling
from .terms import Terms

__all__ = ["StreamTranslator", "Terms"]

_FLOWING = frozenset({q.AssistantResponseEvent, q.ReasoningContentEvent, q.ToolUseEvent})
"""Events of which many may come for one block."""
_NOWHERE = Progress()


class StreamTranslator:
    """One reply. Feed it the bytes in order, then call exactly one of finish and fail.

    Between calls the events returned so far always form a prefix of a legal stream, so the
    connection may drop at any moment. See :class:`.backend.Translator` for searches.
    """

    __slots__ = (
        "_frames", "_last", "_mender", "_telling", "_terms", "failure", "outcome", "progress",
        "unfinished",
    )  # fmt: skip

    def __init__(self, terms: Terms, progress: Progress | None = None) -> None:
        self._terms = terms
        self._frames = Decoder()
        self._mender = q.Mender()
        self._last: list[m.StreamEvent] = []
        """What is told at the end; what ``finish`` had to say before it failed is not lost."""
        self.progress = progress or _NOWHERE
        self.outcome = Outcome(notes=list(self.progress.notes))
        self._telling = Telling(terms, self.progress, self.outcome)
        self.unfinished = False
        self.failure: GatewayError | None = None

    @property
    def wanted(self) -> Search | None:
        """A search to be made and answered; until then nothing more comes out."""
        return self._telling.wanted

    @property
    def done(self) -> bool:
        """Whether the message was ended here, before its stream: the rest may be cancelled."""
        return self._telling.done

    @property
    def answering(self) -> bool:
        """Whether anything of the answer has come: text, reasoning or a tool call."""
        return self._telling.answering

    @property
    def trailer(self) -> bool:
        """Whether the service sent a trailer, and so can be expected to."""
        return self._telling.ending.trailer

    def begin(self) -> list[m.StreamEvent]:
        """The head of the message; nothing if it was given out before."""
        out: list[m.StreamEvent] = []
        self._telling.blocks.begin(out)
        return out

    def feed(self, data: bytes) -> list[m.StreamEvent]:
        """Take the next bytes. Raises nothing: see ``failure``."""
        out: list[m.StreamEvent] = []
        try:
            for run in self._frames.runs(data):
                if self._hear(_read(run), out):
                    return out
            if self._frames.error is not None:
                raise self._frames.error
        except GatewayError as failure:
            self.failure = failure
        return out

    def answer(self, block: m.WebSearchToolResultBlock) -> list[m.StreamEvent]:
        """Give out what the wanted search found, and then what was held back."""
        out: list[m.StreamEvent] = []
        try:
            self._telling.answer(block, out)
        except GatewayError as failure:
            self.failure = failure
        return out

    def finish(self) -> list[m.StreamEvent]:
        """The stream ended on a frame boundary, or was cancelled because of ``done``.

        Raises:
            UpstreamBroken: what came is not a whole answer. Then call ``fail``.
        """
        out, telling = self._last, self._telling
        if not telling.done:
            self._frames.finish()
            for event in self._mender.finish():
                telling.take(event, out)
            telling.settle(out)
            if telling.wanted is not None:
                self._last = []
                return out
        end = telling.close(out)
        # An answer of nothing takes the token that ends it (claude-api.md 5).
        self._add_up(at_least=0 if self._terms.max_tokens == 0 else 1)
        self.unfinished = telling.goes_on(end)
        if not self.unfinished:
            out += self._end(end)
        return out

    def conclude(self, reason: m.StopReason) -> list[m.StreamEvent]:
        """End an unfinished message after all."""
        self.unfinished = False
        return self._end(m.EndOfMessage(reason))

    def fail(self, error: GatewayError) -> list[m.StreamEvent]:
        """The reply broke off: say why. No ``message_stop`` follows."""
        out = self._last
        self._telling.give_up(out)
        self._add_up()
        self.outcome.stop_reason = "error"
        self.outcome.torn = self._telling.breaks_call
        out.append(m.StreamError(m.broken_off(error)))
        return out

    def _hear(self, batch: q.Batch, out: list[m.StreamEvent]) -> bool:
        """Tell what a batch of events says; whether the message is ended by it.

        Raises:
            GatewayError: the reply is broken.
        """
        telling, mender, events = self._telling, self._mender, batch.events
        cutter, at, count = telling.cutter, 0, len(events)
        while at < count:
            if batch.kind is None or mender.waiting:
                for whole in mender.feed(events[at]):
                    telling.take(whole, out)
                at += 1
            elif batch.kind in _FLOWING and (told := telling.go_on(batch, at, out)):
                at += told
            else:
                telling.take(batch.events[at], out)
                at += 1
            if cutter.end is not None:
                return True
        if batch.failure is not None:
            raise batch.failure
        return False

    def _add_up(self, *, at_least: int = 0) -> None:
        """What this request took, *at_least* so many tokens of output, and the answer so far."""
        telling = self._telling
        written = max(at_least, telling.cutter.tokens)
        self.progress = telling.ending.add_up(
            self.progress,
            m.Usage(self._terms.input_tokens, 0, 0, written),
            self._terms.window,
            self.outcome,
            blocks=telling.blocks.index + 1,
            searches=telling.searches,
        )

    def _end(self, end: m.EndOfMessage) -> list[m.StreamEvent]:
        self.outcome.stop_reason = end.stop_reason
        usage = self.progress.usage(searching=self._terms.search is not None)
        return [m.MessageDelta(end, usage), m.MessageStop()]


def _read(run: Run) -> q.Batch:
    if run.headers.get(":message-type") == "event":
        return q.parse_all(run)
    frame = Frame(run.headers, run.payloads[0])
    q.kind(frame)  # raises for what is none of the three kinds
    raise q.read_frame(frame)
