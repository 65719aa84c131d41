"""GetUsageLimits as the service has been seen to answer it, and as it may."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import amazonq as q
from amq2api.errors import ProtocolError

# upstream-protocol.md 6.3
LIVE = b"""{"daysUntilReset":0,"limits":[],"nextDateReset":1777593600,
 "overageConfiguration":{"overageLimit":null,"overageStatus":"DISABLED"},
 "subscriptionInfo":{"overageCapability":"OVERAGE_CAPABLE","subscriptionManagementTarget":"MANAGE",
   "subscriptionTitle":"KIRO POWER","type":"Q_DEVELOPER_STANDALONE_POWER"},
 "totalUsage":null,"usageBreakdown":null,
 "usageBreakdownList":[{"bonuses":[],"currency":"USD","currentOverages":0,
   "currentUsage":5469,"currentUsageWithPrecision":5469.38,"displayName":"Credit",
   "displayNamePlural":"Credits","freeTrialInfo":null,"nextDateReset":1777593600,
   "resourceType":"CREDIT","usageLimit":10000,"usageLimitWithPrecision":10000}],
 "userInfo":{"email":"user@example.com","userId":"d-1"}}"""


def test_what_the_service_was_seen_to_say() -> None:
    assert q.read_usage_limits(LIVE) == q.UsageLimits(
        next_date_reset=1777593600,
        subscription_title="KIRO POWER",
        subscription_type="Q_DEVELOPER_STANDALONE_POWER",
        overage_status="DISABLED",
        usage_breakdown_list=(
            q.UsageBreakdown("CREDIT", "Credits", 5469.38, 10000, 1777593600),
        ),
    )  # fmt: skip


def test_what_classic_plans_fill() -> None:
    limits = q.read_usage_limits(
        b'{"limits":[{"type":"AGENTIC_REQUEST","currentUsage":3,"totalUsageLimit":50,'
        b'"percentUsed":6.0}]}'
    )
    assert limits.limits == (q.UsageLimit("AGENTIC_REQUEST", 3, 50, 6.0),)


def test_trials_and_bonuses() -> None:
    (part,) = q.read_usage_limits(
        b'{"usageBreakdownList":[{"freeTrialInfo":{"freeTrialStatus":"ACTIVE","freeTrialExpiry":9,'
        b'"currentUsage":1,"usageLimitWithPrecision":2.5},"bonuses":[{"displayName":"Welcome",'
        b'"status":"EXHAUSTED","currentUsage":5,"usageLimit":5,"expiresAt":8}]}]}'
    ).usage_breakdown_list
    assert part.free_trial == q.Bonus(None, "ACTIVE", 1, 2.5, 9)
    assert part.bonuses == (q.Bonus("Welcome", "EXHAUSTED", 5, 5, 8),)


ODD: dict[str, bytes] = {
    "nothing": b"{}",
    "another kind": b'{"limits":3,"usageBreakdownList":{},"nextDateReset":"soon"}',
    "parts of another kind": b'{"limits":[3,null],"subscriptionInfo":[],"nextDateReset":true}',
    "a date beyond all calendars": b'{"nextDateReset":1e300}',
    "a date before all time": b'{"nextDateReset":0}',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_what_makes_no_sense_counts_as_absent(body: bytes) -> None:
    assert q.read_usage_limits(body) == q.UsageLimits()


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'"\xff"', b'{"x":' + b"[" * 5000])
def test_what_is_no_object_is_an_error(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="unknown shape"):
        q.read_usage_limits(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["limits", "usageBreakdownList", "bonuses", "freeTrialInfo", "status",
                         "currentUsage", "usageLimit", "nextDateReset", "subscriptionInfo",
                         "subscriptionTitle", "resourceType", "percentUsed"]), inner, max_size=6),
    max_leaves=30,
)  # fmt: skip


BODY = st.dictionaries(
    st.sampled_from(["limits", "usageBreakdownList", "nextDateReset", "subscriptionInfo"]), JSON
)


@given(BODY)
def test_no_object_is_too_strange(body: dict[str, object]) -> None:
    try:
        raw = msgspec.json.encode(body)
    except UnicodeEncodeError:
        return
    assert isinstance(q.read_usage_limits(raw), q.UsageLimits)
