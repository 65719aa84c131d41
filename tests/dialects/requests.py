"""Requests to try: a plain one to change, a rich one with everything in it, images."""

import base64
import copy
import struct
from typing import Any

import msgspec
from hypothesis import strategies as st

Json = Any

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 2, 2) + b"\x08\x06\0\0\0"
IMAGES = {
    # As much of an image as tells its size: two pixels by two.
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xc0\0\x0b\x08\0\x02\0\x02\x01\x01\x11\0",
    "image/gif": b"GIF89a\x02\0\x02\0",
    "image/webp": b"RIFF\0\0\0\0WEBPVP8L\x0a\0\0\0\x2f\x01\x40\0\0",
}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def image(media_type: str = "image/png", data: str = b64(PNG)) -> Json:
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": media_type, "data": data},
    }


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def user(*content: Json) -> Json:
    return {"role": "user", "content": list(content)}


def assistant(*content: Json) -> Json:
    return {"role": "assistant", "content": list(content)}


def call(**input: Json) -> Json:
    return {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": input}


def result(content: Json = "ok") -> Json:
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}


def document(**source: Json) -> Json:
    return {"type": "document", "source": source}


def tool(name: str = "Read", **more: Json) -> Json:
    return {"name": name, "input_schema": {"type": "object", "properties": {}}, **more}


PLAIN: Json = {
    "model": "claude-sonnet-4.5",
    "max_tokens": 4096,
    "messages": [{"role": "user", "content": "hi"}],
}

RICH: Json = {
    # As Claude Code sends it (clients.md 2), with every block that is not refused.
    **PLAIN,
    "stream": True,
    "system": [
        {**text("x-anthropic-billing-header: cc_version=2.1.329"), "cache_control": None},
        {**text("You are Claude Code."), "cache_control": {"type": "ephemeral"}},
    ],
    "messages": [
        user(text("look 日本 \u2028"), image(), document(type="text", data="notes")),
        {"role": "system", "content": "be brief", "output_config": {"effort": "low"}},
        assistant(
            {"type": "thinking", "thinking": "hm", "signature": "foreign"},
            {"type": "redacted_thinking", "data": "abc"},
            text("reading"),
            call(path="/é"),
        ),
        user(
            result([text("1→x"), image(), {"type": "tool_reference", "tool_name": "Write"}]),
            {"type": "search_result", "source": "s", "title": "t", "content": [text("found")]},
            document(type="content", content=[text("a"), image()]),
        ),
        {"role": "system", "content": []},
        assistant(
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        ),
        {"role": "user", "content": "go on"},
    ],
    "tools": [
        tool(description="Reads.", strict=True, input_examples=[{}]),
        tool("Write", type="custom", defer_loading=True, cache_control={"type": "ephemeral"}),
        {"name": "bash", "type": "bash_20250124"},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
    "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {}}},
    "stop_sequences": ["STOP"],
    "temperature": 1,
    "top_p": 0.5,
    "top_k": 5,
    "metadata": {"user_id": '{"session_id":"x"}'},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
}  # fmt: skip


def body(*messages: Json, **changes: Json) -> bytes:
    """The plain request with these messages, if any, and these fields; ``...`` takes one out."""
    request = {**copy.deepcopy(PLAIN), **changes}
    if messages:
        request["messages"] = list(messages)
    return msgspec.json.encode({k: v for k, v in request.items() if v is not ...})


def paths(value: Json, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside a JSON value."""
    steps: list[Any] = []
    if isinstance(value, dict | list):
        steps = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [way for s in steps for way in [(*here, s), *paths(value[s], (*here, s))]]


def replaced(value: Json, path: tuple[Any, ...], new: Json) -> Json:
    """A copy with *new* at *path*; ``...`` takes the place out."""
    value = copy.deepcopy(value)
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    if new is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return value


JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
PIECES: st.SearchStrategy[Json] = st.sampled_from(
    [RICH["messages"], RICH["tools"], RICH["thinking"], image(), call(), text(""), [], {}]
)


@st.composite
def nearly_valid(draw: st.DrawFn) -> Json:
    """A valid request with up to three things replaced or taken out."""
    value = copy.deepcopy(draw(st.sampled_from([PLAIN, RICH])))
    for _ in range(draw(st.integers(0, 3))):
        if ways := paths(value):
            value = replaced(value, draw(st.sampled_from(ways)), draw(st.just(...) | JSON | PIECES))
    return value
