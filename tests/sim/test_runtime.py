"""Models, profiles and usage, asked for in every way clients do (upstream-protocol.md 1.2, 6)."""

from typing import Any

import pytest

from amq2api.dialects import amazonq as q
from amq2api.sim.catalogue import MODELS
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


def test_usage_in_both_encodings() -> None:
    bench = Bench()
    bench.account.credits_used = 12.345
    body = bench.operation("GetUsageLimits", {"origin": "CLI", "isEmailRequired": True}).body
    known = {"authorization": f"Bearer {bench.token}"}
    path = "/getUsageLimits?origin=CLI&isEmailRequired=true"
    assert bench.send("GET", path, headers=known).body == body
    limits = q.read_usage_limits(body)
    assert limits.usage_breakdown_list is not None and limits.user_info is not None
    (credits,) = limits.usage_breakdown_list
    assert credits.current_usage_with_precision == 12.35 and credits.usage_limit == 10_000
    assert limits.next_date_reset is not None and limits.next_date_reset > bench.now
    assert limits.user_info["email"] == "alice@example.com"


def test_a_used_up_quota_can_still_be_read() -> None:
    bench = Bench()
    bench.account.credits_used = bench.account.credits_limit
    assert bench.operation("GetUsageLimits", {"origin": "CLI"}).status == 200


def test_a_suspended_account_can_read_nothing() -> None:
    bench = Bench()
    bench.account.refusal = "suspended-403"
    for name in ("GetUsageLimits", "ListAvailableModels"):
        answer = bench.operation(name, {"origin": "CLI"})
        assert (answer.status, answer.json()["reason"]) == (403, "TEMPORARILY_SUSPENDED")
