import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api import errors
from amq2api.accounts.choose import Routing
from amq2api.accounts.policy import LONGEST_PAUSE, Attempt, Step, next_step, pause

FIRST = Attempt(number=1)
SECOND = Attempt(number=2)
THIRD = Attempt(number=3)
LAST = Attempt(number=9)
FRESH = Attempt(number=2, refreshed=True)
BARE = Attempt(number=2, stripped=True)
TALKING = Attempt(number=1, answering=True)

STEPS: dict[str, tuple[errors.GatewayError, Attempt, Routing, Step]] = {
    "a refused token is renewed": (errors.CredentialRefused(), FIRST, "active", "refresh"),
    "but once": (errors.CredentialRefused(), FRESH, "active", "give_up"),
    "and then another may serve": (errors.CredentialRefused(), FRESH, "failover", "failover"),
    "refused reasoning is left out": (errors.ReasoningRefused(), FIRST, "active",
                                      "strip_reasoning"),
    "but once too": (errors.ReasoningRefused(), BARE, "active", "give_up"),
    "busy": (errors.UpstreamBusy(), FIRST, "active", "retry"),
    "busy again": (errors.UpstreamBusy(), SECOND, "active", "retry"),
    "busy still": (errors.UpstreamBusy(), THIRD, "active", "give_up"),
    "busy is nobody's account": (errors.UpstreamBusy(), FIRST, "failover", "retry"),
    "busy for a moment": (errors.UpstreamBusy(retry_after=2), FIRST, "active", "retry"),
    "busy for long": (errors.UpstreamBusy(retry_after=3), FIRST, "active", "give_up"),
    "broken": (errors.UpstreamBroken(), SECOND, "active", "retry"),
    "silent": (errors.UpstreamTimeout(), FIRST, "active", "retry"),
    "garbled": (errors.ProtocolError(), FIRST, "active", "retry"),
    "too fast": (errors.RateLimited(), FIRST, "failover", "give_up"),
    "quota": (errors.QuotaExhausted(), FIRST, "active", "give_up"),
    "quota, failover": (errors.QuotaExhausted(), FIRST, "failover", "failover"),
    "login": (errors.LoginRequired(), FIRST, "active", "give_up"),
    "login, failover": (errors.LoginRequired(), FIRST, "failover", "failover"),
    "not entitled, failover": (errors.NotEntitled(), FIRST, "failover", "failover"),
    "suspended is never routed around": (errors.AccountSuspended(), FIRST, "failover", "give_up"),
    "nobody left": (errors.NoAccount(), FIRST, "failover", "give_up"),
    "malformed": (errors.RequestRefused(), FIRST, "failover", "give_up"),
    "too long": (errors.ContextTooLong(), FIRST, "failover", "give_up"),
    "no more attempts": (errors.QuotaExhausted(), LAST, "failover", "give_up"),
    "the client has heard already": (errors.UpstreamBusy(), TALKING, "active", "give_up"),
    "a bug of ours": (errors.GatewayError(), FIRST, "failover", "give_up"),
}  # fmt: skip


@pytest.mark.parametrize(("failure", "attempt", "routing", "step"), STEPS.values(), ids=STEPS)
def test_next_step(
    failure: errors.GatewayError, attempt: Attempt, routing: Routing, step: Step
) -> None:
    assert next_step(failure, attempt, limit=9, routing=routing) == step


@pytest.mark.parametrize(
    ("number", "retry_after", "jitter", "seconds"),
    [
        (1, None, 0.0, 0.2),
        (1, None, 1.0, 0.4),
        (2, None, 1.0, 0.8),
        (9, None, 1.0, LONGEST_PAUSE),
        (1, 1.5, 0.3, 1.5),
        (1, 600.0, 0.3, LONGEST_PAUSE),
        (1, -1.0, 0.3, 0.0),
    ],
)
def test_pause(number: int, retry_after: float | None, jitter: float, seconds: float) -> None:
    assert pause(number, errors.UpstreamBusy(retry_after=retry_after), jitter=jitter) == seconds


@given(st.integers(1, 10_000), st.none() | st.floats(0), st.floats(0, 1))
def test_no_pause_is_long(number: int, retry_after: float | None, jitter: float) -> None:
    failure = errors.UpstreamBusy(retry_after=retry_after)
    assert 0 <= pause(number, failure, jitter=jitter) <= LONGEST_PAUSE
