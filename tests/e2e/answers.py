"""Answers of the gateway as bytes, held to the rules of claude-api.md 5 to 7 and told in a word.

Written from the reference and not with the gateway's own codecs, as clients are.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
    404: "not_found_error", 405: "invalid_request_error", 413: "request_too_large",
    429: "rate_limit_error", 500: "api_error", 502: "api_error", 503: "api_error",
    504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip
"""The error type that belongs to each status (claude-api.md 7.2)."""
STOP_REASONS = frozenset({
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "pause_turn",
    "model_context_window_exceeded",
})  # fmt: skip
_DELTAS = {"text": ("text_delta",), "tool_use": ("input_json_delta",),
           "server_tool_use": ("input_json_delta",), "web_search_tool_result": (),
           "thinking": ("thinking_delta", "signature_delta"), "redacted_thinking": ()}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """*broken* says that the connection ended before the answer did."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    broken: bool = False

    def outcome(self) -> str:
        """``end_turn``, ``429 rate_limit_error``, ``error: api_error``: how it went.

        Raises:
            AssertionError: it is nothing that a client understands.
        """
        assert not self.broken
        assert self.headers["request-id"].startswith("req_")
        if self.status != 200:
            return f"{self.status} {self._refusal()}"
        if self.headers["content-type"].startswith("text/event-stream"):
            return ending(events(self.body))
        assert self.headers["content-type"] == "application/json"
        return _message(json.loads(self.body))

    def _refusal(self) -> str:
        assert self.headers["content-type"] == "application/json"
        body = json.loads(self.body)
        assert body.keys() == {"type", "error", "request_id"} and body["type"] == "error"
        assert body["request_id"] == self.headers["request-id"]
        kind = _error(body["error"])
        assert kind == KINDS[self.status]
        return kind


def events(body: bytes) -> list[Json]:
    """Every event: an ``event:`` line, one ``data:`` line that repeats its name, an empty one."""
    *blocks, rest = body.split(b"\n\n")
    assert rest == b""
    found: list[Json] = []
    for block in blocks:
        name, data = block.split(b"\n")
        # A delta of half a character would not be UTF-8.
        event = json.loads(data.removeprefix(b"data: ").decode())
        assert name == b"event: " + event["type"].encode()
        found.append(event)
    return found


def ending(heard: Iterable[Json]) -> str:
    """The stop reason of a legal stream, or ``error: TYPE`` where it ended in one."""
    said = [event for event in heard if event["type"] != "ping"]
    if said[-1]["type"] == "error":
        blocks(said[1:-1], broken=True)
        return f"error: {_error(said[-1]['error'])}"
    start, *middle, delta, stop = said
    assert start["type"] == "message_start" and stop == {"type": "message_stop"}
    message = start["message"]
    assert message["content"] == [] and message["stop_reason"] is None
    assert message["id"].startswith("msg_") and message["role"] == "assistant"
    _usage(message["usage"])
    assert delta["type"] == "message_delta" and "stop_sequence" in delta["delta"]
    _usage(delta["usage"])
    reason: str = delta["delta"]["stop_reason"]
    _check_content(blocks(middle), reason)
    return reason


def blocks(middle: Sequence[Json], *, broken: bool = False) -> list[Json]:
    """The content that the events between head and end amount to.

    Args:
        broken: Whether the last block may be left open.
    """
    content: list[Json] = []
    pieces: list[str] | None = None  # of the input of the block that is open, if one is
    for event in middle:
        if event["type"] == "content_block_start":
            assert pieces is None and event["index"] == len(content)
            content.append(dict(event["content_block"]))
            assert not any(content[-1].get(name) for name in _FILLED_LATER)
            pieces = []
            continue
        assert pieces is not None and event["index"] == len(content) - 1
        if event["type"] == "content_block_delta":
            _add(content[-1], event["delta"], pieces)
        else:
            assert event["type"] == "content_block_stop"
            content[-1] |= _input("".join(pieces))
            pieces = None
    assert pieces is None or broken
    return content


_FILLED_LATER = ("text", "thinking", "signature", "input")


def _input(said: str) -> Json:
    """What a tool is called with; text that is no JSON is left as it is."""
    try:
        return {"input": json.loads(said)} if said else {}
    except ValueError:
        return {"input": said}


def _add(block: Json, delta: Json, pieces: list[str]) -> None:
    kind = delta["type"]
    assert kind in _DELTAS[block["type"]]
    if kind == "input_json_delta":
        pieces.append(delta["partial_json"])
        return
    name = kind.removesuffix("_delta")
    # The signature is the last of a thinking block, and comes once.
    assert not block.get("signature")
    block[name] += delta[name]


def _message(message: Json) -> str:
    assert message["type"] == "message" and message["role"] == "assistant"
    assert message["id"].startswith("msg_") and "stop_sequence" in message
    _usage(message["usage"])
    reason: str = message["stop_reason"]
    _check_content(message["content"], reason)
    return reason


def _check_content(content: Sequence[Json], reason: str) -> None:
    assert reason in STOP_REASONS
    calls = [block["input"] for block in content if block["type"] == "tool_use"]
    if reason == "max_tokens":
        return  # that may have been inside a call
    assert bool(calls) == (reason == "tool_use")
    assert all(isinstance(given, dict) for given in calls)


def _usage(usage: Json) -> None:
    for name in ("input_tokens", "output_tokens"):
        assert isinstance(usage[name], int) and usage[name] >= 0
    for name in ("cache_creation_input_tokens", "cache_read_input_tokens"):
        assert usage[name] is None or usage[name] >= 0


def _error(error: Json) -> str:
    kind, words = error["type"], error["message"]
    assert isinstance(words, str) and words
    assert "Internal server error" not in words and "Traceback" not in words
    assert isinstance(kind, str) and kind in KINDS.values()
    return kind
