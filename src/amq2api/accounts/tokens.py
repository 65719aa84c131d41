"""Access tokens that are there when a call needs one.

Renewed early, by one task of one process at a time, and never used before the refresh token
that came with them is safe. Source: upstream-protocol.md 5.5, design.md 7.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from amq2api.errors import (
    GatewayError,
    LoginRequired,
    RateLimited,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamTimeout,
)
from amq2api.wire.exchange import Answer, Ask

from .files import StorageFailed
from .health import TokenState
from .minted import Minted, first
from .model import DEFAULT_TOKEN_URL, Account, Token, fingerprint
from .refresh import Flow, Pause, refresh
from .sealing import Seal
from .store import AccountStore
from .vault import Vault

EARLY = 300.0
"""Seconds before the end from which a token is renewed."""
LEAST = 60.0
"""Seconds of life with which a token still serves if it cannot be renewed just now."""
REST = 30.0
"""Seconds between such attempts, as in the official language server (5.5)."""
HOPELESS = 300.0
"""Seconds before a refused refresh token is tried again: ``invalid_grant`` has been seen to
pass (5.5), but not by hammering."""
PATIENCE = 60.0
"""Seconds to wait for another process that is renewing the same token."""
_FAREWELL = 5.0  # seconds that the removal of an account waits for a refresh of its token
_POLL = 0.05
__all__ = [
    "EARLY", "HOPELESS", "LEAST", "PATIENCE", "REST", "TokenCache", "TokenState",
]  # fmt: skip

_PASSING = (UpstreamBroken, UpstreamBusy, RateLimited, StorageFailed)


@dataclass(frozen=True, slots=True)
class _Refusal:
    until: float
    why: str


_NO_STATE: tuple[Minted | None, TokenState] = (None, TokenState(False, False))


class TokenCache:
    """Tokens of all accounts. Belongs to one event loop.

    Args:
        path: The cache file.
        store: Told of rotated refresh tokens, so that the cache file may be lost.
        ask: Makes an exchange with a token endpoint; raises UpstreamBroken where the road fails.
        token_url: The setting; an account's region may say otherwise (``Account.token_url``).
        seal: The key to keep tokens under in the file.
        heard: Told of every renewal that was tried, with its failure if it failed.
        now: Unix time in seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        store: AccountStore,
        ask: Callable[[Ask], Awaitable[Answer]],
        token_url: str = DEFAULT_TOKEN_URL,
        seal: Seal | None = None,
        heard: Callable[[GatewayError | None], None] = lambda _: None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._store, self._vault = store, Vault(path, store, seal)
        self._ask, self._token_url = ask, token_url
        self._heard, self._now, self._sleep = heard, now, sleep
        self._flights: dict[tuple[str, str], asyncio.Task[Token]] = {}
        self._rest_until: dict[str, float] = {}
        self._refused: dict[tuple[str, str], _Refusal] = {}
        self._states: dict[str, tuple[Minted, TokenState]] = {}
        """What was told last, by account, as long as it holds."""

    @property
    def problem(self) -> str | None:
        """Why tokens may not survive a restart, if they may not."""
        return self._vault.problem

    def load(self) -> None:
        """Read the cache file, so that state() can tell before the first call. Blocks."""
        self._vault.load()

    def state(self, account: Account) -> TokenState:
        """For a health report: no file and no network is touched."""
        held = self._vault.held(account)
        # Asked for with every call, so what is seldom there is looked for only if it is.
        refreshing = bool(self._flights) and any(name == account.id for name, _ in self._flights)
        if held is None:
            refusal = self._refusal(account, account.refresh_token)
            return TokenState(False, False, refusal is not None, refreshing)
        token, expired = held.token, self._left(held) <= 0
        void = bool(self._refused) and self._refusal(account, token.refresh) is not None
        before, state = self._states.get(account.id, _NO_STATE)
        if (
            before is not held
            or state.expired != expired
            or state.login_required != void
            or state.refreshing != refreshing
        ):
            lineage = (fingerprint(token.refresh), held.seed, *held.spent)
            state = TokenState(True, expired, void, refreshing, token.expires_at, lineage)
            self._states[account.id] = held, state
        return state

    def forgive(self, account_id: str) -> None:
        """Let the next call try a refused refresh token again, as after an owner's word."""
        self._refused = {
            key: refusal for key, refusal in self._refused.items() if key[0] != account_id
        }

    async def token(self, account: Account, *, refused: str | None = None) -> Token:
        """A token to make a call with, renewed first where need be.

        Args:
            refused: The access token that the service has just refused, though it should
                still live. What is returned was minted after it.

        Raises:
            LoginRequired: the refresh token is void. Remembered for five minutes, or until
                another one is configured.
            StorageFailed: a rotated refresh token could not be put on disk; it is held in
                memory, and the next call tries again.
            UpstreamBroken, RateLimited: the token endpoint cannot be had, and no token is left
                that would serve.
        """
        held = self._vault.usable(account)
        if held and held.token.access != refused and not self._is_due(account, held):
            return held.token
        # Callers that hold different configurations must not share a flight.
        key = (account.id, fingerprint(account.refresh_token))
        while True:
            flight = self._flights.get(key)
            if mine := flight is None or flight.done():
                flight = self._launch(key, account, refused)
            # A caller that goes away must not take the others' refresh along.
            token = await asyncio.shield(flight)
            if mine or token.access != refused:
                return token

    async def adopt(self, account: Account, token: Token) -> None:
        """Put to use what signing in has brought along with the configured refresh token."""
        await self._vault.keep(account, first(token, account), spent=account.refresh_token)

    async def forget(self, account_id: str) -> None:
        """Keep no token of an account that was removed; a refresh under way ends first.

        Raises:
            StorageFailed: the cache file still holds them.
        """
        if flights := [task for key, task in self._flights.items() if key[0] == account_id]:
            await asyncio.wait(flights, timeout=_FAREWELL)
        self.forgive(account_id)
        self._states.pop(account_id, None)
        await self._vault.forget(account_id)

    async def close(self) -> None:
        """Let refreshes under way end: the service may have rotated the token already."""
        if self._flights:
            await asyncio.wait(list(self._flights.values()))

    def _as_configured(self, account: Account) -> Account:
        """The account as it is in the store now, if it is there."""
        found = (each for each in self._store.accounts() if each.id == account.id)
        return next(found, account)

    def _launch(
        self, key: tuple[str, str], account: Account, refused: str | None
    ) -> asyncio.Task[Token]:
        flight = asyncio.get_running_loop().create_task(self._renew(account, refused))
        self._flights[key] = flight

        def landed(done: asyncio.Task[Token]) -> None:
            if self._flights.get(key) is done:
                del self._flights[key]

        flight.add_done_callback(landed)
        return flight

    async def _renew(self, account: Account, refused: str | None) -> Token:
        try:
            async with self._alone(account):
                held = await self._vault.newest(account)
                if held is None:
                    # Whoever has waited for long, be it for this lock, may hold a configuration
                    # from before so many rotations that nobody remembers its refresh token.
                    account = self._as_configured(account)
                    held = await self._vault.newest(account)
                if held and held.token.access != refused and self._left(held) > EARLY:
                    return held.token  # another process was faster
                return await self._mint(account, held)
        except _PASSING:
            held = self._vault.usable(account)
            if held is None or held.token.access == refused or self._left(held) < LEAST:
                raise
            self._rest_until[account.id] = self._now() + REST
            return held.token

    async def _mint(self, account: Account, held: Minted | None) -> Token:
        spend = held.token.refresh if held else account.refresh_token
        if (refusal := self._refusal(account, spend)) is not None:
            raise LoginRequired(refusal.why)
        now, url = self._now(), account.token_url(self._token_url)
        async with self._vault.spending(account, spend, now) as note:
            try:
                token = await self._converse(
                    refresh(account.credential(spend), now=now, token_url=url)
                )
            except LoginRequired as exc:
                why = _why(exc, note.unanswered)
                self._refuse(account, spend, why)
                note.refused()
                if note.unanswered is None:
                    raise
                raise LoginRequired(why) from exc
            minted = held.followed_by(token, account) if held else first(token, account)
            note.answered(minted)
        await self._vault.keep(account, minted, spent=spend)
        return token

    def _refuse(self, account: Account, spend: str, why: str) -> None:
        now = self._now()
        live = {key: old for key, old in self._refused.items() if now < old.until}
        self._refused = {**live, (account.id, fingerprint(spend)): _Refusal(now + HOPELESS, why)}

    async def _converse(self, flow: Flow) -> Token:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Pause):
                    await self._sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    answer = await self._ask(step)
                except UpstreamBroken as exc:
                    step = flow.throw(exc)
                else:
                    step = flow.send(answer)
        except StopIteration as done:
            token: Token = done.value
            self._heard(None)
            return token
        except GatewayError as failure:
            self._heard(failure)
            raise

    @contextlib.asynccontextmanager
    async def _alone(self, account: Account) -> AsyncIterator[None]:
        """Be the only one, on this machine, to renew the account's token."""
        lock, waited = self._vault.lock(account), 0.0
        try:
            # No place for a lock means none for tokens either: the vault has the last word.
            with contextlib.suppress(OSError):
                while not lock.try_acquire():
                    if waited > PATIENCE:  # which no step of the clock may cut short
                        raise UpstreamTimeout("another process is renewing the token, and hangs")
                    await self._sleep(_POLL)
                    waited += _POLL
            yield
        finally:
            lock.release()

    def _is_due(self, account: Account, held: Minted) -> bool:
        if _is_ahead(self._rest_until.get(account.id, 0.0), self._now(), REST):
            return self._left(held) < LEAST
        return self._left(held) <= EARLY

    def _refusal(self, account: Account, spend: str) -> _Refusal | None:
        if not self._refused:
            return None
        refusal = self._refused.get((account.id, fingerprint(spend)))
        pending = refusal and _is_ahead(refusal.until, self._now(), HOPELESS)
        return refusal if pending else None

    def _left(self, held: Minted) -> float:
        return held.token.expires_at - self._now()


def _why(refused: LoginRequired, unanswered: float | None) -> str:
    """Why there has to be a new login, and since when it may be nobody's fault."""
    if unanswered is None:
        return str(refused)
    moment = datetime.fromtimestamp(unanswered, UTC).isoformat(timespec="seconds")
    return (
        f"{refused}. Renewing it was begun at {moment} and not brought to an end: the service may"
        " have put another one in its place that never got here"
    )


def _is_ahead(moment: float, now: float, most: float) -> bool:
    """Whether *moment* is still to come. It was *most* seconds away at first: if it is farther now,
    the clock has been set back, and nobody knows."""
    return 0 < moment - now <= most
