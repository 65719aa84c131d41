"""One call under way, as its client and the records see it."""

import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from amq2api.accounts.health import in_words
from amq2api.bridge.backend import Note, Notes, Outcome, merged
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest, GatewayError, UpstreamBroken
from amq2api.log import log

from .hold import Hold
from .journey import Journey
from .records import Record, line, shortened
from .relay import Relay
from .runaway import turn_of
from .source import Source, Write

_UNFORESEEN = "Internal server error"


class Reply:
    """The answer to one call. ``open`` it, ``read`` it to its end, and ``close`` it in any case.

    *source* gives the events; ``answering.reply_to`` knows which one a call needs.
    """

    read: Callable[[], Awaitable[list[m.StreamEvent]]]
    """See :meth:`Source.read`. The source's own: this is the hot path."""
    flow: Callable[[Write], Awaitable[None]]
    """See :meth:`Source.flow`."""

    def __init__(
        self, relay: Relay, call: m.Call, journey: Journey, source: Source, *, session: str = ""
    ) -> None:
        self._relay, self._journey, self._source = relay, journey, source
        self._call: m.Call | None = call
        self._turn = turn_of(call, session)
        self._model, self._streamed = shortened(call.model), bool(call.stream)
        self.read, self.flow = source.read, source.flow
        self.request_id = journey.request_id
        self.queued = 0.0
        """Seconds that the call waited for its turn before it was read."""
        self.hold: Hold | None = None
        """Of the call's body: given back as soon as the service begins to answer."""

    async def open(self) -> None:
        """Return once the service has begun to answer; see :meth:`Source.open`."""
        call, journey = self._call, self._journey
        if call is None:
            raise RuntimeError("opened twice")
        # Whoever needs more of it than the request keeps it; an open stream can be long.
        self._call = None
        try:
            self._relay.runaway.enter(self._turn)
            if m.needs_material(call):
                call, changed = await self._relay.material.ready(call)
                journey.note(changed)
            await self._source.open(call)
        except GatewayError as failure:
            journey.failure = failure
            raise
        finally:
            if self.hold is not None:
                self.hold.release()

    def begin(self) -> list[m.StreamEvent]:
        """See :meth:`Source.begin`."""
        return self._source.begin()

    @property
    def over(self) -> bool:
        """Whether everything was read."""
        return self._source.over

    def fail(self, failure: GatewayError) -> list[m.StreamEvent]:
        """See :meth:`Source.fail`."""
        return self._source.fail(failure)

    @property
    def failure(self) -> GatewayError | None:
        return self._journey.failure

    @property
    def outcome(self) -> Outcome:
        return self._journey.outcome

    @property
    def notes(self) -> Notes:
        """What was changed so far, in the call and in its answer."""
        changed = self._journey.outcome.notes
        return merged((*self._journey.notes, *changed)) if changed else self._journey.notes

    def close(self, status: int = 0) -> None:
        """Let go of the service, wherever the answer is, and say what became of the call.

        Args:
            status: Of the HTTP answer, if it has begun.
        """
        journey = self._journey
        journey.close()
        failure, outcome = journey.failure, journey.outcome
        self._learn(failure, outcome)
        record = self._record(status, failure or _bug(), outcome)
        self._relay.records.add(record)
        told = line(record)
        if outcome.unknown_events:
            told["unknown_events"] = outcome.unknown_events
        log.info("call", **told)

    def _learn(self, failure: GatewayError | None, outcome: Outcome) -> None:
        """Whether the conversation goes in circles."""
        if failure is None:
            if outcome.stop_reason:
                self._relay.runaway.well(self._turn)
        elif outcome.torn and isinstance(failure, UpstreamBroken):
            self._relay.runaway.torn(self._turn)

    def _record(self, status: int, failure: GatewayError | None, outcome: Outcome) -> Record:
        journey, serving = self._journey, self._journey.serving
        account, choice = serving.account, serving.choice
        seconds, queued = time.monotonic() - journey.born, self.queued + journey.queued
        ids, notes, waited = journey.upstream_ids, self.notes, journey.waited
        return Record(
            id=self.request_id,
            upstream_id=shortened(ids[-1]) if ids else "",
            at=time.time() - seconds,
            model=self._model,
            account=account.id if account else "",
            account_name=account.name if account else "",
            why=choice.why if choice else "",
            passed=serving.passed(),
            attempts=journey.attempts,
            stream=self._streamed,
            status=status or (m.wording(failure).status if failure else 0),
            outcome=_outcome(failure, outcome),
            ok=failure is None and bool(outcome.stop_reason),
            error=in_words(failure) if failure else "",
            input_tokens=outcome.input_tokens,
            output_tokens=outcome.output_tokens,
            usage=outcome.usage_source,
            credits=outcome.credits,
            queued=round(queued, 3) if queued else None,
            prepared=None if journey.sent is None else round(journey.sent, 3),
            first=None if waited is None else round(waited, 3),
            gap=None if waited is None else round(journey.gap, 3),
            seconds=round(seconds, 3),
            notes=tuple(map(str, notes)) if notes else (),
        )


def _bug() -> GatewayError | None:
    """What the client hears (web/app.py) if the call ends by what nobody foresaw."""
    raised = sys.exception()
    if isinstance(raised, RecursionError):
        return BadRequest()
    foreseen = not isinstance(raised, Exception) or isinstance(raised, GatewayError)
    return None if foreseen else GatewayError(_UNFORESEEN)


def _outcome(failure: GatewayError | None, outcome: Outcome) -> str:
    if failure is not None:
        return type(failure).__name__
    return outcome.stop_reason or "abandoned"


def unknown_field_notes(names: Sequence[str]) -> Notes:
    """Top-level members that nobody here has heard of are let pass, but not in silence."""
    return (Note("dropped", "unknown fields", len(names)),) if names else ()
