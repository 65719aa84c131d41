"""Names of models: what clients call them and what the service does (upstream-protocol.md 7).

Both sides' names are brought to one form and compared. What has no counterpart stays unknown:
another model in its place would be a lie, and the operator's aliases are there to tell it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

__all__ = ["entry", "resolve", "upstream_id"]

# ``anthropic/``, ``us.anthropic.``, ``bedrock/eu.anthropic.``, ``openrouter/anthropic/``.
_PROVIDER = re.compile(r"^(?:.*/)?(?:(?:[a-z]+\.)?anthropic\.)?")
# What says nothing about which model it is: a client's window hint, its wish to think, the date
# of the snapshot, Bedrock's version.
_SUFFIX = re.compile(r"(?:\[1m\]|-thinking|[-@](?:20\d{6}|latest|default)|-v\d+(?:[:-]\d+)?)$")
_DASHED_VERSION = re.compile(r"(?<=-)(\d{1,2})-(\d{1,2})(?=-|$)")
_ZERO = re.compile(r"(?<=\d)\.0(?=-|$)")
_VERSION_FIRST = re.compile(r"^claude-(\d[\d.]*)-([a-z]+)")
_OLD = re.compile(r"^claude-([a-z]+)-([123](?:\.\d+)?)(?=-|$)")

_EFFORTS = ("low", "medium", "high", "max", "xhigh")
_NO: Mapping[str, Any] = {"supported": False}


def resolve(name: str, models: Sequence[q.Model], aliases: Mapping[str, str]) -> q.Model | None:
    """The offered model that *name* means, or None."""
    exact = _exact(name, models)
    if exact is not None:
        return exact
    alias = aliases.get(name) or aliases.get(_form(name))
    if alias is not None:
        return _exact(alias, models) or _alike(alias, models)
    return _alike(name, models)


def upstream_id(name: str) -> str:
    """What the service would call a Claude model of this name; other names are left alone."""
    form = _form(name)
    if not form.startswith("claude-"):
        return name
    # Until version 3 the number came first (7.1).
    return _OLD.sub(r"claude-\2-\1", form)


def entry(model: q.Model) -> m.ModelEntry:
    """The model as ``GET /v1/models`` lists it, under a name that :func:`resolve` takes back.

    Claude models appear as Claude's own API writes them, ``claude-sonnet-4-5``.
    """
    model_id = model.model_id
    limits = model.token_limits
    most = (model.takes("max_tokens") or {}).get("maximum")
    if most is None and limits is not None:
        most = limits.max_output_tokens
    return m.ModelEntry(
        id=model_id.replace(".", "-") if model_id.startswith("claude-") else model_id,
        display_name=model.model_name or model_id,
        description=model.description or "",
        max_input_tokens=model.window,
        max_tokens=most,
        capabilities=_capabilities(model),
    )


def _exact(name: str, models: Sequence[q.Model]) -> q.Model | None:
    return next((model for model in models if model.model_id == name), None)


def _alike(name: str, models: Sequence[q.Model]) -> q.Model | None:
    form = _form(name)
    return next((model for model in models if _form(model.model_id) == form), None)


@lru_cache(maxsize=1024)
def _form(name: str) -> str:
    """The one form: ``claude-sonnet-4.5``."""
    form = _PROVIDER.sub("", name.strip().lower(), count=1)
    if form.startswith("claude"):
        form = form.replace("_", "-")
    while (shorter := _SUFFIX.sub("", form)) != form:
        form = shorter
    if not form.startswith("claude-"):
        return form
    form = _ZERO.sub("", _DASHED_VERSION.sub(r"\1.\2", form))
    return _VERSION_FIRST.sub(r"claude-\2-\1", form)


def _capabilities(model: q.Model) -> dict[str, Any]:
    """In the shape of claude-api.md 1.2, from what the service publishes of the model."""
    inputs = model.supported_input_types
    # All Claude models of the service see (7.1), also where it does not say so.
    sees = "IMAGE" in inputs if inputs is not None else "claude" in model.model_id.lower()
    efforts = _offered(model, "output_config", "effort")
    kinds = _offered(model, "thinking", "type")
    return {
        "batch": _NO,
        "citations": _NO,
        "code_execution": _NO,
        "context_management": _NO,
        "effort": {
            "supported": bool(efforts),
            **{effort: {"supported": effort in efforts} for effort in _EFFORTS},
        },
        "image_input": {"supported": sees},
        "pdf_input": _NO,
        "server_tools": {"supported": False, "code_execution": _NO, "web_search": _NO},
        "structured_outputs": _NO,
        "thinking": {
            "supported": bool(kinds),
            "types": {
                "adaptive": {"supported": "adaptive" in kinds},
                "between_tools": _NO,
                # A model that cannot think has nothing to switch off.
                "disabled": {"supported": not kinds or "disabled" in kinds},
                "enabled": {"supported": "enabled" in kinds},
            },
        },
    }


def _offered(model: q.Model, field: str, member: str) -> Sequence[str]:
    properties = (model.takes(field) or {}).get("properties")
    schema = properties.get(member) if isinstance(properties, dict) else None
    values = schema.get("enum") if isinstance(schema, dict) else None
    return values if isinstance(values, list) else ()
