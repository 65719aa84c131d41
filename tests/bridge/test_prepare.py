"""A call made ready: what is sent, with what, and what is told of it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from amq2api.bridge import tokens
from amq2api.bridge.amazonq.prepare import prepare, verdict
from amq2api.bridge.amazonq.stream import StreamTranslator
from amq2api.bridge.amazonq.words import TOOL_NONE
from amq2api.bridge.backend import Identity, Note, Progress
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, QuotaExhausted
from amq2api.sim.validator import STRICT, validate
from amq2api.wire.exchange import Answer
from bridge.replies import text, told, tool
from dialects.requests import Json, nearly_valid

WHO = Identity(endpoint="http://service/", conversation_id="c-1", message_id="msg_1")
PLAIN = q.Model("claude-sonnet-4.5", token_limits=q.TokenLimits(max_input_tokens=200_000))


def call(**members: Any) -> m.Call:
    whole = {"model": "sonnet", "max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]}
    return m.decode(msgspec.json.encode({**whole, **members}))


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_large_call_is_written_as_a_small_one_is(size: int) -> None:
    said = "aé\n" * size
    turns = [("user", said), ("assistant", "b"), ("user", "c")]
    made = call(messages=[{"role": role, "content": content} for role, content in turns])
    state = msgspec.json.decode(prepare(made, PLAIN, WHO).ask.body)["conversationState"]
    first, second = state["history"]
    assert first["userInputMessage"]["content"] == said
    assert second == {"assistantResponseMessage": {"content": "b"}}
    assert state["currentMessage"]["userInputMessage"]["content"] == "c"


def test_what_is_sent() -> None:
    who = msgspec.structs.replace(WHO, profile_arn="arn:x", opt_out=False, origin="IDE")
    ask = prepare(call(), PLAIN, who).ask
    assert (ask.method, ask.url) == ("POST", "http://service/")
    assert dict(ask.headers) == {
        "content-type": "application/x-amz-json-1.0", "accept": "*/*", "user-agent": "amq2api",
        "x-amz-target": "AmazonCodeWhispererStreamingService.GenerateAssistantResponse",
        "x-amzn-codewhisperer-optout": "false",
    }  # fmt: skip
    assert msgspec.json.decode(ask.body) == {
        "conversationState": {
            "conversationId": "c-1", "chatTriggerType": "MANUAL",
            "currentMessage": {"userInputMessage": {
                "content": "hi", "origin": "IDE", "modelId": "claude-sonnet-4.5"}},
        },
        "profileArn": "arn:x",
    }  # fmt: skip


NOTED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing but the limit": ({}, {"approximated:max_tokens"}),
    "tuning": (
        {"temperature": 0.5, "top_p": 0.9, "top_k": 3, "metadata": {}, "service_tier": "auto"},
        {"approximated:max_tokens", "dropped:temperature", "dropped:top_p", "dropped:top_k",
         "dropped:metadata", "dropped:service_tier"},
    ),
    "stop sequences": (
        {"stop_sequences": ["x"]}, {"approximated:max_tokens", "approximated:stop_sequences"},
    ),
    "no stop sequences": ({"stop_sequences": []}, {"approximated:max_tokens"}),
}  # fmt: skip


@pytest.mark.parametrize(("members", "notes"), NOTED.values(), ids=NOTED)
def test_notes(members: dict[str, Any], notes: set[str]) -> None:
    assert {str(note) for note in prepare(call(**members), PLAIN, WHO).notes} == notes


def test_notes_of_one_kind_are_counted() -> None:
    odd = [{"name": f"a.{n}", "input_schema": {"type": "object"}} for n in range(3)]
    notes = prepare(call(tools=odd), PLAIN, WHO).notes
    assert Note("approximated", "tools.name", 3) in notes
    assert str(Note("approximated", "tools.name", 3)) == "approximated:tools.name=3"


def test_the_translator_knows_the_call() -> None:
    made = prepare(call(stop_sequences=["!"]), PLAIN, WHO)
    assert isinstance(made.translator, StreamTranslator)
    heard = [*made.translator.feed(text("well! no")), *made.translator.finish()]
    assert told(heard) == "start +0text .well -0 end(stop_sequence=!) stop"
    start = heard[0]
    assert isinstance(start, m.MessageStart)
    assert (start.message.id, start.message.model) == ("msg_1", "sonnet")
    assert start.message.usage.input_tokens == made.input_tokens > 0


ENDS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "a prefill": (
        [{"role": "assistant", "content": "It was a dark and stormy"}],
        "It was a dark and stormy night.", "start +0text . night. -0",
    ),
    "a prefill in blocks": (
        [{"role": "assistant", "content": [
            {"type": "text", "text": "So."},
            {"type": "text", "text": "It was a dark and stormy"}]}],
        "It was a dark and stormy night.", "start +0text . night. -0",
    ),
    "a short prefill": (
        [{"role": "assistant", "content": "{"}], '{"a":1}', 'start +0text .{"a":1} -0',
    ),
    "what the user says is no prefill": (
        [{"role": "user", "content": "It was a dark and stormy"}],
        "It was a dark and stormy night.", "start +0text .It was a dark and stormy night. -0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("turns", "reply", "story"), ENDS.values(), ids=ENDS)
def test_continuations(turns: list[dict[str, Any]], reply: str, story: str) -> None:
    asked = call(messages=[{"role": "user", "content": "hi"}, *turns])
    made = prepare(asked, PLAIN, WHO).translator
    assert told([*made.feed(text(reply)), *made.finish()]) == f"{story} end(end_turn) stop"


LS = {"name": "ls", "input_schema": {"type": "object"}}
CHOICES: dict[str, tuple[Any, str]] = {
    "auto": ({"type": "auto"}, "start +0text .I see. -0 +1tool_use:toolu_1:ls -1"),
    "any": ({"type": "any"}, "start +0tool_use:toolu_1:ls -0"),
    "tool": ({"type": "tool", "name": "ls"}, "start +0tool_use:toolu_1:ls -0"),
    "unsaid": (None, "start +0text .I see. -0 +1tool_use:toolu_1:ls -1"),
}  # fmt: skip


@pytest.mark.parametrize(("choice", "story"), CHOICES.values(), ids=CHOICES)
def test_a_forced_tool_call_has_no_text_before_it(choice: Any, story: str) -> None:
    made = prepare(call(tools=[LS], tool_choice=choice), PLAIN, WHO).translator
    said = made.feed(text("I see.") + tool("tooluse_1", stop=True) + tool("tooluse_2", stop=True))
    end = "+{n}tool_use:toolu_2:ls -{n} end(tool_use) stop".format(n=2 if "text" in story else 1)
    assert told([*said, *made.finish()]) == f"{story} {end}"


def test_a_forbidden_tool_call_is_not_told_and_the_model_asked_for_none() -> None:
    used = {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {}}
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]},
    ]
    asked = call(tools=[LS], tool_choice={"type": "none"}, messages=turns)
    made = prepare(asked, PLAIN, WHO)
    assert TOOL_NONE.encode() in made.ask.body
    assert TOOL_NONE.encode() not in prepare(call(tools=[LS], messages=turns), PLAIN, WHO).ask.body
    unused = call(tools=[LS], tool_choice={"type": "none"})
    assert TOOL_NONE.encode() not in prepare(unused, PLAIN, WHO).ask.body
    # Nor may the model call what is only declared because the history cannot do without.
    for each in (made, prepare(call(messages=turns), PLAIN, WHO)):
        assert TOOL_NONE.encode() in each.ask.body
        said = each.translator.feed(tool("tooluse_2", stop=True) + text("a"))
        assert told([*said, *each.translator.finish()]) == "start +0text .a -0 end(end_turn) stop"


def test_a_message_goes_on_where_it_stands() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    asked = call(tools=[search], max_tokens=40)
    so_far = Progress(begun=True, blocks=3, input_tokens=9, output_tokens=30, searches=1)
    made = prepare(asked, PLAIN, WHO, progress=so_far).translator
    heard = [*made.feed(text("word " * 100)), *made.finish()]
    assert told(heard).startswith("+3text .word") and told(heard).endswith("end(max_tokens) stop")
    end = heard[-2]
    assert isinstance(end, m.MessageDelta)
    assert end.usage.output_tokens == 40
    assert end.usage.server_tool_use == m.ServerToolUsage(1)


def test_nothing_is_left_of_the_limit() -> None:
    so_far = Progress(begun=True, blocks=3, output_tokens=99)
    made = prepare(call(), PLAIN, WHO, progress=so_far).translator
    assert made.done
    assert told(made.finish()) == "end(max_tokens) stop"


def test_tokens_are_counted_by_the_gauge() -> None:
    class Thousand:
        def count(self, size: tokens.Size, model_id: str) -> int:
            return 1000

    made = prepare(call(), PLAIN, WHO, gauge=Thousand())
    assert (made.input_tokens, made.model_id) == (1000, "claude-sonnet-4.5")
    assert made.size == tokens.size(call(), "claude-sonnet-4.5")


@pytest.mark.parametrize(("field", "replayed"), [
    ("thinking", True), ("reasoning", True), ("max_tokens", False),
])  # fmt: skip
def test_thoughts_go_back_to_models_that_have_their_own(field: str, replayed: bool) -> None:
    schema = {"type": "object", "properties": {field: {"type": "object"}}}
    model = q.Model("x", additional_model_request_fields_schema=schema)
    thought = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    asked = call(max_tokens=99, messages=[
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Hi."}]},
        {"role": "user", "content": "more"},
    ])  # fmt: skip
    body = prepare(asked, model, WHO).ask.body
    assert (b'"signature":"c2ln"' in body) is replayed


def test_verdicts_are_the_dialects() -> None:
    answer = Answer(402, b'{"message":"x","reason":"MONTHLY_REQUEST_COUNT"}')
    assert type(verdict(answer)) is QuotaExhausted


@given(nearly_valid())
def test_what_is_let_in_can_be_sent(value: Json) -> None:
    """Whatever the checks let pass is sent in a form that the service takes, or refused."""
    try:
        made = prepare(m.decode(json.dumps(value).encode()), PLAIN, WHO)
    except GatewayError:
        return
    # The signatures in these requests are nobody's; the service's word on them is a retry's.
    assert validate(msgspec.json.decode(made.ask.body), rules=STRICT.without("I16")) is None
