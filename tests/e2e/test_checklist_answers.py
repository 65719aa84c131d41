"""The conformance checklist of claude-api.md 10.E and 10.F, and what of 10.C shows in an answer.

The ids are its numbers.
"""

import asyncio
import json
import re
import time
from typing import Any

import aiohttp
import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam

from amq2api.sim.catalogue import MODELS
from e2e.answers import STOP_REASONS, Answer, Json, blocks, events
from e2e.asking import MODEL, THINKER, post, post_all, say
from e2e.houses import House

pytestmark = pytest.mark.e2e

WEATHER: Json = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                     "required": ["city"]},
}  # fmt: skip
CLOCK: Json = {
    "name": "tell_time", "description": "The time in a zone.",
    "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}},
}  # fmt: skip
TOOLS: Json = {"tools": [WEATHER, CLOCK]}
THINKING: Json = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4096}

# Every kind of answer there is.
KINDS: dict[str, Json] = {
    "text": say("Hello."),
    "odd characters": say("sim:unicode"),
    "a tool": say("sim:tool", **TOOLS),
    "a tool without arguments": say("sim:tool-no-args", **TOOLS),
    "two tools": say("sim:parallel-tools", **TOOLS),
    "mixed tools": say("sim:interleaved-tools", **TOOLS),
    "thoughts of its own": say("sim:reasoning", **{**THINKING, "model": THINKER}),
    "thoughts unseen": say(
        "sim:reasoning-omitted",
        **{**THINKING, "model": THINKER, "thinking": {"type": "adaptive", "display": "omitted"}},
    ),
    "thoughts and a tool": say("sim:reasoning-tool", **{**THINKING, "model": THINKER}, **TOOLS),
    "thoughts in tags": say("sim:thinking-tags", **THINKING),
    "a refusal": say("sim:content-filtered"),
    "nothing": say("sim:empty-with-trailer"),
    "a cut": say("Count to 500.", max_tokens=4),
}
EACH = pytest.mark.parametrize("asked", KINDS.values(), ids=list(KINDS))


def message(answer: Answer) -> Json:
    told: Json = json.loads(answer.body)
    return told


def heard(house: House, asked: Json) -> list[Json]:
    return [
        e for e in events(post(house.url, asked | {"stream": True}).body) if e["type"] != "ping"
    ]


def calls(content: list[Json]) -> list[Json]:
    return [block for block in content if block["type"] == "tool_use"]


@EACH
def test_c_107_c_108_c_109_the_members_of_a_message(house: House, asked: Json) -> None:
    told = message(post(house.url, asked))
    assert re.fullmatch(r"msg_\w+", told["id"])
    assert (told["type"], told["role"], told["model"]) == ("message", "assistant", asked["model"])
    assert told["stop_reason"] in STOP_REASONS and "stop_sequence" in told
    usage = told["usage"]
    assert usage["input_tokens"] > 0 and usage["output_tokens"] >= 0
    assert usage["cache_read_input_tokens"] == usage["cache_creation_input_tokens"] == 0


@EACH
def test_c_110_c_111_c_112_c_115_the_content_of_a_message(house: House, asked: Json) -> None:
    told = message(post(house.url, asked))
    content, names = told["content"], [tool["name"] for tool in asked.get("tools", [])]
    for block in content:
        if block["type"] == "text":
            assert isinstance(block["text"], str) and block["text"]
        if block["type"] == "thinking":
            assert isinstance(block["signature"], str) and block["signature"]
    for call in calls(content):
        assert re.fullmatch(r"toolu_[A-Za-z0-9]+", call["id"])
        assert call["name"] in names and isinstance(call["input"], dict)
    assert (told["stop_reason"] == "tool_use") == bool(calls(content))
    kinds = [block["type"] for block in content]
    assert kinds == sorted(kinds, key=["thinking", "text", "tool_use"].index)


@EACH
def test_c_118_c_122_c_130_the_events_of_a_stream(house: House, asked: Json) -> None:
    answer = post(house.url, asked | {"stream": True})
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    answer.outcome()  # indices, order, one block at a time: e2e/answers.py
    kinds = [event["type"] for event in events(answer.body)]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.count("message_start") == kinds.count("message_stop") == 1


@EACH
def test_c_119_c_120_c_134_the_bytes_of_a_stream(house: House, asked: Json) -> None:
    body = post(house.url, asked | {"stream": True}).body.decode()
    *told, rest = body.split("\n\n")
    assert rest == "" and "[DONE]" not in body
    for block in told:
        name, data = block.split("\n")
        assert name == f"event: {json.loads(data.removeprefix('data: '))['type']}"
        assert data.startswith("data: ")


@EACH
def test_c_121_c_128_c_129_head_and_end_of_a_stream(house: House, asked: Json) -> None:
    told = heard(house, asked)
    head, end = told[0]["message"], told[-2]
    assert head["content"] == [] and head["stop_reason"] is None
    assert head["usage"]["input_tokens"] > 0 and head["usage"]["output_tokens"] >= 0
    assert end["delta"]["stop_reason"] in STOP_REASONS and "stop_sequence" in end["delta"]
    assert end["usage"].keys() >= {
        "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
    }  # fmt: skip
    assert end["usage"]["input_tokens"] > 0


@EACH
def test_c_123_c_125_c_127_the_blocks_of_a_stream(house: House, asked: Json) -> None:
    told = heard(house, asked)
    empty: dict[str, Json] = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""},
             "tool_use": {"input": {}}}  # fmt: skip
    for event in told:
        if event["type"] == "content_block_start":
            block, index = event["content_block"], event["index"]
            assert empty[block["type"]].items() <= block.items()
            deltas = [e["delta"]["type"] for e in told if e.get("index") == index and "delta" in e]
            assert deltas.count("signature_delta") == int(block["type"] == "thinking")
            assert "signature_delta" not in deltas[:-1]


@EACH
def test_c_142_nothing_that_clients_need_is_null(house: House, asked: Json) -> None:
    optional = {"stop_reason", "stop_sequence", "stop_details", "category", "explanation"}
    for event in heard(house, asked):
        assert set(nulls(event)) <= optional


@pytest.mark.parametrize("scenario", ["error-frame", "exception-mid", "tool-unclosed"])
def test_c_142_nor_in_an_error_event(house: House, scenario: str) -> None:
    assert nulls(heard(house, say(f"sim:{scenario}", **TOOLS))[-1]) == []


def nulls(value: Any, name: str = "") -> list[str]:
    match value:
        case dict():
            return [found for key, inner in value.items() for found in nulls(inner, key)]
        case list():
            return [found for inner in value for found in nulls(inner, name)]
    return [name] if value is None else []


@EACH
def test_c_124_a_stream_says_what_a_whole_answer_says(house: House, asked: Json) -> None:
    whole = message(post(house.url, asked))
    content = blocks(heard(house, asked)[1:-2])
    # The ids of calls are drawn by the service.
    assert [block | {"id": ""} for block in content] == [b | {"id": ""} for b in whole["content"]]


@pytest.mark.parametrize("stream", [False, True])
def test_c_113_c_126_a_tool_without_arguments(house: House, stream: bool) -> None:
    asked = say("sim:tool-no-args", **TOOLS)
    if stream:
        told = heard(house, asked)
        said = [e["delta"]["partial_json"] for e in told
                if e.get("delta", {}).get("type") == "input_json_delta"]  # fmt: skip
        assert "".join(said) in ("", "{}")
    else:
        assert [call["input"] for call in calls(message(post(house.url, asked))["content"])] == [{}]


def test_c_114_parallel_calls_have_ids_of_their_own(house: House) -> None:
    content = message(post(house.url, say("sim:parallel-tools:5", **TOOLS)))["content"]
    assert len({call["id"] for call in calls(content)}) == 5


def test_c_117_requests_share_no_ids(house: House) -> None:
    told = [
        message(answer)
        for answer in post_all(house.url, [say(f"{n}\nsim:tool", **TOOLS) for n in range(20)])
    ]
    assert len({one["id"] for one in told}) == 20
    assert len({call["id"] for one in told for call in calls(one["content"])}) == 20


def test_c_133_events_are_sent_when_they_come(house: House) -> None:
    async def arrivals() -> list[float]:
        body, came = say("sim:slow:0.1", stream=True), list[float]()
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{house.url}/v1/messages", json=body) as response,
        ):
            async for _ in response.content.iter_any():
                came.append(time.monotonic())
        return came

    came = asyncio.run(arrivals())
    assert len(came) > 4 and came[-1] - came[0] > 0.3


def test_c_137_a_client_that_leaves_lets_the_service_go(house: House) -> None:
    words: list[MessageParam] = [{"role": "user", "content": "sim:stall"}]
    with (
        Anthropic(base_url=house.url, api_key="k", max_retries=0, timeout=20) as client,
        client.messages.stream(model=MODEL, max_tokens=64, messages=words) as stream,
    ):
        next(iter(stream.text_stream))
    until = time.monotonic() + 5
    while not house.world.disconnects and time.monotonic() < until:
        time.sleep(0.02)
    assert len(house.world.disconnects) == 1


def test_c_138_streams_of_one_client_do_not_mix(house: House) -> None:
    asked = [say(f"Say exactly: stream {n} {'x' * n}", stream=True) for n in range(20)]
    for number, answer in enumerate(post_all(house.url, asked)):
        (block,) = blocks([e for e in events(answer.body) if e["type"].startswith("content")])
        assert block["text"] == f"stream {number} {'x' * number}".rstrip()


@pytest.mark.parametrize("name", ["text", "a tool", "thoughts and a tool"])
def test_c_116_c_139_the_sdk_reads_both(house: House, name: str) -> None:
    asked: Any = KINDS[name]
    with Anthropic(base_url=house.url, api_key="k", max_retries=0, timeout=20) as client:
        whole = client.messages.create(**asked)
        with client.messages.stream(**asked) as stream:
            streamed = stream.get_final_message()
    assert isinstance(whole, anthropic.types.Message)
    assert [block.type for block in streamed.content] == [block.type for block in whole.content]
    assert streamed.stop_reason == whole.stop_reason is not None


def test_c_141_a_limit_inside_a_call_is_no_call(house: House) -> None:
    assert post(house.url, say("sim:tool-max-tokens", **TOOLS)).outcome() == "max_tokens"
    told = heard(house, say("sim:tool-max-tokens", **TOOLS))
    assert told[-2]["delta"]["stop_reason"] == "max_tokens"


def test_c_042_a_limit_above_the_model_s_is_the_model_s(house: House) -> None:
    assert post(house.url, say("Hello.", max_tokens=1_000_000, model=THINKER)).status == 200
    (request,) = house.asked()
    most = MODELS[THINKER]["additionalModelRequestFieldsSchema"]["properties"]["max_tokens"]
    assert request.body["additionalModelRequestFields"]["max_tokens"] == most["maximum"]


CHOICES: dict[str, tuple[Json, list[str]]] = {
    "C-055 any": ({"type": "any"}, ["get_weather"]),
    "C-056 one": ({"type": "tool", "name": "tell_time"}, ["tell_time"]),
    "C-057 none": ({"type": "none"}, []),
    "C-058 no two at once": ({"type": "auto", "disable_parallel_tool_use": True}, ["get_weather"]),
    "C-058 exactly one": ({"type": "any", "disable_parallel_tool_use": True}, ["get_weather"]),
}


@pytest.mark.parametrize(("choice", "names"), CHOICES.values(), ids=list(CHOICES))
def test_choices(house: House, choice: Json, names: list[str]) -> None:
    words = "What is the weather in Oslo, and what is the weather in Rome?"
    content = message(post(house.url, say(words, **TOOLS, tool_choice=choice)))["content"]
    assert [call["name"] for call in calls(content)][: len(names) or None] == names
    if choice["type"] in ("any", "tool"):
        assert content[0]["type"] == "tool_use"
    if choice.get("disable_parallel_tool_use"):
        assert len(calls(content)) == 1


def test_c_055_words_before_a_forced_call_are_not_heard(house: House) -> None:
    asked = say("sim:tool", **TOOLS, tool_choice={"type": "any"})
    assert [block["type"] for block in message(post(house.url, asked))["content"]] == ["tool_use"]
    assert [block["type"] for block in blocks(heard(house, asked)[1:-2])] == ["tool_use"]


NAMES = {"C-059 128 characters": "x" * 128, "C-059 a dot": "mcp.server.tool"}


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_names_are_taken_and_come_back(house: House, name: str) -> None:
    asked = say("What is the weather in Oslo?", tools=[{**WEATHER, "name": name}],
                tool_choice={"type": "any"})  # fmt: skip
    (call,) = calls(message(post(house.url, asked))["content"])
    assert call["name"] == name


SHOWN: dict[str, tuple[Json, bool]] = {
    "C-071 omitted, native": ({"model": THINKER, "thinking": {
        "type": "adaptive", "display": "omitted"}}, False),
    "C-071 omitted, in tags": ({"thinking": {
        "type": "enabled", "budget_tokens": 1024, "display": "omitted"}}, False),
    "C-072 summarized, native": ({"model": THINKER, "thinking": {
        "type": "adaptive", "display": "summarized"}}, True),
    "C-072 summarized, in tags": ({"thinking": {
        "type": "enabled", "budget_tokens": 1024, "display": "summarized"}}, True),
}  # fmt: skip


@pytest.mark.parametrize(("change", "shown"), SHOWN.values(), ids=list(SHOWN))
def test_thoughts_shown(house: House, change: Json, shown: bool) -> None:
    asked = {**say("What is 6 times 7?"), "max_tokens": 4096, **change}
    thought, *_ = message(post(house.url, asked))["content"]
    assert thought["type"] == "thinking" and thought["signature"]
    assert bool(thought["thinking"]) == shown
