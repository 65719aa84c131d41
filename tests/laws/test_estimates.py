"""Estimates of any request: never nothing, and never less for more."""

import json

import msgspec
from hypothesis import given, note

from amq2api.bridge import tokens
from amq2api.dialects import messages as m
from laws.conversations import Request, requests
from laws.tally import held
from laws.texts import SAID


@given(requests(), SAID)
def test_more_is_never_estimated_as_less(request: Request, text: str) -> None:
    note(json.dumps({"version": request.version, "body": request.body, "more": text}))
    call = request.decoded()
    # Thoughts end being counted when the next turn begins (claude-api.md 8.1).
    call = msgspec.structs.replace(call, messages=[_thoughtless(one) for one in call.messages])
    was = tokens.estimate(call)
    assert was > 0
    more = [*call.messages, m.Message("user", text)]
    assert tokens.estimate(msgspec.structs.replace(call, messages=more)) > was
    told = [*([m.Text(call.system)] if isinstance(call.system, str) else call.system or []),
            m.Text(text)]  # fmt: skip
    assert tokens.estimate(msgspec.structs.replace(call, system=told)) >= was
    tools = [*(call.tools or []), m.Tool(name=text)]
    assert tokens.estimate(msgspec.structs.replace(call, tools=tools)) > was
    held("more is never estimated as less")


def _thoughtless(message: m.Message) -> m.Message:
    if not isinstance(message.content, list):
        return message
    thoughts = (m.Thinking, m.RedactedThinking)
    rest = [block for block in message.content if not isinstance(block, thoughts)]
    return msgspec.structs.replace(message, content=rest)
