"""What the simulator can be told from outside, by name: each order with what it does."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, get_args

from .identity import Kind, Trial
from .mcp import FAULTS
from .scenarios import REFUSALS, UnknownScenario, choose
from .validator import INVARIANTS, LENIENT, STRICT, Rules
from .world import World

__all__ = ["ORDERS", "PLAIN"]

Order: TypeAlias = Callable[[World, Any], dict[str, Any] | None]
"""Does as told; what it gives back is added to the answer."""

PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "profile": str, "frame_delay": float, "cuts": bool, "token_lifetime": float, "rotate": bool,
    "keep_old_access": bool, "propagation": float, "token_delay": float, "poll_interval": float,
    "device_lifetime": float, "client_lifetime": float, "clock_error": float, "token_faults": list,
    "web_search": bool, "search_delay": float, "search_faults": list,
}  # fmt: skip


def _set(name: str) -> Order:
    def order(world: World, value: Any) -> None:
        if name == "profile" and value not in ("classic", "2026"):
            raise ValueError("profile is classic or 2026")
        setattr(world, name, PLAIN[name](value))

    return order


def _scenario(world: World, value: Any) -> None:
    world.scenario = str(value)


def _script(world: World, value: Any) -> None:
    names = [str(name) for name in value]
    for name in names:
        choose(name)
    world.script[:] = names


def _search_faults(world: World, value: Any) -> None:
    names = [str(name) for name in value]
    if unknown := set(names) - {*FAULTS, *REFUSALS, ""}:
        raise ValueError(f"no such faults: {sorted(unknown)}")
    world.search_faults[:] = names


def _rules(world: World, value: Any) -> None:
    """``strict``, ``lenient``, or a list of invariants to switch off."""
    if isinstance(value, list):
        if unknown := set(value) - set(INVARIANTS):
            raise ValueError(f"no such rules: {sorted(unknown)}")
        world.rules = STRICT.without(*value)
    else:
        named: dict[str, Rules] = {"strict": STRICT, "lenient": LENIENT}
        world.rules = named[value]


def _profiles(world: World, value: Any) -> None:
    """What the next IdC accounts get: ``[{"name": …, "region": …}, …]``, or how many in the
    usual region."""
    if isinstance(value, int):
        value = [{"name": f"Profile {n}"} for n in range(1, value + 1)]
    world.profiles = [(str(p["name"]), str(p.get("region", "us-east-1"))) for p in value]


def _approve(world: World, value: Any) -> None:
    """A user code, or ``{"code": …, "account": …}`` to sign in as somebody known."""
    if isinstance(value, dict):
        world.approve(str(value["code"]), world.identities.accounts[value["account"]])
    else:
        world.approve(str(value))


def _deny(world: World, value: Any) -> None:
    world.deny(str(value))


def _add_account(world: World, value: Any) -> dict[str, Any]:
    """``{"name": …, "kind": "builder-id" | "idc" | "api-key"}``, both optional, and whatever the
    order ``account`` takes."""
    if not isinstance(value, dict):
        raise TypeError("an object is wanted")
    name, kind = str(value.get("name", "")), value.get("kind", "idc")
    if kind not in get_args(Kind):
        raise ValueError(f"kind is one of {get_args(Kind)}")
    if name in world.identities.accounts:
        raise ValueError(f"there is a {name!r} already")
    account = world.add_account(name, kind)
    _account(world, {**value, "name": account.name})
    return {"added": {"name": account.name, **account.credentials}}


def _expire(world: World, value: Any) -> None:
    if value:
        world.expire_tokens()


def _expire_clients(world: World, value: Any) -> None:
    if value:
        world.identities.expire_clients()


def _revoke(world: World, value: Any) -> None:
    if value:
        world.revoke_refresh_tokens()


def _account(world: World, value: Any) -> None:
    """``{"name": …}`` and what changes: members of :class:`Account`, ``"revoked": true``."""
    account = world.identities.accounts[value["name"]]
    for name, read in _MEMBERS.items():
        if name in value:
            setattr(account, name, read(value[name]))
    if value.get("revoked"):
        world.revoke_refresh_tokens(account)


def _refusal(value: Any) -> str | None:
    if value is None:
        return None
    if choose(str(value)).refusal is None:
        raise UnknownScenario(value)
    return str(value)


def _trial(value: Any) -> Trial | None:
    """``{"used": …, "limit": …, "expires_at": …}`` or null."""
    return None if value is None else Trial(**{n: float(v) for n, v in dict(value).items()})


def _time(value: Any) -> float | None:
    return None if value is None else float(value)


_MEMBERS: Mapping[str, Callable[[Any], Any]] = {
    "refusal": _refusal, "credits_used": float, "credits_limit": float, "needs_profile": bool,
    "plan": str, "trial": _trial, "resets_at": _time, "web_search": bool,
}  # fmt: skip


def _forget(world: World, value: Any) -> None:
    if value:
        world.requests.clear()
        world.disconnects.clear()
        world.counts.clear()


ORDERS: Mapping[str, Order] = {
    **{name: _set(name) for name in PLAIN},
    "scenario": _scenario,
    "script": _script,
    "search_faults": _search_faults,
    "rules": _rules,
    "profiles": _profiles,
    "add_account": _add_account,
    "account": _account,
    "approve": _approve,
    "deny": _deny,
    "expire_tokens": _expire,
    "expire_registrations": _expire_clients,
    "revoke_refresh_tokens": _revoke,
    "forget": _forget,
}
