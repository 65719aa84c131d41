"""The shapes of what a stream's events carry: claude-api.md 5, 6.2, 6.4, 7.1."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

_REASONS = frozenset({
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal",
    "model_context_window_exceeded", "compaction",
})  # fmt: skip
_ERRORS = frozenset({
    "invalid_request_error", "authentication_error", "billing_error", "permission_error",
    "not_found_error", "request_too_large", "rate_limit_error", "timeout_error", "api_error",
    "overloaded_error",
})  # fmt: skip
_SEARCH_ERRORS = frozenset({
    "too_many_requests", "invalid_tool_input", "max_uses_exceeded", "query_too_long",
    "unavailable",
})  # fmt: skip
_SERVER_TOOLS = frozenset({"web_search"})
_CALL_ID = re.compile(r"toolu_[A-Za-z0-9]+")
_SERVER_CALL_ID = re.compile(r"srvtoolu_[A-Za-z0-9]+")
_CACHE = ("cache_creation_input_tokens", "cache_read_input_tokens")


class Illegal(AssertionError):
    """A stream that no client need understand: the rule it breaks, and how."""

    def __init__(self, rule: str, how: str) -> None:
        super().__init__(f"{rule}: {how}")
        self.rule = rule


def demand(held: bool, rule: str, how: str) -> None:
    if not held:
        raise Illegal(rule, how)


def head(event: Json) -> Json:
    """``message_start`` (C-121): a message with everything but content and an end."""
    _members(event, ("type", "message"), rule="C-121")
    message: Json = event["message"]
    demand(isinstance(message, dict), "C-121", "no message")
    _members(message, ("id", "type", "role", "model", "content", "stop_reason", "stop_sequence",
                       "usage"), rule="C-121")  # fmt: skip
    demand(_text(message["id"]) and message["id"].startswith("msg_"), "C-107", "its id")
    demand((message["type"], message["role"]) == ("message", "assistant"), "C-107", "its role")
    demand(_text(message["model"]), "C-107", "its model")
    demand(message["content"] == [], "C-121", "content before any block")
    demand(message["stop_reason"] is None, "C-121", "a stop reason at the start")
    demand(message["stop_sequence"] is None, "C-121", "a stop sequence at the start")
    usage(message["usage"])
    return message


def usage(value: Any) -> None:
    """Token counts, complete at both ends of a stream (C-108, C-121, C-129)."""
    demand(isinstance(value, dict), "C-108", "no usage")
    for name in ("input_tokens", "output_tokens"):
        demand(_count(value.get(name)), "C-108", f"{name} is {value.get(name)!r}")
    for name in _CACHE:
        demand(name in value, "C-129", f"no {name}")
        demand(value[name] is None or _count(value[name]), "C-108", f"{name} is {value[name]!r}")
    searches = value.get("server_tool_use", {"web_search_requests": 0})
    demand(isinstance(searches, dict) and all(map(_count, searches.values())), "5", "searches")


def end(event: Json) -> Json:
    """``message_delta`` (C-128, C-129)."""
    _members(event, ("type", "delta", "usage"), rule="C-128")
    delta = event["delta"]
    _members(delta, ("stop_reason", "stop_sequence"), ("stop_details",), rule="C-128")
    reason, sequence = delta["stop_reason"], delta["stop_sequence"]
    demand(reason in _REASONS, "C-109", f"stop reason {reason!r}")
    if reason == "stop_sequence":
        demand(_text(sequence), "C-048", "which sequence?")
    else:
        demand(sequence is None, "C-049", f"a stop sequence with {reason}")
    details = delta.get("stop_details")
    if reason == "refusal":
        demand(isinstance(details, dict) and details.get("type") == "refusal", "5.1", "details")
    else:
        demand(details is None, "5.1", f"details of {reason}")
    usage(event["usage"])
    return event


def error(event: Json) -> Json:
    """An ``error`` event (C-136): the envelope of 7.1, or as much of it as 6.5 asks for."""
    inner = event.get("error")
    if not isinstance(inner, dict):
        raise Illegal("C-136", "no envelope")
    demand(inner.get("type") in _ERRORS, "C-136", f"error type {inner.get('type')!r}")
    demand(_text(inner.get("message")), "C-136", "no message")
    return event


def block(value: Any) -> Json:
    """A block as it starts (C-123): empty, unless it takes no deltas."""
    demand(isinstance(value, dict), "C-123", "no block")
    kind = value.get("type")
    demand(kind in _BLOCKS, "6.2", f"block type {kind!r}")
    _BLOCKS[kind](value)
    return dict(value)


def _text_block(block: Json) -> None:
    _members(block, ("type", "text"), ("citations",), rule="C-123")
    demand(block["text"] == "", "C-123", "a text that is not empty at its start")


def _thinking(block: Json) -> None:
    _members(block, ("type", "thinking", "signature"), rule="C-123")
    demand((block["thinking"], block["signature"]) == ("", ""), "C-123", "a thought before it")


def _redacted(block: Json) -> None:
    _members(block, ("type", "data"), rule="6.2")
    demand(_text(block["data"]), "6.2", "nothing redacted")


def _tool_use(block: Json) -> None:
    _members(block, ("type", "id", "name", "input"), ("caller",), rule="C-123")
    demand(_matches(_CALL_ID, block["id"]), "C-111", f"id {block['id']!r}")
    demand(_text(block["name"]), "C-111", "no name")
    demand(block["input"] == {}, "C-125", "input at the start")


def _server_tool_use(block: Json) -> None:
    _members(block, ("type", "id", "name", "input"), ("caller",), rule="6.2")
    demand(_matches(_SERVER_CALL_ID, block["id"]), "5.2", f"id {block['id']!r}")
    demand(block["name"] in _SERVER_TOOLS, "3.3", f"server tool {block['name']!r}")
    demand(block["input"] == {}, "C-125", "input at the start")


def _search_result(block: Json) -> None:
    _members(block, ("type", "tool_use_id", "content"), ("caller",), rule="3.3")
    content = block["content"]
    if isinstance(content, dict):
        _members(content, ("type", "error_code"), rule="3.3")
        demand(content["type"] == "web_search_tool_result_error", "3.3", "the error's type")
        demand(content["error_code"] in _SEARCH_ERRORS, "3.3", "the error's code")
        return
    demand(isinstance(content, list), "3.3", "no results")
    for hit in content:
        _members(hit, ("type", "url", "title", "encrypted_content"), ("page_age",), rule="3.3")
        demand(hit["type"] == "web_search_result", "3.3", "the result's type")
        demand(all(isinstance(hit[key], str) for key in ("url", "title")), "3.3", "a result")
        demand(_text(hit["encrypted_content"]), "3.3", "no encrypted content")


_BLOCKS: Mapping[str, Callable[[Json], None]] = {
    "text": _text_block,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "server_tool_use": _server_tool_use,
    "web_search_tool_result": _search_result,
}


def _members(
    value: Any, required: Collection[str], optional: Collection[str] = (), *, rule: str
) -> None:
    demand(isinstance(value, dict), rule, "no object")
    missing = [name for name in required if name not in value]
    strange = [name for name in value if name not in required and name not in optional]
    demand(not missing and not strange, rule, f"missing {missing}, strange {strange}")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
