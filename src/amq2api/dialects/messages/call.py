"""``POST /v1/messages``: what a client asks, as values. Source: claude-api.md 3.

Every top-level field of the API is known by name here; what becomes of each is
bridge/amazonq/fidelity.py's business. Null means absent, unknown fields are tolerated.
"""

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from .blocks import Block, Text

__all__ = [
    "Adaptive", "AnyTool", "AutoTool", "BetweenTools", "Call", "Disabled", "Effort", "Enabled",
    "JsonSchema", "Message", "NoTool", "OneTool", "OutputConfig", "Role", "Thinkable", "Tool",
    "ToolChoice",
]  # fmt: skip

Role: TypeAlias = Literal["user", "assistant", "system"]
Effort: TypeAlias = Literal["low", "medium", "high", "xhigh", "max"]
Display: TypeAlias = Literal["summarized", "omitted", "updates"]


class _Tagged(msgspec.Struct, frozen=True, tag_field="type"):
    """A variant of a union, told from its siblings by ``type``."""


class JsonSchema(_Tagged, frozen=True, tag="json_schema"):
    """*schema* is the client's JSON, undecoded."""

    schema: msgspec.Raw


class OutputConfig(msgspec.Struct, frozen=True):
    effort: Effort | None = None
    format: JsonSchema | None = None
    task_budget: Any = None


class Message(msgspec.Struct, frozen=True, gc=False):
    """One turn. Only a ``system`` message may leave *content* out (claude-api.md 3.2)."""

    role: Role
    content: str | list[Block] | UnsetType | None = UNSET
    output_config: OutputConfig | None = None
    clear_at: Literal["next_user_message", "never"] | None = None
    """Until when the text of a ``system`` message is said to the model."""


class Tool(msgspec.Struct, frozen=True, gc=False):
    """A tool of any kind: *type* is absent or ``custom`` for the client's own.

    *input_schema* is the client's JSON, undecoded; empty when the tool has none.
    """

    name: str | None = None
    type: str | None = None
    description: str | None = None
    input_schema: msgspec.Raw = msgspec.Raw()
    strict: bool | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: Any = None
    allowed_callers: Any = None
    cache_control: Any = None
    display_width_px: int | None = None
    display_height_px: int | None = None
    display_number: int | None = None
    enable_zoom: bool | None = None
    max_characters: int | None = None
    max_uses: int | None = None
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None
    user_location: dict[str, Any] | None = None


def kind_of(type: object) -> str:
    """What a tool's ``type`` says it is, ``custom`` if nothing."""
    return type if isinstance(type, str) and type else "custom"


class _Choice(_Tagged, frozen=True):
    disable_parallel_tool_use: bool | None = None


class AutoTool(_Choice, frozen=True, tag="auto"): ...


class AnyTool(_Choice, frozen=True, tag="any"): ...


class OneTool(_Choice, frozen=True, tag="tool", kw_only=True):
    name: str


class NoTool(_Choice, frozen=True, tag="none"): ...


ToolChoice: TypeAlias = AutoTool | AnyTool | OneTool | NoTool


class Enabled(_Tagged, frozen=True, tag="enabled"):
    budget_tokens: int
    display: Display | None = None


class Adaptive(_Tagged, frozen=True, tag="adaptive"):
    display: Display | None = None


class Disabled(_Tagged, frozen=True, tag="disabled"): ...


class BetweenTools(_Tagged, frozen=True, tag="between_tools"):
    display: Display | None = None


Thinkable: TypeAlias = Enabled | Adaptive | Disabled | BetweenTools


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A whole request. Build it with :func:`.decoding.decode`, which also checks it."""

    model: str
    messages: list[Message]
    max_tokens: int | None = None
    """None only when tokens are to be counted; creating a message requires it."""
    system: str | list[Text] | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    tools: list[Tool] | None = None
    """Not to be changed: other calls may share the list."""
    tool_choice: ToolChoice | None = None
    thinking: Thinkable | None = None
    output_config: OutputConfig | None = None
    output_format: JsonSchema | None = None

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    metadata: Any = None
    service_tier: Any = None
    speed: Any = None
    inference_geo: Any = None
    cache_control: Any = None
    container: Any = None
    context_management: Any = None
    compaction: Any = None
    mcp_servers: Any = None
    diagnostics: Any = None
    thread: Any = None
    fallbacks: Any = None
    fallback_credit_token: Any = None
    billing_policy: Any = None
    tags: Any = None
    safeguards: Any = None
