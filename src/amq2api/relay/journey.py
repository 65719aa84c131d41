"""One call's way to the service: choose an account, knock, and on failure do as policy says.

Most calls are one request to the service. Where an answer takes several, they are made one
after the other on the same journey, each with all that policy grants a request.
"""

import random
import time
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from amq2api.accounts.model import Account, Token
from amq2api.accounts.policy import Attempt, next_step, pause
from amq2api.bridge.amazonq.prepare import prepare, verdict
from amq2api.bridge.backend import Notes, Outcome, Prepared, Progress, Search, merged
from amq2api.dialects import messages as m
from amq2api.errors import ContextTooLong, GatewayError
from amq2api.log import log
from amq2api.wire.exchange import Ask

from .exchange import Exchange
from .relay import Relay
from .serving import Serving
from .source import AT_THE_BEGINNING, Write

Check = Callable[[Account, Token], Awaitable[None]]
"""What an account must be able to do for a call; raises if it is not."""


class Journey:
    """The source of a plain answer: its one request. ``close`` it in any case."""

    def __init__(self, relay: Relay, request_id: str, notes: Notes = ()) -> None:
        self._relay = relay
        self._noticed = notes
        self._begun = False
        self._prepared: Prepared | None = None
        self._exchange: Exchange | None = None
        self._before = Outcome()
        """What the answer had come to before the request at hand."""
        self._size = (0, 0)
        """Estimated tokens of the call, and of the model's window; none known is 0."""
        self.request_id = request_id
        self.message_id = "msg_" + request_id.removeprefix("req_")
        self.check: Check | None = None
        """Asked of each account before it is sent the call."""
        self.serving = Serving(relay)
        self.born = time.monotonic()
        self.waited: float | None = None
        """Seconds until the service first began to answer."""
        self.attempts = 0
        """In all requests."""
        self.notes: Notes = notes
        self.failure: GatewayError | None = None

    async def open(self, call: m.Call, progress: Progress = AT_THE_BEGINNING) -> None:
        """Send *call*; see :meth:`Source.open`."""
        self._leave()
        self._before, self._exchange = self.outcome, None
        self._begun = self._begun or progress.begun
        try:
            await self._open(call, progress)
        except GatewayError as failure:
            self._measure(failure)
            raise
        if self.waited is None:
            self.waited = time.monotonic() - self.born

    async def _open(self, call: m.Call, progress: Progress) -> None:
        relay, refused = self._relay, None
        attempt, account = Attempt(number=0), self.serving.someone()
        while True:
            self.attempts += 1
            attempt = replace(attempt, number=attempt.number + 1)
            token: Token | None = None
            try:
                token = await relay.tokens.token(account, refused=refused)
                await self._knock(call, progress, account, token, replay=not attempt.stripped)
            except GatewayError as failure:
                if self._exchange is not None:
                    self._exchange.close()
                await self.serving.tell(failure, account, token)
                step = next_step(
                    failure, attempt, limit=relay.manner.attempts, routing=relay.manner.routing
                )
                log.debug(
                    "attempt", request_id=self.request_id, reason=type(failure).__name__, step=step
                )
                match step:
                    case "refresh":
                        refused = token.access if token else None
                        attempt = replace(attempt, refreshed=True)
                    case "retry":
                        wait = pause(attempt.number, failure, jitter=random.random())
                        await relay.sleep(wait)
                    case "strip_reasoning":
                        relay.distrust.learn(call)
                        attempt = replace(attempt, stripped=True)
                    case "failover":
                        account, refused = self.serving.another(account, failure), None
                        attempt = replace(attempt, refreshed=False)
                    case "give_up":
                        raise
            else:
                return

    async def _knock(
        self, call: m.Call, progress: Progress, account: Account, token: Token, *, replay: bool
    ) -> None:
        """One attempt: send the call and wait for the first of the answer."""
        relay = self._relay
        if self.check is not None:
            await self.check(account, token)
        model = await relay.catalogue.find(call.model, account.id, relay.loader(account))
        identity = relay.manner.identity(
            account,
            message_id=self.message_id,
            expects_trailer=account.id in relay.trailers,
            replay_reasoning=replay,
        )
        known = relay.distrust.without(call)
        prepared = prepare(known, model, identity, progress=progress, gauge=relay.gauge)
        if not progress.begun:
            self.notes = (*self._noticed, *prepared.notes)
        self._prepared, translator = prepared, prepared.translator
        self._exchange = Exchange(translator, self._broken)
        self._size = (prepared.input_tokens, model.window or 0)
        if self._begun:
            translator.begin()
        if translator.done:
            return
        ask = prepared.ask
        headers = {**ask.headers, "authorization": f"Bearer {token.access}"}
        stream = await relay.upstream.open(Ask(ask.url, ask.body, headers, ask.method), verdict)
        await self._exchange.listen(stream)
        relay.health.succeeded(account)

    def begin(self) -> list[m.StreamEvent]:
        """See :meth:`Source.begin`."""
        if self._exchange is None or self._begun:
            return []
        self._begun = True
        return self._exchange.translator.begin()

    @property
    def over(self) -> bool:
        """Whether everything of the request at hand was read."""
        return self._exchange.over if self._exchange else self.failure is not None

    def read(self) -> Awaitable[list[m.StreamEvent]]:
        """See :meth:`Source.read`; where a search is ``wanted``, maybe nothing."""
        if self._exchange is None:
            raise RuntimeError("read before open")
        return self._exchange.read()

    def flow(self, write: Write) -> Awaitable[None]:
        """See :meth:`Source.flow`."""
        return self._exchange.flow(write) if self._exchange else _nothing()

    def fail(self, failure: GatewayError) -> list[m.StreamEvent]:
        """See :meth:`Source.fail`."""
        self._measure(failure)
        self.failure = failure
        if self._exchange is None:
            return [m.StreamError(m.broken_off(failure))]
        return self._exchange.fail(failure)

    def close(self) -> None:
        """Let go of the service, wherever the answer is."""
        self._leave()

    @property
    def outcome(self) -> Outcome:
        return self._exchange.translator.outcome if self._exchange else self._before

    @property
    def wanted(self) -> Search | None:
        """The search that the model waits for."""
        return self._exchange.translator.wanted if self._exchange and not self.failure else None

    def answer(self, block: m.WebSearchToolResultBlock) -> list[m.StreamEvent]:
        """Give the model's search its results."""
        return self._exchange.translator.answer(block) if self._exchange else []

    @property
    def progress(self) -> Progress:
        """After a request: where the answer stands, for another one."""
        return self._exchange.translator.progress if self._exchange else AT_THE_BEGINNING

    @property
    def unfinished(self) -> bool:
        """Whether the request is over and the answer is not."""
        exchange = self._exchange
        return exchange is not None and not self.failure and exchange.translator.unfinished

    def conclude(self, reason: m.StopReason) -> list[m.StreamEvent]:
        """End an unfinished answer here."""
        return self._exchange.translator.conclude(reason) if self._exchange else []

    def note(self, notes: Notes) -> None:
        """Add what was changed on the way."""
        self._noticed = (*self._noticed, *notes)
        self.notes = merged((*self.notes, *notes))

    def _broken(self, failure: GatewayError) -> None:
        """The answer broke off in the middle."""
        self._measure(failure)
        self.failure = failure
        if self.serving.account is not None:
            self._relay.report(self.serving.account, failure)

    def _measure(self, failure: GatewayError) -> None:
        """Say how long is too long: the service does not, and clients look for both numbers.

        They compact on the wording alone (claude-api.md 7.6). The count is our estimate, which
        can be too low; that it exceeds the window is the service's word.
        """
        tokens, window = self._size
        if isinstance(failure, ContextTooLong) and failure.tokens is None and window:
            failure.tokens, failure.maximum = max(tokens, window + 1), window

    def _leave(self) -> None:
        """The request at hand is over, or nobody wants to hear the rest."""
        exchange, account = self._exchange, self.serving.account
        if exchange is not None and account is not None:
            exchange.close()
            if exchange.translator.trailer:
                self._relay.trailers.add(account.id)
        if self._prepared is not None:
            self._relay.learned(self._prepared, self._prepared.translator.outcome)
            self._prepared = None


async def _nothing() -> None:
    """What flows where no request is under way."""
