"""Today's Anthropic SDK and tools: whole loops, by hand and by the SDK's own runner."""

import base64
from typing import Any, cast

import pytest
from anthropic import Anthropic, APIStatusError, beta_tool
from anthropic.types import Message, MessageParam, ToolParam, ToolUseBlock

from e2e.asking import MODEL, THINKER
from e2e.houses import House
from e2e.pictures import image_block, png

pytestmark = pytest.mark.e2e

WEATHER: ToolParam = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                     "required": ["city"]},
}  # fmt: skip
CLOCK: ToolParam = {
    "name": "tell_time", "description": "The time in a zone.",
    "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}},
}  # fmt: skip
ASKED: MessageParam = {"role": "user", "content": "What is the weather in Oslo?"}


def user(*blocks: Any) -> MessageParam:
    return cast(MessageParam, {"role": "user", "content": list(blocks)})


def result(call: ToolUseBlock, content: Any, **members: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call.id, "content": content, **members}


def told(scenario: str) -> MessageParam:
    return {"role": "user", "content": f"Go on.\nsim:{scenario}"}


def calls(message: Message) -> list[ToolUseBlock]:
    return [block for block in message.content if block.type == "tool_use"]


def said(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_loop(client: Anthropic, house: House, streamed: bool) -> None:
    def ask(talk: list[MessageParam]) -> Message:
        if not streamed:
            return client.messages.create(
                model=MODEL, max_tokens=1024, messages=talk, tools=[WEATHER]
            )
        with client.messages.stream(
            model=MODEL, max_tokens=1024, messages=talk, tools=[WEATHER]
        ) as stream:
            return cast(Message, stream.get_final_message())

    first = ask([ASKED])
    (call,) = calls(first)
    assert first.stop_reason == "tool_use"
    assert (call.name, call.input) == ("get_weather", {"city": "Oslo"})
    assert call.id.startswith("toolu_") and call.id.removeprefix("toolu_").isalnum()
    answered = user(result(call, "It rains."))
    last = ask([ASKED, {"role": "assistant", "content": first.content}, answered])
    assert last.stop_reason == "end_turn" and "It rains." in said(last)
    assert last.usage.input_tokens > first.usage.input_tokens
    # The service gets its own id back, not the client's form of it.
    second = house.asked()[1].body["conversationState"]
    (use,) = second["history"][1]["assistantResponseMessage"]["toolUses"]
    context = second["currentMessage"]["userInputMessage"]["userInputMessageContext"]
    assert [each["toolUseId"] for each in context["toolResults"]] == [use["toolUseId"]]


def test_parallel_calls_answered_in_another_order(client: Anthropic) -> None:
    asked = told("parallel-tools:2")
    first = client.messages.create(
        model=MODEL, max_tokens=1024, messages=[asked], tools=[WEATHER, CLOCK]
    )
    one, two = calls(first)
    assert [one.name, two.name] == ["get_weather", "tell_time"] and one.id != two.id
    last = client.messages.create(
        model=MODEL, max_tokens=1024, tools=[WEATHER, CLOCK],
        messages=[
            asked,
            {"role": "assistant", "content": first.content},
            user(result(two, "noon"), result(one, "sun"), {"type": "text", "text": "Well?"}),
        ],
    )  # fmt: skip
    assert "get_weather said:\n\nsun" in said(last) and "tell_time said:\n\nnoon" in said(last)


RESULTS: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"content": "sun"}, "said:\n\nsun"),
    "blocks": ({"content": [{"type": "text", "text": "s"}, {"type": "text", "text": "un"}]},
               "get_weather said:"),
    "empty": ({"content": ""}, "get_weather said:"),
    "no-content": ({}, "get_weather said:"),
    "no-blocks": ({"content": []}, "get_weather said:"),
    "error": ({"content": "no such city", "is_error": True}, "reports an error:\n\nno such city"),
    "odd-characters": ({"content": "a\u0000b 😀 漢"}, "a\u0000b 😀 漢"),
}  # fmt: skip


@pytest.mark.parametrize(("members", "told"), RESULTS.values(), ids=list(RESULTS))
def test_results_of_every_shape(client: Anthropic, members: dict[str, Any], told: str) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}}
    talk = [
        ASKED,
        cast(MessageParam, {"role": "assistant", "content": [use]}),
        user({"type": "tool_result", "tool_use_id": "toolu_1", **members}),
    ]
    with client.messages.stream(
        model=MODEL, max_tokens=1024, messages=talk, tools=[WEATHER]
    ) as stream:
        message = stream.get_final_message()
    assert told in said(cast(Message, message))


def test_an_image_in_a_result(client: Anthropic, house: House) -> None:
    picture = png()
    use = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/a.png"}}
    read: ToolParam = {"name": "Read", "input_schema": {"type": "object"}}
    message = client.messages.create(
        model=MODEL, max_tokens=1024, tools=[read],
        messages=[
            {"role": "user", "content": "Read /a.png"},
            cast(MessageParam, {"role": "assistant", "content": [use]}),
            user({"type": "tool_result", "tool_use_id": "toolu_1",
                  "content": [image_block(picture)]}),
        ],
    )  # fmt: skip
    assert message.stop_reason == "end_turn"
    (request,) = house.asked()
    asked = request.body["conversationState"]["currentMessage"]["userInputMessage"]
    encoded = base64.b64encode(picture).decode()
    assert asked["images"] == [{"format": "png", "source": {"bytes": encoded}}]


def test_history_with_tools_that_are_declared_no_more(client: Anthropic) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}}
    message = client.messages.create(
        model=MODEL, max_tokens=1024,
        messages=[
            ASKED,
            cast(MessageParam, {"role": "assistant", "content": [use]}),
            user({"type": "tool_result", "tool_use_id": "toolu_1", "content": "sun"}),
        ],
    )  # fmt: skip
    assert "sun" in said(message)


def test_thinking_between_calls(client: Anthropic, house: House) -> None:
    asked = told("reasoning-tool")
    first = client.messages.create(
        model=THINKER, max_tokens=4096, messages=[asked], tools=[WEATHER],
        thinking={"type": "adaptive"},
    )  # fmt: skip
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    last = client.messages.create(
        model=THINKER, max_tokens=4096, tools=[WEATHER], thinking={"type": "adaptive"},
        messages=[
            asked,
            {"role": "assistant", "content": first.content},
            user(result(calls(first)[0], "sun")),
        ],
    )  # fmt: skip
    assert "sun" in said(last)
    assistant = house.asked()[1].body["conversationState"]["history"][1]
    assert "reasoningContent" in assistant["assistantResponseMessage"]


CHOICES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "any": ({"type": "any"}, ["get_weather"]),
    "tool": ({"type": "tool", "name": "tell_time"}, ["tell_time"]),
    "none": ({"type": "none"}, []),
    "auto": ({"type": "auto"}, ["get_weather"]),
}


@pytest.mark.parametrize(("choice", "called"), CHOICES.values(), ids=list(CHOICES))
def test_tool_choice(client: Anthropic, choice: Any, called: list[str]) -> None:
    message = client.messages.create(
        model=MODEL, max_tokens=1024, messages=[ASKED], tools=[WEATHER, CLOCK], tool_choice=choice
    )
    assert [call.name for call in calls(message)] == called
    assert message.stop_reason == ("tool_use" if called else "end_turn")


NAMES = {
    "longest": "x" * 128,
    "dashes": "mcp__a-server__a-tool",
    "digits-first": "2nd_tool",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_names_come_back_as_they_were(client: Anthropic, name: str) -> None:
    tool: ToolParam = {"name": name, "description": "d", "input_schema": {"type": "object"}}
    message = client.messages.create(
        model=MODEL, max_tokens=1024, tools=[tool],
        messages=[told("tool")],
    )  # fmt: skip
    assert [call.name for call in calls(message)] == [name]


BROKEN = ("tool-unclosed", "tool-unclosed-bare", "tool-bad-json", "tool-malformed")


@pytest.mark.parametrize("scenario", BROKEN)
def test_a_cut_call_is_not_a_message(client: Anthropic, scenario: str) -> None:
    with pytest.raises(APIStatusError) as caught:
        client.messages.create(
            model=MODEL, max_tokens=1024, messages=[told(scenario)], tools=[WEATHER]
        )
    assert caught.value.type == "api_error"


@pytest.mark.parametrize("scenario", BROKEN)
def test_a_cut_call_is_not_the_end_of_a_stream(client: Anthropic, scenario: str) -> None:
    # The SDK parses the input as it comes and has a ValueError for what is no JSON at all.
    with (
        client.messages.stream(
            model=MODEL, max_tokens=1024, messages=[told(scenario)], tools=[WEATHER]
        ) as stream,
        pytest.raises((APIStatusError, ValueError)),
    ):
        stream.get_final_message()


def test_the_runner_goes_on_without_threads(client: Anthropic, house: House) -> None:
    asked_for: list[str] = []

    @beta_tool
    def get_weather(city: str) -> str:
        """The weather of a city.

        Args:
            city: Its name.
        """
        asked_for.append(city)
        return "It rains in " + city

    runner = client.beta.messages.tool_runner(
        model=MODEL, max_tokens=1024, tools=[get_weather],
        messages=[{"role": "user", "content": "What is the weather in Oslo?"}],
    )  # fmt: skip
    message = runner.until_done()
    assert asked_for == ["Oslo"]
    assert message.content[0].type == "text" and "It rains in Oslo" in message.content[0].text
    # Threads were refused before the service was asked anything.
    assert len(house.asked()) == 2
