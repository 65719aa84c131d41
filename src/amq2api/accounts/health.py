"""How an account fares, as one value.

What drives each state, the most serious first; where several hold, the first is told:

``disabled``
    Its owner says so (``enabled``).
``suspended``
    The service blocked it (AccountSuspended).
``needs_login``
    Its refresh token or client registration is void (LoginRequired, or the registration's own
    date has passed). Only a person can help.
``quota_used``
    Its allowance for the period is used (QuotaExhausted), until the renewal that the service
    told, or until a call finds out.
``throttled``
    It asked too fast (RateLimited): for as long as the service said, never above five minutes.
``refreshing``
    Its access token is being renewed just now.
``ready``
    None of these.

Nothing else changes a state: a busy, broken or silent service, a refused call or a client that
left is nobody's account (field-notes.md T5 46, 50, 52). Such a failure of the service is only
remembered, in words. A success ends whatever a failure began, and so does clearing it by
hand, and so do new credentials; quota and throttle end by themselves.

All of it is in memory. A file could be wrong after a restart, and nobody would look; the service
tells again with the next call, which costs one request. Processes that serve together tell each
other: a book gives out each page that changes (``heard``) and takes in those of others (``hear``).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from amq2api import errors

from .model import Account, fingerprint

State: TypeAlias = Literal[
    "ready", "refreshing", "needs_login", "throttled", "quota_used", "suspended", "disabled"
]

PROBE_EVERY = 3600.0
"""Seconds after which one call may find out whether an account still cannot serve: a mark that
only a restart would end has cost others weeks (field-notes.md T5 48)."""
LONGEST_THROTTLE = 300.0
"""Seconds; the longest that the service has been seen to ask for (upstream-protocol.md 4.3)."""
_THROTTLE = 8.0  # seconds, where the service does not say (upstream-protocol.md 4.4)
_LONGEST_PERIOD = 366 * 86400.0  # no allowance is for longer; a date beyond is a mistake
_LONGEST_WORDS = 300
_TICK = 1e-6  # seconds

_MARKED: tuple[State, ...] = ("suspended", "needs_login", "quota_used", "throttled")
_UNMARKED: tuple[State, ...] = ("needs_login",)
"""What an account can be without any call having failed; see :func:`_void`."""

_NOT_THE_ACCOUNT = (
    # The call, the caller, or nobody is at fault.
    errors.BadRequest,
    errors.NotFound,
    errors.WrongMethod,
    errors.KeyRefused,
    errors.OriginRefused,
    errors.NoAccount,
)


@dataclass(frozen=True, slots=True)
class TokenState:
    """What is known of an account's token without asking anyone."""

    has_token: bool
    expired: bool
    login_required: bool = False
    refreshing: bool = False
    """Whether this process is renewing it just now."""
    expires_at: float | None = None
    """Of the access token; Unix time in seconds."""
    lineage: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """Fingerprints of the refresh token that came with it, first, and of those it descends from:
    what the service rotated is still the same login."""


@dataclass(frozen=True, slots=True)
class Health:
    """How an account fares. Moments are Unix time in seconds."""

    state: State
    reason: str = ""
    """The class of the failure behind the state, or ``RegistrationExpired``."""
    since: float | None = None
    until: float | None = None
    """When the state ends by itself, where that is known."""
    said: str = ""
    """The words of that failure; ``last_error`` may have come after it."""
    last_error: str = ""
    """In words, never content. A success does not erase it: see its moment."""
    last_error_at: float | None = None
    probe: bool = False
    """Whether a call may find out if the state still holds."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One state, and what it comes from."""

    reason: str
    said: str
    since: float | None
    until: float | None = None
    told: float = 0.0
    """When *until* was."""

    def stands(self, now: float) -> bool:
        # Told in the future: the clock was set back, and the end cannot be trusted either.
        return self.until is None or self.told <= now < self.until


@dataclass(slots=True)
class Page:
    """What the book holds of one login of one account."""

    login: str
    """Fingerprint of the refresh token; empty on a page that nothing was written on."""
    marks: dict[State, Mark] = field(default_factory=dict)
    tried: float | None = None
    """When the account was last found unable to serve, or tried in spite of a mark."""
    last_error: str = ""
    last_error_at: float | None = None
    changed: float = 0.0
    """When anything of this was."""

    @property
    def is_blank(self) -> bool:
        """Whether nothing is held against the account, by its owner's word."""
        return not self.login

    def mark(
        self, state: State, failure: errors.GatewayError, now: float, until: float | None
    ) -> None:
        before = self.marks.get(state)
        since: float | None = now
        if before is not None and before.stands(now):
            since, until = before.since, before.until if until is None else until
        self.marks[state] = Mark(type(failure).__name__, in_words(failure), since, until, now)
        self.tried = now


_NO_PAGE, _WELL = Page(""), Health("ready")

Heard = Callable[[str, Page], None]
"""Told of each account whose page has changed here, and of what is on it now."""


class HealthBook:
    """The health of all accounts. Belongs to one event loop.

    What it holds is bounded by the accounts there are, if ``retain`` is called now and then.

    Args:
        token_state: Told without touching files or network (``TokenCache.state``).
        now: Unix time in seconds.
    """

    def __init__(
        self, token_state: Callable[[Account], TokenState], now: Callable[[], float]
    ) -> None:
        self._token_state, self._now = token_state, now
        self._pages: dict[str, Page] = {}
        self.heard: list[Heard] = []

    def report(self, account: Account, failure: errors.GatewayError) -> None:
        """A call failed in this way, or a refresh, or a test. What tells nothing is let pass."""
        if isinstance(failure, _NOT_THE_ACCOUNT):
            return
        now, page = self._now(), self._begun(account)
        page.last_error, page.last_error_at = in_words(failure), now
        if (verdict := _verdict(failure, now)) is not None:
            state, until = verdict
            page.mark(state, failure, now, until)
        self._tell(account.id, page, now)

    def succeeded(self, account: Account) -> None:
        """The service began to answer a call, or a test."""
        if self._pages and (page := self._page(account)).marks:
            page.marks.clear()
            self._tell(account.id, page, self._now())

    def clear(self, account_id: str) -> None:
        """Forget the account, as if it had never failed."""
        page = self._pages[account_id] = Page("", changed=self._changed(account_id))
        self._tell(account_id, page, self._now())

    def probing(self, account: Account) -> None:
        """A call is made to find out whether a state still holds: the next one may in an hour."""
        page, now = self._begun(account), self._now()
        page.tried = now
        self._tell(account.id, page, now)

    def hear(self, account_id: str, page: Page) -> bool:
        """Take in what another process has found out, unless this one has something newer.

        Returns:
            Whether it was taken.
        """
        held = self._pages.get(account_id)
        if held is not None and not _is_newer(page, held):
            return False
        self._pages[account_id] = page
        return True

    def retain(self, account_ids: Collection[str]) -> None:
        """Forget all other accounts: they are gone."""
        for gone in self._pages.keys() - set(account_ids):
            del self._pages[gone]

    def of(self, account: Account) -> Health:
        """How the account fares now."""
        now, token = self._now(), self._token_state(account)
        page = self._page(account, token) if self._pages else _NO_PAGE
        last, last_at = page.last_error, page.last_error_at
        if not account.enabled:
            return Health("disabled", last_error=last, last_error_at=last_at)
        for state in _MARKED if page.marks else _UNMARKED:
            mark = page.marks.get(state)
            if mark is None and state == "needs_login":
                mark = _void(account, token, now)
            if mark is not None and mark.stands(now):
                return Health(
                    state, mark.reason, mark.since, mark.until, mark.said, last, last_at,
                    probe=_is_due(page.tried, mark, now),
                )  # fmt: skip
        if not token.refreshing and last_at is None:
            return _WELL
        state = "refreshing" if token.refreshing else "ready"
        return Health(state, last_error=last, last_error_at=last_at)

    def _page(self, account: Account, token: TokenState | None = None) -> Page:
        """What is held of the account as configured; an empty page if that is another login."""
        page = self._pages.get(account.id)
        if page is None:
            return Page("")
        if page.login != fingerprint(account.refresh_token):
            lineage = (token or self._token_state(account)).lineage
            if page.login not in lineage:
                return Page("")
            # Kept up to date, because a lineage does not reach back for ever.
            page.login = lineage[0]
        return page

    def pages(self) -> Mapping[str, Page]:
        """All that is held, by account."""
        return self._pages

    def _changed(self, account_id: str) -> float:
        held = self._pages.get(account_id)
        return held.changed if held else 0.0

    def _tell(self, account_id: str, page: Page, now: float) -> None:
        # Later than whatever it follows, also on a clock that was set back.
        page.changed = max(now, page.changed + _TICK)
        for tell in self.heard:
            tell(account_id, page)

    def _begun(self, account: Account) -> Page:
        page = self._page(account)
        page.login = page.login or fingerprint(account.refresh_token)
        page.changed = max(page.changed, self._changed(account.id))
        self._pages[account.id] = page
        return page


def _is_newer(page: Page, held: Page) -> bool:
    """One order for all processes, also of what was changed in the same moment."""
    if page.changed != held.changed:
        return page.changed > held.changed
    return repr(page) > repr(held)


def in_words(failure: errors.GatewayError) -> str:
    """The failure for its owner, in one line of bounded length.

    Nothing where the caller's request was at fault: such words may quote it.
    """
    if isinstance(failure, errors.BadRequest):
        return ""
    told = str(failure)[: 4 * _LONGEST_WORDS] or type(failure).__name__
    # Also what would move a terminal's cursor is left out: the words may be the service's.
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in told).split())
    return line if len(line) <= _LONGEST_WORDS else line[: _LONGEST_WORDS - 1] + "…"


def _verdict(failure: errors.GatewayError, now: float) -> tuple[State, float | None] | None:
    match failure:
        case errors.AccountSuspended():
            return "suspended", None
        case errors.LoginRequired():
            return "needs_login", None
        case errors.QuotaExhausted():
            at = failure.resets_at
            sound = at is not None and now < at <= now + _LONGEST_PERIOD
            return "quota_used", at if sound else None
        case errors.RateLimited():
            wait = failure.retry_after
            told = wait if wait is not None and wait > 0 else _THROTTLE
            return "throttled", now + min(max(told, 1.0), LONGEST_THROTTLE)
        case _:
            return None


def _void(account: Account, token: TokenState, now: float) -> Mark | None:
    """What is known of the login without any call having failed."""
    ends = account.registration_expires_at
    if ends is not None and ends <= now:
        return Mark("RegistrationExpired", "", ends)
    return Mark(errors.LoginRequired.__name__, "", None) if token.login_required else None


def _is_due(tried: float | None, mark: Mark, now: float) -> bool:
    last = mark.since if tried is None else tried
    # A moment in the future is none: the clock was set back.
    return last is not None and not 0 <= now - last < PROBE_EVERY
