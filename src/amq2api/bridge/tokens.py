"""Estimates of what a call costs in tokens. Estimates, and called that wherever they are shown.

Texts are weighed (tokenizer.py), images counted in patches (patches.py). What the API puts around
them is documented in part (claude-api.md 8.3); the rest was derived from published exchanges,
whose counts the API gave: see tests/bridge/test_token_counts.py.

Everything adds up and nothing is negative: more messages, tools or system never mean fewer
tokens. One thing ends being counted: the thoughts of a turn, when the next one begins (8.1).
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import NamedTuple, Protocol

import msgspec

from amq2api.dialects import messages as m

from .seen import Seen
from .tally import Tally
from .tokenizer import Tokenizer, tokenizer_of, version_of, weigh

__all__ = ["PLAIN", "Gauge", "Plain", "Size", "estimate", "size", "tokenizer_of", "weigh"]

_PER_CALL = 3
_PER_MESSAGE = 4  # role and delimiters
_THINKING_ON = 28  # for ``enabled``, whose budget is put to the model in words

# The system prompt about tools, from a version on: for tool_choice auto and none, and for any
# and tool (claude-api.md 8.3). Sonnet and Haiku have their own since 5.
_TOOL_PROMPTS: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = (
    ((5, 0), (286, 406)),
    ((4, 8), (290, 410)),
    ((4, 7), (675, 804)),
    ((4, 6), (497, 589)),
    ((4, 5), (496, 588)),
    ((0, 0), (313, 315)),
)
_SMALLER_SINCE_5 = (354, 474)
# Tools of the API's own kinds, by the beginning of their type (pages of the tools, 2026).
_OWN_TOOLS: Mapping[str, int] = {
    "text_editor_": 700, "bash_": 245, "computer_": 735, "memory_": 700, "web_search_": 120,
}  # fmt: skip


_FORCING = (m.AnyTool, m.OneTool)
_weights: Seen[m.SharedTools, dict[Tokenizer, float]] = Seen(32)


class Size(NamedTuple):
    """What a call weighs by itself, before anything learned about its model."""

    text: float
    images: float


class Gauge(Protocol):
    """Turns a size into a count for one model."""

    def count(self, size: Size, model_id: str) -> int: ...


class Plain:
    """The gauge that has learned nothing."""

    def count(self, size: Size, model_id: str) -> int:
        return ceil(size.text + size.images)


PLAIN: Gauge = Plain()


def estimate(call: m.Call) -> int:
    """The tokens of everything in *call* that a model reads."""
    return PLAIN.count(size(call, call.model), call.model)


def size(call: m.Call, model_id: str) -> Size:
    """The size of *call* for the model that either side calls *model_id*."""
    tokenizer = tokenizer_of(model_id)
    talk, system = Tally(tokenizer), Tally(tokenizer)
    talk.fixed = _PER_CALL
    _converse(talk, call.messages)
    if isinstance(call.thinking, m.Enabled):
        talk.fixed += _THINKING_ON
    system.content(call.system)
    for schema in _schemas(call):
        system.json(schema)
    text = talk.text() + system.text() + _tools(call, model_id, talk.referenced)
    return Size(text, talk.images)


def _converse(tally: Tally, messages: Sequence[m.Message]) -> None:
    current = _current_turn(messages)
    for at, message in enumerate(messages):
        tally.fixed += _PER_MESSAGE
        tally.counts_thoughts = at >= current
        tally.content(message.content)


def _current_turn(messages: Sequence[m.Message]) -> int:
    """Where the last turn of the user begins that is no mere result of tools."""
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        if message.role == "user" and not _only_results(message.content):
            return at
    return 0


def _only_results(content: object) -> bool:
    return isinstance(content, list) and all(type(block) is m.ToolResult for block in content)


def _tools(call: m.Call, model_id: str, referenced: set[str]) -> float:
    """What is declared, and the prompt that comes with it; deferred tools wait outside."""
    if not (tools := call.tools):
        return 0.0
    tokenizer, forced = tokenizer_of(model_id), isinstance(call.tool_choice, _FORCING)
    prompt = _tool_prompt(model_id, forced=forced)
    if not isinstance(tools, m.SharedTools) or any([tool.defer_loading for tool in tools]):
        in_play = [tool for tool in tools if not tool.defer_loading or tool.name in referenced]
        return prompt + _declared(in_play, tokenizer)
    # The same tools come with every call of a conversation.
    known = _weights.get(tools) or {}
    if (weight := known.get(tokenizer)) is None:
        weight = _declared(tools, tokenizer)
        _weights.put(tools, {**known, tokenizer: weight})
    return prompt + weight


def _declared(tools: Iterable[m.Tool], tokenizer: Tokenizer) -> float:
    tally = Tally(tokenizer)
    for tool in tools:
        tally.fixed += _own_tool(tool.type) or tokenizer.per_tool
        tally.say(tool.name)
        tally.say(tool.description)
        tally.json(tool.input_schema)
    return tally.text()


def _own_tool(kind: str | None) -> int | None:
    if kind is None:
        return None
    return next((cost for name, cost in _OWN_TOOLS.items() if kind.startswith(name)), None)


def _tool_prompt(model_id: str, *, forced: bool) -> int:
    family, version = version_of(model_id)
    version = version or _TOOL_PROMPTS[0][0]
    if version >= (5, 0) and family in ("sonnet", "haiku"):
        return _SMALLER_SINCE_5[forced]
    return next(sizes[forced] for since, sizes in _TOOL_PROMPTS if version >= since)


def _schemas(call: m.Call) -> list[msgspec.Raw]:
    """What the answer has to look like, said either way."""
    forms = (call.output_format, call.output_config.format if call.output_config else None)
    return [form.schema for form in forms if form is not None]
