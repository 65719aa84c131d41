"""ListAvailableModels and ListAvailableProfiles (upstream-protocol.md 6, 7)."""

from typing import Any

import msgspec

from amq2api.errors import ProtocolError

__all__ = [
    "BUILT_IN",
    "Model",
    "Profile",
    "TokenLimits",
    "read_models",
    "read_profiles",
]  # fmt: skip


class _Wire(msgspec.Struct, frozen=True, rename="camel"):
    """Snake case here, camel case on the wire, unknown fields ignored."""


class TokenLimits(_Wire, frozen=True):
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None


class Model(_Wire, frozen=True):
    """One model the account may use. Only *model_id* is certain to be there."""

    model_id: str
    model_name: str | None = None
    description: str | None = None
    rate_multiplier: float | None = None
    rate_unit: str | None = None
    token_limits: TokenLimits | None = None
    supported_input_types: list[str] | None = None
    additional_model_request_fields_schema: dict[str, Any] | None = None

    @property
    def window(self) -> int | None:
        """Size of the context window in tokens, where published."""
        return self.token_limits.max_input_tokens if self.token_limits else None

    def takes(self, field: str) -> dict[str, Any] | None:
        """The published schema of one of ``additionalModelRequestFields``' members (2.9)."""
        if self.additional_model_request_fields_schema is None:
            return None
        properties = self.additional_model_request_fields_schema.get("properties")
        schema = properties.get(field) if isinstance(properties, dict) else None
        return schema if isinstance(schema, dict) else None


class _Models(_Wire, frozen=True):
    models: list[Model]
    default_model: Model | None = None
    next_token: str | None = None


class Profile(_Wire, frozen=True):
    arn: str
    profile_name: str = ""
    status: str | None = None


class _Profiles(_Wire, frozen=True):
    profiles: list[Profile]
    next_token: str | None = None


_models = msgspec.json.Decoder(_Models).decode
_profiles = msgspec.json.Decoder(_Profiles).decode


def read_models(body: bytes) -> tuple[list[Model], str | None]:
    """One page of models and the token of the next page."""
    page: _Models = _read(_models, body, "ListAvailableModels")
    return page.models, page.next_token or None


def read_profiles(body: bytes) -> tuple[list[Profile], str | None]:
    """One page of profiles and the token of the next page."""
    page: _Profiles = _read(_profiles, body, "ListAvailableProfiles")
    return page.profiles, page.next_token or None


def _read(decode: Any, body: bytes, operation: str) -> Any:
    try:
        return decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise ProtocolError(f"{operation} answered in an unknown shape: {exc}") from exc


def _claude(model_id: str, name: str, window: int) -> Model:
    return Model(
        model_id=model_id,
        model_name=name,
        token_limits=TokenLimits(max_input_tokens=window),
        supported_input_types=["TEXT", "IMAGE"],
    )


BUILT_IN: tuple[Model, ...] = (
    # Used until, or when, the service does not tell (upstream-protocol.md 7.1). They offer no
    # request fields of their own: only a published schema says what a model takes (2.9), and
    # a field it does not take is a 400.
    _claude("claude-opus-5.5", "Claude Opus 5.5", 1_000_000),
    _claude("claude-sonnet-5.5", "Claude Sonnet 5.5", 1_000_000),
    _claude("claude-opus-5", "Claude Opus 5", 1_000_000),
    _claude("claude-sonnet-5", "Claude Sonnet 5", 1_000_000),
    _claude("claude-opus-4.8", "Claude Opus 4.8", 1_000_000),
    _claude("claude-opus-4.7", "Claude Opus 4.7", 1_000_000),
    _claude("claude-opus-4.6", "Claude Opus 4.6", 1_000_000),
    _claude("claude-sonnet-4.6", "Claude Sonnet 4.6", 1_000_000),
    _claude("claude-opus-4.5", "Claude Opus 4.5", 200_000),
    _claude("claude-sonnet-4.5", "Claude Sonnet 4.5", 200_000),
    _claude("claude-haiku-4.5", "Claude Haiku 4.5", 200_000),
    _claude("claude-sonnet-4", "Claude Sonnet 4", 200_000),
    _claude("claude-3.7-sonnet", "Claude 3.7 Sonnet", 200_000),
)
