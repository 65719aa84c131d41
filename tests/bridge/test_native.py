"""What a model is told in its own fields, by what it publishes."""

from typing import Any

import msgspec
import pytest

from amq2api.bridge.amazonq.native import negotiate
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

EFFORTS = {"type": "object", "properties": {"effort": {"enum": ["low", "medium", "high"]}}}
THINKING = {"type": "object", "properties": {
    "type": {"enum": ["adaptive", "disabled"]},
    "display": {"enum": ["summarized", "omitted"]},
}}  # fmt: skip
ALWAYS = {"type": "object", "properties": {"type": {"enum": ["adaptive"]}}}
LIMIT = {"type": "integer", "minimum": 1024, "maximum": 64_000}


def model(**fields: Any) -> q.Model:
    schema = {"type": "object", "properties": fields, "additionalProperties": False}
    return q.Model("x", additional_model_request_fields_schema=schema if fields else None)


def call(**members: Any) -> m.Call:
    whole = {"model": "x", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 2048}
    return m.decode(msgspec.json.encode({**whole, **members}))


NOTHING = model()
ALL = model(thinking=THINKING, output_config=EFFORTS, max_tokens=LIMIT)
ENABLED = {"type": "enabled", "budget_tokens": 1500}

ROWS: dict[str, tuple[q.Model, dict[str, Any], dict[str, Any], set[str]]] = {
    "a plain model gets nothing": (NOTHING, {}, {}, {"approximated:max_tokens"}),
    "a plain model and thinking": (
        NOTHING, {"thinking": ENABLED}, {},
        {"approximated:thinking.enabled", "approximated:max_tokens"},
    ),
    "a plain model that may think": (
        NOTHING, {"thinking": {"type": "adaptive"}}, {},
        {"dropped:thinking.adaptive", "approximated:max_tokens"},
    ),
    "a plain model and effort": (
        NOTHING, {"output_config": {"effort": "low"}}, {},
        {"dropped:output_config.effort", "approximated:max_tokens"},
    ),
    "everything": (
        ALL, {"thinking": {"type": "adaptive", "display": "omitted"},
              "output_config": {"effort": "medium"}},
        {"thinking": {"type": "adaptive", "display": "omitted"},
         "output_config": {"effort": "medium"}, "max_tokens": 2048}, set(),
    ),
    "updates are summaries": (
        ALL, {"thinking": {"type": "adaptive", "display": "updates"}},
        {"thinking": {"type": "adaptive", "display": "summarized"}, "max_tokens": 2048}, set(),
    ),
    "a budget is an effort": (
        ALL, {"thinking": ENABLED},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"},
         "max_tokens": 2048}, {"approximated:thinking.enabled"},
    ),
    "a large budget": (
        ALL, {"thinking": {"type": "enabled", "budget_tokens": 31_999}, "max_tokens": 32_000},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"},
         "max_tokens": 32_000}, {"approximated:thinking.enabled"},
    ),
    "disabled": (
        ALL, {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "disabled"}, "max_tokens": 2048}, set(),
    ),
    "disabled where it cannot be": (
        model(thinking=ALWAYS), {"thinking": {"type": "disabled"}}, {},
        {"approximated:thinking.disabled", "approximated:max_tokens"},
    ),
    "more effort than there is": (
        ALL, {"output_config": {"effort": "max"}},
        {"output_config": {"effort": "high"}, "max_tokens": 2048},
        {"approximated:output_config.effort"},
    ),
    "less effort than there is": (
        model(output_config={"properties": {"effort": {"enum": ["high"]}}}),
        {"output_config": {"effort": "low"}}, {"output_config": {"effort": "high"}},
        {"approximated:output_config.effort", "approximated:max_tokens"},
    ),
    "a limit below the least": (ALL, {"max_tokens": 5}, {}, {"approximated:max_tokens"}),
    "a limit above the most": (
        ALL, {"max_tokens": 128_000}, {"max_tokens": 64_000}, {"approximated:max_tokens"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("offer", "asked", "fields", "notes"), ROWS.values(), ids=ROWS)
def test_negotiation(
    offer: q.Model, asked: dict[str, Any], fields: dict[str, Any], notes: set[str]
) -> None:
    native = negotiate(call(**asked), offer)
    assert native.fields == fields
    assert {str(note) for note in native.notes} == notes


def test_who_sees_to_the_limit() -> None:
    assert negotiate(call(), NOTHING).cut_at == 2048
    assert negotiate(call(), ALL).cut_at is None
    assert negotiate(call(max_tokens=5), ALL).cut_at == 5


def test_tags_only_where_asked_and_needed() -> None:
    assert negotiate(call(thinking=ENABLED), NOTHING).think_tags == 1500
    assert negotiate(call(thinking=ENABLED), ALL).think_tags is None
    assert negotiate(call(thinking={"type": "adaptive"}), NOTHING).think_tags is None
