"""What holds for every conversation, whatever a client sends."""

import itertools
import json
from collections.abc import Iterator
from string import Formatter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge import tokens
from amq2api.bridge.amazonq import words
from amq2api.bridge.amazonq.fidelity import TABLE
from amq2api.bridge.amazonq.names import Names
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.sim.validator import validate
from bridge.conversations import (
    SAID,
    TOOLS,
    Json,
    assistant,
    calls,
    converted,
    messages,
    request,
    requests,
    sent,
    turns,
    user,
)

BUDGETS = st.none() | st.just(2048)


@given(requests(), BUDGETS, st.booleans())
def test_the_service_takes_it(request: Json, budget: int | None, replay: bool) -> None:
    made = converted(request, think_tags=budget, replay_reasoning=replay)
    body = msgspec.json.decode(q.encode(q.GenerateRequest(made.state)))
    assert validate(body) is None


@given(requests(), BUDGETS)
def test_nothing_is_lost(request: Json, budget: int | None) -> None:
    state = sent(converted(request, think_tags=budget))
    heard = list(strings(state))
    for text in said(request):
        assert any(text in string for string in heard), text
    pictures = [image["source"]["bytes"] for turn in messages(state)
                for image in turn.get("images", [])]  # fmt: skip
    assert sorted(pictures) == sorted(image_data(request["messages"]))
    # A search of the API's own is a tool use to the service; it has laws of its own.
    inputs = [use["input"] for turn in messages(state) for use in turn.get("toolUses", [])
              if use["name"] != "web_search"]  # fmt: skip
    assert inputs == [block["input"] for block in blocks(request) if block["type"] == "tool_use"]


@given(requests(), BUDGETS)
def test_nothing_is_invented(request: Json, budget: int | None) -> None:
    state = sent(converted(request, think_tags=budget))
    theirs = client_words(request)
    for text in spoken(state):
        assert made_of(text, theirs | OURS), text


@given(requests())
def test_notes_speak_of_rows_of_the_table(request: Json) -> None:
    for note in converted(request).notes:
        assert note.subject in TABLE
        assert note.count > 0


@given(requests())
def test_the_same_call_gives_the_same_conversation(request: Json) -> None:
    assert converted(request) == converted(request)


@given(
    turns(),
    SAID,
    SAID,
    turns(),
    st.fixed_dictionaries(
        {},
        optional={
            "system": SAID,
            # Deferred tools may come into play later, and change what is declared.
            "tools": TOOLS.map(lambda tools: [{**tool, "defer_loading": False} for tool in tools]),
        },
    ),
)
def test_a_conversation_only_grows(
    earlier: list[Json], asked: str, reply: str, later: list[Json], members: Json
) -> None:
    """Where the user said something, the model answered, and system and tools stay the same.

    The service's cache and the reader of its logs see one conversation, and not many.
    """
    so_far = [*earlier, user(asked)]
    before = sent(converted(request(*so_far, **members)))
    after = sent(converted(request(*so_far, assistant(reply), *later, **members)))
    begun = messages(before)
    begun[-1].pop("modelId")
    begun[-1].get("userInputMessageContext", {}).pop("tools", None)
    if begun[-1].get("userInputMessageContext") == {}:
        del begun[-1]["userInputMessageContext"]
    assert messages(after)[: len(begun)] == begun


@given(requests())
def test_results_answer_the_uses_before_them_in_their_order(request: Json) -> None:
    turns = messages(sent(converted(request)))
    for earlier, later in itertools.pairwise([{}, *turns]):
        uses = [use["toolUseId"] for use in earlier.get("toolUses", [])]
        results = later.get("userInputMessageContext", {}).get("toolResults", [])
        assert [result["toolUseId"] for result in results] == uses


@given(requests())
def test_names_are_restored(request: Json) -> None:
    made = converted(request)
    declared = {
        tool["toolSpecification"]["name"]
        for tool in messages(sent(made))[-1].get("userInputMessageContext", {}).get("tools", [])
    }
    theirs = {tool["name"] for tool in request.get("tools", [])}
    theirs |= {block["name"] for block in blocks(request)
               if block["type"] in ("tool_use", "server_tool_use")}  # fmt: skip
    assert {made.names.get(name, name) for name in declared} <= theirs


@given(calls(), SAID)
def test_more_is_never_estimated_as_less(call: m.Call, text: str) -> None:
    # Thoughts end being counted when the next turn begins (claude-api.md 8.1).
    call = msgspec.structs.replace(call, messages=[_thoughtless(one) for one in call.messages])
    was = tokens.estimate(call)
    more = [*call.messages, m.Message("user", text)]
    assert tokens.estimate(msgspec.structs.replace(call, messages=more)) > was
    told = [*([m.Text(call.system)] if isinstance(call.system, str) else call.system or []),
            m.Text(text)]  # fmt: skip
    assert tokens.estimate(msgspec.structs.replace(call, system=told)) >= was
    tools = [*(call.tools or []), m.Tool(name=text)]
    assert tokens.estimate(msgspec.structs.replace(call, tools=tools)) > was


def _thoughtless(message: m.Message) -> m.Message:
    if not isinstance(message.content, list):
        return message
    rest = [block for block in message.content if not isinstance(block, m.Thinking)]
    return msgspec.structs.replace(message, content=rest)


def strings(value: Any) -> Iterator[str]:
    """Every string value in some JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def blocks(request: Json) -> Iterator[Json]:
    for message in request["messages"]:
        if isinstance(message["content"], list):
            yield from message["content"]


def said(request: Json) -> Iterator[str]:
    """The texts that have to arrive: all but blank ones and the assistant's thoughts."""
    yield from filter(str.strip, texts(request.get("system", "")))
    for message in request["messages"]:
        yield from filter(str.strip, texts(message["content"]))
    for tool in request.get("tools", []):
        offered = request.get("tool_choice", {}).get("type") in (None, "auto", "any")
        description = tool.get("description", "")
        if offered and not tool.get("defer_loading") and description.strip():
            yield description[:10_000]
            yield description[10_000:]


def texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            yield from texts(block)
    elif isinstance(content, dict):
        match content["type"]:
            case "text":
                yield content["text"]
            case "document":
                yield from (content.get("title", ""), content.get("context", ""))
                yield from texts(content["source"].get("content") or content["source"].get("data"))
            case "search_result":
                yield from (content["title"], content["source"])
                yield from texts(content["content"])
            case "tool_result":
                yield from texts(content["content"])


def image_data(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "base64":
            yield value["data"]
        for inner in value.values():
            yield from image_data(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from image_data(inner)


def spoken(state: Json) -> Iterator[str]:
    """Every text of a conversation that a model reads as language."""
    for turn in messages(state):
        yield turn["content"]
        context = turn.get("userInputMessageContext", {})
        for answer in context.get("toolResults", []):
            yield from (part["text"] for part in answer["content"])
        for tool in context.get("tools", []):
            yield tool["toolSpecification"]["description"]
        yield turn.get("reasoningContent", {}).get("reasoningText", {}).get("text", "")


OURS = frozenset(
    piece
    for sentence in words.ALL - {words.MARKER_SIGNATURE}
    for piece, *_ in Formatter().parse(sentence)
) | frozenset("\n0123456789")  # separators and the numbers that are filled in


def client_words(request: Json) -> frozenset[str]:
    """Everything a client said, and its JSON where a block has no other form."""
    names = Names(tool["name"] for tool in request.get("tools", []))
    theirs = {*strings(request)}
    theirs |= {names.upstream(text) for text in list(theirs) if len(text) < 100}
    theirs |= {text[10_000:] for text in list(theirs)}
    theirs |= {text[:10_000] for text in list(theirs)}
    for block in [*blocks(request), *results(request)]:
        theirs.add(json.dumps(block, ensure_ascii=False, separators=(",", ":")))
        if block["type"] == "web_search_tool_result":
            pages = block["content"] if isinstance(block["content"], list) else [block["content"]]
            theirs |= {json.dumps(page, ensure_ascii=False, separators=(",", ":"))
                       for page in pages}  # fmt: skip
        some = {key: value for key, value in block.items() if value is not None}
        theirs.add(json.dumps(some, ensure_ascii=False, separators=(",", ":")))
    schema = request.get("output_config", {}).get("format", {}).get("schema")
    theirs.add(json.dumps(schema, ensure_ascii=False, separators=(",", ":")))
    return frozenset(theirs)


def results(request: Json) -> Iterator[Json]:
    for block in blocks(request):
        if block["type"] == "tool_result" and isinstance(block["content"], list):
            yield from block["content"]


def made_of(text: str, pieces: frozenset[str]) -> bool:
    """Whether *text* is nothing but *pieces*, one after the other."""
    usable = [piece for piece in pieces if piece and piece in text]
    reached = {0}
    for at in range(len(text)):
        if at in reached:
            reached.update(at + len(piece) for piece in usable if text.startswith(piece, at))
    return len(text) in reached


def test_the_law_of_words_can_fail() -> None:
    assert made_of("αβ\n\nα", frozenset({"α", "β", "\n"}))
    assert not made_of("α and β", frozenset({"α", "β", "\n"}))
