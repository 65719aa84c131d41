"""A request that has passed the validator, with the things an answer depends on."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from amq2api.sim.catalogue import DEFAULT_MODEL, MODELS, Model
from amq2api.sim.faults import Encoding
from amq2api.sim.validator import size

Thinking: TypeAlias = Literal["none", "summarized", "omitted", "redacted", "tags"]

_REMINDER, _REMINDER_END = "<system-reminder>", "</system-reminder>"
_TAGS = re.compile(
    r"<thinking_mode>enabled</thinking_mode>(<max_thinking_length>\d*</max_thinking_length>)?"
)
_WORKING_DIRECTORY = re.compile(r"(?i)working directory:\s*[`\"']?(/[^\s`\"'<]*)")
_WANTED = re.compile(r"(?m)^[ \t]*sim:([a-z0-9-]+(?::[^\s]+)?)[ \t]*$")


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str
    schema: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        properties = self.schema.get("properties")
        return properties if isinstance(properties, dict) else {}


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool said, with the call it answers."""

    name: str
    arguments: Mapping[str, Any]
    text: str
    failed: bool


@dataclass(frozen=True)
class Question:
    """One request of the validator's liking. What is costly to read is read once."""

    body: Mapping[str, Any]
    encoding: Encoding
    models: Mapping[str, Model]

    @cached_property
    def _state(self) -> Mapping[str, Any]:
        state: Mapping[str, Any] = self.body["conversationState"]
        return state

    @cached_property
    def _current(self) -> Mapping[str, Any]:
        current: Mapping[str, Any] = next(iter(self._state["currentMessage"].values()))
        return current

    @cached_property
    def _context(self) -> Mapping[str, Any]:
        return self._current.get("userInputMessageContext") or {}

    @cached_property
    def history(self) -> list[Mapping[str, Any]]:
        """Bodies of the earlier messages, whoever said them."""
        return [next(iter(message.values())) for message in self._state.get("history", [])]

    @property
    def conversation_id(self) -> str:
        return str(self._state.get("conversationId", ""))

    @property
    def content(self) -> str:
        """The current message's text, reminders and all."""
        return str(self._current.get("content", ""))

    @cached_property
    def text(self) -> str:
        """The current message's text without what clients put there on their own."""
        return _TAGS.sub("", without_reminders(self.content)).strip()

    @property
    def model(self) -> Model:
        return self.models.get(self._current.get("modelId", DEFAULT_MODEL), MODELS[DEFAULT_MODEL])

    @property
    def model_id(self) -> str:
        return str(self.model["modelId"])

    @cached_property
    def tools(self) -> list[Tool]:
        entries = [e.get("toolSpecification") for e in self._context.get("tools") or []]
        return [
            Tool(tool["name"], tool.get("description", ""), tool["inputSchema"]["json"])
            for tool in entries
            if tool is not None
        ]

    @property
    def images(self) -> list[tuple[str, int]]:
        """Format and size in bytes of each image of the current message."""
        images = self._current.get("images") or []
        return [(i["format"], len(i["source"]["bytes"]) * 3 // 4) for i in images]

    @cached_property
    def results(self) -> list[Result]:
        uses = {
            use["toolUseId"]: use for message in self.history for use in message.get("toolUses", [])
        }
        return [
            _result(r, uses.get(r["toolUseId"], {})) for r in self._context.get("toolResults") or []
        ]

    @property
    def opening(self) -> str:
        """The text of the first message, where system text travels (2.8)."""
        first = self.history[0] if self._state.get("history") else self._current
        return str(first.get("content", ""))

    @cached_property
    def working_directory(self) -> str | None:
        """The directory the client says it works in, wherever it says so."""
        said = [m.get("content", "") for m in self.history]
        found = [_WORKING_DIRECTORY.findall(text) for text in [*said, self.content]]
        flat = [place for places in found for place in places]
        return flat[-1].rstrip("/.,") or "/" if flat else None

    @property
    def thinking(self) -> Thinking:
        """How the answer is to be reasoned about, if at all (2.9, 2.8)."""
        fields = self.body.get("additionalModelRequestFields") or {}
        asked = fields.get("thinking", {})
        if asked.get("type") == "disabled":
            return "none"
        if fields.get("reasoning", {}).get("effort", "none") != "none":
            return "redacted"
        if asked or "output_config" in fields:
            return "omitted" if asked.get("display") == "omitted" else "summarized"
        return "tags" if _TAGS.search(self.content) else "none"

    @property
    def max_tokens(self) -> int | None:
        fields = self.body.get("additionalModelRequestFields") or {}
        limit = fields.get("max_tokens")
        return limit if isinstance(limit, int) else None

    @cached_property
    def input_tokens(self) -> int:
        images = sum(len(m.get("images") or []) for m in [*self.history, self._current])
        return size.tokens(size.texts(dict(self.body)), images)

    def key(self, index: int = 0) -> str:
        """A tool use id that differs within a conversation and is the same tomorrow."""
        seed = f"{len(self.history)}\0{index}\0{self.content}\0{self._context.get('toolResults')}"
        digest = hashlib.blake2s(seed.encode("utf-8", "surrogatepass")).hexdigest()
        return f"tooluse_{digest[:22]}"


def without_reminders(text: str) -> str:
    """*text* with a gap where clients put reminders for the model; an unclosed one stays."""
    kept: list[str] = []
    at = 0
    # By hand, because a pattern would look for the end once per beginning.
    while (start := text.find(_REMINDER, at)) >= 0:
        end = text.find(_REMINDER_END, start)
        if end < 0:
            break
        kept.append(text[at:start])
        at = end + len(_REMINDER_END)
    return "\n\n".join([*kept, text[at:]])


def wanted(body: object) -> str | None:
    """The scenario a request's own text asks for with a line ``sim:NAME[:ARG]``, if any.

    The request may be of any shape: refusals can be asked for by a malformed one.
    """
    try:
        message = body["conversationState"]["currentMessage"]  # type: ignore[index]
        content = message["userInputMessage"]["content"]
    except (KeyError, TypeError, IndexError):
        return None
    found = _WANTED.findall(without_reminders(content)) if isinstance(content, str) else []
    return str(found[-1]) if found else None


def _result(result: Mapping[str, Any], use: Mapping[str, Any]) -> Result:
    pieces = [
        block["text"] if "text" in block else json.dumps(block.get("json"), ensure_ascii=False)
        for block in result["content"]
    ]
    said = without_reminders("\n".join(pieces)).strip()
    arguments = use.get("input")
    return Result(
        use.get("name", "tool"),
        arguments if isinstance(arguments, dict) else {},
        said,
        result.get("status") == "error",
    )
