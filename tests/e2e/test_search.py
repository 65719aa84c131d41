"""Today's Anthropic SDK searches the web through the gateway, on real sockets."""

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any, cast

import aiohttp
import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import Message, MessageParam
from pydantic import BaseModel

from e2e.answers import events
from e2e.asking import MODEL, THINKER, post, post_all, say
from e2e.houses import House, opened

pytestmark = pytest.mark.e2e

SEARCH: Any = {"type": "web_search_20250305", "name": "web_search"}
WEATHER: Any = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                     "required": ["city"]},
}  # fmt: skip


def user(content: Any) -> MessageParam:
    return cast(MessageParam, {"role": "user", "content": content})


def echo(message: Message) -> MessageParam:
    """The answer, sent back as an SDK does."""
    content = [block.model_dump(mode="json", exclude_unset=True) for block in message.content]
    return cast(MessageParam, {"role": "assistant", "content": content})


def create(client: Anthropic, words: str, **members: Any) -> Message:
    asked = {"model": MODEL, "max_tokens": 1024, "messages": [user(words)], "tools": [SEARCH]}
    return cast(Message, client.messages.create(**{**asked, **members}))


def kinds(message: Message) -> list[str]:
    return [block.type for block in message.content]


def found(message: Message) -> list[str]:
    """What each search gave: ``pages`` or an error."""
    told: list[str] = []
    for block in message.content:
        if block.type == "web_search_tool_result":
            content = block.content
            told.append("pages" if isinstance(content, list) else content.error_code)
    return told


ONE = ["text", "server_tool_use", "web_search_tool_result", "text"]


@pytest.mark.parametrize("model", [MODEL, THINKER])
def test_c_065_a_search(client: Anthropic, house: House, model: str) -> None:
    message = create(client, "sim:search:rust_release_date", model=model)
    assert kinds(message) == ONE and message.stop_reason == "end_turn"
    _, asked, result, said = message.content
    assert asked.type == "server_tool_use" and asked.id.startswith("srvtoolu_")
    assert (asked.name, asked.input) == ("web_search", {"query": "rust release date"})
    assert result.type == "web_search_tool_result" and result.tool_use_id == asked.id
    assert isinstance(result.content, list)
    page = result.content[0]
    assert page.url.startswith("https://") and "rust release date" in page.title
    assert page.encrypted_content and page.page_age
    assert said.type == "text" and page.url in said.text
    usage = message.usage
    assert usage.server_tool_use is not None and usage.server_tool_use.web_search_requests == 1
    assert len(house.asked()) == 2 and len(house.relay.records.recent()) >= 1


def test_thinking_goes_on_between_searches(client: Anthropic, house: House) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    words = "Search the web for the rust release date"
    turns = [user(words)]
    message = create(client, "", messages=turns, model=THINKER, max_tokens=4096, thinking=thinking)
    assert message.stop_reason == "end_turn" and found(message) == ["pages"]
    thoughts = [block for block in message.content if block.type == "thinking"]
    assert len(thoughts) == 2 and all(block.signature for block in thoughts)
    assert "reasoningContent" in json.dumps(house.asked()[-1].body), "and is remembered"
    turns += [echo(message), user("Thanks.")]
    again = create(client, "", messages=turns, model=THINKER, max_tokens=4096, thinking=thinking)
    assert again.stop_reason == "end_turn"


def test_a_stream_says_what_a_whole_answer_says(client: Anthropic) -> None:
    whole = create(client, "sim:search")
    with client.messages.stream(
        model=MODEL, max_tokens=1024, messages=[user("sim:search")], tools=[SEARCH]
    ) as stream:
        streamed = stream.get_final_message()
    assert kinds(streamed) == kinds(whole) == ONE
    for one, other in zip(streamed.content, whole.content, strict=True):
        told, also = one.model_dump(), other.model_dump()
        for each in (told, also):
            each.pop("id", None), each.pop("tool_use_id", None)
        assert told == also
    assert streamed.usage.server_tool_use == whole.usage.server_tool_use


@pytest.mark.parametrize("version", ["web_search_20250305", "web_search_20260209"])
def test_a_call_that_offers_searches_and_needs_none(client: Anthropic, version: str) -> None:
    message = create(client, "Hello", tools=[SEARCH | {"type": version}])
    assert kinds(message) == ["text"]
    usage = message.usage.server_tool_use
    assert usage is not None and usage.web_search_requests == 0


def test_a_call_without_searches_tells_nothing_of_them(client: Anthropic) -> None:
    assert create(client, "Hello", tools=[WEATHER]).usage.server_tool_use is None


SCENARIOS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    # A scenario, the call, what searches gave, and how the answer ended.
    "searches:3": ({}, ["pages"] * 3, "end_turn"),
    "searches:4": ({"tools": [SEARCH | {"max_uses": 3}]},
                   ["pages"] * 3 + ["max_uses_exceeded"], "end_turn"),
    "search-then-text": ({}, ["pages"], "end_turn"),
    "search-long": ({}, ["query_too_long"], "end_turn"),
    "search-no-query": ({}, ["invalid_tool_input"], "end_turn"),
    "search-bad-query": ({}, ["invalid_tool_input"], "end_turn"),
    "search-unclosed": ({}, [], "max_tokens"),
    "search": ({"tool_choice": {"type": "tool", "name": "web_search"}}, ["pages"], "end_turn"),
    "search-and-tool": ({"tools": [SEARCH, WEATHER]}, ["pages"], "tool_use"),
}  # fmt: skip


@pytest.mark.parametrize(("scenario", "case"), SCENARIOS.items(), ids=SCENARIOS)
def test_scenarios(client: Anthropic, scenario: str, case: Any) -> None:
    members, pages, end = case
    message = create(client, f"sim:{scenario}", **members)
    assert (found(message), message.stop_reason) == (pages, end)


FAULTS = {
    "nothing": "pages", "error": "unavailable", "is-error": "unavailable",
    "failed": "unavailable", "no-json": "unavailable", "no-text": "unavailable",
    "other-id": "unavailable", "garbage": "unavailable", "throttle": "too_many_requests",
    "feature-403": "unavailable", "quota-402": "unavailable",
}  # fmt: skip


@pytest.mark.parametrize(("fault", "told"), FAULTS.items(), ids=FAULTS)
def test_a_search_that_fails_is_told_to_the_model(
    client: Anthropic, house: House, monkeypatch: pytest.MonkeyPatch, fault: str, told: str
) -> None:
    monkeypatch.setattr(house.world, "search_faults", [fault] * 3)
    message = create(client, "sim:search")
    assert found(message) == [told] and message.stop_reason == "end_turn"
    assert kinds(message) == ONE, "and the model goes on"


def test_a_conversation_with_searches_goes_on(client: Anthropic, house: House) -> None:
    turns = [user("sim:searches:2")]
    first = create(client, "", messages=turns)
    turns += [echo(first), user("sim:search-and-tool")]
    second = create(client, "", messages=turns, tools=[SEARCH, WEATHER])
    (use,) = [block for block in second.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "sunny"}
    turns += [echo(second), user([result])]
    third = create(client, "", messages=turns, tools=[SEARCH, WEATHER])
    assert third.stop_reason == "end_turn" and kinds(third) == ["text"]
    turns += [echo(third), user("Thanks.")]
    # And without the tool that searched.
    assert create(client, "", messages=turns, tools=[WEATHER]).stop_reason == "end_turn"
    body = json.dumps(house.asked()[-1].body)
    assert "sunny" in body and "Page 1 about" in body, "what was found is still there to read"


def test_a_paused_answer_is_resumed(client: Anthropic, house: House) -> None:
    asked = user("Find out.")
    house.world.scenario = "search-for-ever"
    paused = create(client, "", messages=[asked])
    assert paused.stop_reason == "pause_turn" and found(paused) == ["pages"] * 10
    house.world.scenario = "echo"
    resumed = create(client, "", messages=[asked, echo(paused)])
    assert resumed.stop_reason == "end_turn" and kinds(resumed) == ["text"]


def test_only_pages_of_the_domains_that_are_wanted(client: Anthropic) -> None:
    for limit, hosts in (
        ({"allowed_domains": ["site1.example.org"]}, {"site1.example.org"}),
        ({"blocked_domains": ["example.org"]}, set()),
    ):
        message = create(client, "sim:search", tools=[SEARCH | limit])
        result = message.content[2]
        assert result.type == "web_search_tool_result" and isinstance(result.content, list)
        assert {page.url.split("/")[2] for page in result.content} == hosts


def test_an_account_that_may_not_search(
    client: Anthropic, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.world, "web_search", False)
    monkeypatch.setattr(house.relay, "searching", {})
    with pytest.raises(
        anthropic.BadRequestError, match="web search is not enabled for this organization"
    ):
        create(client, "sim:search")
    assert house.asked() == []


class Day(BaseModel):
    city: str
    sunny: bool


def test_a_search_and_a_document(client: Anthropic) -> None:
    parsed = client.messages.parse(
        model=MODEL, max_tokens=1024, messages=[user("sim:search")], tools=[SEARCH],
        output_format=Day,
    )  # fmt: skip
    assert isinstance(parsed.parsed_output, Day)
    assert [block.type for block in parsed.content] == ONE[1:]


LATER: dict[str, tuple[list[str], str, str]] = {
    # What the requests meet, and how it ends in a whole answer and in a stream.
    "busy once": (["search", "capacity-429", "echo"], "end_turn", "end_turn"),
    "a signature refused": (["search", "signature-400", "echo"], "end_turn", "end_turn"),
    "a token refused once": (["search", "expired-403", "echo"], "end_turn", "end_turn"),
    "used up": (["search", "quota-402"], "429 rate_limit_error", "error: rate_limit_error"),
    "too fast": (["search", "throttle"], "429 rate_limit_error", "error: overloaded_error"),
    "too long": (["search", "too-long-400"], "400 invalid_request_error",
                 "error: invalid_request_error"),
    "cut off": (["search", *["drop-at-byte:20"] * 3], "502 api_error", "error: api_error"),
}  # fmt: skip


@pytest.mark.parametrize(("script", "whole", "streamed"), LATER.values(), ids=LATER)
def test_a_later_request_that_fails(
    house: House, script: list[str], whole: str, streamed: str
) -> None:
    for stream, outcome in ((False, whole), (True, streamed)):
        house.forget()
        house.world.script[:] = script
        asked = say("Which is it?", tools=[SEARCH], stream=stream)
        assert post(house.url, asked).outcome() == outcome
        (record,) = house.relay.records.recent(1)
        assert record.ok == (outcome == "end_turn") and record.attempts == len(script)


def test_signs_of_life_while_somebody_searches(
    brisk: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brisk.world, "search_delay", 1.0)
    answer = post(brisk.url, say("sim:search", tools=[SEARCH], stream=True))
    names = [event["type"] for event in events(answer.body)]
    asked_at = names.index("content_block_stop", names.index("content_block_stop") + 1)
    found_at = names.index("content_block_start", asked_at)
    assert names[asked_at + 1 : found_at].count("ping") >= 2, "between the search and its pages"
    assert answer.outcome() == "end_turn"


def test_the_question_is_out_before_its_answer(
    brisk: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brisk.world, "search_delay", 1.0)
    arrivals: dict[str, float] = {}
    with (
        Anthropic(base_url=brisk.url, api_key="anything", max_retries=0) as client,
        client.messages.stream(
            model=MODEL, max_tokens=1024, messages=[user("sim:search")], tools=[SEARCH]
        ) as stream,
    ):
        for event in stream:
            if event.type == "content_block_start":
                arrivals[event.content_block.type] = time.monotonic()
    assert arrivals["web_search_tool_result"] - arrivals["server_tool_use"] > 0.8


def test_a_client_that_leaves_ends_the_search(
    brisk: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brisk.world, "search_delay", 30.0)
    brisk.forget()

    async def leave() -> None:
        async with aiohttp.ClientSession() as http:
            asked = say("sim:search", tools=[SEARCH], stream=True)
            async with http.post(f"{brisk.url}/v1/messages", json=asked) as response:
                async for line in response.content:
                    if b"server_tool_use" in line:
                        return

    asyncio.run(leave())
    deadline = time.monotonic() + 10
    while not any(one.request.operation == "InvokeMCP" for one in brisk.world.disconnects):
        assert time.monotonic() < deadline, "the search goes on for nobody"
        time.sleep(0.05)
    (record,) = brisk.relay.records.recent(1)
    assert (record.outcome, record.ok) == ("abandoned", False)


def test_many_at_once_do_not_mix(house: House) -> None:
    words = [f"sim:search:subject_{number}" for number in range(12)]
    answers = post_all(house.url, [say(one, tools=[SEARCH], stream=True) for one in words])
    for number, answer in enumerate(answers):
        assert answer.outcome() == "end_turn"
        text = answer.body.decode()
        assert f"subject {number}" in text and f"subject {(number + 1) % 12} " not in text


def test_a_search_does_not_hold_up_other_calls(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.world, "search_delay", 2.0)
    outcomes: list[str] = []
    asked = say("sim:search", tools=[SEARCH])
    slow = threading.Thread(target=lambda: outcomes.append(post(house.url, asked).outcome()))
    slow.start()
    began = time.monotonic()
    assert post(house.url, say("Hello")).outcome() == "end_turn"
    took = time.monotonic() - began
    slow.join()
    assert took < 2.0 and outcomes == ["end_turn"]


def test_the_log_and_the_records_hold_nothing_of_it(client: Anthropic, house: House) -> None:
    create(client, "sim:search:xylophone_prices")
    (record,) = house.relay.records.recent(1)
    assert "xylophone" not in repr(record)
    assert record.attempts == 2 and record.outcome == "end_turn"


def test_a_home_of_its_own(tmp_path: Path) -> None:
    """The first call of a gateway asks whether there are searches, the next ones do not."""
    with opened(tmp_path) as house:
        for _ in range(2):
            assert post(house.url, say("sim:search", tools=[SEARCH])).outcome() == "end_turn"
        asked = [one.body["method"] for one in house.world.asked("InvokeMCP")]
        assert asked == ["tools/list", "tools/call", "tools/call"]
        assert house.complaints() == []
