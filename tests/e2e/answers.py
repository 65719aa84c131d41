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
        blocks(said[1:-1], whole=False)
        return f"error: {_error(said[-1]['error'])}"
    start, *middle, delta, stop = said
    assert start["type"] == "message_start" and stop == {"type": "message_stop"}
    message = start["message"]
    assert message["content"] == [] and message["stop_reason"] is None
    assert message["id"].startswith("msg_") and message["role"] == "assistant"
    _usage(message["usage"])
    assert delta["type"] == "message_delta"
    _usage(delta["usage"])
    reason: str = delta["delta"]["stop_reason"]
    assert reason in STOP_REASONS and "stop_sequence" in delta["delta"]
    kinds = [block["type"] for block in blocks(middle, whole=reason != "max_tokens")]
    assert ("tool_use" in kinds) == (reason == "tool_use") or reason == "max_tokens"
    return reason


def blocks(middle: Sequence[Json], *, whole: bool = True) -> list[Json]:
    """The content that the events between head and end amount to.

    Args:
        whole: Whether the last block must be complete.
    """
    content: list[Json] = []
    pieces: list[str] = []
    begun = False
    for event in middle:
        if event["type"] == "content_block_start":
            assert not begun and event["index"] == len(content)
            content.append(dict(event["content_block"]))
            assert all(not value for name, value in content[-1].items() if name in _FILLED)
            pieces, begun = [], True
        elif event["type"] == "content_block_delta":
            assert begun and event["index"] == len(content) - 1
            _add(content[-1], event["delta"], pieces)
        else:
            assert event == {"type": "content_block_stop", "index": len(content) - 1} and begun
            begun = False
            if content[-1]["type"] == "tool_use" and (whole or len(content) < len(middle)):
                content[-1]["partial"] = "".join(pieces)
    assert not (whole and begun)
    for block in content:
        if whole and "partial" in block:
            block["input"] = json.loads(block.pop("partial") or "{}")
            assert isinstance(block["input"], dict)
    return content


_FILLED = ("text", "thinking", "signature", "input")


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
    assert reason in STOP_REASONS
    calls = [block for block in message["content"] if block["type"] == "tool_use"]
    assert all(isinstance(call["input"], dict) for call in calls)
    assert bool(calls) == (reason == "tool_use")
    return reason


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
