"""What a request must still satisfy once its shape is right.

Refused is what breaks the call or what clients rely on being refused; all else is taken and
normalised by the bridge. Wordings are those of claude-api.md 3, 4 and 7.6: clients match them.
"""

from typing import Any

import msgspec
from msgspec import Raw

from amq2api.errors import BadRequest

from .call import Call, Enabled
from .objects import check_depth, check_object
from .tools import check_tool_choice, check_tools
from .turns import check_messages

__all__ = ["check"]

_INT64 = 2**63 - 1  # larger integers cannot be sent on
_RANGES: tuple[tuple[str, int, int], ...] = (
    ("max_tokens", 0, _INT64),
    ("temperature", 0, 1),
    ("top_p", 0, 1),
    ("top_k", 0, _INT64),
)
_LEAST_BUDGET = 1024
_UNSUPPORTED = {
    "mcp_servers": "MCP servers are not supported here",
    "container": "containers are not supported here",
    "compaction": "compaction by the API is not supported here",
}


def check(call: Call, *, counting: bool, betas: frozenset[str]) -> None:
    """Refuse what no account could serve; see :func:`.decoding.decode` for the arguments."""
    if not call.model:
        raise BadRequest("model: String should have at least 1 character")
    if call.max_tokens is None and not counting:
        raise BadRequest("max_tokens: Field required")
    for name, low, high in _RANGES:
        if (value := getattr(call, name)) is not None:
            _check_range(name, value, low, high)
    _check_supported(call)
    _check_stop_sequences(call.stop_sequences or [])
    _check_thinking(call, betas)
    _check_schemas(call)
    check_tools(call.tools or [])
    check_tool_choice(call)
    check_messages(call.messages)


def _check_range(place: str, value: float, low: int, high: int) -> None:
    if value < low:
        raise BadRequest(f"{place}: Input should be greater than or equal to {low}")
    if value > high:
        raise BadRequest(f"{place}: Input should be less than or equal to {high}")


def _check_supported(call: Call) -> None:
    if call.thread is not None:
        # The SDKs' tool runners go on without threads when they read this code (clients.md 3).
        raise BadRequest(
            "thread: message threads are not supported here; send the whole conversation",
            code="thread_unsupported_request",
        )
    for name, reason in _UNSUPPORTED.items():
        if (value := getattr(call, name)) is not None and _is_given(value):
            raise BadRequest(f"{name}: {reason}")


def _is_given(value: Any) -> bool:
    if isinstance(value, dict):
        # Null is absent, so an object of nulls is empty.
        return any(item is not None for item in value.values())
    return bool(value)


def _check_stop_sequences(sequences: list[str]) -> None:
    if not all(sequence.strip() for sequence in sequences):
        raise BadRequest("stop_sequences: each stop sequence must contain non-whitespace")


def _check_thinking(call: Call, betas: frozenset[str]) -> None:
    if not isinstance(call.thinking, Enabled):
        return
    budget = call.thinking.budget_tokens
    _check_range("thinking.enabled.budget_tokens", budget, _LEAST_BUDGET, _INT64)
    interleaved = any(beta.startswith("interleaved-thinking") for beta in betas)
    if call.max_tokens is not None and budget >= call.max_tokens and not interleaved:
        raise BadRequest("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_schemas(call: Call) -> None:
    if call.output_config is not None and call.output_config.format is not None:
        _check_schema("output_config.format.schema", call.output_config.format.schema)
    if call.output_format is not None:
        _check_schema("output_format.schema", call.output_format.schema)


def _check_schema(place: str, schema: Raw) -> None:
    check_object(place, schema)
    try:
        value = msgspec.json.decode(schema)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"{place}: JSON schema is invalid: a number is out of range") from exc
    check_depth(place, value)
