"""The simulator's own door."""

import json

import pytest

from amq2api.sim.validator import LENIENT, STRICT
from sim.asking import asked
from sim.client import Bench


def test_everything_can_be_steered_from_outside() -> None:
    bench = Bench()
    state = bench.control(
        scenario="text", script=["throttle", "stall:1"], profile="classic", frame_delay=0.5,
        cuts=True, token_lifetime=60, rotate=False, keep_old_access=False, propagation=1,
        token_delay=2, token_faults=["500"], poll_interval=3, device_lifetime=30, rules="lenient",
        account={"name": "alice", "refusal": "quota-402", "needs_profile": True},
    )  # fmt: skip
    world = bench.world
    assert (world.scenario, world.script, world.profile) == ("text", ["throttle", "stall:1"],
                                                             "classic")  # fmt: skip
    assert (world.cuts, world.rotate, world.token_faults) == (True, False, ["500"])
    assert world.rules is LENIENT
    assert bench.account.refusal == "quota-402" and bench.account.needs_profile
    assert state["scenario"] == "text" and state["frame_delay"] == 0.5
    assert "capacity-400" in state["scenarios"]


def test_orders() -> None:
    bench = Bench()
    bench.generate(asked())
    told = bench.send("GET", "/__sim?requests=1").json()["requests"]
    assert told[0]["body"] == asked() and told[0]["headers"]["authorization"] == "***"
    assert bench.control(expire_tokens=True)["counts"] == {"GenerateAssistantResponse": 1}
    assert bench.generate(asked()).status == 403
    bench.control(forget=True, revoke_refresh_tokens=True, rules=["I1", "I6"])
    assert not bench.world.requests and not bench.world.counts
    assert bench.world.rules == STRICT.without("I1", "I6")
    assert bench.world.identities.owner_of(bench.account.refresh_token) is None


def test_devices_are_approved_and_denied() -> None:
    bench = Bench()
    client = bench.world.identities.register()
    first, second = (bench.world.identities.begin(client, "idc", 600, 1) for _ in range(2))
    bench.control(approve=first.user_code, deny=second.user_code)
    assert first.account is not None and second.denied


BAD_ORDERS: dict[str, object] = {
    "unknown": {"scenari": "text"},
    "no such scenario": {"scenario": "nope"},
    "no such scenario in the script": {"script": ["text", "nope"]},
    "no such profile": {"profile": "2030"},
    "no such rule": {"rules": ["I99"]},
    "no such rules": {"rules": "loose"},
    "no such account": {"account": {"name": "nobody"}},
    "no refusal": {"account": {"name": "alice", "refusal": "text"}},
    "no such code": {"approve": "NOPE"},
    "no number": {"frame_delay": "slow"},
    "no object": ["text"],
}


@pytest.mark.parametrize("orders", BAD_ORDERS.values(), ids=BAD_ORDERS)
def test_bad_orders_are_told(orders: object) -> None:
    bench = Bench()
    answer = bench.send("POST", "/__sim", body=json.dumps(orders).encode())
    assert answer.status == 400 and answer.json()["error"]
    assert (bench.world.scenario, bench.world.script) == ("echo", [])
