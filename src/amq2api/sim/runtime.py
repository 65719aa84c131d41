"""The operations besides the answer itself: models, profiles, usage (upstream-protocol.md 6)."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from . import usage
from .access import refuse
from .catalogue import DEFAULT_MODEL
from .faults import Fault
from .identity import Account
from .world import World

__all__ = ["OPERATIONS", "Invalid", "offered"]

Members: TypeAlias = Mapping[str, Any]
Operation: TypeAlias = Callable[[World, Account, Members, str | None], dict[str, Any]]
"""Takes the region of the address it was asked at, None where the address names none."""

_ABILITIES = ("COMPLETIONS", "ANALYSIS", "CONVERSATIONS")


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


def list_models(
    world: World, account: Account, members: Members, region: str | None
) -> dict[str, Any]:
    if not isinstance(members.get("origin"), str):
        raise Invalid("origin")
    models = list(offered(world, account).values())
    page, following = _page(models, members, most=100)
    answer: dict[str, Any] = {"models": page, "nextToken": following}
    if DEFAULT_MODEL in world.models:
        answer["defaultModel"] = {"modelId": DEFAULT_MODEL}
    return answer


def list_profiles(
    world: World, account: Account, members: Members, region: str | None
) -> dict[str, Any]:
    if account.kind == "builder-id":
        raise refuse("builder-id-403")
    if account.kind == "api-key":
        raise refuse("api-key-403")
    profiles = [
        {
            "arn": profile.arn,
            "profileName": profile.name,
            "status": "ACTIVE",
            "profileType": "Q_DEVELOPER",
            "activeFunctionalities": list(_ABILITIES),
        }
        for profile in account.profiles
        if region in (None, profile.region)
    ]
    page, following = _page(profiles, members, most=10)
    return {"profiles": page, "nextToken": following}


def usage_limits(
    world: World, account: Account, members: Members, region: str | None
) -> dict[str, Any]:
    with_email = str(members.get("isEmailRequired", "")).lower() == "true"
    return usage.limits(account, world.clock(), world.profile, with_email=with_email)


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


OPERATIONS: Mapping[str, Operation] = {
    "ListAvailableModels": list_models,
    "ListAvailableProfiles": list_profiles,
    "GetUsageLimits": usage_limits,
}
