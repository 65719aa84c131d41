"""One call's way to the service: choose an account, knock, and on failure do as policy says.

Most calls are one request to the service. Where an answer takes several, they are made one
after the other on the same journey, each with all that policy grants a request.
"""

import random
import time
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from amq2api.accounts.choose import Choice, Passed
from amq2api.accounts.model import Account, Token
from amq2api.accounts.policy import Attempt, next_step, pause
from amq2api.bridge.amazonq.prepare import prepare, verdict
from amq2api.bridge.backend import Notes, Outcome, Progress, Search, Translator, merged
from amq2api.dialects import messages as m
from amq2api.errors import ContextTooLong, GatewayError, NoAccount, QuotaExhausted
from amq2api.log import log
from amq2api.wire.exchange import Ask

from .relay import Relay, Stream
from .source import AT_THE_BEGINNING

Check = Callable[[Account, Token], Awaitable[None]]
"""What an account must be able to do for a call; raises if it is not."""


class Journey:
    """The source of a plain answer: its one request. ``close`` it in any case."""

    def __init__(self, relay: Relay, request_id: str, notes: Notes = ()) -> None:
        self._relay = relay
        self._noticed = notes
        self._call: m.Call | None = None
        self._progress = AT_THE_BEGINNING
        self._begun = False
        self._stream: Stream | None = None
        self._translator: Translator | None = None
        self._pending: list[m.StreamEvent] = []
        self._ended = False
        self._attempt = Attempt(number=0)
        self._before = Outcome()
        """What the requests before this one have come to."""
        self._tried: dict[str, str] = {}
        """Accounts that have failed this call, and the class of each failure."""
        self._size = (0, 0)
        """Estimated tokens of the call, and of the model's window; none known is 0."""
        self.request_id = request_id
        self.message_id = "msg_" + request_id.removeprefix("req_")
        self.check: Check | None = None
        """Asked of each account before it is sent the call."""
        self.born = time.monotonic()
        self.waited: float | None = None
        """Seconds until the service first began to answer."""
        self.attempts = 0
        """In all requests."""
        self.choice: Choice | None = None
        self.account: Account | None = None
        self.notes: Notes = notes
        self.failure: GatewayError | None = None

    @property
    def outcome(self) -> Outcome:
        return self._translator.outcome if self._translator else self._before

    async def open(self, call: m.Call, progress: Progress = AT_THE_BEGINNING) -> None:
        """Send *call*; see :meth:`Source.open`."""
        self._next(call, progress)
        try:
            await self._open()
        except GatewayError as failure:
            self._measure(failure)
            raise
        if self.waited is None:
            self.waited = time.monotonic() - self.born

    def _next(self, call: m.Call, progress: Progress) -> None:
        """Begin another request; the answer and the account stay."""
        self._leave()
        self._before, self._translator = self.outcome, None
        self._call, self._progress = call, progress
        self._begun = self._begun or progress.begun
        self._pending, self._ended = [], False
        self._attempt = Attempt(number=0)

    async def _open(self) -> None:
        relay, refused = self._relay, None
        account = self.account or self._take(relay.choose())
        while True:
            self.attempts += 1
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
        self.choice, self.account = choice, choice.account
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
        """See :meth:`Source.begin`."""
        if self._translator is None or self._begun:
            return []
        self._begun = True
        return self._translator.begin()

    @property
    def over(self) -> bool:
        """Whether everything of the request at hand was read."""
        return self._ended and not self._pending

    async def read(self) -> list[m.StreamEvent]:
        """See :meth:`Source.read`; where a search is ``wanted``, maybe nothing."""
        translator, stream = self._translator, self._stream
        if translator is None:
            raise RuntimeError("read before open")
        events, self._pending = self._pending, []
        # Where the end of the answer is here already, it leaves together with the rest.
        while (
            not self._ended
            and translator.wanted is None
            and (not events or stream is None or stream.ended)
        ):
            events += await self._advance(translator, stream)
        return events

    @property
    def wanted(self) -> Search | None:
        """The search that the model waits for."""
        return self._translator.wanted if self._translator and not self.failure else None

    def answer(self, block: m.WebSearchToolResultBlock) -> list[m.StreamEvent]:
        """Give the model's search its results."""
        return self._translator.answer(block) if self._translator else []

    @property
    def progress(self) -> Progress:
        """Where the answer stands, for another request."""
        return self._translator.progress if self._translator else self._progress

    @property
    def unfinished(self) -> bool:
        """Whether the request is over and the answer is not."""
        return (
            self.over
            and not self.failure
            and bool(self._translator and self._translator.unfinished)
        )

    def conclude(self, reason: m.StopReason) -> list[m.StreamEvent]:
        """End an unfinished answer here."""
        return self._translator.conclude(reason) if self._translator else []

    def note(self, notes: Notes) -> None:
        """Add what was changed on the way."""
        self._noticed = (*self._noticed, *notes)
        self.notes = merged((*self.notes, *notes))

    def fail(self, failure: GatewayError) -> list[m.StreamEvent]:
        """See :meth:`Source.fail`."""
        self._measure(failure)
        over, self._ended = self._ended, True
        self.failure = failure
        if self._translator is None or over:
            return [m.StreamError(m.broken_off(failure))]
        return self._translator.fail(failure)

    def close(self) -> None:
        """Let go of the service, wherever the answer is."""
        self._leave()

    async def _knock(self, account: Account, token: Token) -> None:
        """One attempt: send the call and wait for the first of the answer."""
        relay, call = self._relay, self._call
        if call is None:
            raise RuntimeError("knock without a call")
        if self.check is not None:
            await self.check(account, token)
        model = await relay.catalogue.find(call.model, account.id, relay.loader(account))
        identity = relay.manner.identity(
            account,
            message_id=self.message_id,
            expects_trailer=account.id in relay.trailers,
            replay_reasoning=not self._attempt.stripped,
        )
        prepared = prepare(call, model, identity, progress=self._progress)
        if not self._progress.begun:
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
                self._ended = translator.wanted is None
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
        self._ended = translator.wanted is None
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

    def _leave(self) -> None:
        self._drop()
        translator = self._translator
        if translator is not None and translator.trailer and self.account is not None:
            self._relay.trailers.add(self.account.id)

    def passed(self) -> tuple[Passed, ...]:
        """Who was passed over, and what those that were tried have failed with."""
        if self.choice is None or not self.choice.passed:
            return ()
        return tuple(
            replace(one, reason=self._tried.get(one.account_id, one.reason))
            for one in self.choice.passed
        )
