"""The operations besides the answer itself: models, profiles, usage (upstream-protocol.md 6)."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from .access import refuse
from .catalogue import DEFAULT_MODEL
from .faults import Fault
from .identity import Account
from .world import World

__all__ = ["OPERATIONS", "Invalid", "offered"]

Members: TypeAlias = Mapping[str, Any]
_MONTH = 30 * 24 * 3600


class Invalid(Exception):
    """The request's members make no sense."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.fault = Fault(400, "ValidationException", "Improperly formed request.", None,
                           rule="6", where=where)  # fmt: skip


def offered(world: World, account: Account) -> dict[str, Mapping[str, Any]]:
    """The models *account* may use, by id."""
    allowed = account.models
    return {i: m for i, m in world.models.items() if allowed is None or i in allowed}


def list_models(world: World, account: Account, members: Members) -> dict[str, Any]:
    if not isinstance(members.get("origin"), str):
        raise Invalid("origin")
    models = list(offered(world, account).values())
    page, following = _page(models, members, most=100)
    answer: dict[str, Any] = {"models": page, "nextToken": following}
    if DEFAULT_MODEL in world.models:
        answer["defaultModel"] = {"modelId": DEFAULT_MODEL}
    return answer


def list_profiles(world: World, account: Account, members: Members) -> dict[str, Any]:
    if account.kind == "builder-id":
        raise refuse("builder-id-403")
    if account.kind == "api-key":
        raise refuse("api-key-403")
    profile = {
        "arn": account.profile_arn,
        "profileName": f"{account.name} profile",
        "status": "ACTIVE",
        "profileType": "Q_DEVELOPER",
        "activeFunctionalities": ["COMPLETIONS", "ANALYSIS", "CONVERSATIONS"],
    }
    page, following = _page([profile], members, most=10)
    return {"profiles": page, "nextToken": following}


def usage_limits(world: World, account: Account, members: Members) -> dict[str, Any]:
    reset = (int(world.clock()) // _MONTH + 1) * _MONTH
    with_email = str(members.get("isEmailRequired", "")).lower() == "true"
    user = {"userId": f"d-0000000000.{account.name}"}
    used, limit = account.credits_used, account.credits_limit
    breakdown = {
        "bonuses": [], "currency": "USD", "currentOverages": 0, "currentOveragesWithPrecision": 0,
        "currentUsage": int(used), "currentUsageWithPrecision": round(used, 2),
        "displayName": "Credit", "displayNamePlural": "Credits", "freeTrialInfo": None,
        "nextDateReset": reset, "overageCap": int(limit), "overageCapWithPrecision": limit,
        "overageCharges": 0, "overageRate": 0.04, "resourceType": "CREDIT", "unit": "INVOCATIONS",
        "usageLimit": int(limit), "usageLimitWithPrecision": limit,
    }  # fmt: skip
    return {
        "daysUntilReset": (reset - int(world.clock())) // (24 * 3600),
        "limits": [],
        "nextDateReset": reset,
        "overageConfiguration": {"overageLimit": None, "overageStatus": "DISABLED"},
        "subscriptionInfo": {
            "overageCapability": "OVERAGE_CAPABLE",
            "subscriptionManagementTarget": "MANAGE",
            "subscriptionTitle": "Q DEVELOPER PRO (simulated)",
            "type": "Q_DEVELOPER_STANDALONE_PRO",
            "upgradeCapability": "UPGRADE_INCAPABLE",
        },
        "totalUsage": None,
        "usageBreakdown": None,
        "usageBreakdownList": [breakdown],
        "userInfo": {**user, "email": f"{account.name}@example.com"} if with_email else user,
    }


def _page(items: Sequence[Any], members: Members, *, most: int) -> tuple[list[Any], str | None]:
    size, start = _size(members, most), _start(members)
    end = start + size
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following


def _size(members: Members, most: int) -> int:
    try:
        # In a query it is text, in a body a number.
        size = int(members.get("maxResults", most))
    except (TypeError, ValueError):
        raise Invalid("maxResults") from None
    if not 1 <= size <= most:
        raise Invalid("maxResults")
    return size


def _start(members: Members) -> int:
    token = members.get("nextToken")
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (TypeError, ValueError, binascii.Error):
        raise Invalid("nextToken") from None


OPERATIONS: Mapping[str, Callable[[World, Account, Members], dict[str, Any]]] = {
    "ListAvailableModels": list_models,
    "ListAvailableProfiles": list_profiles,
    "GetUsageLimits": usage_limits,
}
