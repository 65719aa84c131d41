"""GetUsageLimits in the shapes that deployments and plans have (upstream-protocol.md 6.3)."""

import json
from typing import Any

import pytest

from amq2api.dialects import amazonq as q
from amq2api.sim.identity import Trial
from sim.client import Bench

DAY = 24 * 3600


def usage(bench: Bench) -> Any:
    answer = bench.operation("GetUsageLimits", {"origin": "CLI"})
    assert answer.status == 200
    q.read_usage_limits(answer.body)
    return answer.json()


def test_usage_in_both_encodings() -> None:
    bench = Bench()
    bench.account.credits_used = 12.345
    body = bench.operation("GetUsageLimits", {"origin": "CLI", "isEmailRequired": True}).body
    known = {"authorization": f"Bearer {bench.token}"}
    path = "/getUsageLimits?origin=CLI&isEmailRequired=true"
    assert bench.send("GET", path, headers=known).body == body
    limits = json.loads(body)
    (credits,) = limits["usageBreakdownList"]
    assert (credits["currentUsageWithPrecision"], credits["usageLimit"]) == (12.35, 10_000)
    assert limits["nextDateReset"] > bench.now
    assert limits["userInfo"]["email"] == "alice@example.com"


def test_a_used_up_quota_can_still_be_read() -> None:
    bench = Bench()
    bench.account.credits_used = bench.account.credits_limit
    assert usage(bench)["usageBreakdownList"][0]["currentUsage"] == 10_000


@pytest.mark.parametrize(
    ("used", "limit", "percent"), [(40.0, 50.0, 80.0), (0.0, 50.0, 0.0), (0.0, 0.0, 100.0)]
)
def test_classic_plans_fill_the_list_of_limits(used: float, limit: float, percent: float) -> None:
    bench = Bench()
    bench.world.profile = "classic"
    bench.account.credits_used, bench.account.credits_limit = used, limit
    told = usage(bench)
    assert told["usageBreakdownList"] == []
    assert told["limits"][0] == {
        "type": "AGENTIC_REQUEST", "currentUsage": used, "totalUsageLimit": limit,
        "percentUsed": percent,
    }  # fmt: skip


@pytest.mark.parametrize(("left", "status"), [(1, "ACTIVE"), (0, "EXPIRED")])
def test_a_free_trial(left: float, status: str) -> None:
    bench = Bench()
    bench.account.trial = Trial(120.5, 500, bench.now + left)
    assert usage(bench)["usageBreakdownList"][0]["freeTrialInfo"] == {
        "freeTrialStatus": status, "freeTrialExpiry": bench.now + left,
        "currentUsage": 120, "currentUsageWithPrecision": 120.5,
        "usageLimit": 500, "usageLimitWithPrecision": 500,
    }  # fmt: skip


def test_the_plan_and_the_day_of_the_reset() -> None:
    bench = Bench()
    assert usage(bench)["subscriptionInfo"]["subscriptionTitle"] == "Q DEVELOPER FREE"
    bench.account.plan = "Q DEVELOPER PLUS"
    bench.account.resets_at = bench.now + 3.5 * DAY
    told = usage(bench)
    assert told["subscriptionInfo"]["subscriptionTitle"] == "Q DEVELOPER PLUS"
    assert (told["nextDateReset"], told["daysUntilReset"]) == (bench.now + 3.5 * DAY, 3)
