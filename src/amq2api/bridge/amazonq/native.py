"""What a model takes natively: ``additionalModelRequestFields``, by its published schema.

A member the schema does not name earns a 400 (upstream-protocol.md 2.9), so nothing is sent
that ListAvailableModels did not offer for this very model. Models that offer no thinking of
their own are asked for it with the tags of 2.8.
"""

from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

from .fields import EFFORTS, Native, bound, choices, effort_for, effort_of, nearest
from .reasoning import reason, think, think_in_tags

__all__ = ["Native", "negotiate"]


def negotiate(call: m.Call, model: q.Model) -> Native:
    """Say as much of the call as *model* understands in its own fields."""
    native = Native(cut_at=call.max_tokens)
    if (schema := model.takes("thinking")) is not None:
        think(call, schema, native)
        _effort(call, model, native)
    elif (schema := model.takes("reasoning")) is not None:
        reason(call, schema, native)
    else:
        think_in_tags(call, native)
        _effort(call, model, native)
    _max_tokens(call, model, native)
    return native


def _effort(call: m.Call, model: q.Model, native: Native) -> None:
    effort = effort_of(call)
    schema = model.takes("output_config")
    if effort is None and schema is not None and isinstance(call.thinking, m.Enabled):
        effort = effort_for(call.thinking)
    if effort is None:
        return
    # A schema that names no members at all is open (6.1); one that does means these.
    whatever = EFFORTS if schema is not None and "properties" not in schema else ()
    offered = choices(schema or {}, "effort", whatever)
    if offered:
        native.fields["output_config"] = {"effort": nearest(effort, offered, native)}
    elif native.think_tags is not None and not isinstance(call.thinking, m.Enabled):
        native.approximated("output_config.effort")
    else:
        native.dropped("output_config.effort")


def _max_tokens(call: m.Call, model: q.Model, native: Native) -> None:
    schema = model.takes("max_tokens")
    if call.max_tokens is None:
        return
    if schema is None or call.max_tokens < bound(schema, "minimum", 1):
        native.approximated("max_tokens")
        return
    most = bound(schema, "maximum", call.max_tokens)
    if call.max_tokens > most:
        native.approximated("max_tokens")
    native.fields["max_tokens"] = min(call.max_tokens, most)
    native.cut_at = None
