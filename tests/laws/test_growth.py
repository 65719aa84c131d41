"""A conversation only grows: what was said is sent again as it was, turn after turn.

The service's cache, and whoever reads its logs, see one conversation and not many.
"""

import json

from hypothesis import assume, given, note
from hypothesis import strategies as st

from amq2api.bridge.amazonq import words
from bridge.conversations import Json
from laws.conversations import Request, members, turns
from laws.tally import held
from laws.upstream import MODELS, Sent, send

NAMES = st.sampled_from(sorted(MODELS))


@given(turns(), turns(), members(), NAMES, st.data())
def test_a_conversation_only_grows(
    earlier: list[Json], later: list[Json], rest: Json, name: str, data: st.DataObject
) -> None:
    """Whatever is added, all before the last turn stays."""
    steady(rest)
    messages = [*earlier, *later]
    at = data.draw(st.integers(1, len(messages) - 1))
    note(json.dumps({"at": at, "body": {**rest, "messages": messages}}))
    before, after = (told(each, rest, name) for each in (messages[:at], messages))
    assume(before and after)
    assert before
    assert after
    kept = before[0].turns[:-1]
    if before[1] == "assistant":
        kept = kept[:-1]  # the assistant may go on, in one turn
    assert after[0].turns[: len(kept)] == kept
    held("all before the last turn stays as it was")


@given(turns(), turns(), members(), st.text("αβ", min_size=1, max_size=3), NAMES)
def test_a_question_stays_as_it_was_asked(
    earlier: list[Json], later: list[Json], rest: Json, reply: str, name: str
) -> None:
    """What stood last stays too, but for what the call asked of its answer."""
    steady(rest)
    asked = [*earlier, {"role": "user", "content": "ω"}]
    for member in ("tool_choice", "output_config", "output_format", "thinking"):
        rest.pop(member, None)  # said with the current message, and of the answer to it
    answered = [*asked, {"role": "assistant", "content": reply}, *later]
    note(json.dumps({"at": len(asked), "body": {**rest, "messages": answered}}))
    before, after = (told(each, rest, name) for each in (asked, answered))
    assume(before and after)
    assert before
    assert after
    current = dict(before[0].turns[-1])
    current.pop("modelId")
    # History may hold calls of tools that are not offered any more.
    current["content"] = current["content"].removesuffix(words.SEPARATOR + words.TOOL_NONE)
    context = dict(current.pop("userInputMessageContext", {}))
    context.pop("tools", None)
    if context:
        current["userInputMessageContext"] = context
    assert after[0].turns[len(before[0].turns) - 1] == current
    held("a question stays as it was asked")


def steady(rest: Json) -> None:
    """Take out what changes the beginning by its nature: a tool that comes into play later may
    have a description that goes on in the first message."""
    for tool in rest.get("tools") or ():
        tool.pop("defer_loading", None)
        if len(tool.get("description") or "") > 5_000:
            tool["description"] = "γ"


def told(messages: list[Json], rest: Json, name: str) -> tuple[Sent, str] | None:
    """What is sent, and who speaks last; None where that is no request."""
    cleared = any(message.get("clear_at") == "next_user_message" for message in messages)
    speakers = [message["role"] for message in messages]
    images = json.dumps(messages).count('"image"')
    last = messages[-1].get("content")
    text = last if isinstance(last, str) else last[-1].get("text", "") if last else ""
    blank = speakers[-1] == "assistant" and text[-1:].isspace()
    if cleared or images > 10 or blank or "user" not in speakers or not _says(messages):
        return None
    # Whoever is silent at the end leaves the last word to the one before.
    heard = [message["role"] for message in messages if _speaks(message)]
    return send(Request({**rest, "messages": messages}), MODELS[name]), heard[
        -1
    ] if heard else "assistant"


def _speaks(message: Json) -> bool:
    """Whether there is something of the message in the conversation that is sent."""
    content = message.get("content") or ""
    if isinstance(content, str) or message["role"] == "assistant":
        return message["role"] == "assistant" or bool(content.strip())
    silent = ("tool_addition", "tool_removal")
    said = [block for block in content if block["type"] not in silent]
    return any(block.get("text", "α").strip() for block in said)


def _says(messages: list[Json]) -> bool:
    """Whether a request with these is taken at all: it needs a text, or any other block."""
    contents = [message.get("content") or "" for message in messages]
    return any(
        content.strip()
        if isinstance(content, str)
        else any(block.get("text", "α").strip() for block in content)
        for content in contents
    )
