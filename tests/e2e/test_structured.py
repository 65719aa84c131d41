"""Answers that are a document, with today's Anthropic SDK, on real sockets."""

import asyncio
import json
import threading
import time
from typing import Any, cast

import aiohttp
import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam
from pydantic import BaseModel

from e2e.answers import Json, events
from e2e.asking import MODEL, THINKER, post, say
from e2e.houses import House

pytestmark = pytest.mark.e2e

TITLE: Json = {
    "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"],
    "additionalProperties": False,
}  # fmt: skip
WEATHER: Any = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                     "required": ["city"]},
}  # fmt: skip


class City(BaseModel):
    name: str
    inhabitants: int
    rivers: list[str]


def user(content: Any) -> MessageParam:
    return cast(MessageParam, {"role": "user", "content": content})


def wanting(schema: Any = TITLE) -> Json:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def words(body: bytes) -> str:
    """The text of a stream."""
    deltas = (event["delta"] for event in events(body) if event["type"] == "content_block_delta")
    return "".join(delta.get("text", "") for delta in deltas)


def test_parse(client: Anthropic, house: House) -> None:
    parsed = client.messages.parse(
        model=MODEL, max_tokens=1024, messages=[user("Tell me of Paris.")], output_format=City
    )
    assert isinstance(parsed.parsed_output, City) and len(house.asked()) == 1


@pytest.mark.parametrize("model", [MODEL, THINKER])
def test_c_074_a_stream_gives_the_document_as_one_block(client: Anthropic, model: str) -> None:
    with client.messages.stream(
        model=model, max_tokens=2048, messages=[user("Tell me of Paris.")], output_format=City,
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as stream:  # fmt: skip
        message = stream.get_final_message()
    *before, document = message.content
    assert document.type == "text" and isinstance(City.model_validate_json(document.text), City)
    assert all(block.type == "thinking" for block in before)


def test_an_answer_that_does_not_fit_is_asked_for_once_more(
    client: Anthropic, house: House
) -> None:
    house.world.script[:] = ["text"]
    parsed = client.messages.parse(
        model=MODEL, max_tokens=1024, messages=[user("Tell me of Paris.")], output_format=City
    )
    assert isinstance(parsed.parsed_output, City) and len(house.asked()) == 2
    (record,) = house.relay.records.recent(1)
    assert "repaired:output_config.format" in record.notes and record.attempts == 2
    assert parsed.usage.output_tokens == record.output_tokens


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_never_fits_is_an_error(house: House, stream: bool) -> None:
    house.world.script[:] = ["text", "text"]
    answer = post(house.url, say("Name this.", stream=stream, **wanting()))
    assert answer.outcome() == ("error: api_error" if stream else "502 api_error")
    assert b"does not satisfy output_config.format" in answer.body
    assert b"friend" not in answer.body, "and nothing of it is out"
    assert len(house.asked()) == 2


def test_the_header_tells_of_a_repair(house: House) -> None:
    house.world.script[:] = ["text"]
    answer = post(house.url, say("Name this.", **wanting()), {"amq2api-explain": "1"})
    told = answer.headers["amq2api-fidelity"].split(", ")
    assert "repaired:output_config.format" in told


def test_c_168_titles(house: House) -> None:
    """As Claude Code asks for it, in a stream."""
    asked = say(
        "Fix the login button", stream=True, max_tokens=64, temperature=1,
        system=[{"type": "text", "text": "Generate a concise, sentence-case title."}],
        **wanting(),
    )  # fmt: skip
    for script in ([], ["text"]):
        house.world.script[:] = script
        answer = post(house.url, asked)
        assert answer.outcome() == "end_turn"
        assert json.loads(words(answer.body)).keys() == {"title"}


def test_the_older_member_and_its_beta(house: House) -> None:
    asked = say("Name this.", output_format={"type": "json_schema", "schema": TITLE})
    answer = post(house.url, asked, {"anthropic-beta": "structured-outputs-2025-11-13"})
    assert answer.outcome() == "end_turn"
    (block,) = json.loads(answer.body)["content"]
    assert json.loads(block["text"]).keys() == {"title"}


def test_tools_and_a_document(client: Anthropic, house: House) -> None:
    """A turn that calls a tool is as it is; the one that answers is the document."""
    asked = user("sim:tool")
    first = client.messages.create(
        model=MODEL, max_tokens=1024, messages=[asked], tools=[WEATHER], **cast(Any, wanting())
    )
    assert first.stop_reason == "tool_use" and len(house.asked()) == 1
    (use,) = [block for block in first.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "sunny"}
    said = [block.model_dump(mode="json", exclude_unset=True) for block in first.content]
    second = client.messages.create(
        model=MODEL, max_tokens=1024, tools=[WEATHER], **cast(Any, wanting()),
        messages=[asked, cast(MessageParam, {"role": "assistant", "content": said}),
                  user([result])],
    )  # fmt: skip
    (block,) = second.content
    assert block.type == "text" and json.loads(block.text).keys() == {"title"}


UNJUDGED = {
    "content-filtered": "refusal", "max-tokens": "max_tokens",
    "context-full": "model_context_window_exceeded",
}  # fmt: skip


@pytest.mark.parametrize(("scenario", "end"), UNJUDGED.items(), ids=UNJUDGED)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_no_answer_is_not_judged(
    house: House, scenario: str, end: str, stream: bool
) -> None:
    house.world.script[:] = [scenario]
    assert post(house.url, say("Name this.", stream=stream, **wanting())).outcome() == end
    assert len(house.asked()) == 1


BAD: dict[str, tuple[Any, str]] = {
    "no type there is": ({"type": "objekt"}, "output_config.format.schema: JSON schema is invalid"),
    "a reference elsewhere": ({"$ref": "http://127.0.0.1:1/"}, "leads nowhere"),
    "a reference to itself": ({"$ref": "#"}, "Schema is too complex for compilation."),
}


@pytest.mark.parametrize(("schema", "told"), BAD.values(), ids=BAD)
def test_a_schema_that_is_none(house: House, schema: Any, told: str) -> None:
    for stream in (False, True):
        answer = post(house.url, say("Name this.", stream=stream, **wanting(schema)))
        assert answer.outcome() == "400 invalid_request_error"
        assert told in json.loads(answer.body)["error"]["message"]
    assert house.asked() == []


def test_the_sdk_is_told_of_a_bad_schema(client: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="JSON schema is invalid"):
        client.messages.create(
            model=MODEL, max_tokens=99, messages=[user("x")],
            **cast(Any, wanting({"type": "objekt"})),
        )  # fmt: skip


def test_signs_of_life_while_a_document_is_written(brisk: House) -> None:
    brisk.world.script[:] = ["slow:0.5"]
    answer = post(brisk.url, say("Name this.", stream=True, **wanting()))
    names = [event["type"] for event in events(answer.body)]
    assert names[0] == "message_start" and answer.outcome() == "end_turn"
    assert names.index("content_block_start") - names.index("ping") >= 3


def test_a_client_that_leaves_ends_it(brisk: House) -> None:
    brisk.forget()
    brisk.world.script[:] = ["text", "slow:2"]

    async def leave() -> None:
        async with aiohttp.ClientSession() as http:
            asked = say("Name this.", stream=True, **wanting())
            async with http.post(f"{brisk.url}/v1/messages", json=asked) as response:
                async for line in response.content:
                    if b"ping" in line and len(brisk.asked()) == 2:
                        return

    asyncio.run(leave())
    deadline = time.monotonic() + 10
    while not brisk.world.disconnects:
        assert time.monotonic() < deadline, "the second try goes on for nobody"
        time.sleep(0.05)


def test_judging_does_not_hold_up_other_calls(house: House) -> None:
    """A schema that takes a second to judge, and small calls beside it."""
    doubling = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    slow = {"$defs": doubling | {"a40": False}, "properties": {"title": {"$ref": "#/$defs/a0"}}}
    outcomes: list[str] = []
    asked = say("Name this.", **wanting(slow))
    judged = threading.Thread(target=lambda: outcomes.append(post(house.url, asked).outcome()))
    judged.start()
    beside = 0
    while judged.is_alive():
        assert post(house.url, say("Hello")).outcome() == "end_turn"
        beside += 1
    assert outcomes == ["400 invalid_request_error"] and beside >= 3
