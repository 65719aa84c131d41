"""One request to the service, made again as far as policy goes: the one loop around them all."""

import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVar

from amq2api.accounts.choose import Routing
from amq2api.accounts.model import Account, Token
from amq2api.accounts.policy import Attempt, Plan, Step, next_step
from amq2api.errors import GatewayError
from amq2api.log import log

from .relay import Relay

T = TypeVar("T")

Knock: TypeAlias = Callable[[Account, Token, Attempt], Awaitable[T]]
"""Asks the service once, with what came before."""

_REPEATS: frozenset[Step] = frozenset({"retry", "settle"})
"""Steps that are the same once more, and so paid for from the budget."""


_FIRST = Attempt()


class Servers(Protocol):
    """Whose accounts a request may be made with."""

    def someone(self) -> Account:
        """The account at hand; where there is none yet, one is chosen."""

    def another(self, account: Account, failure: GatewayError) -> Account:
        """Who serves instead of *account*; where nobody does, *failure* is raised."""

    async def tell(self, failure: GatewayError, account: Account, token: Token | None) -> None:
        """What came of an attempt with *account*."""


class Attempts:
    """All attempts of one call, whose requests are made one after the other.

    Args:
        what: How the log calls them.
        routing: Whether other accounts may be asked; else the gateway's own manner.
    """

    def __init__(
        self,
        relay: Relay,
        servers: Servers,
        request_id: str,
        *,
        what: str = "attempt",
        routing: Routing | None = None,
    ) -> None:
        self._relay, self._servers, self._request_id = relay, servers, request_id
        self._what, self._routing = what, routing
        self.made = 0
        self.upstream_ids: list[str] = []
        """The service's own ids of these requests, as far as it has told; see ``heard``."""

    async def make(self, knock: Knock[T]) -> T:
        """What *knock* comes to in the end, with all that policy grants one request.

        Once it returns, nothing is asked again: part of an answer is here.

        Raises:
            GatewayError: nothing helped.
        """
        relay, servers = self._relay, self._servers
        account, attempt, refused = servers.someone(), _FIRST, None
        while True:
            self.made += 1
            token: Token | None = None
            try:
                token = await relay.tokens.token(account, refused=refused)
                relay.arrivals.saw(account.id, token.access)
                return await knock(account, token, attempt)
            except GatewayError as failure:
                self._heard(failure)
                await servers.tell(failure, account, token)
                plan = self._plan(failure, account, token, attempt)
                if plan.step == "give_up":
                    raise
                await self._pause(plan, failure, account)
                if plan.step == "refresh":
                    refused = token.access if token else None
                elif plan.step == "failover":
                    account, refused = servers.another(account, failure), None
                relay.metrics.again(plan.step, failure)
                attempt = attempt.after(plan.step)

    def _heard(self, failure: GatewayError) -> None:
        if failure.said is not None and failure.said.request_id:
            self.heard(failure.said.request_id)

    def heard(self, request_id: str) -> None:
        """The service told its id of the request at hand."""
        if request_id and request_id not in self.upstream_ids[-1:]:
            self.upstream_ids.append(request_id)

    def _plan(
        self, failure: GatewayError, account: Account, token: Token | None, attempt: Attempt
    ) -> Plan:
        relay = self._relay
        seen = Attempt(
            attempt.taken,
            fresh=token is not None and relay.arrivals.fresh(account.id, token.access),
            throttled=self._throttled(account),
        )
        plan = next_step(
            failure,
            seen,
            limit=relay.manner.attempts,
            routing=self._routing or relay.manner.routing,
            jitter=random.random(),
        )
        if plan.step in _REPEATS:
            left = relay.budget.spend(relay.now())
            if left is None:
                failure.args = (f"{failure} (not tried again: too many calls fail at present)",)
                plan = Plan("give_up")
            else:
                relay.budget = left
        log.debug(
            self._what, request_id=self._request_id, reason=type(failure).__name__, step=plan.step
        )
        return plan

    async def _pause(self, plan: Plan, failure: GatewayError, account: Account) -> None:
        if not plan.pause:
            return
        await self._relay.sleep(plan.pause)
        if plan.step in _REPEATS and self._throttled(account):
            raise failure  # another call was told meanwhile that the account is too fast

    def _throttled(self, account: Account) -> bool:
        return self._relay.health.of(account).state == "throttled"
