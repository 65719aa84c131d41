"""Which account serves a call, and why. A decision, not an action."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import msgspec

from amq2api.errors import AccountSuspended, NoAccount

from .health import Health, State
from .model import Account

Routing: TypeAlias = Literal["active", "failover"]
Why: TypeAlias = Literal["active", "first", "failover", "probe"]
"""``active``: it is flagged so; ``first``: none is, and it heads the list; ``failover``: it comes
next after those who cannot serve; ``probe``: it could not serve, and is asked again."""

_CANNOT: Mapping[State, str] = {
    "needs_login": "must sign in again",
    "quota_used": "has used its allowance",
    "suspended": "is suspended",
}
_NAMED = 5  # accounts that an error names; a list of hundreds helps nobody
_LONGEST_NAME = 60
_END_OF_CALENDAR = 253_402_300_800  # the year 10000, which datetime cannot say


class Passed(msgspec.Struct, frozen=True):
    """An account that would have served before the chosen one."""

    account_id: str
    name: str
    state: State
    reason: str = ""
    """The class of the failure behind it, or of the one that this call met there."""

    def __str__(self) -> str:
        """For the log."""
        return f"{self.account_id}:{self.reason or self.state}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The account that serves."""

    account: Account
    why: Why
    passed: tuple[Passed, ...] = ()


def choose(
    accounts: Sequence[Account],
    *,
    skip: frozenset[str] = frozenset(),
    routing: Routing = "active",
    problem: object = None,
    health: Callable[[Account], Health],
) -> Choice:
    """The active account, or with ``failover`` the next in the list that can serve.

    Where none is flagged active the first one stands in for it. Disabled accounts never serve.
    A suspended one is stopped, and with it every call that would be its own, whatever the
    routing: its owner has to hear of it. ``active`` cares for no other state, because the
    service's own answer says more than our memory of it. An account that cannot serve is
    asked again from time to time (``Health.probe``).

    Args:
        skip: Ids of accounts that have failed this call.
        problem: Why the list may be incomplete (``AccountStore.problem``), for the error.

    Raises:
        AccountSuspended: the service has blocked the account whose turn it is.
        NoAccount: nobody is left. Tells who was passed over, and why.
    """
    turn = _turn(accounts)
    home = _home(turn)
    passed: list[tuple[Account, Health]] = []
    for account in turn:
        found = health(account)
        if account is home and found.state == "suspended":
            _stop(account, found, tried=account.id in skip)
        strict = account is not home or routing == "failover"
        if account.enabled and account.id not in skip and (not strict or can_serve(found)):
            before = tuple(_told(*one) for one in passed) if passed else ()
            return Choice(account, _why(account, found, home, strict=strict), before)
        passed.append((account, found))
        if account is home and routing == "active":
            break
    raise NoAccount(_why_nobody(accounts, passed, skip, problem))


def _turn(accounts: Sequence[Account]) -> Sequence[Account]:
    """All in the order in which they would serve: from the active one on, and round the list."""
    for place, account in enumerate(accounts):
        if account.is_active and account.enabled:
            return [*accounts[place:], *accounts[:place]] if place else accounts
    # One that is flagged active all the same is disabled: it comes first to be told of.
    return sorted(accounts, key=lambda account: not account.is_active)


def _home(turn: Sequence[Account]) -> Account | None:
    for account in turn:
        if account.enabled:
            return account
    return None


def can_serve(found: Health) -> bool:
    """Whether a call may come out well, as far as is known."""
    return found.state not in _CANNOT or found.probe


def _why(account: Account, found: Health, home: Account | None, *, strict: bool) -> Why:
    if found.state == "suspended" or (strict and found.state in _CANNOT):
        return "probe"
    if account is not home:
        return "failover"
    return "active" if account.is_active else "first"


def _told(account: Account, found: Health) -> Passed:
    state = found.state if account.enabled else "disabled"
    return Passed(account.id, account.name, state, found.reason)


def _stop(account: Account, found: Health, *, tried: bool) -> None:
    """Let nothing pass, unless it is time to find out."""
    if found.probe and not tried:
        return
    said = f" It said: {found.said}" if found.said else ""
    raise AccountSuspended(
        f"the service has suspended the account {_name(account)}{_moment(' since', found.since)},"
        " and no call is sent until a test of it goes well, it is cleared or signs in anew, or an"
        f" hour has passed.{said}"
    )


def _why_nobody(
    accounts: Sequence[Account],
    passed: Sequence[tuple[Account, Health]],
    skip: frozenset[str],
    problem: object,
) -> str:
    if any(account.enabled for account in accounts):
        over = [one for one in passed if one[0].enabled and one[0].id not in skip]
        return "no account is left to serve this call" + _listed(over)
    if accounts:
        return "every account is disabled: enable one on the gateway's page, or in account.json"
    if problem:
        return f"no account can be used until account.json is mended ({problem})"
    return (
        "no account is configured: sign in on the gateway's page or with `amq2api login`, or set"
        " AMAZONQ_REFRESH_TOKEN, AMAZONQ_CLIENT_ID and AMAZONQ_CLIENT_SECRET"
    )


def _listed(passed: Sequence[tuple[Account, Health]]) -> str:
    if not passed:
        return ""
    parts = [
        f"{_name(account)} {_CANNOT[found.state]}{_moment(' until', found.until)}"
        for account, found in passed[:_NAMED]
    ]
    if len(passed) > _NAMED:
        parts.append(f"and {len(passed) - _NAMED} more")
    return f": {'; '.join(parts)}"


def _name(account: Account) -> str:
    return (account.name or account.id)[:_LONGEST_NAME]


def _moment(word: str, moment: float | None) -> str:
    if moment is None or not 0 <= moment < _END_OF_CALENDAR:
        return ""
    return f"{word} {datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
