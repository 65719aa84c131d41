"""How much of an account's allowances is used: GetUsageLimits retold as one list of quotas.

What the service does not tell stays None: a made-up zero would pass for an empty or a full one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from amq2api.dialects import amazonq as q

FREE_TRIAL, BONUS = "FREE_TRIAL", "BONUS"
_NAMES: Mapping[str, str] = {
    "AGENTIC_REQUEST": "Agentic requests",
    "AI_EDITOR": "Editor requests",
    "CODE_COMPLETIONS": "Code completions",
    "TRANSFORM": "Code transformations",
    "CREDIT": "Credits",
    "SPEC": "Spec requests",
    "VIBE": "Vibe requests",
    FREE_TRIAL: "Free trial",
    BONUS: "Bonus",
}
# What a call through this gateway is paid from (upstream-protocol.md 6.3).
_SPENT_BY_CALLS = frozenset({"AGENTIC_REQUEST", "CREDIT", "VIBE", FREE_TRIAL, BONUS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One allowance. *percent* may exceed 100 where overages are allowed."""

    kind: str
    """The service's resource type, ``FREE_TRIAL``, ``BONUS``, or empty."""
    name: str
    used: float | None
    limit: float | None
    percent: float | None
    resets_at: float | None
    """Unix time, seconds; as is *expires_at*, after which nothing of it is left."""
    expires_at: float | None = None

    @property
    def has_room(self) -> bool | None:
        """Whether something of it is left, as far as the service tells."""
        if self.used is not None and self.limit is not None:
            return self.used < self.limit
        return None if self.percent is None else self.percent < 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """All allowances of an account at one moment. Times are Unix time in seconds."""

    plan: str | None
    resets_at: float | None
    overage: bool | None
    """Whether calls beyond the allowance are served, for money."""
    asked_at: float
    quotas: tuple[Quota, ...]

    @property
    def has_room(self) -> bool | None:
        """Whether calls can still be paid, as far as the service tells."""
        if self.overage:
            return True
        spent = [quota for quota in self.quotas if quota.kind in _SPENT_BY_CALLS] or self.quotas
        told = [quota.has_room for quota in spent]
        if any(told):
            return True
        return None if None in told or not told else False


def retold(limits: q.UsageLimits, *, asked_at: float) -> Usage:
    """*limits* for people and programs; whichever members the plan fills are brought together."""
    detailed = [quota for part in limits.usage_breakdown_list for quota in _quotas(part, limits)]
    kinds = {quota.kind for quota in detailed}
    plain = [_plain(limit, limits) for limit in limits.limits if limit.type not in kinds]
    overage = limits.overage_status
    return Usage(
        plan=limits.subscription_title or limits.subscription_type,
        resets_at=limits.next_date_reset or _first(quota.resets_at for quota in detailed),
        overage=None if overage is None else overage == "ENABLED",
        asked_at=asked_at,
        quotas=tuple(quota for quota in (*detailed, *plain) if _tells(quota)),
    )


def _quotas(part: q.UsageBreakdown, limits: q.UsageLimits) -> Iterator[Quota]:
    yield Quota(
        kind=part.resource_type or "",
        name=part.display_name or _name(part.resource_type),
        used=part.current_usage,
        limit=part.usage_limit,
        percent=_percent(part.current_usage, part.usage_limit),
        resets_at=part.next_date_reset or limits.next_date_reset,
    )
    if part.free_trial is not None:
        yield from _beside(part.free_trial, FREE_TRIAL)
    for bonus in part.bonuses:
        yield from _beside(bonus, BONUS)


def _beside(bonus: q.Bonus, kind: str) -> Iterator[Quota]:
    if bonus.status != "EXPIRED":
        yield Quota(
            kind=kind,
            name=bonus.display_name or _name(kind),
            used=bonus.current_usage,
            limit=bonus.usage_limit,
            percent=_percent(bonus.current_usage, bonus.usage_limit),
            resets_at=None,
            expires_at=bonus.expires_at,
        )


def _plain(limit: q.UsageLimit, limits: q.UsageLimits) -> Quota:
    used, most = limit.current_usage, limit.total_usage_limit
    percent = _percent(used, most)
    return Quota(
        kind=limit.type or "",
        name=_name(limit.type),
        used=used,
        limit=most,
        percent=limit.percent_used if percent is None else percent,
        resets_at=limits.next_date_reset,
    )


def _percent(used: float | None, limit: float | None) -> float | None:
    if used is None or limit is None or limit <= 0:
        return None
    return round(100 * used / limit, 2)


def _name(kind: str | None) -> str:
    return _NAMES.get(kind or "", kind or "Requests")


def _first(moments: Iterable[float | None]) -> float | None:
    return next((moment for moment in moments if moment is not None), None)


def _tells(quota: Quota) -> bool:
    return not (quota.used is None and quota.limit is None and quota.percent is None)
