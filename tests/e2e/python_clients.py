"""Python clients of today against a gateway: ``python_clients.py CLIENT URL``.

Runs in a process of its own, with nothing but the clients to import, and writes what it saw to
standard output as one JSON object. The judging is done in test_frameworks.py.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel

MODEL = "claude-sonnet-4-5"
HELLO = "Hello, I am Ada."
WEATHER = "What is the weather in Oslo?"


class Person(BaseModel):
    """Who is speaking."""

    name: str


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"It rains in {city}."


# Any: these clients are not installed where mypy looks.
def _from(module: str, *names: str) -> list[Any]:
    found = importlib.import_module(module)
    return [getattr(found, name) for name in names]


def langchain(url: str) -> Any:
    (chat,) = _from("langchain_anthropic", "ChatAnthropic")
    human, answer = _from("langchain_core.messages", "HumanMessage", "ToolMessage")
    (tool,) = _from("langchain_core.tools", "tool")
    model = chat(model=MODEL, base_url=url, api_key="k", max_tokens=1024, max_retries=0)
    told = model.invoke(HELLO)
    chunks = list(model.stream(HELLO))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    bound = model.bind_tools([tool(get_weather)])
    asked = bound.invoke(WEATHER)
    (call,) = asked.tool_calls
    given = answer(get_weather(**call["args"]), tool_call_id=call["id"])
    return {
        "text": told.content,
        "usage": told.usage_metadata,
        "pieces": len(chunks),
        "streamed": whole.text,
        "streamed_usage": whole.usage_metadata,
        "call": [call["name"], call["args"]],
        "answer": bound.invoke([human(WEATHER), asked, given]).content,
        "forced": model.with_structured_output(Person).invoke(HELLO).name,
        "schema": model.with_structured_output(Person, method="json_schema").invoke(HELLO).name,
        "count": model.get_num_tokens_from_messages([human(HELLO)]),
        "overflow": _raised(lambda: model.invoke("sim:too-long-400")),
    }


def litellm(url: str) -> Any:
    completion, rebuilt = _from("litellm", "completion", "stream_chunk_builder")
    usual = {"model": f"anthropic/{MODEL}", "api_base": url, "api_key": "k", "num_retries": 0}
    parameters = {"type": "object", "properties": {"city": {"type": "string"}},
                  "required": ["city"]}  # fmt: skip
    tools = [{"type": "function",
              "function": {"name": "get_weather", "description": "The weather of a city.",
                           "parameters": parameters}}]  # fmt: skip

    def ask(words: str, **more: Any) -> Any:
        return completion(**usual, messages=[{"role": "user", "content": words}], **more)

    def calls(message: Any) -> list[list[Any]]:
        made = [call.function for call in message.tool_calls]
        return [[call.name, json.loads(call.arguments)] for call in made]

    told = ask(HELLO)
    chunks = list(ask(HELLO, stream=True, stream_options={"include_usage": True}))
    whole = rebuilt(chunks)
    called = ask(WEATHER, tools=tools)
    return {
        "text": told.choices[0].message.content,
        "usage": told.usage.prompt_tokens,
        "pieces": len(chunks),
        "streamed": whole.choices[0].message.content,
        "streamed_usage": whole.usage.prompt_tokens,
        "finish": [told.choices[0].finish_reason, called.choices[0].finish_reason],
        "calls": calls(called.choices[0].message),
        "streamed_calls": calls(rebuilt(list(ask(WEATHER, tools=tools, stream=True)))
                                .choices[0].message),
        "odd": _text(ask("sim:unicode", stream=True)),
        "overflow": _raised(lambda: ask("sim:too-long-400")),
    }  # fmt: skip


def pydantic_ai(url: str) -> Any:
    (agent,) = _from("pydantic_ai", "Agent")
    (anthropic,) = _from("pydantic_ai.models.anthropic", "AnthropicModel")
    (provider,) = _from("pydantic_ai.providers.anthropic", "AnthropicProvider")
    model = anthropic(MODEL, provider=provider(base_url=url, api_key="k"))

    async def streamed() -> list[str]:
        async with agent(model).run_stream(HELLO) as answer:
            return [piece async for piece in answer.stream_text(delta=True)]

    return {
        "text": agent(model).run_sync(HELLO).output,
        "streamed": "".join(asyncio.run(streamed())),
        "forced": agent(model, output_type=Person).run_sync(HELLO).output.name,
        "answer": agent(model, tools=[get_weather]).run_sync(WEATHER).output,
    }


def _text(chunks: Iterable[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def _raised(call: Callable[[], Any]) -> list[str]:
    try:
        call()
    except Exception as failure:  # noqa: BLE001  (whatever class it is, is what is asked)
        return [type(failure).__name__, str(failure)]
    return []


if __name__ == "__main__":
    client: Callable[[str], Any] = globals()[sys.argv[1]]
    json.dump(client(sys.argv[2]), sys.stdout)
