"""Walking through a call and exchanging what is in it."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings

from amq2api.dialects import messages as m
from amq2api.relay.places import Holder, changed
from bridge.conversations import Json
from laws.conversations import Request, requests


def shown(value: object) -> Any:
    """As clients write it."""
    return json.loads(msgspec.json.encode(value))


def held(value: object) -> list[Json]:
    """Every image and document that is no container of others, as JSON has them, in order."""
    if isinstance(value, list):
        return [one for part in value for one in held(part)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "tool_result":
        return held(value.get("content"))
    if value.get("type") == "document" and value["source"]["type"] == "content":
        parts = value["source"]["content"]
        return held(parts) if isinstance(parts, list) else [value]
    return [value] if value.get("type") in ("image", "document") else []


def at(call: Json, place: str) -> object:
    """What is at ``messages.0.content.1.tool_result.content.0``, tags of blocks skipped."""
    here: object = call
    tag_due = True
    for step in place.split("."):
        if isinstance(here, list):
            here, tag_due = here[int(step)], True
        elif isinstance(here, dict):
            if tag_due and step == here.get("type"):
                tag_due = False
            else:
                here, tag_due = here[step], True
    return here


@given(requests().map(Request.decoded))
@settings(max_examples=40)
def test_everything_is_visited_once_and_its_place_is_where_it_is(call: m.Call) -> None:
    seen: list[tuple[str, Json]] = []

    def look(place: str, block: Holder) -> Holder:
        seen.append((place, shown(block)))
        return block

    assert changed(call, look) == call
    whole = {"messages": shown(call.messages)}
    assert [block for _, block in seen] == held([_said(message) for message in whole["messages"]])
    for place, block in seen:
        assert at(whole, place) == block


@given(requests().map(Request.decoded))
@settings(max_examples=40)
def test_what_is_put_is_there_and_nothing_else_is_touched(call: m.Call) -> None:
    new = m.Document(m.TextSource("new"))
    made = changed(call, lambda _, block: new if isinstance(block, m.Document) else block)
    for was, now in zip(call.messages, made.messages, strict=True):
        before, after = held(_said(shown(was))), held(_said(shown(now)))
        assert after == [shown(new) if one["type"] == "document" else one for one in before]
        assert (now is was) is all(one["type"] == "image" for one in before)


def _said(message: Json) -> object:
    return message.get("content")
