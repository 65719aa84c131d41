"""Today's Anthropic SDK against the gateway: messages, streams, pictures, thinking, models."""

import asyncio
import base64
import time
from typing import Any, cast

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam
from pydantic import BaseModel

from e2e.asking import MODEL, THINKER
from e2e.houses import House
from e2e.pictures import image_block, png

pytestmark = pytest.mark.e2e

HELLO: list[MessageParam] = [{"role": "user", "content": "Hello, I am Ada."}]
GREETING = "Hello Ada! I am Claude Sonnet 4.5"
COUNTING: list[MessageParam] = [{"role": "user", "content": "Count to 200"}]


def turns(*messages: dict[str, Any]) -> list[MessageParam]:
    return cast(list[MessageParam], list(messages))


def user(content: Any) -> MessageParam:
    return cast(MessageParam, {"role": "user", "content": content})


def test_the_sdk_is_of_today() -> None:
    assert int(anthropic.__version__.split(".")[0]) >= 2


def test_create(client: Anthropic, house: House) -> None:
    message = client.messages.create(model=MODEL, max_tokens=1024, messages=HELLO)
    (block,) = message.content
    assert block.type == "text" and block.text.startswith(GREETING)
    assert (message.type, message.role, message.model) == ("message", "assistant", MODEL)
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert message.id.startswith("msg_")
    assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0
    assert message._request_id is not None and message._request_id.startswith("req_")
    assert len(house.asked()) == 1


def test_stream_helper(client: Anthropic) -> None:
    with client.messages.stream(model=MODEL, max_tokens=1024, messages=HELLO) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 1 and "".join(pieces).startswith(GREETING)
    assert message.content[0].type == "text" and message.content[0].text == "".join(pieces)
    assert message.stop_reason == "end_turn" and message.usage.output_tokens > 0
    assert stream.request_id is not None and stream.request_id.startswith("req_")


def test_words_arrive_as_they_are_said(client: Anthropic) -> None:
    with client.messages.stream(
        model=MODEL, max_tokens=1024, messages=[user("sim:slow:0.1")]
    ) as stream:
        arrivals = [time.monotonic() for _ in stream.text_stream]
    assert len(arrivals) == 7 and arrivals[-1] - arrivals[0] > 0.5


def test_a_stream_says_what_a_whole_answer_says(client: Anthropic) -> None:
    whole = client.messages.create(model=MODEL, max_tokens=4096, messages=COUNTING)
    with client.messages.stream(model=MODEL, max_tokens=4096, messages=COUNTING) as stream:
        streamed = stream.get_final_message()
    assert streamed.content[0].type == whole.content[0].type == "text"
    assert streamed.content[0].text == whole.content[0].text
    assert "1, 2, 3," in whole.content[0].text
    assert streamed.usage == whole.usage


def test_raw_events(client: Anthropic) -> None:
    with client.messages.create(
        model=MODEL, max_tokens=1024, messages=HELLO, stream=True
    ) as events:
        kinds = [event.type for event in events]
    assert [kind for kind in kinds if kind != "content_block_delta"] == [
        "message_start", "content_block_start", "content_block_stop", "message_delta",
        "message_stop",
    ]  # fmt: skip


def test_async(house: House) -> None:
    async def story() -> None:
        async with AsyncAnthropic(base_url=house.url, api_key="k", timeout=20) as client:
            message = await client.messages.create(model=MODEL, max_tokens=1024, messages=HELLO)
            assert message.content[0].type == "text"
            async with client.messages.stream(
                model=MODEL, max_tokens=1024, messages=HELLO
            ) as stream:
                text = "".join([piece async for piece in stream.text_stream])
            assert text == message.content[0].text

    asyncio.run(story())


def test_concurrent_streams_do_not_mix(house: House) -> None:
    async def one(client: AsyncAnthropic, number: int) -> tuple[str, str]:
        words = f"Say exactly: this is stream number {number} of many {'x' * number}"
        async with client.messages.stream(
            model=MODEL, max_tokens=1024, messages=[user(words)]
        ) as stream:
            text = "".join([piece async for piece in stream.text_stream])
            return (await stream.get_final_message()).id, text

    async def story() -> list[tuple[str, str]]:
        async with AsyncAnthropic(base_url=house.url, api_key="k", timeout=20) as client:
            return await asyncio.gather(*(one(client, number) for number in range(20)))

    house.world.frame_delay = 0.01
    try:
        heard = asyncio.run(story())
    finally:
        house.world.frame_delay = 0.0
    for number, (_, text) in enumerate(heard):
        assert text.startswith(f"this is stream number {number} of many")
    assert len({message_id for message_id, _ in heard}) == 20


def test_a_client_that_leaves_a_stream_frees_the_service(client: Anthropic, house: House) -> None:
    with client.messages.create(
        model=MODEL, max_tokens=1024, messages=[user("sim:stall:60")], stream=True
    ) as events:
        assert next(iter(events)).type == "message_start"
    deadline = time.monotonic() + 5
    while not house.world.disconnects and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [gone.request.scenario for gone in house.world.disconnects] == ["stall:60"]


def test_a_conversation_with_a_system_text(client: Anthropic, house: House) -> None:
    talk = turns(
        {"role": "user", "content": "My name is Grace."},
        {"role": "assistant", "content": [{"type": "text", "text": "Noted."}]},
        {"role": "user", "content": [{"type": "text", "text": "What is my name?"}]},
    )
    message = client.messages.create(
        model=MODEL, max_tokens=1024, messages=talk, system="You are brief.",
        metadata={"user_id": '{"device_id": "d"}'},
    )  # fmt: skip
    assert message.content[0].type == "text" and "Grace" in message.content[0].text
    (request,) = house.asked()
    first = request.body["conversationState"]["history"][0]["userInputMessage"]["content"]
    assert first.startswith("You are brief.") and first.endswith("My name is Grace.")


def test_images(client: Anthropic, house: House) -> None:
    picture = png(64, 32)
    message = client.messages.create(
        model=MODEL, max_tokens=1024,
        messages=[user([image_block(picture), {"type": "text", "text": "Describe the image."}])],
    )  # fmt: skip
    assert message.content[0].type == "text"
    assert message.content[0].text.startswith("I received 1 image: a png of about")
    (request,) = house.asked()
    asked = request.body["conversationState"]["currentMessage"]["userInputMessage"]
    encoded = base64.b64encode(picture).decode()
    assert asked["images"] == [{"format": "png", "source": {"bytes": encoded}}]


def test_thinking_of_the_model_itself(client: Anthropic, house: House) -> None:
    with client.messages.stream(
        model=THINKER,
        max_tokens=4096,
        messages=HELLO,
        thinking={"type": "adaptive", "display": "summarized"},
    ) as stream:
        message = stream.get_final_message()
    thought, said = message.content
    assert thought.type == "thinking" and thought.thinking and thought.signature
    assert said.type == "text" and said.text.startswith("Hello Ada!")
    # The service checks its own signature when the thought comes back.
    again = client.messages.create(
        model=THINKER, max_tokens=4096, thinking={"type": "adaptive"},
        messages=[*HELLO, {"role": "assistant", "content": message.content}, user("Thanks.")],
    )  # fmt: skip
    assert again.stop_reason == "end_turn"
    assistant = house.asked()[1].body["conversationState"]["history"][1]
    sent = assistant["assistantResponseMessage"]["reasoningContent"]["reasoningText"]
    assert sent == {"text": thought.thinking, "signature": thought.signature}


def test_thinking_in_tags(client: Anthropic) -> None:
    message = client.messages.create(
        model=MODEL, max_tokens=4096, messages=HELLO,
        thinking={"type": "enabled", "budget_tokens": 1024},
    )  # fmt: skip
    thought, said = message.content
    assert thought.type == "thinking" and "Ada" in thought.thinking and thought.signature
    assert said.type == "text" and said.text.startswith(GREETING)
    again = client.messages.create(
        model=MODEL, max_tokens=4096, thinking={"type": "enabled", "budget_tokens": 1024},
        messages=[*HELLO, {"role": "assistant", "content": message.content}, user("Thanks.")],
    )  # fmt: skip
    assert [block.type for block in again.content] == ["thinking", "text"]


class City(BaseModel):
    name: str
    population: int


def test_parse(client: Anthropic) -> None:
    message = client.messages.parse(
        model=MODEL, max_tokens=1024, messages=[user("Tell me of Paris.")], output_format=City
    )
    assert isinstance(message.parsed_output, City)


def test_stop_sequences(client: Anthropic) -> None:
    message = client.messages.create(
        model=MODEL, max_tokens=1024, messages=[user("Say exactly: one two STOP three")],
        stop_sequences=["STOP"],
    )  # fmt: skip
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "STOP")
    assert message.content[0].type == "text" and message.content[0].text == "one two "


def test_max_tokens(client: Anthropic) -> None:
    with client.messages.stream(model=MODEL, max_tokens=10, messages=COUNTING) as stream:
        message = stream.get_final_message()
    assert message.stop_reason == "max_tokens" and message.usage.output_tokens <= 10
    assert message.content[0].type == "text" and "200" not in message.content[0].text


def test_count_tokens(client: Anthropic, house: House) -> None:
    def count(**more: Any) -> int:
        return client.messages.count_tokens(model=MODEL, messages=HELLO, **more).input_tokens

    tool = {"name": "ls", "description": "List files.", "input_schema": {"type": "object"}}
    assert 0 < count() < count(system="You are brief.") < count(system="You are brief.",
                                                                tools=[tool])  # fmt: skip
    assert house.asked() == []


def test_count_is_near_the_usage(client: Anthropic) -> None:
    words = [user("Tell me about the sea. " * 200)]
    counted = client.messages.count_tokens(model=MODEL, messages=words).input_tokens
    used = client.messages.create(model=MODEL, max_tokens=1024, messages=words).usage
    total = used.input_tokens + (used.cache_read_input_tokens or 0)
    assert abs(counted - total) <= 0.15 * total


def test_what_a_picture_costs(client: Anthropic) -> None:
    def count(*more: Any) -> int:
        content = [*more, {"type": "text", "text": "Describe it."}]
        return client.messages.count_tokens(model=MODEL, messages=[user(content)]).input_tokens

    # 36 times 36 patches (claude-api.md C-155).
    assert count(image_block(png(1000, 1000))) - count() == pytest.approx(1296, rel=0.15)


def test_models_page_by_page(client: Anthropic) -> None:
    whole = client.models.list(limit=1000)
    one_by_one = client.models.list(limit=1)
    assert one_by_one.has_next_page() and len(one_by_one.data) == 1
    assert [model.id for model in one_by_one] == [model.id for model in whole.data]
    assert "claude-sonnet-4-5" in [model.id for model in whole.data]
    backwards = client.models.list(limit=5, before_id=whole.data[7].id)
    assert backwards.data == whole.data[2:7]


@pytest.mark.parametrize(
    "name", ["claude-sonnet-4-5", "claude-sonnet-4.5", "claude-sonnet-4-5-20250929"]
)
def test_one_model(client: Anthropic, name: str) -> None:
    model = client.models.retrieve(name)
    assert (model.id, model.type) == ("claude-sonnet-4-5", "model")
    assert model.display_name == "Claude Sonnet 4.5" and model.max_input_tokens == 200_000


@pytest.mark.filterwarnings("ignore:The model .* is deprecated:DeprecationWarning")
def test_every_listed_model_answers(client: Anthropic) -> None:
    for model in client.models.list():
        message = client.messages.create(model=model.id, max_tokens=1024, messages=HELLO)
        assert message.content[-1].type == "text" and message.content[-1].text
