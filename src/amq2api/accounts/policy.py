"""What to do after a failed attempt, as one table. A decision, not an action: relay/ acts on it.

Source: upstream-protocol.md 1.6, 4.3, 4.4; field-notes.md T2, T5.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from amq2api import errors

from .choose import Routing
from .health import State

Step: TypeAlias = Literal["refresh", "settle", "retry", "strip_reasoning", "failover", "give_up"]
"""``refresh``: renew the token; ``settle``: wait until the new token is known everywhere;
``retry``: the same again, after a pause; ``strip_reasoning``: again without earlier thoughts;
``failover``: again with the next account."""

LONGEST_PAUSE = 2.0
"""Seconds. Whoever is told to wait longer is better told than kept waiting."""
SETTLING = 5.0
"""Seconds for which a token counts as new: the service has been seen to refuse one with 403 for
up to three seconds after the refresh (upstream-protocol.md 5.5)."""
_SPREAD = 0.25  # seconds over which calls that were told the same pause are spread


class Remedy(NamedTuple):
    """One thing that may help against a failure."""

    step: Step
    times: int = 1
    """How often in one call; ``refresh`` and ``settle`` as often on every account."""
    pause: float = 0.0
    """Seconds before it, at most; twice as many before each further time."""
    if_said: bool = False
    """Whether it helps only against what the service itself has said."""

    def __str__(self) -> str:
        often = {1: "", 2: ", twice"}.get(self.times, "")
        return _WORDS[self.step] + (f" after up to {self.pause:g} s" if self.pause else "") + often


class Row(NamedTuple):
    """One kind of failure: what helps, in this order, each as long as it may."""

    remedies: tuple[Remedy, ...]
    mark: State | None
    """How the account fares from then on; None where the failure says nothing of it."""
    why: str


_WORDS: Mapping[Step, str] = {
    "refresh": "renew the token",
    "settle": "where the token is new, again",
    "retry": "again",
    "strip_reasoning": "again without earlier thoughts",
    "failover": "with `failover`, the next account",
}

_AGAIN = Remedy("retry", times=2, pause=0.4)
_ELSEWHERE = Remedy("failover", times=99)  # the limit of attempts ends it sooner

TABLE: Mapping[type[errors.GatewayError], Row] = {
    # The nearest class decides. Only "failover" looks at the routing, and AccountFailure alone
    # may lead there: what is nobody's account is the same on every account.
    errors.CredentialRefused: Row(
        (Remedy("settle", times=2, pause=2.0), Remedy("refresh"), _ELSEWHERE), None,
        "the access token may have ended early; a new one is not known everywhere at once"),
    errors.LoginRequired: Row((_ELSEWHERE,), "needs_login", "only a person can sign in"),
    errors.QuotaExhausted: Row((_ELSEWHERE,), "quota_used", "until the allowance is renewed"),
    errors.NotEntitled: Row(
        (_ELSEWHERE,), None, "the account may do other things: feature, profile, kind of account"),
    errors.AccountSuspended: Row(
        (), "suspended", "its owner is to hear of it; it is never routed around"),
    errors.NoAccount: Row((), None, "there is nobody to ask"),
    errors.AccountFailure: Row((_ELSEWHERE,), None, "another account may serve"),
    errors.RateLimited: Row(
        (), "throttled", "each further try makes the penalty longer"),
    errors.UpstreamBusy: Row(
        (_AGAIN,), None, "capacity lacks for everyone: the same account, soon, twice"),
    errors.UnknownModel: Row(
        (Remedy("retry", pause=1.0, if_said=True),), None,
        "has been transient where the service says it; where we say it, there is no such model"),
    errors.ReasoningRefused: Row(
        (Remedy("strip_reasoning"),), None, "thoughts of another account or model"),
    errors.ConnectTimeout: Row(
        (Remedy("retry", pause=0.4),), None, "the service never had the request"),
    errors.UpstreamTimeout: Row(
        (), None, "the service may be at work on it: asking again would cost twice"),
    errors.RoadBarred: Row(
        (), None, "certificate, proxy or firewall: somebody has to change something"),
    errors.AnswerUnfit: Row((), None, "it was asked for twice already"),
    errors.UpstreamBroken: Row(
        (_AGAIN,), None, "5xx, an intermediary's page, a lost connection, an answer of nothing"),
    errors.BadRequest: Row((), None, "the call itself is at fault"),
    errors.GatewayError: Row((), None, "everything else"),
}  # fmt: skip

_FREE: frozenset[Step] = frozenset({"refresh", "settle"})
"""Steps after attempts that were turned away at the door: they count for no limit."""
_PENALTY: frozenset[Step] = frozenset({"retry", "settle", "strip_reasoning"})
"""Steps that ask the same account again."""


class Attempt(msgspec.Struct, frozen=True):
    """Where a call stands when it has just failed, and its client has heard nothing yet.

    From the first word of an answer on nothing can be done anew: whoever reads it does not ask.
    """

    taken: tuple[Step, ...] = ()
    """What was done so far, each time after an attempt that failed."""
    fresh: bool = False
    """Whether the token was minted within the last :data:`SETTLING` seconds."""
    throttled: bool = False
    """Whether the account is known to serve a penalty for asking too fast."""

    def after(self, step: Step) -> "Attempt":
        """Where the call stands once *step* is taken."""
        return Attempt((*self.taken, step))

    @property
    def counted(self) -> int:
        """Attempts made, this one included, without those that were turned away at the door."""
        return 1 + sum(step not in _FREE for step in self.taken)

    def often(self, step: Step) -> int:
        """How often *step* was taken; what concerns one account, with the account at hand."""
        taken = self.taken
        if step in _FREE and "failover" in taken:
            taken = taken[len(taken) - taken[::-1].index("failover") :]
        return taken.count(step)


class Plan(NamedTuple):
    """What to do next."""

    step: Step
    pause: float = 0.0
    """Seconds to wait before it."""


def row(failure: errors.GatewayError) -> Row:
    """The row of the nearest class; GatewayError's ends every search."""
    return next(TABLE[cls] for cls in type(failure).__mro__ if cls in TABLE)


def next_step(
    failure: errors.GatewayError,
    attempt: Attempt,
    *,
    limit: int,
    routing: Routing = "active",
    jitter: float = 0.0,
) -> Plan:
    """Choose the next step for a call.

    Args:
        limit: The most attempts a call may make, apart from those turned away at the door.
        jitter: From 0 up to 1, drawn by the caller; parts calls that have failed together.
    """
    for remedy in row(failure).remedies:
        if _may(remedy, failure, attempt, limit=limit, routing=routing):
            return Plan(remedy.step, _pause(remedy, failure, attempt, jitter))
    return Plan("give_up")


def _may(
    remedy: Remedy,
    failure: errors.GatewayError,
    attempt: Attempt,
    *,
    limit: int,
    routing: Routing,
) -> bool:
    step = remedy.step
    if attempt.often(step) >= remedy.times or (step not in _FREE and attempt.counted >= limit):
        return False
    if (attempt.throttled and step in _PENALTY) or (remedy.if_said and failure.said is None):
        return False
    match step:
        case "settle":
            return attempt.fresh
        case "failover":
            return routing == "failover"
        case "retry":
            return (failure.retry_after or 0.0) <= LONGEST_PAUSE
    return True


def _pause(remedy: Remedy, failure: errors.GatewayError, attempt: Attempt, jitter: float) -> float:
    """Never shorter than the service has said; else spread over the upper half."""
    if remedy.step == "retry" and failure.retry_after is not None:
        return max(0.0, failure.retry_after) + jitter * _SPREAD
    longest: float = remedy.pause * 2.0 ** attempt.often(remedy.step)
    return min(longest, LONGEST_PAUSE) * (0.5 + jitter / 2)


class Budget(msgspec.Struct, frozen=True):
    """How many retries a whole process may still make, so that they never become the load.

    Of the calls of late every tenth may lead to one, and :data:`RESERVE` more. What was, counts
    half as much every :data:`HALF_LIFE` seconds.
    """

    calls: float = 0.0
    retries: float = 0.0
    at: float = 0.0
    """The moment, in seconds, for which the two numbers hold."""

    def called(self, now: float) -> "Budget":
        """One more call has come."""
        rest = self._rest(now)
        return Budget(self.calls * rest + 1.0, self.retries * rest, max(now, self.at))

    def spend(self, now: float) -> "Budget | None":
        """What is left after one more retry; None if that is too much."""
        rest = self._rest(now)
        calls, retries = self.calls * rest, self.retries * rest + 1.0
        if retries > RESERVE + SHARE * calls:
            return None
        return Budget(calls, retries, max(now, self.at))

    def _rest(self, now: float) -> float:
        """How much of what was still counts."""
        rest: float = 0.5 ** (max(0.0, now - self.at) / HALF_LIFE)
        return rest


RESERVE = 20.0
SHARE = 0.1
HALF_LIFE = 10.0
