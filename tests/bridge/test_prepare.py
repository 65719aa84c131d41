"""A call made ready: what is sent, with what, and what is told of it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from amq2api.bridge.amazonq.prepare import prepare, verdict
from amq2api.bridge.amazonq.stream import StreamTranslator
from amq2api.bridge.backend import Identity, Note
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, QuotaExhausted
from amq2api.sim.validator import STRICT, validate
from amq2api.wire.exchange import Answer
from bridge.replies import text, told
from dialects.requests import Json, nearly_valid

WHO = Identity(endpoint="http://service/", conversation_id="c-1", message_id="msg_1")
PLAIN = q.Model("claude-sonnet-4.5", token_limits=q.TokenLimits(max_input_tokens=200_000))


def call(**members: Any) -> m.Call:
    whole = {"model": "sonnet", "max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]}
    return m.decode(msgspec.json.encode({**whole, **members}))


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
