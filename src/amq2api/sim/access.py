"""Who asks, and may they: checks 2 to 4 of upstream-protocol.md 4.5."""

from collections.abc import Mapping
from typing import Any

from .asgi import Incoming
from .faults import Fault
from .identity import Account
from .scenarios import choose
from .steps import Flat
from .world import World

__all__ = ["Refused", "admitted", "affords", "refuse"]


_WHO = (401, 403)  # refusals of the asker and not of the question


class Refused(Exception):
    """The service's answer is *answer*."""

    def __init__(self, answer: Fault | Flat) -> None:
        super().__init__()
        self.answer = answer


def refuse(name: str, *, turn: int = 0) -> Refused:
    """One of the refusals of the table, as an exception."""
    answer = choose(name).refused(turn)
    assert answer is not None, f"{name} is no refusal"
    return Refused(answer)


def admitted(world: World, incoming: Incoming, members: Mapping[str, Any] | None) -> Account:
    """The account behind the bearer token.

    Args:
        members: The request's members, wherever they travelled; None if they are unreadable.

    Raises:
        Refused: it may not ask anything.
    """
    account = _bearer(world, incoming)
    if account.refusal is not None:
        refused = refuse(account.refusal)
        if refused.answer.status in _WHO:
            raise refused
    _profile(account, members or {}, incoming.region)
    return account


def affords(world: World, account: Account) -> None:
    """Check what only answers cost: rate and quota.

    Raises:
        Refused: there is nothing left, or not now.
    """
    if account.refusal is not None:
        raise refuse(account.refusal)
    if account.credits_used >= account.credits_limit:
        raise refuse("quota-402" if world.profile == "2026" else "quota-400")


def _bearer(world: World, incoming: Incoming) -> Account:
    scheme, _, token = incoming.headers.get("authorization", "").partition(" ")
    holder = world.identities.holder(token.strip()) if scheme.lower() == "bearer" else None
    if holder is None:
        raise refuse("bearer-403")
    account, in_force = holder
    if not in_force:
        raise refuse("empty-403")
    announced = incoming.headers.get("tokentype", "").upper() == "API_KEY"
    if announced != (account.kind == "api-key"):
        raise refuse("bearer-403")
    return account


def _profile(account: Account, members: Mapping[str, Any], region: str | None) -> None:
    arn = members.get("profileArn")
    if arn is None:
        if account.needs_profile:
            raise refuse("profile-400")
    elif isinstance(arn, str):
        # Token and profile are cross-checked; a Builder ID has none to name (1.5). A profile
        # of another region is refused like a foreign one (4.3).
        named = next((profile for profile in account.profiles if profile.arn == arn), None)
        if named is None or region not in (None, named.region):
            raise refuse("bearer-403")
