"""Models, profiles and usage, asked for in every way clients do (upstream-protocol.md 1.2, 6)."""

from typing import Any

import pytest

from amq2api.dialects import amazonq as q
from amq2api.sim.catalogue import MODELS
from sim.asking import asked
from sim.client import Bench

WAYS = ["body", "query", "rest", "control plane"]


def listed(bench: Bench, way: str, **members: Any) -> bytes:
    query = "&".join(f"{name}={value}" for name, value in members.items())
    known = {"authorization": f"Bearer {bench.token}"}
    if way == "rest":
        return bench.send("GET", f"/ListAvailableModels?{query}", headers=known).body
    if way == "control plane":
        return bench.send("GET", f"/List-Available-Models?{query}", headers=known).body
    if way == "query":
        return bench.operation("ListAvailableModels", {}, query=f"?{query}").body
    return bench.operation("ListAvailableModels", members).body


@pytest.mark.parametrize("way", WAYS)
def test_models_are_listed_page_by_page(way: str) -> None:
    bench = Bench()
    found: list[str] = []
    page: dict[str, Any] = {"origin": "CLI", "maxResults": 8}
    for _ in range(10):
        models, following = q.read_models(listed(bench, way, **page))
        found += [model.model_id for model in models]
        if following is None:
            break
        page["nextToken"] = following
    assert found == list(MODELS)
    assert bench.world.counts["ListAvailableModels"] == 3


def test_models_come_with_their_windows_and_fields() -> None:
    models, _ = q.read_models(listed(Bench(), "body", origin="CLI"))
    opus = next(model for model in models if model.model_id == "claude-opus-4.6")
    assert opus.window == 1_000_000 and opus.takes("max_tokens") is not None


BAD_MEMBERS: dict[str, dict[str, Any]] = {
    "no origin": {},
    "no page": {"origin": "CLI", "maxResults": 0},
    "page too large": {"origin": "CLI", "maxResults": 101},
    "page of words": {"origin": "CLI", "maxResults": "many"},
    "token of nobody": {"origin": "CLI", "nextToken": "!"},
    "token of no number": {"origin": "CLI", "nextToken": "YWJj"},
}


@pytest.mark.parametrize("members", BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_bad_members(members: dict[str, Any]) -> None:
    assert Bench().operation("ListAvailableModels", members).status == 400


def test_profiles_depend_on_the_kind_of_account() -> None:
    bench = Bench()
    denied = bench.operation("ListAvailableProfiles", {"maxResults": 10})
    assert (denied.status, denied.json()["message"]) == (
        403, "AWS Builder ID is not supported for this operation.",
    )  # fmt: skip
    account = bench.world.add_account("bob", "idc")
    bench.token = bench.world.access_token(account)
    answer = bench.operation("ListAvailableProfiles", {"maxResults": 10})
    profiles, _ = q.read_profiles(answer.body)
    assert [profile.arn for profile in profiles] == [account.profile_arn]


def test_profiles_are_listed_page_by_page() -> None:
    bench = Bench()
    bench.world.profiles = [(f"Team {n}", "us-east-1") for n in range(23)]
    bench.token = bench.world.access_token(bench.world.add_account("bob", "idc"))
    found: list[str] = []
    page: dict[str, Any] = {"maxResults": 10}
    while True:
        profiles, following = q.read_profiles(bench.operation("ListAvailableProfiles", page).body)
        found += [profile.profile_name for profile in profiles]
        if following is None:
            break
        page["nextToken"] = following
    assert found == [f"Team {n}" for n in range(23)]
    assert bench.world.counts["ListAvailableProfiles"] == 3
    assert bench.operation("ListAvailableProfiles", {"maxResults": 11}).status == 400


EUROPE, AMERICA = "eu-central-1", "us-east-1"


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("127.0.0.1:3016", ["One", "Two"]),
        ("q.us-east-1.amazonaws.com", ["One"]),
        ("q.eu-central-1.amazonaws.com", ["Two"]),
        ("codewhisperer.us-east-1.amazonaws.com", ["One"]),
        ("management.eu-central-1.kiro.dev", ["Two"]),
        ("q.ap-south-1.amazonaws.com", []),
    ],
)
def test_an_address_of_amazon_knows_the_profiles_of_its_region(host: str, names: list[str]) -> None:
    bench = Bench()
    bench.world.profiles = [("One", AMERICA), ("Two", EUROPE)]
    account = bench.world.add_account("bob", "idc")
    headers = {"authorization": f"Bearer {bench.world.access_token(account)}", "host": host}
    answer = bench.send("POST", "/ListAvailableProfiles", headers=headers, body=b"{}")
    profiles, _ = q.read_profiles(answer.body)
    assert [profile.profile_name for profile in profiles] == names
    for profile in account.profiles:
        path = f"/ListAvailableModels?origin=CLI&profileArn={profile.arn}"
        status = bench.send("GET", path, headers=headers).status
        assert status == (200 if profile.name in names else 403)


def test_each_profile_of_an_account_is_its_own_and_no_other() -> None:
    bench = Bench()
    bench.world.profiles = [("One", AMERICA), ("Two", EUROPE)]
    bob, eve = (bench.world.add_account(name, "idc") for name in ("bob", "eve"))
    assert [profile.region for profile in bob.profiles] == [AMERICA, EUROPE]
    assert bob.credentials["profile_arn"] == bob.profiles[0].arn
    bench.token = bench.world.access_token(bob)
    for account, status in ((bob, 200), (eve, 403)):
        for profile in account.profiles:
            assert bench.generate(asked(profileArn=profile.arn)).status == status


def test_an_account_may_have_no_profile() -> None:
    bench = Bench()
    bench.world.profiles = []
    account = bench.world.add_account("bob", "idc")
    bench.token = bench.world.access_token(account)
    assert account.profile_arn is None and "profile_arn" not in account.credentials
    assert bench.operation("ListAvailableProfiles", {}).json()["profiles"] == []


def test_a_suspended_account_can_read_nothing() -> None:
    bench = Bench()
    bench.account.refusal = "suspended-403"
    for name in ("GetUsageLimits", "ListAvailableModels"):
        answer = bench.operation(name, {"origin": "CLI"})
        assert (answer.status, answer.json()["reason"]) == (403, "TEMPORARILY_SUSPENDED")
