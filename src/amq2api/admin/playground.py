"""``/api/playground`` for the OpenAPI document: what everybody needs of the Messages API."""

from collections.abc import Mapping
from typing import Any

from .answers import refusals
from .live import EVENT, MEDIA_TYPE

PATH = "/api/playground"
_EXAMPLE = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 256,
    "messages": [{"role": "user", "content": "Hello!"}],
}


def _turn(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["role", "content"],
        "properties": {"role": {"type": "string", "enum": ["user"]}, "content": content},
    }


_CALL: Mapping[str, Any] = {
    "type": "object",
    "title": "Message",
    "description": "What is enough to try a model. `/v1/messages` takes more, and so does this:"
    " turns of the assistant, tools, pictures.",
    "required": ["model", "max_tokens", "messages"],
    "properties": {
        "model": {"type": "string", "minLength": 1, "description": "One of `GET /api/models`."},
        "max_tokens": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
        "system": {"type": ["string", "null"]},
        "stream": {
            "type": ["boolean", "null"], "description": "Whether to answer with events.",
        },
        "messages": {
            "type": "array",
            "minItems": 1,
            "prefixItems": [_turn({"type": "string", "pattern": "\\S"})],
            "items": _turn({"type": "string"}),
        },
    },
    "example": _EXAMPLE,
}  # fmt: skip
REQUEST: dict[str, Any] = {"required": True, "content": {"application/json": {"schema": _CALL}}}

_FAILED = {"application/json": {"schema": {"type": "object"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    **refusals(),
    200: {
        "description": "The Messages API's answer.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            MEDIA_TYPE: {"schema": EVENT},
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
