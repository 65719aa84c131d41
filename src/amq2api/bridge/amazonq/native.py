"""What a model takes natively: ``additionalModelRequestFields``, by its published schema.

A member the schema does not name earns a 400 (upstream-protocol.md 2.9), so nothing is sent
that ListAvailableModels did not offer for this very model.
"""

from dataclasses import dataclass, field
from typing import Any

from amq2api.bridge.backend import Note
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

_EFFORTS: tuple[m.Effort, ...] = ("low", "medium", "high", "xhigh", "max")
# Budgets in tokens of the older way to ask for thinking, and the effort that spends about as much.
_BUDGETS: tuple[tuple[int, m.Effort], ...] = ((4_096, "low"), (16_384, "medium"))


@dataclass(slots=True)
class Native:
    """The fields to send, and what could not be sent."""

    fields: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    think_tags: int | None = None
    """Thinking budget to ask for with tags, where the model has no reasoning of its own."""
    cut_at: int | None = None
    """``max_tokens``, where the model does not see to it itself."""


def negotiate(call: m.Call, model: q.Model) -> Native:
    """Say as much of the call as *model* understands in its own fields."""
    native = Native(cut_at=call.max_tokens)
    _thinking(call, model, native)
    _effort(call, model, native)
    _max_tokens(call, model, native)
    return native


def _thinking(call: m.Call, model: q.Model, native: Native) -> None:
    schema = model.takes("thinking")
    if schema is None:
        if isinstance(call.thinking, m.Enabled):
            native.think_tags = call.thinking.budget_tokens
            native.notes.append(Note("approximated", "thinking.enabled"))
        elif isinstance(call.thinking, m.Adaptive | m.BetweenTools):
            native.notes.append(Note("dropped", f"thinking.{_kind(call.thinking)}"))
        return
    match call.thinking:
        case None:
            return
        case m.Disabled():
            if "disabled" in _choices(schema, "type", ["disabled"]):
                native.fields["thinking"] = {"type": "disabled"}
            else:
                native.notes.append(Note("approximated", "thinking.disabled"))
        case m.Enabled(_, display) | m.Adaptive(display) | m.BetweenTools(display):
            asked: dict[str, Any] = {"type": "adaptive"}
            wanted = "summarized" if display == "updates" else display
            if wanted and wanted in _choices(schema, "display", []):
                asked["display"] = wanted
            native.fields["thinking"] = asked
            if not isinstance(call.thinking, m.Adaptive):
                native.notes.append(Note("approximated", f"thinking.{_kind(call.thinking)}"))


def _effort(call: m.Call, model: q.Model, native: Native) -> None:
    effort = call.output_config.effort if call.output_config else None
    schema = model.takes("output_config")
    budget = call.thinking.budget_tokens if isinstance(call.thinking, m.Enabled) else None
    if effort is None and budget is not None and schema is not None:
        effort = next((name for most, name in _BUDGETS if budget <= most), "high")
    if effort is None:
        return
    offered = _choices(schema or {}, "effort", [])
    if not offered:
        native.notes.append(Note("dropped", "output_config.effort"))
        return
    usable = [name for name in _EFFORTS[: _EFFORTS.index(effort) + 1] if name in offered]
    chosen = usable[-1] if usable else offered[0]
    if chosen != effort:
        native.notes.append(Note("approximated", "output_config.effort"))
    native.fields["output_config"] = {"effort": chosen}


def _max_tokens(call: m.Call, model: q.Model, native: Native) -> None:
    schema = model.takes("max_tokens")
    if call.max_tokens is None:
        return
    least = (schema or {}).get("minimum", 1)
    if schema is None or call.max_tokens < least:
        native.notes.append(Note("approximated", "max_tokens"))
        return
    most = schema.get("maximum", call.max_tokens)
    if call.max_tokens > most:
        native.notes.append(Note("approximated", "max_tokens"))
    native.fields["max_tokens"] = min(call.max_tokens, most)
    native.cut_at = None


def _choices(schema: dict[str, Any], name: str, default: list[str]) -> list[str]:
    """The enum of a property; *default* where the schema leaves the property open."""
    properties = schema.get("properties")
    inner = properties.get(name) if isinstance(properties, dict) else None
    values = inner.get("enum") if isinstance(inner, dict) else None
    return [value for value in values if isinstance(value, str)] if values else default


def _kind(thinking: m.Thinkable) -> str:
    return str(thinking.__struct_config__.tag)
