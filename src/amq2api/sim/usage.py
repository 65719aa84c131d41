"""What GetUsageLimits tells of an account, in the shape of each deployment (upstream-protocol.md
6.3)."""

from collections.abc import Mapping
from typing import Any

from .dressing import Profile as Deployment
from .identity import Account, Trial

__all__ = ["limits"]

_DAY = 24 * 3600
_MONTH = 30 * _DAY
_BUILDER_ID, _COMPANY = "Q_DEVELOPER_STANDALONE_FREE", "Q_DEVELOPER_STANDALONE_PRO"


def limits(
    account: Account, now: float, deployment: Deployment, *, with_email: bool
) -> dict[str, Any]:
    """The whole answer. Classic plans fill ``limits``, present ones ``usageBreakdownList``."""
    reset = int(account.resets_at or (now // _MONTH + 1) * _MONTH)
    user = {"userId": f"d-0000000000.{account.name}"}
    classic = deployment == "classic"
    return {
        "daysUntilReset": max(0, int(reset - now) // _DAY),
        "limits": _classic(account) if classic else [],
        "nextDateReset": reset,
        "overageConfiguration": {"overageLimit": None, "overageStatus": "DISABLED"},
        "subscriptionInfo": {
            "overageCapability": "OVERAGE_CAPABLE",
            "subscriptionManagementTarget": "MANAGE",
            "subscriptionTitle": account.plan,
            "type": _BUILDER_ID if account.kind == "builder-id" else _COMPANY,
            "upgradeCapability": "UPGRADE_INCAPABLE",
        },
        "totalUsage": None,
        "usageBreakdown": None,
        "usageBreakdownList": [] if classic else [_credits(account, now, reset)],
        "userInfo": {**user, "email": f"{account.name}@example.com"} if with_email else user,
    }


def _classic(account: Account) -> list[Mapping[str, Any]]:
    return [
        {
            "type": kind,
            "currentUsage": int(used),
            "totalUsageLimit": int(limit),
            "percentUsed": round(100 * used / limit, 2) if limit else 100.0,
        }
        for kind, used, limit in (
            ("AGENTIC_REQUEST", account.credits_used, account.credits_limit),
            ("TRANSFORM", 0.0, 4000.0),
        )
    ]


def _credits(account: Account, now: float, reset: int) -> dict[str, Any]:
    used, limit = account.credits_used, account.credits_limit
    return {
        "bonuses": [], "currency": "USD", "currentOverages": 0, "currentOveragesWithPrecision": 0,
        **_counted(used, limit),
        "displayName": "Credit", "displayNamePlural": "Credits",
        "freeTrialInfo": None if account.trial is None else _trial(account.trial, now),
        "nextDateReset": reset, "overageCap": int(limit), "overageCapWithPrecision": limit,
        "overageCharges": 0, "overageRate": 0.04, "resourceType": "CREDIT", "unit": "INVOCATIONS",
    }  # fmt: skip


def _trial(trial: Trial, now: float) -> dict[str, Any]:
    return {
        "freeTrialStatus": "ACTIVE" if now < trial.expires_at else "EXPIRED",
        "freeTrialExpiry": int(trial.expires_at),
        **_counted(trial.used, trial.limit),
    }


def _counted(used: float, limit: float) -> dict[str, Any]:
    return {
        "currentUsage": int(used), "currentUsageWithPrecision": round(used, 2),
        "usageLimit": int(limit), "usageLimitWithPrecision": limit,
    }  # fmt: skip
