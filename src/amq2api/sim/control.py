"""``/__sim``: the simulator's own door, for tests in other processes.

``GET`` tells the state, ``POST`` changes it with a JSON object of the members below.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from .asgi import Incoming, Reply, json_reply
from .scenarios import UnknownScenario, choose, summaries
from .validator import INVARIANTS, LENIENT, STRICT, Rules
from .world import Recorded, World

__all__ = ["PATH", "control"]

PATH = "/__sim"


def control(world: World, incoming: Incoming) -> Reply:
    """Answer a request to the simulator itself."""
    if incoming.method == "POST":
        orders = incoming.json()
        if not isinstance(orders, dict):
            return json_reply(400, {"error": "a JSON object is wanted"})
        unknown = sorted(orders.keys() - _ORDERS.keys())
        if unknown:
            return json_reply(400, {"error": f"unknown: {unknown}", "known": sorted(_ORDERS)})
        try:
            for name, value in orders.items():
                _ORDERS[name](world, value)
        except (ValueError, TypeError, KeyError) as exc:
            return json_reply(400, {"error": f"{type(exc).__name__}: {exc}"})
    return json_reply(200, _state(world, with_requests="requests" in incoming.query))


def _state(world: World, *, with_requests: bool) -> dict[str, Any]:
    state: dict[str, Any] = {
        **{name: getattr(world, name) for name in (*_PLAIN, "scenario", "script", "refreshes")},
        "counts": dict(world.counts),
        "disconnects": len(world.disconnects),
        "accounts": [
            {"name": a.name, "kind": a.kind, "refusal": a.refusal, "credits_used": a.credits_used}
            for a in world.identities.accounts.values()
        ],
        "devices": [device.user_code for device in world.identities.devices.values()],
        "scenarios": summaries(),
    }
    if with_requests:
        state["requests"] = [_told(request) for request in world.requests]
    return state


def _told(request: Recorded) -> dict[str, Any]:
    return asdict(request)


_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "profile": str, "frame_delay": float, "cuts": bool, "token_lifetime": float, "rotate": bool,
    "keep_old_access": bool, "propagation": float, "token_delay": float, "poll_interval": float,
    "device_lifetime": float, "token_faults": list,
}  # fmt: skip


def _set(name: str) -> Callable[[World, Any], None]:
    def order(world: World, value: Any) -> None:
        if name == "profile" and value not in ("classic", "2026"):
            raise ValueError("profile is classic or 2026")
        setattr(world, name, _PLAIN[name](value))

    return order


def _scenario(world: World, value: Any) -> None:
    world.scenario = str(value)


def _script(world: World, value: Any) -> None:
    names = [str(name) for name in value]
    for name in names:
        choose(name)
    world.script[:] = names


def _rules(world: World, value: Any) -> None:
    """``strict``, ``lenient``, or a list of invariants to switch off."""
    if isinstance(value, list):
        if unknown := set(value) - set(INVARIANTS):
            raise ValueError(f"no such rules: {sorted(unknown)}")
        world.rules = STRICT.without(*value)
    else:
        named: dict[str, Rules] = {"strict": STRICT, "lenient": LENIENT}
        world.rules = named[value]


def _approve(world: World, value: Any) -> None:
    world.approve(str(value))


def _deny(world: World, value: Any) -> None:
    world.deny(str(value))


def _expire(world: World, value: Any) -> None:
    if value:
        world.expire_tokens()


def _revoke(world: World, value: Any) -> None:
    if value:
        world.revoke_refresh_tokens()


def _account(world: World, value: Any) -> None:
    """``{"name": …, "refusal": …, "credits_used": …, "needs_profile": …}``."""
    account = world.identities.accounts[value["name"]]
    if "refusal" in value:
        if value["refusal"] is not None and choose(value["refusal"]).refusal is None:
            raise UnknownScenario(value["refusal"])
        account.refusal = value["refusal"]
    account.credits_used = float(value.get("credits_used", account.credits_used))
    account.needs_profile = bool(value.get("needs_profile", account.needs_profile))


def _forget(world: World, value: Any) -> None:
    if value:
        world.requests.clear()
        world.disconnects.clear()
        world.counts.clear()


_ORDERS: Mapping[str, Callable[[World, Any], None]] = {
    **{name: _set(name) for name in _PLAIN},
    "scenario": _scenario,
    "script": _script,
    "rules": _rules,
    "approve": _approve,
    "deny": _deny,
    "expire_tokens": _expire,
    "revoke_refresh_tokens": _revoke,
    "account": _account,
    "forget": _forget,
}
