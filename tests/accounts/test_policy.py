"""The table row by row, and what holds whatever fails."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api import errors
from amq2api.accounts import policy
from amq2api.accounts.choose import Routing
from amq2api.accounts.health import HealthBook, TokenState
from amq2api.accounts.model import Account
from amq2api.accounts.policy import LONGEST_PAUSE, TABLE, Attempt, Budget, Step, next_step

FIRST = Attempt()
FRESH = Attempt(("refresh",), fresh=True)


def said(failure: errors.GatewayError) -> errors.GatewayError:
    failure.said = errors.Said(400)
    return failure


def trail(
    failure: errors.GatewayError,
    *,
    routing: Routing = "active",
    limit: int = 9,
    fresh: bool = False,
    throttled: bool = False,
) -> str:
    """What is done while each attempt fails in the same way; a token is new once it is renewed."""
    attempt, steps = Attempt(), list[str]()
    while True:
        new = fresh or attempt.often("refresh") > 0
        seen = Attempt(attempt.taken, fresh=new, throttled=throttled)
        step = next_step(failure, seen, limit=limit, routing=routing).step
        if step == "give_up":
            return " ".join(steps)
        steps.append(step)
        attempt = attempt.after(step)


ROWS: dict[type[errors.GatewayError], tuple[str, str, str | None]] = {
    # What is done with one account, what with several (the limit being 9), and the state that
    # the account is in from then on.
    errors.CredentialRefused: (
        "refresh settle settle",
        "refresh settle settle failover refresh settle settle failover refresh settle settle"
        " failover refresh settle settle failover refresh settle settle failover refresh settle"
        " settle failover refresh settle settle failover refresh settle settle failover refresh"
        " settle settle",
        None),
    errors.LoginRequired: ("", " ".join(["failover"] * 8), "needs_login"),
    errors.QuotaExhausted: ("", " ".join(["failover"] * 8), "quota_used"),
    errors.NotEntitled: ("", " ".join(["failover"] * 8), None),
    errors.AccountSuspended: ("", "", "suspended"),
    errors.NoAccount: ("", "", None),
    errors.AccountFailure: ("", " ".join(["failover"] * 8), None),
    errors.RateLimited: ("", "", "throttled"),
    errors.UpstreamBusy: ("retry retry", "retry retry", None),
    errors.UnknownModel: ("", "", None),
    errors.ReasoningRefused: ("strip_reasoning", "strip_reasoning", None),
    errors.ConnectTimeout: ("retry", "retry", None),
    errors.UpstreamTimeout: ("", "", None),
    errors.RoadBarred: ("", "", None),
    errors.AnswerUnfit: ("", "", None),
    errors.UpstreamBroken: ("retry retry", "retry retry", None),
    errors.BadRequest: ("", "", None),
    errors.GatewayError: ("", "", None),
}  # fmt: skip


def test_every_row_is_told_here() -> None:
    assert set(ROWS) == set(TABLE)


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_rows(kind: type[errors.GatewayError]) -> None:
    alone, among_others, _ = ROWS[kind]
    assert trail(kind("x")) == alone
    assert trail(kind("x"), routing="failover") == among_others


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_the_health_of_an_account_is_what_the_row_says(kind: type[errors.GatewayError]) -> None:
    book = HealthBook(lambda _: TokenState(True, False), lambda: 1000.0)
    account = Account(id="a", refresh_token="r", client_id="i", client_secret="s")
    book.report(account, kind("x"))
    assert book.of(account).state == (ROWS[kind][2] or "ready")
    assert policy.row(kind("x")).mark == ROWS[kind][2]


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_the_table_can_be_read(kind: type[errors.GatewayError]) -> None:
    row = TABLE[kind]
    words = ", else ".join(map(str, row.remedies))
    assert bool(words) == bool(row.remedies) and row.why
    assert "again again" not in words


OTHER_KINDS: dict[type[errors.GatewayError], type[errors.GatewayError]] = {
    # Kinds without a row of their own, and whose row is theirs.
    errors.ProtocolError: errors.UpstreamBroken,
    errors.RequestRefused: errors.BadRequest,
    errors.ContextTooLong: errors.BadRequest,
    errors.MediaRefused: errors.BadRequest,
    errors.RequestTooLarge: errors.BadRequest,
    errors.RunawayStopped: errors.BadRequest,
    errors.AtCapacity: errors.GatewayError,
    errors.Stopping: errors.GatewayError,
}


@pytest.mark.parametrize(("kind", "like"), OTHER_KINDS.items(), ids=lambda kind: kind.__name__)
def test_the_nearest_row_decides(
    kind: type[errors.GatewayError], like: type[errors.GatewayError]
) -> None:
    assert policy.row(kind("x")) is TABLE[like]


TRAILS: dict[str, tuple[str, str]] = {
    "a model that the service does not know is asked for once more": (
        trail(said(errors.UnknownModel())), "retry"),
    "capacity that is promised in a moment": (
        trail(errors.UpstreamBusy(retry_after=2)), "retry retry"),
    "capacity that is promised for later is not waited for": (
        trail(errors.UpstreamBusy(retry_after=3)), ""),
    "a token that was new before it was refused is given time first": (
        trail(errors.CredentialRefused(), fresh=True), "settle settle refresh"),
    "no more attempts than allowed": (trail(errors.UpstreamBusy(), limit=2), "retry"),
    "no more accounts than attempts": (
        trail(errors.QuotaExhausted(), limit=3, routing="failover"), "failover failover"),
    "a refused token costs no attempt": (
        trail(errors.CredentialRefused(), limit=1), "refresh settle settle"),
    "but moving on does": (
        trail(errors.CredentialRefused(), limit=2, routing="failover"),
        "refresh settle settle failover refresh settle settle"),
    "nothing into a penalty: busy": (trail(errors.UpstreamBusy(), throttled=True), ""),
    "nothing into a penalty: broken": (trail(errors.UpstreamBroken(), throttled=True), ""),
    "nothing into a penalty: reasoning": (trail(errors.ReasoningRefused(), throttled=True), ""),
    "nothing into a penalty: a new token": (
        trail(errors.CredentialRefused(), throttled=True), "refresh"),
    "another account pays for no penalty": (
        trail(errors.QuotaExhausted(), throttled=True, limit=2, routing="failover"), "failover"),
}  # fmt: skip


@pytest.mark.parametrize(("found", "wanted"), TRAILS.values(), ids=TRAILS)
def test_trails(found: str, wanted: str) -> None:
    assert found == wanted


PAUSES: dict[str, tuple[errors.GatewayError, Attempt, float, float]] = {
    "the first, at least": (errors.UpstreamBusy(), FIRST, 0.0, 0.2),
    "the first, at most": (errors.UpstreamBusy(), FIRST, 1.0, 0.4),
    "the second": (errors.UpstreamBusy(), Attempt(("retry",)), 1.0, 0.8),
    "as the service says": (errors.UpstreamBusy(retry_after=1.5), FIRST, 0.0, 1.5),
    "and not all at once": (errors.UpstreamBusy(retry_after=1.5), FIRST, 1.0, 1.75),
    "at once, but not all": (errors.UpstreamBusy(retry_after=0), FIRST, 1.0, 0.25),
    "in the past": (errors.UpstreamBusy(retry_after=-1), FIRST, 0.0, 0.0),
    "a new token": (errors.CredentialRefused(), FRESH, 0.5, 1.5),
    "a new token, again": (
        errors.CredentialRefused(), Attempt(("refresh", "settle"), fresh=True), 0.5, 1.5),
    "a model": (said(errors.UnknownModel()), FIRST, 1.0, 1.0),
    "an old token": (errors.CredentialRefused(), FIRST, 1.0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize(("failure", "attempt", "jitter", "seconds"), PAUSES.values(), ids=PAUSES)
def test_pauses(
    failure: errors.GatewayError, attempt: Attempt, jitter: float, seconds: float
) -> None:
    assert next_step(failure, attempt, limit=9, jitter=jitter).pause == seconds


KINDS = sorted(
    (kind for kind in vars(errors).values()
     if isinstance(kind, type) and issubclass(kind, errors.GatewayError)),
    key=lambda kind: kind.__name__,
)  # fmt: skip
FAILURES = st.builds(
    lambda kind, wait, told: _failure(kind, wait, told=told),
    st.sampled_from(KINDS), st.none() | st.floats(allow_nan=False), st.booleans(),
)  # fmt: skip


def _failure(
    kind: type[errors.GatewayError], wait: float | None, *, told: bool
) -> errors.GatewayError:
    failure = kind("x")
    failure.retry_after = wait
    return said(failure) if told else failure


@given(
    st.lists(st.tuples(FAILURES, st.booleans(), st.booleans()), min_size=80, max_size=80),
    st.integers(1, 10), st.sampled_from(["active", "failover"]), st.floats(0, 1),
)  # fmt: skip
def test_every_call_comes_to_an_end(
    met: Sequence[tuple[errors.GatewayError, bool, bool]],
    limit: int,
    routing: Routing,
    jitter: float,
) -> None:
    attempt = Attempt()
    for failure, fresh, throttled in met:
        seen = Attempt(attempt.taken, fresh, throttled)
        plan = next_step(failure, seen, limit=limit, routing=routing, jitter=jitter)
        assert 0 <= plan.pause <= LONGEST_PAUSE + 0.25
        if plan.step == "give_up":
            break
        attempt = attempt.after(plan.step)
        assert attempt.counted <= limit
    else:
        raise AssertionError(f"no end: {attempt.taken}")
    # Apart from those that were turned away: one refresh and two pauses on every account.
    assert len(attempt.taken) + 1 <= 4 * limit


@given(FAILURES, st.booleans())
def test_only_what_concerns_one_account_leads_to_another(
    failure: errors.GatewayError, fresh: bool
) -> None:
    taken: tuple[Step, ...] = ("refresh", "settle", "settle")
    step = next_step(failure, Attempt(taken, fresh), limit=9, routing="failover").step
    stays = isinstance(failure, errors.AccountSuspended | errors.NoAccount)
    assert (step == "failover") == (isinstance(failure, errors.AccountFailure) and not stays)


# The budget.


def spent(calls: int, tries: int, *, every: float = 0.0) -> int:
    """How many of *tries* retries are granted, one after each of so many calls."""
    budget, now, granted = Budget(), 0.0, 0
    for _ in range(calls):
        budget = budget.called(now)
        now += every
    for _ in range(tries):
        if (left := budget.spend(now)) is not None:
            budget, granted = left, granted + 1
    return granted


BUDGETS: dict[str, tuple[int, int]] = {
    "nobody has called yet": (spent(0, 99), 20),
    "ten calls make room for one more": (spent(10, 99), 21),
    "a hundred for ten": (spent(100, 99), 30),
    "calls of long ago for none": (spent(100, 99, every=600.0), 20),
}


@pytest.mark.parametrize(("granted", "wanted"), BUDGETS.values(), ids=BUDGETS)
def test_budgets(granted: int, wanted: int) -> None:
    assert granted == wanted


def test_the_reserve_comes_back() -> None:
    budget = Budget()
    for _ in range(20):
        budget = budget.spend(0.0) or pytest.fail("the reserve is twenty")
    assert budget.spend(0.0) is None
    assert budget.spend(0.1) is None
    later = budget.spend(policy.HALF_LIFE)
    assert later is not None and later.retries == 11.0


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=60))
def test_retries_never_become_the_load(moments: list[tuple[bool, float]]) -> None:
    budget, now, calls, retries = Budget(), 0.0, 0, 0
    for retry, seconds in moments:
        now += seconds
        if not retry:
            budget, calls = budget.called(now), calls + 1
        elif (left := budget.spend(now)) is not None:
            budget, retries = left, retries + 1
        assert budget.retries <= policy.RESERVE + policy.SHARE * budget.calls + 1e-9
    halves = now / policy.HALF_LIFE
    assert retries <= (policy.RESERVE + policy.SHARE * calls) * (1 + halves)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_clock_that_goes_back_gives_nothing_away(at: float, now: float) -> None:
    budget = Budget(0.0, policy.RESERVE, at)
    early = min(at, now)
    assert budget.spend(early) is None
    assert budget.called(early).at == at
