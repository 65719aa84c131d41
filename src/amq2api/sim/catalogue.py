"""The models this simulator offers, as ListAvailableModels publishes them (upstream-protocol.md
6.1, 7.1, 2.9)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

Model: TypeAlias = Mapping[str, Any]

_4_6 = ("low", "medium", "high", "max")
_LATER = ("low", "medium", "high", "xhigh", "max")


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _claude_fields(efforts: tuple[str, ...], *, can_disable: bool) -> dict[str, Any]:
    kinds = ["adaptive", "disabled"] if can_disable else ["adaptive"]
    return _object({
        "thinking": _object({
            "type": {"type": "string", "enum": kinds},
            "display": {"type": "string", "enum": ["summarized", "omitted"]},
        }),
        "output_config": _object({"effort": {"type": "string", "enum": list(efforts)}}),
        "max_tokens": {"type": "integer", "minimum": 1024, "maximum": 128_000},
    })  # fmt: skip


_GPT_FIELDS = _object({
    "reasoning": _object({
        "effort": {"type": "string", "enum": ["none", "low", "medium", "high", "xhigh", "max"]},
    }),
})  # fmt: skip


def _model(
    model_id: str,
    name: str,
    window: int,
    rate: float,
    *,
    fields: dict[str, Any] | None = None,
    images: bool = True,
) -> dict[str, Any]:
    model: dict[str, Any] = {
        "modelId": model_id,
        "modelName": name,
        "description": f"The {name} model",
        "rateMultiplier": rate,
        "rateUnit": "Credit",
        "tokenLimits": {"maxInputTokens": window, "maxOutputTokens": 64_000},
        "supportedInputTypes": ["TEXT", "IMAGE"] if images else ["TEXT"],
        "promptCaching": {"supportsPromptCaching": False},
    }
    if fields is not None:
        model["additionalModelRequestFieldsSchema"] = fields
    return model


_WITH_4_6 = _claude_fields(_4_6, can_disable=True)
_WITH_LATER = _claude_fields(_LATER, can_disable=True)
_ALWAYS_THINKING = _claude_fields(_LATER, can_disable=False)
_MILLION = 1_000_000

_ALL = (
    _model("auto", "Auto", 256_000, 1.0),
    _model("claude-opus-5.5", "Claude Opus 5.5", _MILLION, 2.0, fields=_ALWAYS_THINKING),
    _model("claude-sonnet-5.5", "Claude Sonnet 5.5", _MILLION, 1.3, fields=_ALWAYS_THINKING),
    _model("claude-opus-5", "Claude Opus 5", _MILLION, 2.2, fields=_WITH_LATER),
    _model("claude-sonnet-5", "Claude Sonnet 5", _MILLION, 1.3, fields=_WITH_LATER),
    _model("claude-opus-4.8", "Claude Opus 4.8", _MILLION, 2.2, fields=_WITH_LATER),
    _model("claude-opus-4.7", "Claude Opus 4.7", _MILLION, 2.2, fields=_WITH_LATER),
    _model("claude-opus-4.6", "Claude Opus 4.6", _MILLION, 2.2, fields=_WITH_4_6),
    _model("claude-sonnet-4.6", "Claude Sonnet 4.6", _MILLION, 1.3, fields=_WITH_4_6),
    _model("claude-opus-4.5", "Claude Opus 4.5", 200_000, 2.2),
    _model("claude-sonnet-4.5", "Claude Sonnet 4.5", 200_000, 1.3),
    _model("claude-haiku-4.5", "Claude Haiku 4.5", 200_000, 0.4),
    _model("claude-sonnet-4", "Claude Sonnet 4", 200_000, 1.3),
    _model("claude-3.7-sonnet", "Claude 3.7 Sonnet", 200_000, 1.0),
    _model("gpt-5.6-sol", "GPT-5.6 Sol", 272_000, 2.4, fields=_GPT_FIELDS),
    _model("gpt-5.6-terra", "GPT-5.6 Terra", 272_000, 1.0, fields=_GPT_FIELDS),
    _model("gpt-5.6-luna", "GPT-5.6 Luna", 272_000, 0.1, fields=_GPT_FIELDS),
    _model("deepseek-3.2", "DeepSeek 3.2", 128_000, 0.25),
    _model("minimax-m2.5", "MiniMax M2.5", 196_000, 0.25, images=False),
    _model("glm-5", "GLM 5", 200_000, 0.5, images=False),
    _model("qwen3-coder-next", "Qwen3 Coder Next", 256_000, 0.05),
)

MODELS: Mapping[str, Model] = MappingProxyType({model["modelId"]: model for model in _ALL})
DEFAULT_MODEL = "auto"


def window(model: Model) -> int:
    """Size of the model's context window in tokens."""
    size: int = model["tokenLimits"]["maxInputTokens"]
    return size
