"""Yesterday's Anthropic SDK against a gateway: ``old_sdk_script.py URL``.

Runs in a process of its own, with nothing but that SDK to import, and writes what it saw to
standard output as one JSON object. The judging is done in test_old_sdk.py.
"""

import asyncio
import base64
import importlib
import json
import struct
import sys
import zlib
from typing import Any

# Any: the types that mypy sees are those of today's SDK.
anthropic: Any = importlib.import_module("anthropic")

MODEL = "claude-sonnet-4.5"
HELLO = [{"role": "user", "content": "Hello, I am Ada."}]
WEATHER = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                     "required": ["city"]},
}  # fmt: skip


def usual(**more: Any) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 1024, "messages": HELLO, **more}


def create(client: Any) -> Any:
    message = client.messages.create(**usual(temperature=0.5))
    return {"text": message.content[0].text, "stop": message.stop_reason,
            "tokens": message.usage.input_tokens, "request": message._request_id}  # fmt: skip


def stream(client: Any) -> Any:
    with client.messages.stream(**usual()) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    return {"pieces": pieces, "text": message.content[0].text, "stop": message.stop_reason,
            "tokens": message.usage.output_tokens}  # fmt: skip


def asynchronous(client: Any) -> Any:
    async def story() -> Any:
        async with anthropic.AsyncAnthropic(base_url=client.base_url, api_key="k") as other:
            message = await other.messages.create(**usual())
            async with other.messages.stream(**usual()) as stream:
                streamed = await stream.get_final_message()
        return {"text": message.content[0].text, "streamed": streamed.content[0].text}

    return asyncio.run(story())


def tools(client: Any) -> Any:
    talk: list[Any] = [{"role": "user", "content": "What is the weather in Oslo?"}]
    with client.messages.stream(**usual(messages=talk, tools=[WEATHER])) as stream:
        first = stream.get_final_message()
    call = next(block for block in first.content if block.type == "tool_use")
    answer = {"type": "tool_result", "tool_use_id": call.id, "content": "It rains."}
    talk += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [answer]}]
    last = client.messages.create(**usual(messages=talk, tools=[WEATHER]))
    return {"stop": first.stop_reason, "name": call.name, "input": call.input,
            "end": last.stop_reason, "text": last.content[0].text}  # fmt: skip


def images(client: Any) -> Any:
    def chunk(kind: bytes, data: bytes) -> bytes:
        named = kind + data
        return struct.pack("!I", len(data)) + named + struct.pack("!I", zlib.crc32(named))

    head, rows = struct.pack("!IIBBBBB", 2, 2, 8, 2, 0, 0, 0), zlib.compress(bytes(14))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What image is it?"}]
    message = client.messages.create(**usual(messages=[{"role": "user", "content": content}]))
    return message.content[0].text


def thinking(client: Any) -> Any:
    asked = usual(max_tokens=4096, thinking={"type": "enabled", "budget_tokens": 2048})
    with client.messages.stream(**asked) as stream:
        message = stream.get_final_message()
    return [block.type for block in message.content]


def count(client: Any) -> Any:
    few = client.messages.count_tokens(model=MODEL, messages=HELLO).input_tokens
    more = client.messages.count_tokens(model=MODEL, messages=HELLO, tools=[WEATHER]).input_tokens
    return [few, more]


def models(client: Any) -> Any:
    whole = [model.id for model in client.models.list(limit=1000)]
    paged = [model.id for model in client.models.list(limit=1)]
    return {"whole": whole, "paged": paged, "one": client.models.retrieve(MODEL).id}


def errors(client: Any) -> Any:
    """The class and request id of what each scenario raises."""
    raised: dict[str, Any] = {}
    # The suspension is the last: it stops the account.
    for scenario in ("malformed-400", "model-400", "throttle", "internal-500", "exception-first",
                     "suspended-403"):  # fmt: skip
        messages = [{"role": "user", "content": f"sim:{scenario}"}]
        try:
            client.messages.create(**usual(messages=messages))
        except anthropic.APIStatusError as error:
            raised[scenario] = [type(error).__name__, error.request_id]
    return raised


def broken(client: Any) -> Any:
    """What a stream that breaks ends in."""
    messages = [{"role": "user", "content": "sim:exception-mid"}]
    try:
        with client.messages.stream(**usual(messages=messages)) as stream:
            stream.get_final_message()
    except anthropic.APIStatusError as error:
        return error.body
    return None


STORIES = (create, stream, asynchronous, tools, images, thinking, count, models, broken, errors)


def main(url: str) -> None:
    with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=20) as client:
        report = {story.__name__: story(client) for story in STORIES}
    json.dump({"version": anthropic.__version__, **report}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
