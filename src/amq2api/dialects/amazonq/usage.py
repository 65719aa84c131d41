"""What GetUsageLimits tells (upstream-protocol.md 6.3).

Plans fill different members, and new ones appear: a member of another kind than the published
one counts as absent, so that the rest can still be read.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from amq2api.errors import ProtocolError

__all__ = ["Bonus", "UsageBreakdown", "UsageLimit", "UsageLimits", "read_usage_limits"]

_END_OF_CALENDAR = 253_402_300_800  # the year 10000: no date a clock can show is later
_MOST = 1e15  # no count of requests or credits; infinity, as which JSON can read 1e999, is beyond


class UsageLimit(msgspec.Struct, frozen=True):
    """One of ``limits``, which classic Q plans fill."""

    type: str | None = None
    """``AGENTIC_REQUEST``, ``AI_EDITOR``, ``CODE_COMPLETIONS``, ``TRANSFORM``."""
    current_usage: float | None = None
    total_usage_limit: float | None = None
    percent_used: float | None = None


class Bonus(msgspec.Struct, frozen=True):
    """An allowance beside the plan's own: one of ``bonuses``, or ``freeTrialInfo``."""

    display_name: str | None = None
    status: str | None = None
    """``ACTIVE``, ``EXHAUSTED``, ``EXPIRED``."""
    current_usage: float | None = None
    usage_limit: float | None = None
    expires_at: float | None = None


class UsageBreakdown(msgspec.Struct, frozen=True):
    """One of ``usageBreakdownList``. Counts are the precise ones where both are told."""

    resource_type: str | None = None
    display_name: str | None = None
    current_usage: float | None = None
    usage_limit: float | None = None
    next_date_reset: float | None = None
    free_trial: Bonus | None = None
    bonuses: tuple[Bonus, ...] = ()


class UsageLimits(msgspec.Struct, frozen=True):
    """*next_date_reset* is Unix time in seconds, as are all dates here."""

    next_date_reset: float | None = None
    subscription_title: str | None = None
    subscription_type: str | None = None
    overage_status: str | None = None
    """``ENABLED`` or ``DISABLED``: whether calls beyond the allowance are served, for money."""
    limits: tuple[UsageLimit, ...] = ()
    usage_breakdown_list: tuple[UsageBreakdown, ...] = ()


def read_usage_limits(body: bytes) -> UsageLimits:
    """Raise ProtocolError only if *body* is no JSON object."""
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise ProtocolError("GetUsageLimits answered in an unknown shape") from exc
    if not isinstance(raw, dict):
        raise ProtocolError("GetUsageLimits answered in an unknown shape")
    subscription, overage = _part(raw, "subscriptionInfo"), _part(raw, "overageConfiguration")
    return UsageLimits(
        next_date_reset=_moment(raw, "nextDateReset"),
        subscription_title=_text(subscription, "subscriptionTitle"),
        subscription_type=_text(subscription, "type"),
        overage_status=_text(overage, "overageStatus"),
        limits=tuple(map(_limit, _parts(raw, "limits"))),
        usage_breakdown_list=tuple(map(_breakdown, _parts(raw, "usageBreakdownList"))),
    )


def _limit(raw: Mapping[str, Any]) -> UsageLimit:
    return UsageLimit(
        type=_text(raw, "type"),
        current_usage=_number(raw, "currentUsage"),
        total_usage_limit=_number(raw, "totalUsageLimit"),
        percent_used=_number(raw, "percentUsed"),
    )


def _breakdown(raw: Mapping[str, Any]) -> UsageBreakdown:
    trial = _part(raw, "freeTrialInfo")
    return UsageBreakdown(
        resource_type=_text(raw, "resourceType"),
        display_name=_text(raw, "displayNamePlural") or _text(raw, "displayName"),
        current_usage=_precise(raw, "currentUsage"),
        usage_limit=_precise(raw, "usageLimit"),
        next_date_reset=_moment(raw, "nextDateReset"),
        free_trial=_bonus(trial, "freeTrialStatus", "freeTrialExpiry") if trial else None,
        bonuses=tuple(_bonus(bonus, "status", "expiresAt") for bonus in _parts(raw, "bonuses")),
    )


def _bonus(raw: Mapping[str, Any], status: str, expiry: str) -> Bonus:
    return Bonus(
        display_name=_text(raw, "displayName"),
        status=_text(raw, status),
        current_usage=_precise(raw, "currentUsage"),
        usage_limit=_precise(raw, "usageLimit"),
        expires_at=_moment(raw, expiry),
    )


def _part(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _parts(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = raw.get(key)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _number(raw: Mapping[str, Any], key: str) -> float | None:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _MOST else None


def _precise(raw: Mapping[str, Any], key: str) -> float | None:
    precise = _number(raw, f"{key}WithPrecision")
    return _number(raw, key) if precise is None else precise


def _moment(raw: Mapping[str, Any], key: str) -> float | None:
    value = _number(raw, key)
    return value if value is not None and 0 < value < _END_OF_CALENDAR else None
