"""Names of models, as clients write them and as the service offers them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq.models import entry, resolve, upstream_id
from amq2api.dialects import amazonq as q

OFFERED = [
    *q.BUILT_IN,
    q.Model("auto"),
    q.Model("claude-sonnet-4.5-1m"),
    q.Model("gpt-5.6-sol"),
    q.Model("OPENAI_GPT_OSS_120B_1_0"),
    q.Model("CLAUDE_HAIKU_9_20990101_V1_0"),
]

NAMES: dict[str, str | None] = {
    # as offered
    "claude-sonnet-4.5": "claude-sonnet-4.5",
    "auto": "auto",
    "OPENAI_GPT_OSS_120B_1_0": "OPENAI_GPT_OSS_120B_1_0",
    "claude-sonnet-4.5-1m": "claude-sonnet-4.5-1m",
    # as Claude's API writes them
    "claude-sonnet-4-5": "claude-sonnet-4.5",
    "claude-sonnet-4-5-20250929": "claude-sonnet-4.5",
    "claude-sonnet-4-20250514": "claude-sonnet-4",
    "claude-sonnet-4-0": "claude-sonnet-4",
    "claude-sonnet-4.0": "claude-sonnet-4",
    "claude-haiku-4-5-20251001": "claude-haiku-4.5",
    "claude-3-7-sonnet-20250219": "claude-3.7-sonnet",
    "claude-3-7-sonnet-latest": "claude-3.7-sonnet",
    "claude-opus-5-5": "claude-opus-5.5",
    "claude-opus-5": "claude-opus-5",
    "claude-sonnet-4-5-1m": "claude-sonnet-4.5-1m",
    # as others do
    "Claude-Sonnet-4.5": "claude-sonnet-4.5",
    " claude-sonnet-4.5 ": "claude-sonnet-4.5",
    "claude-4.5-sonnet": "claude-sonnet-4.5",
    "claude-4-sonnet": "claude-sonnet-4",
    "claude-opus-4-8[1m]": "claude-opus-4.8",
    "claude-opus-4-8-thinking": "claude-opus-4.8",
    "claude-sonnet-4-5-20250929-thinking": "claude-sonnet-4.5",
    "anthropic/claude-sonnet-4.5": "claude-sonnet-4.5",
    "openrouter/anthropic/claude-sonnet-4.5": "claude-sonnet-4.5",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0": "claude-sonnet-4.5",
    "anthropic.claude-opus-4-6-v1": "claude-opus-4.6",
    "bedrock/global.anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4.5",
    "claude-sonnet-4-5@20250929": "claude-sonnet-4.5",
    "CLAUDE_SONNET_4_20250514_V1_0": "claude-sonnet-4",
    "CLAUDE_3_7_SONNET_20250219_V1_0": "claude-3.7-sonnet",
    "claude-haiku-9": "CLAUDE_HAIKU_9_20990101_V1_0",
    "openai/gpt-5.6-sol": "gpt-5.6-sol",
    # no counterpart
    "claude-3-5-haiku-20241022": None,
    "claude-3-haiku-20240307": None,
    "claude-opus-4-1-20250805": None,
    "claude-sonnet-45": None,
    "claude": None,
    "gpt-4o": None,
    "": None,
}


@pytest.mark.parametrize(("name", "model_id"), NAMES.items(), ids=NAMES)
def test_names(name: str, model_id: str | None) -> None:
    model = resolve(name, OFFERED, {})
    assert (model.model_id if model else None) == model_id


ALIASES = {
    "claude-3-5-haiku-20241022": "claude-haiku-4.5",
    "claude-haiku-3.5": "claude-haiku-4-5",
    "claude-sonnet-4.5": "auto",
    "gpt-4o": "nothing",
}
MAPPED: dict[str, str | None] = {
    "claude-3-5-haiku-20241022": "claude-haiku-4.5",
    "claude-3-5-haiku-latest": "claude-haiku-4.5",
    "claude-sonnet-4.5": "claude-sonnet-4.5",
    "claude-sonnet-4-5": "auto",
    "gpt-4o": None,
    "gpt-5": None,
}


@pytest.mark.parametrize(("name", "model_id"), MAPPED.items(), ids=MAPPED)
def test_an_operators_aliases(name: str, model_id: str | None) -> None:
    model = resolve(name, OFFERED, ALIASES)
    assert (model.model_id if model else None) == model_id


@given(st.text(max_size=30))
def test_no_name_is_too_strange_to_be_unknown(name: str) -> None:
    assert resolve(name, [], {}) is None


GUESSES = {
    "claude-sonnet-4-5-20250929": "claude-sonnet-4.5",
    "claude-3-7-sonnet-latest": "claude-3.7-sonnet",
    "claude-3-5-haiku-20241022": "claude-3.5-haiku",
    "us.anthropic.claude-opus-9-1-v1:0": "claude-opus-9.1",
    "GPT-4o": "GPT-4o",
}


@pytest.mark.parametrize(("name", "guess"), GUESSES.items(), ids=GUESSES)
def test_what_the_service_would_call_it(name: str, guess: str) -> None:
    assert upstream_id(name) == guess


@pytest.mark.parametrize("model", OFFERED, ids=lambda model: model.model_id)
def test_a_listed_name_gives_its_model_back(model: q.Model) -> None:
    assert resolve(entry(model).id, OFFERED, {}) is model


def test_an_entry() -> None:
    efforts = ["low", "medium", "high", "max"]
    fields = {
        "thinking": {"properties": {"type": {"enum": ["adaptive", "disabled"]}}},
        "output_config": {"properties": {"effort": {"enum": efforts}}},
        "max_tokens": {"minimum": 1024, "maximum": 128_000},
    }
    listed = entry(
        q.Model(
            "claude-opus-4.6",
            model_name="Claude Opus 4.6",
            token_limits=q.TokenLimits(max_input_tokens=1_000_000, max_output_tokens=64_000),
            supported_input_types=["TEXT", "IMAGE"],
            additional_model_request_fields_schema={"properties": fields},
        )
    )
    assert (listed.id, listed.display_name) == ("claude-opus-4-6", "Claude Opus 4.6")
    assert (listed.max_input_tokens, listed.max_tokens) == (1_000_000, 128_000)
    can = listed.capabilities
    assert can["image_input"] == {"supported": True}
    assert can["effort"]["supported"] and can["effort"]["max"] == {"supported": True}
    assert can["effort"]["xhigh"] == {"supported": False}
    assert can["thinking"]["supported"]
    assert can["thinking"]["types"]["adaptive"] == {"supported": True}
    assert can["thinking"]["types"]["enabled"] == {"supported": False}


def test_an_entry_of_a_model_of_which_little_is_known() -> None:
    listed = entry(q.Model("glm-5", description="d", supported_input_types=["TEXT"]))
    assert (listed.id, listed.display_name, listed.description) == ("glm-5", "glm-5", "d")
    assert (listed.max_input_tokens, listed.max_tokens) == (None, None)
    can = listed.capabilities
    assert not can["image_input"]["supported"] and not can["effort"]["supported"]
    assert not can["thinking"]["supported"]
    assert can["thinking"]["types"]["disabled"] == {"supported": True}


LIMITS = q.TokenLimits(max_input_tokens=5, max_output_tokens=3)
ODD: dict[str, Any] = {
    "no properties": {"properties": {"thinking": {}}},
    "properties of another shape": {"properties": {"thinking": {"properties": []}}},
    "no enumeration": {"properties": {"thinking": {"properties": {"type": {}}}}},
    "no schema": {"properties": {"thinking": {"properties": {"type": "string"}}}},
}


@pytest.mark.parametrize("schema", ODD.values(), ids=ODD)
def test_schemas_that_say_little_promise_nothing(schema: dict[str, Any]) -> None:
    model = q.Model("claude-x", token_limits=LIMITS, additional_model_request_fields_schema=schema)
    assert entry(model).max_tokens == 3
    assert not entry(model).capabilities["thinking"]["supported"]
    assert entry(model).capabilities["image_input"] == {"supported": True}
