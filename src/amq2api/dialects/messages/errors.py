"""How a Messages client hears of a failure: one row per fact.

Source: claude-api.md 7; what clients do on each status is in clients.md 2 and 3.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from amq2api import errors

__all__ = ["WORDING", "Refusal", "Wording", "broken_off", "envelope", "refuse", "wording"]


class Wording(NamedTuple):
    """HTTP status and Claude error type of one kind of failure."""

    status: int
    type: str
    should_retry: bool | None = None
    """``x-should-retry``; None leaves the decision to the client's own rules."""
    retry_after: float | None = None
    """Seconds told to the client when the failure itself knows none."""


WORDING: Mapping[type[errors.GatewayError], Wording] = {
    errors.BadRequest: Wording(400, "invalid_request_error"),
    errors.RequestTooLarge: Wording(413, "request_too_large"),
    errors.RequestTimedOut: Wording(408, "invalid_request_error"),
    errors.RunawayStopped: Wording(400, "invalid_request_error", should_retry=False),
    errors.UnknownModel: Wording(404, "not_found_error"),
    errors.NotFound: Wording(404, "not_found_error"),
    errors.WrongMethod: Wording(405, "invalid_request_error"),
    # Without the hint Claude Code repeats a 401 for more than a minute (clients.md 2).
    errors.KeyRefused: Wording(401, "authentication_error", should_retry=False),
    errors.OriginRefused: Wording(403, "permission_error", should_retry=False),
    # An account's trouble is never a 401: the client's own key is fine (claude-api.md C-147).
    errors.AccountFailure: Wording(503, "api_error", should_retry=False),
    errors.AccountSuspended: Wording(403, "permission_error", should_retry=False),
    errors.NotEntitled: Wording(403, "permission_error", should_retry=False),
    errors.QuotaExhausted: Wording(429, "rate_limit_error", should_retry=False),
    errors.RateLimited: Wording(429, "rate_limit_error", retry_after=8),
    errors.UpstreamBusy: Wording(529, "overloaded_error", retry_after=8),
    errors.AtCapacity: Wording(529, "overloaded_error", retry_after=2),
    errors.Stopping: Wording(503, "api_error", should_retry=True, retry_after=2),
    errors.UpstreamTimeout: Wording(504, "timeout_error"),
    errors.UpstreamBroken: Wording(502, "api_error"),
    errors.RoadBarred: Wording(502, "api_error", should_retry=False),
    # It was asked for twice already.
    errors.AnswerUnfit: Wording(502, "api_error", should_retry=False),
    errors.GatewayError: Wording(500, "api_error"),
}

_REMEDIES: Mapping[type[errors.GatewayError], str] = {
    # On these words Claude Code asks again without what is at fault (claude-api.md 9.5).
    errors.ReasoningRefused: "Invalid `signature` in `thinking` block",
    errors.MediaRefused: "Could not process image",
}

_TEMPORARY = (errors.RateLimited, errors.UpstreamBusy)
# Claude Code gives up at once on a longer wait (field-notes.md, Appendix B 6).
_LONGEST_WAIT = 60.0
_END_OF_CALENDAR = 253_402_300_800  # the year 10000, which datetime cannot say


class Refusal(NamedTuple):
    """A failure as an HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def wording(error: errors.GatewayError) -> Wording:
    """The row of the nearest class that has one; GatewayError's row ends every search."""
    return next(WORDING[cls] for cls in type(error).__mro__ if cls in WORDING)


def envelope(error: errors.GatewayError) -> dict[str, Any]:
    """The ``error`` member of Claude's error envelope."""
    inner: dict[str, Any] = {"type": wording(error).type, "message": _message(error)}
    if error.code is not None:
        inner["details"] = {"error_code": error.code}
    return inner


def broken_off(error: errors.GatewayError) -> dict[str, Any]:
    """The ``error`` member of an ``error`` event, which ends a stream that had begun.

    There a throttle is told as an overload: Claude Code asks again after the latter and gives
    up at once after the former (clients.md 5, 7; seen with 2.1.330).
    """
    inner = envelope(error)
    if inner["type"] == WORDING[errors.RateLimited].type and not isinstance(
        error, errors.QuotaExhausted
    ):
        inner["type"] = WORDING[errors.UpstreamBusy].type
    return inner


def refuse(error: errors.GatewayError, request_id: str) -> Refusal:
    """The whole HTTP answer to a call that failed before its first byte."""
    row = wording(error)
    headers = {"content-type": "application/json", "request-id": request_id}
    if isinstance(error, errors.WrongMethod) and error.allowed:
        headers["allow"] = ", ".join(error.allowed)  # a MUST of RFC 9110 15.5.6
    if row.should_retry is not None:
        headers["x-should-retry"] = "true" if row.should_retry else "false"
    wait = error.retry_after if error.retry_after is not None else row.retry_after
    if wait is not None and row.should_retry is not False:
        headers["retry-after"] = str(max(1, round(min(wait, _LONGEST_WAIT))))
    body = {"type": "error", "error": envelope(error), "request_id": request_id}
    return Refusal(row.status, headers, msgspec.json.encode(body))


def _message(error: errors.GatewayError) -> str:
    # Clients compact a conversation on exactly this wording (claude-api.md 7.6).
    if isinstance(error, errors.ContextTooLong):
        tokens, maximum = error.tokens, error.maximum
        if tokens is not None and maximum is not None:
            return f"prompt is too long: {tokens} tokens > {maximum} maximum"
        return f"prompt is too long: {error}" if str(error) else "prompt is too long"
    words = str(error) or type(error).__name__
    if (remedy := _REMEDIES.get(type(error))) is not None:
        return f"{remedy}: {words}"
    if isinstance(error, errors.QuotaExhausted) and error.resets_at is not None:
        return words + _renewal(error.resets_at)
    wait = error.retry_after
    if isinstance(error, _TEMPORARY) and wait is not None and _LONGEST_WAIT < wait < math.inf:
        # The header cannot say it.
        return f"{words} The service asks to wait {wait:.0f} seconds."
    return words


def _renewal(resets_at: float) -> str:
    if not 0 <= resets_at < _END_OF_CALENDAR:
        return ""
    when = datetime.fromtimestamp(resets_at, UTC)
    return f" The allowance is renewed on {when:%Y-%m-%d at %H:%M} UTC."
