"""Usage retold: one list of quotas, and no number that the service did not say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.admin.usage import BONUS, FREE_TRIAL, Quota, retold
from amq2api.dialects import amazonq as q

NOW = 1_760_000_000.0
CREDITS = q.UsageBreakdown("CREDIT", "Credits", 5469.38, 10000, 1777593600)


def quotas(limits: q.UsageLimits) -> tuple[Quota, ...]:
    return retold(limits, asked_at=NOW).quotas


def test_a_plan_with_credits() -> None:
    usage = retold(
        q.UsageLimits(
            next_date_reset=1777593600, subscription_title="KIRO POWER",
            overage_status="DISABLED", usage_breakdown_list=(CREDITS,),
        ),
        asked_at=NOW,
    )  # fmt: skip
    assert (usage.plan, usage.resets_at, usage.overage) == ("KIRO POWER", 1777593600, False)
    assert usage.asked_at == NOW
    assert usage.quotas == (
        Quota(kind="CREDIT", name="Credits", used=5469.38, limit=10000, percent=54.69,
              resets_at=1777593600),
    )  # fmt: skip


QUOTAS: dict[str, tuple[q.UsageLimits, list[tuple[str, str, object, object, object]]]] = {
    # what: kind, name, used, limit, percent
    "nothing told": (q.UsageLimits(), []),
    "a classic plan": (
        q.UsageLimits(limits=(q.UsageLimit("AGENTIC_REQUEST", 3, 50, 6.5),)),
        [("AGENTIC_REQUEST", "Agentic requests", 3, 50, 6.0)],
    ),
    "only a percentage": (
        q.UsageLimits(limits=(q.UsageLimit("TRANSFORM", None, None, 12.5),)),
        [("TRANSFORM", "Code transformations", None, None, 12.5)],
    ),
    "both ways at once": (
        q.UsageLimits(limits=(q.UsageLimit("CREDIT", 1, 2),), usage_breakdown_list=(CREDITS,)),
        [("CREDIT", "Credits", 5469.38, 10000, 54.69)],
    ),
    "used, and no limit told": (
        q.UsageLimits(limits=(q.UsageLimit("NEW_THING", 7),)),
        [("NEW_THING", "NEW_THING", 7, None, None)],
    ),
    "a limit of nothing": (
        q.UsageLimits(limits=(q.UsageLimit("SPEC", 0, 0),)),
        [("SPEC", "Spec requests", 0, 0, None)],
    ),
    "a part that tells nothing": (q.UsageLimits(limits=(q.UsageLimit("SPEC"),)), []),
    "trial and bonuses": (
        q.UsageLimits(usage_breakdown_list=(
            q.UsageBreakdown("CREDIT", None, 10, 10, None, q.Bonus(None, "ACTIVE", 1, 4, 9), (
                q.Bonus("Welcome", "EXHAUSTED", 5, 5, 8), q.Bonus("Old", "EXPIRED", 1, 5, 7),
            )),
        )),
        [("CREDIT", "Credits", 10, 10, 100.0), (FREE_TRIAL, "Free trial", 1, 4, 25.0),
         (BONUS, "Welcome", 5, 5, 100.0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("limits", "told"), QUOTAS.values(), ids=QUOTAS)
def test_quotas(limits: q.UsageLimits, told: list[tuple[object, ...]]) -> None:
    found = [(each.kind, each.name, each.used, each.limit, each.percent) for each in quotas(limits)]
    assert found == told


ROOM: dict[str, tuple[q.UsageLimits, bool | None]] = {
    "nobody knows": (q.UsageLimits(), None),
    "half used": (q.UsageLimits(usage_breakdown_list=(CREDITS,)), True),
    "all used": (q.UsageLimits(limits=(q.UsageLimit("AGENTIC_REQUEST", 50, 50),)), False),
    "all used, by percentage": (
        q.UsageLimits(limits=(q.UsageLimit("AGENTIC_REQUEST", None, None, 100),)), False,
    ),
    "all used, but more may be bought": (
        q.UsageLimits(overage_status="ENABLED", limits=(q.UsageLimit("CREDIT", 50, 50),)), True,
    ),
    "only what calls do not spend is left": (
        q.UsageLimits(limits=(
            q.UsageLimit("AGENTIC_REQUEST", 50, 50), q.UsageLimit("TRANSFORM", 0, 10),
        )), False,
    ),
    "a trial is left": (
        q.UsageLimits(usage_breakdown_list=(
            q.UsageBreakdown("CREDIT", None, 10, 10, None, q.Bonus(None, "ACTIVE", 1, 4)),
        )), True,
    ),
    "something of one is used, of another nobody knows": (
        q.UsageLimits(limits=(q.UsageLimit("CREDIT", 50, 50), q.UsageLimit("VIBE", 3))), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("limits", "room"), ROOM.values(), ids=ROOM)
def test_room(limits: q.UsageLimits, room: bool | None) -> None:
    assert retold(limits, asked_at=NOW).has_room is room


NUMBER = st.none() | st.floats(0, 1e9)
LIMIT = st.builds(q.UsageLimit, st.none() | st.text(), NUMBER, NUMBER, NUMBER)


@given(st.lists(LIMIT, max_size=3))
def test_no_number_comes_from_nowhere(limits: list[q.UsageLimit]) -> None:
    told = [each for each in limits if each != q.UsageLimit(each.type)]
    found = quotas(q.UsageLimits(limits=tuple(limits)))
    for source, quota in zip(told, found, strict=True):
        assert (quota.used, quota.limit) == (source.current_usage, source.total_usage_limit)
        known = quota.used is not None and bool(quota.limit)
        assert (quota.percent is None) == (source.percent_used is None and not known)
