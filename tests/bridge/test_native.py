"""What a model is told in its own fields, by what it publishes."""

from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq.fidelity import TABLE
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
    body = msgspec.json.encode({**whole, **members})
    # With interleaved thinking a budget may exceed the limit of one answer.
    return m.decode(body, betas=frozenset({"interleaved-thinking-2025-05-14"}))


REASONING = {"type": "object", "properties": {
    "effort": {"enum": ["none", "low", "medium", "high", "xhigh", "max"]},
}}  # fmt: skip
NOTHING = model()
GPT = model(reasoning=REASONING)
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
        {"approximated:thinking.adaptive", "approximated:max_tokens"},
    ),
    "a plain model that may think between tools": (
        NOTHING, {"thinking": {"type": "between_tools"}}, {},
        {"approximated:thinking.between_tools", "approximated:max_tokens"},
    ),
    "a plain model that may think, with no room to": (
        NOTHING, {"thinking": {"type": "adaptive"}, "max_tokens": 2047}, {},
        {"dropped:thinking.adaptive", "approximated:max_tokens"},
    ),
    "a plain model that may not think": (
        NOTHING, {"thinking": {"type": "disabled"}}, {}, {"approximated:max_tokens"},
    ),
    "a plain model and effort": (
        NOTHING, {"output_config": {"effort": "low"}}, {},
        {"dropped:output_config.effort", "approximated:max_tokens"},
    ),
    "a plain model and effort for its thoughts": (
        NOTHING, {"output_config": {"effort": "low"}, "thinking": {"type": "adaptive"}}, {},
        {"approximated:output_config.effort", "approximated:thinking.adaptive",
         "approximated:max_tokens"},
    ),
    "a plain model, a budget and effort": (
        NOTHING, {"output_config": {"effort": "low"}, "thinking": ENABLED}, {},
        {"dropped:output_config.effort", "approximated:thinking.enabled",
         "approximated:max_tokens"},
    ),
    "everything": (
        ALL, {"thinking": {"type": "adaptive", "display": "omitted"},
              "output_config": {"effort": "medium"}},
        {"thinking": {"type": "adaptive", "display": "omitted"},
         "output_config": {"effort": "medium"}, "max_tokens": 2048}, set(),
    ),
    "updates are summaries": (
        ALL, {"thinking": {"type": "adaptive", "display": "updates"}},
        {"thinking": {"type": "adaptive", "display": "summarized"}, "max_tokens": 2048},
        {"approximated:thinking.display"},
    ),
    "a display that is not offered": (
        model(thinking=ALWAYS), {"thinking": {"type": "adaptive", "display": "omitted"}},
        {"thinking": {"type": "adaptive"}}, {"approximated:max_tokens"},
    ),
    "thinking between tools": (
        ALL, {"thinking": {"type": "between_tools", "display": "summarized"}},
        {"thinking": {"type": "adaptive", "display": "summarized"}, "max_tokens": 2048},
        {"approximated:thinking.between_tools"},
    ),
    "thinking between tools, offered as such": (
        model(thinking={"properties": {"type": {"enum": ["adaptive", "between_tools"]}}}),
        {"thinking": {"type": "between_tools"}}, {"thinking": {"type": "between_tools"}},
        {"approximated:max_tokens"},
    ),
    "a budget, offered as such": (
        model(thinking={"properties": {"type": {"enum": ["enabled"]}, "budget_tokens": {}}}),
        {"thinking": ENABLED}, {"thinking": ENABLED}, {"approximated:max_tokens"},
    ),
    "thinking of a kind that is not offered": (
        model(thinking={"properties": {"type": {"enum": ["disabled"]}}}),
        {"thinking": {"type": "adaptive"}}, {},
        {"dropped:thinking.adaptive", "approximated:max_tokens"},
    ),
    "effort of a model that does not say which": (
        model(output_config={"type": "object"}), {"output_config": {"effort": "max"}},
        {"output_config": {"effort": "max"}}, {"approximated:max_tokens"},
    ),
    "effort of a model whose configuration is something else": (
        model(output_config={"properties": {"style": {}}}), {"output_config": {"effort": "max"}},
        {}, {"dropped:output_config.effort", "approximated:max_tokens"},
    ),
    "reasoning, left to the model": (GPT, {}, {}, {"approximated:max_tokens"}),
    "reasoning with an effort": (
        GPT, {"output_config": {"effort": "xhigh"}}, {"reasoning": {"effort": "xhigh"}},
        {"approximated:max_tokens"},
    ),
    "reasoning that adapts": (
        GPT, {"thinking": {"type": "adaptive"}}, {"reasoning": {"effort": "high"}},
        {"approximated:thinking.adaptive", "approximated:max_tokens"},
    ),
    "reasoning that adapts, with an effort": (
        GPT, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        {"reasoning": {"effort": "low"}},
        {"approximated:thinking.adaptive", "approximated:max_tokens"},
    ),
    "reasoning on a budget": (
        GPT, {"thinking": ENABLED}, {"reasoning": {"effort": "low"}},
        {"approximated:thinking.enabled", "approximated:max_tokens"},
    ),
    "reasoning disabled": (
        GPT, {"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}},
        {"reasoning": {"effort": "none"}},
        {"dropped:output_config.effort", "approximated:max_tokens"},
    ),
    "reasoning disabled where it cannot be": (
        model(reasoning={"properties": {"effort": {"enum": ["low", "high"]}}}),
        {"thinking": {"type": "disabled"}}, {},
        {"approximated:thinking.disabled", "approximated:max_tokens"},
    ),
    "reasoning with less effort than there is": (
        model(reasoning={"properties": {"effort": {"enum": ["none", "high"]}}}),
        {"output_config": {"effort": "low"}}, {"reasoning": {"effort": "high"}},
        {"approximated:output_config.effort", "approximated:max_tokens"},
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


BUDGETS: dict[str, tuple[dict[str, Any], int | None]] = {
    "as asked": ({"thinking": ENABLED}, 1500),
    "below the limit": ({"thinking": ENABLED | {"budget_tokens": 4000}}, 2047),
    "half the limit at most": ({"thinking": {"type": "adaptive"}}, 1024),
    "no room": ({"thinking": {"type": "adaptive"}, "max_tokens": 2000}, None),
    "high by default": ({"thinking": {"type": "adaptive"}, "max_tokens": 128_000}, 31_999),
    "by the effort": (
        {"thinking": {"type": "adaptive"}, "max_tokens": 128_000,
         "output_config": {"effort": "medium"}}, 16_384,
    ),
    "the most there is": (
        {"thinking": {"type": "between_tools"}, "max_tokens": 200_000,
         "output_config": {"effort": "max"}}, 63_999,
    ),
    "disabled": ({"thinking": {"type": "disabled"}}, None),
    "not asked for": ({}, None),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "budget"), BUDGETS.values(), ids=BUDGETS)
def test_thinking_in_tags(asked: dict[str, Any], budget: int | None) -> None:
    assert negotiate(call(**asked), NOTHING).think_tags == budget
    assert negotiate(call(**asked), ALL).think_tags is None
    assert negotiate(call(**asked), GPT).think_tags is None


EFFORTS_ON_THE_WAY: dict[str, tuple[list[m.Effort | None], str]] = {
    # What the messages name in their order, after the call itself named "high".
    "nobody names another": ([None, None], "high"),
    "one does": ([None, "low", None], "low"),
    "two do": (["low", "medium", None], "medium"),
}


@pytest.mark.parametrize(("named", "effort"), EFFORTS_ON_THE_WAY.values(), ids=EFFORTS_ON_THE_WAY)
def test_the_effort_named_last_counts(named: list[m.Effort | None], effort: str) -> None:
    asked = call(output_config={"effort": "high"})
    told = [m.Message("system", "", m.OutputConfig(effort=each)) if each else m.Message("user", "x")
            for each in named]  # fmt: skip
    made = negotiate(msgspec.structs.replace(asked, messages=[*asked.messages, *told]), ALL)
    assert made.fields["output_config"] == {"effort": effort}


EFFORT_NAMES = ["low", "medium", "high", "xhigh", "max"]


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def some_of(*values: str) -> st.SearchStrategy[dict[str, Any]]:
    chosen = st.lists(st.sampled_from(values), min_size=1, unique=True)
    return chosen.map(lambda names: {"type": "string", "enum": names})


OFFERS = st.fixed_dictionaries({}, optional={
    "thinking": st.builds(
        lambda kinds, rest: closed(type=kinds, **rest),
        some_of("adaptive", "disabled", "enabled", "between_tools"),
        st.fixed_dictionaries({}, optional={
            "display": some_of("summarized", "omitted"),
            "budget_tokens": st.just({"type": "integer"}),
        }),
    ),
    "reasoning": some_of("none", *EFFORT_NAMES).map(lambda efforts: closed(effort=efforts)),
    "output_config": some_of(*EFFORT_NAMES).map(lambda efforts: closed(effort=efforts)),
    "max_tokens": st.just(LIMIT),
})  # fmt: skip
DISPLAYS = st.sampled_from([None, "summarized", "omitted", "updates"])
ASKED = st.fixed_dictionaries({"max_tokens": st.integers(0, 200_000)}, optional={
    "thinking": st.one_of(
        st.just({"type": "disabled"}),
        st.builds(lambda kind, shown: {"type": kind, "display": shown},
                  st.sampled_from(["adaptive", "between_tools"]), DISPLAYS),
        st.builds(lambda budget, shown: {
            "type": "enabled", "budget_tokens": budget, "display": shown,
        }, st.integers(1024, 100_000), DISPLAYS),
    ),
    "output_config": st.sampled_from(EFFORT_NAMES).map(lambda effort: {"effort": effort}),
})  # fmt: skip


@given(OFFERS, ASKED)
def test_nothing_is_sent_that_was_not_offered(offer: dict[str, Any], asked: dict[str, Any]) -> None:
    native = negotiate(call(**asked), model(**offer))
    jsonschema.validate(native.fields, closed(**offer))
    assert all(note.subject in TABLE for note in native.notes)
    if native.think_tags is not None:
        assert not {"thinking", "reasoning"} & set(offer)
        assert 0 < native.think_tags < asked["max_tokens"]
    assert (native.cut_at is None) is ("max_tokens" in native.fields)


ODD: list[Any] = [None, 3, "x", [], {"enum": 3}, {"properties": 3}, {"properties": {"type": 3}},
                  {"minimum": "x", "maximum": None}]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["thinking", "reasoning", "output_config", "max_tokens"])
def test_schemas_that_nobody_understands_break_nothing(field: str, odd: Any) -> None:
    asked = call(thinking=ENABLED, output_config={"effort": "low"})
    assert isinstance(negotiate(asked, model(**{field: odd})).fields, dict)
