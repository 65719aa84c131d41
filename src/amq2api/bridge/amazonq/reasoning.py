"""Asking a model to think: as Claude models are asked, as GPT models are, and in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from amq2api.dialects import messages as m

from .fields import EFFORTS, SPENT, Native, choices, effort_for, effort_of, has, kind, nearest

__all__ = ["reason", "think", "think_in_tags"]

_LEAST_BUDGET = 1_024  # claude-api.md 3.6


def think(call: m.Call, schema: Mapping[str, Any], native: Native) -> None:
    """Claude's own thinking. Its published kinds are ``adaptive`` and mostly ``disabled``."""
    if call.thinking is None:
        return
    asked = _asked(call.thinking, choices(schema, "type", ["adaptive", "disabled"]), schema)
    if asked is None:
        note = native.approximated if isinstance(call.thinking, m.Disabled) else native.dropped
        note(kind(call.thinking))
        return
    if asked["type"] != call.thinking.__struct_config__.tag:
        native.approximated(kind(call.thinking))
    display = None if isinstance(call.thinking, m.Disabled) else call.thinking.display
    if display == "updates":
        native.approximated("thinking.display")
        display = "summarized"
    if display and display in choices(schema, "display", []):
        asked["display"] = display
    native.fields["thinking"] = asked


def _asked(
    thinking: m.Thinkable, kinds: Sequence[str], schema: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The field, in the kind that was asked for or the next best; None if there is neither."""
    match thinking:
        case m.Disabled():
            return {"type": "disabled"} if "disabled" in kinds else None
        case m.Enabled(budget) if "enabled" in kinds and has(schema, "budget_tokens"):
            return {"type": "enabled", "budget_tokens": budget}
        case m.BetweenTools() if "between_tools" in kinds:
            return {"type": "between_tools"}
    return {"type": "adaptive"} if "adaptive" in kinds else None


def reason(call: m.Call, schema: Mapping[str, Any], native: Native) -> None:
    """GPT's reasoning, which knows nothing but efforts, ``none`` among them."""
    offered = choices(schema, "effort", ["none", *EFFORTS])
    effort = effort_of(call)
    if isinstance(call.thinking, m.Disabled):
        if effort is not None:
            native.dropped("output_config.effort")
        if "none" in offered:
            native.fields["reasoning"] = {"effort": "none"}
        else:
            native.approximated("thinking.disabled")
        return
    if call.thinking is not None:
        native.approximated(kind(call.thinking))
        effort = effort or effort_for(call.thinking)
    if effort is not None:
        native.fields["reasoning"] = {"effort": nearest(effort, offered, native)}


def think_in_tags(call: m.Call, native: Native) -> None:
    """Thoughts in the text of the answer, which they must leave room for."""
    limit = SPENT["max"] if call.max_tokens is None else call.max_tokens
    match call.thinking:
        case None | m.Disabled():
            return
        case m.Enabled(asked):
            budget, least = min(asked, limit - 1), 1
        case _:
            effort = effort_of(call) or effort_for(call.thinking)
            budget, least = min(SPENT[effort], limit // 2), _LEAST_BUDGET
    if budget < least:
        native.dropped(kind(call.thinking))
        return
    native.approximated(kind(call.thinking))
    native.think_tags = budget
