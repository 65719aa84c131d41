"""The journey of one call: choose an account, knock upstream, and on failure do as policy says."""

import random
import time
from collections.abc import Sequence

from msgspec.structs import replace

from amq2api.accounts.choose import Choice, Passed
from amq2api.accounts.health import in_words
from amq2api.accounts.model import Account, Token
from amq2api.accounts.policy import Attempt, next_step, pause
from amq2api.bridge.amazonq.prepare import prepare, verdict
from amq2api.bridge.backend import Note, Notes, Outcome, Translator
from amq2api.dialects import messages as m
from amq2api.errors import ContextTooLong, GatewayError, NoAccount, QuotaExhausted
from amq2api.log import log
from amq2api.wire.exchange import Ask

from .records import Record, line, shortened
from .relay import Relay, Stream


class Reply:
    """One call under way. ``open`` it, ``read`` it to its end, and ``close`` it in any case."""

    def __init__(self, relay: Relay, call: m.Call, request_id: str, notes: Notes = ()) -> None:
        self._relay, self._call = relay, call
        self._noticed = notes
        self._begun = False
        self._stream: Stream | None = None
        self._translator: Translator | None = None
        self._pending: list[m.StreamEvent] = []
        self._ended = False
        self._born = time.monotonic()
        self._waited: float | None = None
        self._attempt = Attempt(number=0)
        self._choice: Choice | None = None
        self._tried: dict[str, str] = {}
        """Accounts that have failed this call, and the class of each failure."""
        self._size = (0, 0)
        """Estimated tokens of the call, and of the model's window; none known is 0."""
        self.request_id = request_id
        self.message_id = "msg_" + request_id.removeprefix("req_")
        self.account: Account | None = None
        self.notes: Notes = notes
        self.failure: GatewayError | None = None

    @property
    def outcome(self) -> Outcome:
        return self._translator.outcome if self._translator else Outcome()

    async def open(self) -> None:
        """Return once the service has begun to answer.

        Raises:
            GatewayError: it did not; the client should hear of this.
        """
        try:
            await self._open()
        except GatewayError as failure:
            self._measure(failure)
            self.failure = failure
            raise
        self._waited = time.monotonic() - self._born

    async def _open(self) -> None:
        relay, refused = self._relay, None
        account = self._take(relay.choose())
        while True:
            self._attempt = replace(self._attempt, number=self._attempt.number + 1)
            token: Token | None = None
            try:
                token = await relay.tokens.token(account, refused=refused)
                await self._knock(account, token)
            except GatewayError as failure:
                self._drop()
                await self._tell(failure, account, token)
                step = next_step(
                    failure, self._attempt, limit=relay.manner.attempts,
                    routing=relay.manner.routing,
                )  # fmt: skip
                log.debug(
                    "attempt", request_id=self.request_id, reason=type(failure).__name__, step=step
                )
                match step:
                    case "refresh":
                        refused = token.access if token else None
                        self._attempt = replace(self._attempt, refreshed=True)
                    case "retry":
                        wait = pause(self._attempt.number, failure, jitter=random.random())
                        await relay.sleep(wait)
                    case "strip_reasoning":
                        self._attempt = replace(self._attempt, stripped=True)
                    case "failover":
                        self._tried[account.id] = type(failure).__name__
                        account, refused = self._other(failure), None
                        self._attempt = replace(self._attempt, refreshed=False)
                    case "give_up":
                        raise
            else:
                return

    def _take(self, choice: Choice) -> Account:
        self._choice, self.account = choice, choice.account
        if choice.why == "probe":
            self._relay.health.probing(choice.account)
        return choice.account

    async def _tell(self, failure: GatewayError, account: Account, token: Token | None) -> None:
        """Enter a failed attempt into the account's health; of a quota also when it is renewed."""
        relay = self._relay
        relay.report(account, failure)
        if isinstance(failure, QuotaExhausted) and token is not None:
            # Other calls know already; now the mark gets its end, and the client its date.
            await relay.explain(failure, account, token.access)
            relay.report(account, failure)

    def _other(self, failure: GatewayError) -> Account:
        """The next account; where there is none, *failure* is the better explanation."""
        try:
            return self._take(self._relay.choose(frozenset(self._tried)))
        except NoAccount as nobody:
            failure.args = (f"{str(failure).removesuffix('.')}, and {nobody}.",)
            raise failure from None

    def begin(self) -> list[m.StreamEvent]:
        """The head of the message, when the client should not wait for the service any more.

        Nothing as long as the call is not ready to be sent.
        """
        if self._translator is None or self._begun:
            return []
        self._begun = True
        return self._translator.begin()

    @property
    def over(self) -> bool:
        """Whether everything was read."""
        return self._ended and not self._pending

    async def read(self) -> list[m.StreamEvent]:
        """The next events, at least one, until ``over``. A failure is an ``error`` event."""
        translator, stream = self._translator, self._stream
        if translator is None:
            raise RuntimeError("read before open")
        events, self._pending = self._pending, []
        # Where the end of the answer is here already, it leaves together with the rest.
        while not self._ended and (not events or stream is None or stream.ended):
            events += await self._advance(translator, stream)
        return events

    def fail(self, failure: GatewayError) -> list[m.StreamEvent]:
        """How a stream that has begun without the service hears that it will not come."""
        self._measure(failure)
        self.failure, self._ended = failure, True
        if self._translator is None:
            return [m.StreamError(m.broken_off(failure))]
        return self._translator.fail(failure)

    def close(self) -> None:
        """Let go of the service, wherever the answer is, and say what became of the call."""
        self._drop()
        translator = self._translator
        if translator is not None and translator.trailer and self.account is not None:
            self._relay.trailers.add(self.account.id)
        self._report()

    async def _knock(self, account: Account, token: Token) -> None:
        """One attempt: send the call and wait for the first of the answer."""
        relay = self._relay
        model = await relay.catalogue.find(self._call.model, account.id, relay.loader(account))
        identity = relay.manner.identity(
            account,
            message_id=self.message_id,
            expects_trailer=account.id in relay.trailers,
            replay_reasoning=not self._attempt.stripped,
        )
        prepared = prepare(self._call, model, identity)
        self.notes = (*self._noticed, *prepared.notes)
        translator = self._translator = prepared.translator
        self._size = (prepared.input_tokens, model.window or 0)
        if self._begun:
            translator.begin()
        if translator.done:
            return
        ask = prepared.ask
        headers = {**ask.headers, "authorization": f"Bearer {token.access}"}
        self._stream = await relay.upstream.open(
            Ask(ask.url, ask.body, headers, ask.method), verdict
        )
        await self._first_word(translator, self._stream)
        relay.health.succeeded(account)

    async def _first_word(self, translator: Translator, stream: Stream) -> None:
        """Until anything of the answer is here, whatever goes wrong is no answer at all."""
        while not translator.answering:
            data = await stream.read()
            if data:
                self._pending += translator.feed(data)
                if translator.failure is not None and not translator.answering:
                    raise translator.failure
            else:
                self._pending += translator.finish()
                self._ended = True
                return

    async def _advance(self, translator: Translator, stream: Stream | None) -> list[m.StreamEvent]:
        if translator.failure is not None:
            return self._break_off(translator.failure)
        try:
            if translator.done or stream is None:
                self._drop()
                self._ended = True
                return translator.finish()
            if data := await stream.read():
                return translator.feed(data)
            events = translator.finish()
        except GatewayError as failure:
            return self._break_off(failure)
        self._ended = True
        return events

    def _break_off(self, failure: GatewayError) -> list[m.StreamEvent]:
        if self.account is not None:
            self._relay.report(self.account, failure)
        return self.fail(failure)

    def _measure(self, failure: GatewayError) -> None:
        """Say how long is too long: the service does not, and clients look for both numbers.

        They compact on the wording alone (claude-api.md 7.6). The count is our estimate, which
        can be too low; that it exceeds the window is the service's word.
        """
        tokens, window = self._size
        if isinstance(failure, ContextTooLong) and failure.tokens is None and window:
            failure.tokens, failure.maximum = max(tokens, window + 1), window

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        if not self._ended:
            self._pending = []

    def _report(self) -> None:
        record = self._record()
        self._relay.records.add(record)
        unknown = self.outcome.unknown_events
        log.info("call", **line(record), **({"unknown_events": unknown} if unknown else {}))

    def _record(self) -> Record:
        outcome, failure, account = self.outcome, self.failure, self.account
        seconds = time.monotonic() - self._born
        return Record(
            id=self.request_id,
            at=time.time() - seconds,
            model=shortened(self._call.model),
            account=account.id if account else "",
            account_name=account.name if account else "",
            why=self._choice.why if self._choice else "",
            passed=self._passed(),
            attempts=self._attempt.number,
            stream=bool(self._call.stream),
            outcome=_outcome(failure, outcome),
            ok=failure is None and bool(outcome.stop_reason),
            error=in_words(failure) if failure else "",
            input_tokens=outcome.input_tokens,
            output_tokens=outcome.output_tokens,
            usage=outcome.usage_source,
            credits=outcome.credits,
            first=None if self._waited is None else round(self._waited, 3),
            seconds=round(seconds, 3),
            notes=tuple(map(str, self.notes)),
        )

    def _passed(self) -> tuple[Passed, ...]:
        """Who was passed over, and what those that were tried have failed with."""
        if self._choice is None or not self._choice.passed:
            return ()
        return tuple(
            replace(one, reason=self._tried.get(one.account_id, one.reason))
            for one in self._choice.passed
        )


def _outcome(failure: GatewayError | None, outcome: Outcome) -> str:
    if failure is not None:
        return type(failure).__name__
    return outcome.stop_reason or "abandoned"


def unknown_field_notes(names: Sequence[str]) -> Notes:
    """Top-level members that nobody here has heard of are let pass, but not in silence."""
    return (Note("dropped", "unknown fields", len(names)),) if names else ()
