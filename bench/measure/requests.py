"""What clients ask: a request of one line, and one as Claude Code sends it in mid-session.

Each says in its text which script the upstream is to play, and at what pace.
"""

import json
import random
from typing import Any

from .scripts import prose

MODEL = "claude-sonnet-4.5"
# Large enough for every script, or a gateway that honours it would rightly cut the answer.
_MAX_TOKENS = 32_000


def small(script: str, rate: float = 0) -> bytes:
    """The least that is legal."""
    return _encode([{"role": "user", "content": _cue(script, rate)}])


def unbounded(script: str, rate: float = 0) -> bytes:
    """One that may be answered with more than any model would say."""
    return _encode([{"role": "user", "content": _cue(script, rate)}], max_tokens=100_000_000)


def session(size: int, script: str, rate: float = 0) -> bytes:
    """A session of 61 messages (30 calls of 20 tools and their results) of about *size* bytes.

    What grows with *size* is the results, as it does in life.
    """
    # A byte of result is a little more in JSON: how much, a first draft tells.
    bare, draft = (len(_session(result, script, rate)) for result in (0, 1000))
    return _session((size - bare) * 1000 // (draft - bare), script, rate)


def _cue(script: str, rate: float) -> str:
    return f"play:{script}@{rate:g};"


def _encode(messages: list[dict[str, Any]], **more: Any) -> bytes:
    body = {"model": MODEL, "max_tokens": _MAX_TOKENS, "stream": True, **more, "messages": messages}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _session(result: int, script: str, rate: float) -> bytes:
    draw = random.Random(11)
    tools = [_tool(draw, i) for i in range(20)]
    messages: list[dict[str, Any]] = [{"role": "user", "content": _text(draw, 200)}]
    for turn in range(30):
        name = tools[turn % len(tools)]["name"]
        messages += _turn(draw, f"toolu_{turn:024}", name, result)
    cached = {"cache_control": {"type": "ephemeral"}}
    messages[-1]["content"].append({"type": "text", "text": _cue(script, rate), **cached})
    system = [
        {"type": "text", "text": "You are a careful programmer.", **cached},
        {"type": "text", "text": _text(draw, 12_000), **cached},
    ]
    metadata = {"user_id": "user_0_account__session_0"}
    return _encode(messages, temperature=1, system=system, tools=tools, metadata=metadata)


def _turn(draw: random.Random, id_: str, tool: str, result: int) -> list[dict[str, Any]]:
    change = {
        "file_path": "/src/module.py",
        "old_string": _text(draw, 250),
        "new_string": _text(draw, 280),
        "replace_all": False,
    }
    call = {"type": "tool_use", "id": id_, "name": tool, "input": change}
    told: Any = _text(draw, result)
    if draw.random() < 0.5:
        told = [{"type": "text", "text": told}]
    return [
        {"role": "assistant", "content": [{"type": "text", "text": _text(draw, 250)}, call]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": id_, "content": told}],
        },
    ]


def _tool(draw: random.Random, number: int) -> dict[str, Any]:
    kinds = ("string", "number", "boolean")
    properties = {
        f"option_{i}": {"type": draw.choice(kinds), "description": _text(draw, 110)}
        for i in range(draw.randint(2, 8))
    }
    return {
        "name": f"Tool{number}",
        "description": _text(draw, draw.randint(600, 3000)),
        "input_schema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": properties,
            "required": ["option_0", "option_1"],
            "additionalProperties": False,
        },
    }


def _text(draw: random.Random, size: int) -> str:
    """About *size* bytes, escapes and other scripts included."""
    text = "".join(prose(size // 15 + 1, seed=draw.randrange(1 << 30)))
    return text.encode()[:size].decode(errors="ignore")
