"""The request's fields for the model, and what its published schema lets into them.

Source: upstream-protocol.md 2.9 and 6.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from amq2api.bridge.backend import Note
from amq2api.dialects import messages as m

__all__ = [
    "EFFORTS", "SPENT", "Native", "bound", "choices", "effort_for", "effort_of", "has", "kind",
    "nearest",
]  # fmt: skip

EFFORTS: tuple[m.Effort, ...] = ("low", "medium", "high", "xhigh", "max")
_USUAL: m.Effort = "high"
"""The effort of a call that names none (claude-api.md 3.7)."""
# Budgets of the older way to ask for thinking, and the effort that spends about as much. The
# first two are the steps below "high"; the others are what clients ask for at most.
SPENT: Mapping[m.Effort, int] = {
    "low": 4_096, "medium": 16_384, "high": 31_999, "xhigh": 63_999, "max": 63_999,
}  # fmt: skip
"""Thinking in tokens that an effort stands for."""


@dataclass(slots=True)
class Native:
    """The fields to send, and what could not be sent."""

    fields: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    think_tags: int | None = None
    """Thinking budget to ask for with tags, where the model has no reasoning of its own."""
    cut_at: int | None = None
    """``max_tokens``, where the model does not see to it itself."""

    def approximated(self, subject: str) -> None:
        self.notes.append(Note("approximated", subject))

    def dropped(self, subject: str) -> None:
        self.notes.append(Note("dropped", subject))


def effort_of(call: m.Call) -> m.Effort | None:
    """The effort that is named last: by a system message on the way, else by the call."""
    for message in reversed(call.messages):
        if message.output_config is not None and message.output_config.effort is not None:
            return message.output_config.effort
    return call.output_config.effort if call.output_config else None


def effort_for(thinking: m.Thinkable) -> m.Effort:
    """The effort of a call that names none but wants this thinking."""
    if not isinstance(thinking, m.Enabled):
        return _USUAL
    return next((e for e in ("low", "medium") if thinking.budget_tokens <= SPENT[e]), "high")


def nearest(effort: m.Effort, offered: Sequence[str], native: Native) -> str:
    """The most of what is offered that does not exceed *effort*; else the least there is."""
    usable = [name for name in EFFORTS[: EFFORTS.index(effort) + 1] if name in offered]
    least = next((name for name in EFFORTS if name in offered), offered[0])
    chosen = usable[-1] if usable else least
    if chosen != effort:
        native.approximated("output_config.effort")
    return chosen


def choices(schema: Mapping[str, Any], name: str, default: Sequence[str]) -> Sequence[str]:
    """The enum of a property; *default* where the schema leaves the property open."""
    inner = _properties(schema).get(name)
    values = inner.get("enum") if isinstance(inner, dict) else None
    known = [v for v in values if isinstance(v, str)] if isinstance(values, list) else []
    return known or default


def bound(schema: Mapping[str, Any], name: str, default: int) -> int:
    """A ``minimum`` or ``maximum``."""
    value = schema.get(name)
    return value if type(value) is int else default


def has(schema: Mapping[str, Any], name: str) -> bool:
    """Whether the schema names a property."""
    return name in _properties(schema)


def kind(thinking: m.Thinkable) -> str:
    """The row of the fidelity table."""
    return f"thinking.{thinking.__struct_config__.tag}"


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}
