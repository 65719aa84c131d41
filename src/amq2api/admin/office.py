"""What an operator can do with accounts, for the admin API and the command line alike.

What blocks on the disk is done in threads. Changes of one account's sign-in also let go of
what its health knew of the old one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from amq2api.accounts.health import Health, HealthBook, State
from amq2api.accounts.model import Account, Token
from amq2api.accounts.store import AccountStore
from amq2api.accounts.tokens import TokenState
from amq2api.dialects import amazonq as q
from amq2api.errors import Conflict, CredentialRefused, GatewayError, NotFound, QuotaExhausted
from amq2api.relay.relay import Manner
from amq2api.upstream.service import Service

from .remedies import NONE, REMEDIES, Code, remedy
from .usage import Usage, retold

_SIGN_IN = frozenset({"refresh_token", "client_id", "client_secret"})
# Seconds to wait before asking again with a token that was minted a moment ago: the service may
# not have heard of it yet (upstream-protocol.md 5.5).
_HEARSAY = (1.0, 2.0)


class Tokens(Protocol):
    """Where access tokens come from."""

    async def token(self, account: Account, *, refused: str | None = None) -> Token: ...

    def state(self, account: Account) -> TokenState: ...

    def forgive(self, account_id: str) -> None: ...

    async def forget(self, account_id: str) -> None: ...


class Relay(Protocol):
    """What an operator needs of the relay."""

    @property
    def service(self) -> Service: ...

    @property
    def manner(self) -> Manner: ...

    @property
    def health(self) -> HealthBook: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a test of an account went."""

    ok: bool
    state: State
    """The account's health after the test."""
    reason: str
    """Class name of the failure; empty if there was none."""
    message: str
    """One sentence on what is wrong."""
    remedy: str
    """One sentence on what to do; empty where nothing is wrong."""
    remedy_code: Code
    detail: str
    """The failure's own words; empty if there was none."""
    seconds: float
    usage: Usage | None
    """None where the service could not be asked."""


class Office:
    """Belongs to one event loop.

    Every method that takes an id raises NotFound where no account has it, and changes raise
    what the store raises: BadRequest, Conflict, StoreBroken, StorageFailed.

    Args:
        now: Unix time in seconds.
        clock: Seconds, any origin.
    """

    def __init__(
        self,
        store: AccountStore,
        tokens: Tokens,
        relay: Relay,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._store, self._tokens, self._relay = store, tokens, relay
        self._now, self._clock, self._sleep = now, clock, sleep

    def accounts(self) -> list[Account]:
        """All of them, in order."""
        return list(self._store.accounts())

    def find(self, wanted: str) -> Account:
        for account in self._store.accounts():
            if account.id == wanted:
                return account
        raise NotFound("no account has this id")

    def health(self, account: Account) -> Health:
        return self._relay.health.of(account)

    def token(self, account: Account) -> TokenState:
        return self._tokens.state(account)

    async def add(self, fields: Mapping[str, Any]) -> Account:
        """Add an account with the members of account.json that *fields* holds."""
        return await asyncio.to_thread(self._store.add, fields)

    async def edit(self, wanted: str, changes: Mapping[str, Any]) -> Account:
        """Replace members of an account; None removes one."""
        self._changeable(wanted)
        if not changes:
            return self.find(wanted)
        changes = dict(changes)
        if "client_id" in changes:
            # It was the old registration's.
            changes.setdefault("registration_expires_at", None)
        account = await asyncio.to_thread(lambda: self._store.update(wanted, **changes))
        if _SIGN_IN & changes.keys():
            self._relay.health.clear(wanted)
        return account

    async def remove(self, wanted: str) -> None:
        self._changeable(wanted)
        await asyncio.to_thread(self._store.remove, wanted)
        self._relay.health.clear(wanted)
        await self._tokens.forget(wanted)

    async def activate(self, wanted: str) -> Account:
        self._changeable(wanted)
        return await asyncio.to_thread(self._store.activate, wanted)

    async def clear(self, wanted: str) -> Account:
        """Forget what was wrong with an account: the next call finds out anew."""
        account = self.find(wanted)
        self._tokens.forgive(account.id)
        self._relay.health.clear(account.id)
        return account

    async def usage(self, wanted: str) -> Usage:
        """Ask the service how much of the account's allowances is used.

        Raises:
            GatewayError: the service, or the token endpoint, refused or failed.
        """
        account = self.find(wanted)
        try:
            token = await self._tokens.token(account)
            try:
                return await self._ask(account, token)
            except CredentialRefused:
                token = await self._tokens.token(account, refused=token.access)
                return await self._insist(account, token)
        except GatewayError as failure:
            self._relay.health.report(account, failure)
            raise

    async def test(self, wanted: str) -> Verdict:
        """Renew the account's token, ask the service, and judge.

        Whatever is wrong with the account is in the verdict and in its health, not raised.
        """
        account, began = self.find(wanted), self._clock()
        before = self.health(account)
        usage, failure = None, None
        # A refusal that is only remembered is no fresh look.
        self._tokens.forgive(account.id)
        try:
            usage = await self._insist(account, await self._fresh(account))
        except GatewayError as exc:
            failure = exc
        else:
            failure = self._spent(usage, before)
            self._relay.health.succeeded(account)
        if failure is not None:
            self._relay.health.report(account, failure)
        wrong, todo, code = NONE if failure is None else remedy(failure)
        return Verdict(
            ok=failure is None,
            state=self.health(account).state,
            reason="" if failure is None else type(failure).__name__,
            message=wrong,
            remedy=todo,
            remedy_code=code,
            detail="" if failure is None else str(failure),
            seconds=round(self._clock() - began, 3),
            usage=usage,
        )

    async def _fresh(self, account: Account) -> Token:
        """A token minted after this was called, unless someone else is just minting one."""
        known = self._tokens.state(account)
        token = await self._tokens.token(account)
        if known.has_token and not known.expired and token.expires_at == known.expires_at:
            return await self._tokens.token(account, refused=token.access)
        return token

    async def _insist(self, account: Account, token: Token) -> Usage:
        for pause in _HEARSAY:
            try:
                return await self._ask(account, token)
            except CredentialRefused:
                await self._sleep(pause)
        return await self._ask(account, token)

    async def _ask(self, account: Account, token: Token) -> Usage:
        identity = self._relay.manner.identity(account)
        limits: q.UsageLimits = await self._relay.service.usage_limits(identity, token.access)
        return retold(limits, asked_at=self._now())

    def _spent(self, usage: Usage, before: Health) -> QuotaExhausted | None:
        """The allowance is used up: the service says so, or said so and does not deny it now."""
        if usage.has_room is False:
            return QuotaExhausted(REMEDIES[QuotaExhausted].wrong, resets_at=usage.resets_at)
        if usage.has_room is None and before.state == "quota_used":
            return QuotaExhausted(before.last_error, resets_at=usage.resets_at or before.until)
        return None

    def _changeable(self, wanted: str) -> None:
        if self.find(wanted).source == "environment":
            raise Conflict(
                "this account comes from AMAZONQ_* variables: change those, or add an account,"
                " which takes its place"
            )
