"""One call's way to the service: choose an account, knock, and on failure do as policy says.

Most calls are one request to the service. Where an answer takes several, they are made one
after the other on the same journey, each with all that policy grants a request.
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial

from amq2api.accounts.model import Account, Token
from amq2api.accounts.policy import Attempt
from amq2api.bridge.amazonq.prepare import prepare, verdict
from amq2api.bridge.backend import Notes, Outcome, Progress, Search, merged
from amq2api.bridge.tokens import Size
from amq2api.dialects import messages as m
from amq2api.errors import ContextTooLong, GatewayError
from amq2api.wire.exchange import Answer, Ask

from .aside import LARGE, aside
from .attempts import Attempts
from .exchange import Exchange
from .relay import Relay
from .serving import Serving
from .source import AT_THE_BEGINNING, Write

Check = Callable[[Account, Token], Awaitable[None]]
"""What an account must be able to do for a call; raises if it is not."""


class Journey:
    """The source of a plain answer: its one request. ``close`` it in any case.

    Args:
        caller: Tells whose turn it is where there is no seat; see
            :class:`.admission.Admission`.
        weight: Bytes of the call as it came.
    """

    def __init__(
        self,
        relay: Relay,
        request_id: str,
        notes: Notes = (),
        *,
        caller: Callable[[], str] = str,
        weight: int = 0,
    ) -> None:
        self._relay, self._caller, self._weight = relay, caller, weight
        self._noticed = notes
        self._begun = False
        self._exchange: Exchange | None = None
        self._seat: str | None = None
        """The account on which a seat is taken."""
        self._weighed: tuple[str, Size] | None = None
        """What the request at hand weighs, by the service's name of the model."""
        self._before = Outcome()
        """What the answer had come to before the request at hand."""
        self._gap = 0.0
        self._size = (0, 0)
        """Estimated tokens of the call, and of the model's window; none known is 0."""
        self.request_id = request_id
        self.message_id = "msg_" + request_id.removeprefix("req_")
        self.check: Check | None = None
        """Asked of each account before it is sent the call."""
        self.serving = Serving(relay)
        self._attempts = Attempts(relay, self.serving, request_id)
        self.born = time.monotonic()
        self.queued = 0.0
        """Seconds that were spent waiting for a seat."""
        self.sent: float | None = None
        """Seconds until the service was first sent anything."""
        self.waited: float | None = None
        """Seconds until the service first began to answer."""
        self.notes: Notes = notes
        self.failure: GatewayError | None = None

    async def open(self, call: m.Call, progress: Progress = AT_THE_BEGINNING) -> None:
        """Send *call*; see :meth:`Source.open`."""
        if self._exchange is not None:
            self._leave()
            self._before, self._exchange = self.outcome, None
        self._begun = self._begun or progress.begun
        relay = self._relay
        relay.budget = relay.budget.called(relay.clock())
        try:
            await self._attempts.make(partial(self._knock, call, progress))
        except GatewayError as failure:
            self._measure(failure)
            raise
        if self.waited is None:
            self.waited = time.monotonic() - self.born

    async def _knock(
        self, call: m.Call, progress: Progress, account: Account, token: Token, attempt: Attempt
    ) -> None:
        """One attempt: send the call and wait for the first of the answer."""
        relay, taken = self._relay, attempt.taken
        if taken[-1:] == ("strip_reasoning",):
            relay.distrust.learn(call)
        try:
            if not relay.admission.take_seat(account.id):
                await self._wait_for_seat(account)
            self._seat = account.id
            if self.check is not None:
                await self.check(account, token)
            model = await relay.catalogue.find(call.model, account.id, relay.loader(account))
            identity = relay.manner.identity(
                account,
                message_id=self.message_id,
                expects_trailer=account.id in relay.trailers,
                replay_reasoning="strip_reasoning" not in taken,
            )
            known = relay.distrust.without(call)
            make = partial(prepare, known, model, identity, progress=progress, gauge=relay.gauge)
            prepared = await aside(make) if self._weight > LARGE else make()
            if not progress.begun:
                self.notes = (*self._noticed, *prepared.notes)
            self._weighed = prepared.model_id, prepared.size
            self._size = (prepared.input_tokens, model.window or 0)
            self._exchange = exchange = Exchange(prepared.translator, self._broken)
            if self._begun:
                exchange.translator.begin()
            if not exchange.translator.done:
                await self._send(prepared.ask, exchange, account, token)
        except GatewayError:
            self._let_go()
            raise

    async def _send(self, ask: Ask, exchange: Exchange, account: Account, token: Token) -> None:
        relay = self._relay
        if self.sent is None:
            self.sent = time.monotonic() - self.born
        headers = {**ask.headers, "authorization": "Bearer " + token.access}
        try:
            stream = await relay.upstream.open(
                Ask(ask.url, ask.body, headers, ask.method), _verdict
            )
            self._attempts.heard(stream.request_id)
            await exchange.listen(stream)
        except GatewayError as failure:
            relay.metrics.asked(failure)
            raise
        relay.metrics.asked(None)
        relay.health.succeeded(account)

    async def _wait_for_seat(self, account: Account) -> None:
        came = time.monotonic()
        try:
            await self._relay.admission.wait_for_seat(account.id, self._caller())
        finally:
            self.queued += time.monotonic() - came

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
        # What holds each other only the collector could part, and that is slow to come.
        self._before, self._exchange, self.check = self.outcome, None, None
        if self.failure is not None:
            _forget_frames(self.failure)

    @property
    def attempts(self) -> int:
        """Of all requests."""
        return self._attempts.made

    @property
    def upstream_ids(self) -> list[str]:
        """The service's own ids of all requests, the last one's last."""
        return self._attempts.upstream_ids

    @property
    def gap(self) -> float:
        """The longest silence of the service within an answer, in seconds."""
        return max(self._gap, self._exchange.gap) if self._exchange else self._gap

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
        self._let_go()
        if exchange is None:
            return
        if account is not None and exchange.translator.trailer:
            self._relay.trailers.add(account.id)
        if self._weighed is not None:
            self._relay.learned(*self._weighed, exchange.translator.outcome)
            self._weighed = None

    def _let_go(self) -> None:
        """Of the service, and of the seat."""
        if (exchange := self._exchange) is not None:
            exchange.close()
            if (gap := exchange.gap) > self._gap:
                self._gap = gap
        if (seat := self._seat) is not None:
            self._seat = None
            self._relay.admission.leave_seat(seat)


def _forget_frames(failure: BaseException) -> None:
    """Let go of what a failure has passed through: its frames hold the whole call."""
    while True:
        failure.__traceback__ = None
        before = failure.__cause__ or failure.__context__
        failure.__cause__ = failure.__context__ = None
        if before is None:
            return
        failure = before


async def _nothing() -> None:
    """What flows where no request is under way."""


def _verdict(answer: Answer) -> GatewayError:
    return verdict(answer, time.time())
