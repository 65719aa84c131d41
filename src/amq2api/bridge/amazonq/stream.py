"""Amazon Q's reply, retold as a Messages stream.

Q sends flat fragments; a Messages client wants numbered blocks, each opened, filled and closed
before the next. The difference is one piece of state: which block is open.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from amq2api.bridge.backend import Outcome, Progress, Search
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError
from amq2api.wire.eventstream import Decoder, Frame, HeaderValue, Run

from .telling import More, Telling
from .terms import Terms

__all__ = ["StreamTranslator", "Terms"]

_NOWHERE = Progress()


class _Flow(NamedTuple):
    """A kind of events of which many may come for one block."""

    headers: Mapping[str, HeaderValue]
    """The very object under which they come."""
    read: Callable[[bytes], q.Event]
    more: More


class StreamTranslator:
    """One reply. Feed it the bytes in order, then call exactly one of finish and fail.

    Between calls the events returned so far always form a prefix of a legal stream, so the
    connection may drop at any moment. See :class:`.backend.Translator` for searches.
    """

    __slots__ = (
        "_flow", "_frames", "_last", "_mender", "_telling", "_terms", "failure", "outcome",
        "progress", "stuck", "unfinished",
    )  # fmt: skip

    def __init__(self, terms: Terms, progress: Progress | None = None) -> None:
        self._terms = terms
        self._frames = Decoder()
        self._mender = q.Mender()
        self._flow: _Flow | None = None
        """The kind of the latest events that had one."""
        self._last: list[m.StreamEvent] = []
        """What is told at the end; what ``finish`` had to say before it failed is not lost."""
        self.progress = progress or _NOWHERE
        self.outcome = Outcome(notes=list(self.progress.notes))
        self._telling = Telling(terms, self.progress, self.outcome)
        self.unfinished = False
        self.failure: GatewayError | None = None
        self.stuck = self.done

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
        # At a model's pace each read is one event, and more of what was before. Its way is run
        # with cold caches, and costs what its instructions and functions are in number.
        payload, flow = self._frames.single(data), self._flow
        if (
            payload is not None
            and flow is not None
            and self._frames.headers is flow.headers
            and not self._mender.waiting
        ):
            try:
                event = flow.read(payload)
            except q.UNREADABLE:
                pass  # it may be torn only
            else:
                if flow.more([event], out):
                    self.stuck = self._telling.cutter.end is not None
                    return out
        try:
            for run in self._frames.runs(data):
                if self._hear(run, out):
                    return out
            if self._frames.error is not None:
                raise self._frames.error
        except GatewayError as failure:
            self.failure, self.stuck = failure, True
        return out

    def answer(self, block: m.WebSearchToolResultBlock) -> list[m.StreamEvent]:
        """Give out what the wanted search found, and then what was held back."""
        out: list[m.StreamEvent] = []
        try:
            self._telling.answer(block, out)
        except GatewayError as failure:
            self.failure = failure
        self.stuck = self.failure is not None or self.done or self.wanted is not None
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

    def _hear(self, run: Run, out: list[m.StreamEvent]) -> bool:
        """Tell what events say that came together; whether the message is ended by it.

        Raises:
            GatewayError: the reply is broken.
        """
        if run.headers.get(":message-type") != "event":
            _refuse(run)
        batch = q.parse_all(run)
        telling, mender, events = self._telling, self._mender, batch.events
        cutter, at, count = telling.cutter, 0, len(events)
        more = None
        if (kind := batch.kind) is not None and (more := telling.more(kind)) is not None:
            self._flow = _Flow(run.headers, q.READERS[kind], more)
        while at < count:
            if kind is None or mender.waiting:
                for whole in mender.feed(events[at]):
                    telling.take(whole, out)
                at += 1
            elif more is not None and (told := more(events[at:] if at else events, out)):
                at += told
            else:
                telling.take(events[at], out)
                at += 1
            if cutter.end is not None:
                self.stuck = True
                return True
        self.stuck = telling.wanted is not None
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


def _refuse(run: Run) -> NoReturn:
    """Raise what frames say that are no events."""
    frame = Frame(run.headers, run.payloads[0])
    q.kind(frame)  # raises for what is none of the three kinds
    raise q.read_frame(frame)
