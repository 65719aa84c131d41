"""What to do after a failed attempt. A decision, not an action: relay/ acts on it.

Source: upstream-protocol.md 4.3, 4.4; field-notes.md T5.
"""

from typing import Literal, TypeAlias

import msgspec

from amq2api import errors

from .choose import Routing

Step: TypeAlias = Literal["refresh", "retry", "strip_reasoning", "failover", "give_up"]

MOST_RETRIES = 2
"""Of a call that found the service busy or broken (upstream-protocol.md 4.4)."""
LONGEST_PAUSE = 2.0
"""Seconds. Whoever is told to wait longer is better told than kept waiting."""
_FIRST_PAUSE = 0.4


class Attempt(msgspec.Struct, frozen=True):
    """Where a call stands when it has just failed."""

    number: int
    """Attempts made, this one included."""
    refreshed: bool = False
    """Whether a token of this account was already minted anew because of a refusal."""
    answering: bool = False
    """Whether the client has been sent a byte: from then on nothing can be redone."""
    stripped: bool = False
    """Whether earlier reasoning was already left out."""


def next_step(
    failure: errors.GatewayError, attempt: Attempt, *, limit: int, routing: Routing = "active"
) -> Step:
    """Choose the next step for a call; *limit* is the most attempts a call may make."""
    if attempt.answering or attempt.number >= limit:
        return "give_up"
    match failure:
        case errors.ReasoningRefused() if not attempt.stripped:
            return "strip_reasoning"
        case errors.CredentialRefused() if not attempt.refreshed:
            return "refresh"
        case errors.AccountSuspended() | errors.NoAccount():
            # A suspension is the owner's to hear of, never to be routed around (design.md 7).
            return "give_up"
        case errors.AccountFailure():
            return "failover" if routing == "failover" else "give_up"
        case errors.UpstreamBusy() | errors.UpstreamBroken():
            soon = failure.retry_after is None or failure.retry_after <= LONGEST_PAUSE
            return "retry" if soon and attempt.number <= MOST_RETRIES else "give_up"
        case _:
            # RateLimited among them: each further try makes the penalty longer (4.3).
            return "give_up"


def pause(number: int, failure: errors.GatewayError, *, jitter: float) -> float:
    """Seconds to wait before the attempt that follows attempt *number*.

    Args:
        jitter: From 0 up to 1, drawn by the caller; spreads calls that failed together over
            the upper half of the pause.
    """
    if failure.retry_after is not None:
        return max(0.0, min(failure.retry_after, LONGEST_PAUSE))
    longest = min(_FIRST_PAUSE * 2.0 ** (min(number, 8) - 1), LONGEST_PAUSE)
    return longest * (0.5 + jitter / 2)
