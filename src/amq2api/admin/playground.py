"""``/api/playground`` for the OpenAPI document: what everybody needs of the Messages API."""

from collections.abc import Mapping
from typing import Any

from .answers import refusals
from .live import MEDIA_TYPE

_TEXT = {"type": "string", "minLength": 1, "pattern": "\\S"}
_EXAMPLE = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 256,
    "messages": [{"role": "user", "content": "Hello!"}],
}
_CALL: Mapping[str, Any] = {
    "type": "object",
    "title": "Message",
    "description": "A Messages API request; only what everybody needs is described.",
    "required": ["model", "max_tokens", "messages"],
    "properties": {
        "model": {"type": "string", "minLength": 1, "description": "One of `GET /api/models`."},
        "max_tokens": {"type": "integer", "minimum": 1, "maximum": 4096},
        "system": _TEXT,
        "stream": {"type": "boolean", "description": "Whether to answer with events."},
        "messages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["role", "content"],
                "properties": {
                    "role": {"type": "string", "enum": ["user", "assistant"]},
                    "content": _TEXT,
                },
            },
        },
    },
    "example": _EXAMPLE,
}
REQUEST: dict[str, Any] = {"required": True, "content": {"application/json": {"schema": _CALL}}}

_FAILED = {"application/json": {"schema": {"type": "object"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    **refusals(),
    200: {
        "description": "The Messages API's answer.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            MEDIA_TYPE: {"schema": {"type": "string"}},
        },
    },
    **{
        status: {"description": f"The Messages API's own error: {words}.", "content": _FAILED}
        for status, words in {
            400: "the request makes no sense", 403: "the account may not, or the page may not",
            404: "no such model", 413: "too many bytes", 429: "too fast, or nothing left",
            502: "the service failed", 503: "no account can serve",
            504: "the service was silent", 529: "the service has no capacity",
        }.items()
    },
}  # fmt: skip
