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
    first, second, third = (bench.world.identities.begin(client, "idc", 600, 1) for _ in range(3))
    bench.control(approve=first.user_code, deny=second.user_code)
    assert first.account is not None and second.denied
    bench.control(approve={"code": third.user_code, "account": "alice"})
    assert third.account is bench.account


def test_accounts_are_added_and_changed() -> None:
    bench = Bench()
    state = bench.control(
        profiles=[{"name": "One"}, {"name": "Two", "region": "eu-central-1"}],
        add_account={"name": "bob", "kind": "idc", "credits_used": 90, "credits_limit": 100},
    )
    bob = bench.world.identities.accounts["bob"]
    assert state["added"] == {"name": "bob", **bob.credentials}
    assert state["accounts"][-1] == {
        "name": "bob", "kind": "idc", "refusal": None, "credits_used": 90, "credits_limit": 100,
        "plan": "Q DEVELOPER PRO",
        "web_search": True,
        "profiles": [{"arn": profile.arn, "name": profile.name} for profile in bob.profiles],
    }  # fmt: skip
    assert [profile.region for profile in bob.profiles] == ["us-east-1", "eu-central-1"]

    trial = {"used": 1, "limit": 5, "expires_at": bench.now + 9}
    state = bench.control(
        account={"name": "bob", "plan": "PLUS", "trial": trial, "resets_at": 5, "revoked": True}
    )
    assert "added" not in state
    assert (bob.plan, bob.resets_at, bob.trial and bob.trial.limit) == ("PLUS", 5, 5)
    assert bench.world.identities.owner_of(bob.refresh_token) is None
    assert bench.world.identities.owner_of(bench.account.refresh_token) is bench.account
    bench.control(account={"name": "bob", "trial": None, "resets_at": None, "refusal": None})
    assert (bob.trial, bob.resets_at, bob.refusal) == (None, None, None)


def test_a_number_of_profiles_will_do() -> None:
    bench = Bench()
    assert len(bench.control(profiles=3, add_account={})["accounts"][-1]["profiles"]) == 3


def test_registrations_and_the_clock_go_wrong() -> None:
    bench = Bench()
    bench.control(expire_registrations=True, clock_error=90)
    assert bench.account.client.expires_at == bench.now
    assert bench.send("GET", "/__sim").headers["date"] == "Sun, 15 Jun 2025 15:08:10 GMT"


BAD_ORDERS: dict[str, object] = {
    "unknown": {"scenari": "text"},
    "a search that goes wrong in no known way": {"search_faults": ["nothing", "boredom"]},
    "no such scenario": {"scenario": "nope"},
    "no such scenario in the script": {"script": ["text", "nope"]},
    "no such profile": {"profile": "2030"},
    "no such rule": {"rules": ["I99"]},
    "no such rules": {"rules": "loose"},
    "no such account": {"account": {"name": "nobody"}},
    "no refusal": {"account": {"name": "alice", "refusal": "text"}},
    "no such code": {"approve": "NOPE"},
    "nobody to approve as": {"approve": {"code": "NOPE", "account": "nobody"}},
    "no account": {"add_account": "bob"},
    "no kind of account": {"add_account": {"kind": "social"}},
    "an account twice": {"add_account": {"name": "alice"}},
    "no trial": {"account": {"name": "alice", "trial": "long"}},
    "half a trial": {"account": {"name": "alice", "trial": {"used": 1}}},
    "no name of a refusal": {"account": {"name": "alice", "refusal": 429}},
    "no profiles": {"profiles": ["One"]},
    "no number": {"frame_delay": "slow"},
    "no object": ["text"],
}


@pytest.mark.parametrize("orders", BAD_ORDERS.values(), ids=BAD_ORDERS)
def test_bad_orders_are_told(orders: object) -> None:
    bench = Bench()
    answer = bench.send("POST", "/__sim", body=json.dumps(orders).encode())
    assert answer.status == 400 and answer.json()["error"]
    assert (bench.world.scenario, bench.world.script) == ("echo", [])
