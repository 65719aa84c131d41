"""A Messages stream judged by its bytes, as a client that believes the documentation would.

A second opinion, written from claude-api.md 5, 6 and the assertions C-108 to C-142 alone; it
imports nothing of the program. What the documentation leaves open is let pass. The numbers in
the complaints are those of claude-api.md 10.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NoReturn, TypeAlias

from laws import grammar_shapes as shapes
from laws.grammar_shapes import Illegal, Json, demand

__all__ = ["Illegal", "Judge", "State"]

State: TypeAlias = Literal["new", "between", "block", "ending", "stopped", "failed"]

# 6.1: message_start *( ping / block ) 1*message_delta message_stop. A ping may come at any time
# (6.5), and instead of anything else an error, after which there is nothing more.
_ORDER: Mapping[State, Mapping[str, State]] = {
    "new": {"message_start": "between", "ping": "new", "error": "failed"},
    "between": {"content_block_start": "block", "message_delta": "ending", "ping": "between",
                "error": "failed"},
    "block": {"content_block_delta": "block", "content_block_stop": "between", "ping": "block",
              "error": "failed"},
    "ending": {"message_delta": "ending", "message_stop": "stopped", "ping": "ending",
               "error": "failed"},
    "stopped": {},
    "failed": {},
}  # fmt: skip

_EVENT = re.compile(r"event: ([a-z_]+)\r?\ndata: ([^\r\n]*)")
_DELTAS: Mapping[str, tuple[str, ...]] = {
    "text": ("text_delta", "citations_delta"),
    "thinking": ("thinking_delta", "signature_delta"),
    "tool_use": ("input_json_delta",),
    "server_tool_use": ("input_json_delta",),
}
_CALLS = ("tool_use", "server_tool_use")
_CUT = ("max_tokens", "model_context_window_exceeded")


class Judge:
    """Feed it what a client receives; it raises :exc:`Illegal` at the first thing amiss."""

    def __init__(self) -> None:
        self.state: State = "new"
        self.content: list[Json] = []
        """The blocks begun so far, filled as the SDKs fill theirs (6.6)."""
        self.head: Json = {}
        self.end: Json = {}
        """The last ``message_delta``."""
        self.error: Json = {}
        self.torn: list[int] = []
        """Tool calls whose input is no object: cut, and told so by the stop reason (C-141)."""
        self._rest = b""
        self._input: list[str] = []
        self._signed = False

    @property
    def settled(self) -> bool:
        """Whether the bytes so far end where an event ends (C-133)."""
        return not self._rest

    def feed(self, data: bytes) -> None:
        *whole, self._rest = re.split(rb"\n\n|\r\n\r\n", self._rest + data)
        for event in whole:
            if not event.startswith(b":"):
                self._meet(*_read(event))

    def whole(self) -> Json:
        """The message of a stream that has stopped, as the SDKs' accumulators build it."""
        demand(self.state == "stopped", "C-130", f"the stream ends in state {self.state}")
        delta = self.end["delta"]
        kept = [block for at, block in enumerate(self.content) if at not in self.torn]
        return {
            **self.head,
            **{key: delta[key] for key in ("stop_reason", "stop_sequence")},
            "stop_details": delta.get("stop_details"),
            "content": kept,
            "usage": {**self.head["usage"], **self.end["usage"]},
        }

    def said(self, kind: str) -> str:
        """All text of one kind of block, ``text`` or ``thinking``, whatever stands between."""
        return "".join(block[kind] for block in self.content if block["type"] == kind)

    def _meet(self, name: str, data: Json) -> None:
        following = _ORDER[self.state].get(name)
        if following is None:
            raise Illegal("6.1", f"{name} in state {self.state}")
        self.state = following
        _MEETINGS[name](self, data)

    def _message_start(self, data: Json) -> None:
        self.head = shapes.head(data)

    def _block_start(self, data: Json) -> None:
        demand(data.get("index") == len(self.content), "C-122", f"index {data.get('index')}")
        block = shapes.block(data.get("content_block"))
        ids = [known["id"] for known in self.content if known["type"] in _CALLS]
        if block["type"] in _CALLS:
            demand(block["id"] not in ids, "C-114", "two calls with one id")
        if block["type"] == "web_search_tool_result":
            asked = [known["id"] for known in self.content if known["type"] == "server_tool_use"]
            demand(block["tool_use_id"] in asked, "3.3", "a result that answers no call")
        self.content.append(block)
        self._input, self._signed = [], False

    def _delta(self, data: Json) -> None:
        demand(data.get("index") == len(self.content) - 1, "C-122", f"index {data.get('index')}")
        block, delta = self.content[-1], data.get("delta")
        kind = delta.get("type") if isinstance(delta, dict) else None
        demand(kind in _DELTAS.get(block["type"], ()), "6.3", f"{kind} in {block['type']}")
        demand(not self._signed, "C-127", "a delta after the signature")
        match delta:
            case {"text": str(text)} | {"thinking": str(text)}:
                block["text" if kind == "text_delta" else "thinking"] += text
            case {"signature": str(signature)}:
                demand(bool(signature), "C-127", "an empty signature")
                block["signature"], self._signed = signature, True
            case {"partial_json": str(fragment)}:
                self._input.append(fragment)
            case {"citation": dict()}:
                pass
            case _:
                raise Illegal("6.3", f"{kind} without its member")

    def _block_stop(self, data: Json) -> None:
        demand(data.get("index") == len(self.content) - 1, "C-122", f"index {data.get('index')}")
        block = self.content[-1]
        if block["type"] == "thinking":
            demand(self._signed, "C-127", "a thinking block without a signature")
        if block["type"] in _CALLS:
            value = _value("".join(self._input) or "{}")
            if isinstance(value, dict):
                block["input"] = value
            else:
                self.torn.append(len(self.content) - 1)

    def _message_delta(self, data: Json) -> None:
        self.end = shapes.end(data)
        used = self.end["usage"]["output_tokens"]
        demand(used >= self.head["usage"]["output_tokens"], "6.4", "output_tokens go back")
        reason = self.end["delta"]["stop_reason"]
        kinds = {block["type"] for block in self.content}
        demand("tool_use" in kinds or reason != "tool_use", "C-112", "tool_use without a call")
        demand(
            "tool_use" not in kinds or reason not in ("end_turn", "pause_turn"),
            "C-112", f"{reason} with a tool call",
        )  # fmt: skip
        demand(not self.torn or reason in _CUT, "C-125", f"{reason} with half a tool call")
        if len(self.content) > 1:
            blank = any(block.get("text") == "" for block in self.content)
            demand(not blank, "C-110", "an empty text block")

    def _error(self, data: Json) -> None:
        self.error = shapes.error(data)

    def _nothing(self, data: Json) -> None:
        demand(data.keys() == {"type"}, "6.2", f"members {sorted(data)}")


_MEETINGS: Mapping[str, Callable[[Judge, Json], None]] = {
    "message_start": Judge._message_start,
    "content_block_start": Judge._block_start,
    "content_block_delta": Judge._delta,
    "content_block_stop": Judge._block_stop,
    "message_delta": Judge._message_delta,
    "message_stop": Judge._nothing,
    "ping": Judge._nothing,
    "error": Judge._error,
}


def _read(event: bytes) -> tuple[str, Json]:
    try:
        found = _EVENT.fullmatch(event.decode())
    except UnicodeDecodeError as exc:
        raise Illegal("C-134", str(exc)) from exc
    if found is None:
        raise Illegal("C-119", f"no event: {event[:80]!r}")
    name, data = found[1], _value(found[2], strict=True)
    demand(isinstance(data, dict) and data.get("type") == name, "C-119", f"{name} is not its type")
    return name, data


def _value(text: str, *, strict: bool = False) -> Any:
    """The JSON value; None for what is none, unless *strict*."""
    try:
        value = json.loads(text, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        if strict:
            raise Illegal("C-119", f"no JSON: {exc}") from exc
        return None
    return value


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")
