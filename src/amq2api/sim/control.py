"""``/__sim``: the simulator's own door, for tests in other processes.

``GET`` tells the state. ``POST`` changes it, with a JSON object whose members are those of
:data:`.orders.ORDERS`, and tells the state after that. An account that was added comes with its
credentials under ``added``, in that answer only.
"""

from dataclasses import asdict
from typing import Any

from .asgi import Incoming, Reply, json_reply
from .identity import Account
from .orders import ORDERS, PLAIN
from .scenarios import summaries
from .world import Recorded, World

__all__ = ["PATH", "control"]

PATH = "/__sim"


def control(world: World, incoming: Incoming) -> Reply:
    """Answer a request to the simulator itself."""
    if incoming.method == "POST":
        orders = incoming.json()
        if not isinstance(orders, dict):
            return json_reply(400, {"error": "a JSON object is wanted"})
        unknown = sorted(orders.keys() - ORDERS.keys())
        if unknown:
            return json_reply(400, {"error": f"unknown: {unknown}", "known": sorted(ORDERS)})
        try:
            told = [ORDERS[name](world, value) for name, value in orders.items()]
        except (ValueError, TypeError, KeyError) as exc:
            return json_reply(400, {"error": f"{type(exc).__name__}: {exc}"})
        news = {name: value for each in told if each is not None for name, value in each.items()}
    else:
        news = {}
    state = _state(world, with_requests="requests" in incoming.query)
    return json_reply(200, state | news)


def _state(world: World, *, with_requests: bool) -> dict[str, Any]:
    state: dict[str, Any] = {
        **{name: getattr(world, name) for name in (*PLAIN, "scenario", "script", "refreshes")},
        "profiles": [{"name": name, "region": region} for name, region in world.profiles],
        "counts": dict(world.counts),
        "disconnects": len(world.disconnects),
        "accounts": [_person(account) for account in world.identities.accounts.values()],
        "devices": [device.user_code for device in world.identities.devices.values()],
        "scenarios": summaries(),
    }
    if with_requests:
        state["requests"] = [_told(request) for request in world.requests]
    return state


def _person(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "kind": account.kind,
        "refusal": account.refusal,
        "credits_used": account.credits_used,
        "credits_limit": account.credits_limit,
        "plan": account.plan,
        "web_search": account.web_search,
        "profiles": [{"arn": p.arn, "name": p.name} for p in account.profiles],
    }


def _told(request: Recorded) -> dict[str, Any]:
    return asdict(request)
