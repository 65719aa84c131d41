"""The routes that clients call, as an OpenAPI document for whoever tries them all.

Written from the documentation of the Messages API, not from the code. Requests are described no
more strictly than one has to be to get past the JSON: what else is wrong with them, the gateway is
to say.
"""

from typing import Any

_ERRORS = (400, 401, 403, 404, 405, 408, 413, 429, 431, 529)


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _strict(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


def _answers(content: dict[str, Any], *, others: tuple[int, ...] = ()) -> dict[str, Any]:
    failed = {"description": "refused", "content": _json(_ref("Error"))}
    told = {"description": "said", "content": content}
    return {
        "200": told,
        **{str(status): failed for status in _ERRORS},
        **{str(status): told for status in others},
    }


def _reading(content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"get": {"responses": _answers(content, **more)}}


def _posting(content: dict[str, Any]) -> dict[str, Any]:
    body = {"required": True, "content": _json(_ref("Call"))}
    named = [("anthropic-version", ["2023-06-01"]), ("anthropic-beta", ["token-counting-2024"])]
    headers = [
        {"name": name, "in": "header", "schema": {"type": "string", "enum": values}}
        for name, values in named
    ]
    responses = _answers(content)
    return {"post": {"requestBody": body, "parameters": headers, "responses": responses}}


_STRING, _INTEGER, _OBJECT = {"type": "string"}, {"type": "integer"}, {"type": "object"}
_SAID = {"type": "string", "pattern": "[a-z]"}
_BLOCK = {
    "anyOf": [
        _strict(type={"const": "text"}, text=_SAID),
        _strict(type={"const": "tool_use"}, id=_STRING, name=_STRING, input=_OBJECT),
        _strict(type={"const": "tool_result"}, tool_use_id=_STRING, content=_STRING),
        _strict(type={"const": "thinking"}, thinking=_STRING, signature=_STRING),
        _strict(type={"const": "image"}, source=_strict(
            type={"const": "base64"}, media_type={"enum": ["image/png"]}, data=_STRING,
        )),
        _strict(type={"const": "document"}, source=_strict(
            type={"enum": ["text", "base64"]}, media_type={"enum": ["text/plain"]}, data=_STRING,
        )),
    ]
}  # fmt: skip
_CONTENT = {"anyOf": [_SAID, _SAID, {"type": "array", "items": _BLOCK, "maxItems": 4}]}
_MESSAGE = _strict(role={"enum": ["user", "assistant"]}, content=_CONTENT)
_NAME = {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"}
_TOOL = _strict(name=_NAME, input_schema=_strict(type={"const": "object"}))
_CALL = {
    "type": "object",
    "required": ["model", "max_tokens", "messages"],
    "properties": {
        "model": {"enum": ["claude-sonnet-4.5", "no-such-model"]},
        "max_tokens": {"type": "integer", "minimum": 0, "maximum": 9000},
        "messages": {"type": "array", "items": _MESSAGE, "minItems": 1, "maxItems": 5},
        "stream": {"type": "boolean"},
        "system": _CONTENT,
        "temperature": {"type": "number", "minimum": 0, "maximum": 1},
        "stop_sequences": {"type": "array", "items": _STRING},
        "tools": {"type": "array", "items": _TOOL, "maxItems": 3},
        "tool_choice": {"type": "object", "properties": {"type": {"enum": ["auto", "any"]}}},
        "thinking": {"type": "object", "properties": {"budget_tokens": _INTEGER}},
        "metadata": {"type": "object", "properties": {"user_id": _STRING}},
    },
}
_PAGES = [
    {"name": name, "in": "query", "schema": schema}
    for name, schema in (("limit", _INTEGER), ("after_id", _STRING), ("before_id", _STRING))
]
_MODEL = _strict(type={"const": "model"}, id=_STRING, display_name=_STRING, created_at=_STRING)
_LISTED = _strict(data={"type": "array", "items": _ref("Model")}, has_more={"type": "boolean"})
_TEXT = {"text/plain": {"schema": _STRING}, "application/openmetrics-text": {"schema": _STRING}}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "what clients call", "version": "1"},
    "paths": {
        "/v1/messages": _posting({
            **_json(_ref("Message")), "text/event-stream": {"schema": _STRING},
        }),
        "/v1/messages/count_tokens": _posting(_json(_strict(input_tokens=_INTEGER))),
        "/v1/models": {"get": {
            "parameters": _PAGES, "responses": _answers(_json(_LISTED)),
        }},
        "/v1/models/{id}": {"get": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": _STRING}],
            # An id of nothing, or with a slash in it, is another path.
            "responses": _answers(_json({"anyOf": [_ref("Model"), _LISTED]})),
        }},
        "/health": _reading(_json(_strict(status={"const": "healthy"}))),
        "/livez": _reading(_json(_OBJECT)),
        "/readyz": _reading(_json(_OBJECT), others=(503,)),
        "/metrics": _reading(_TEXT),
        "/api/hello": _reading(_json(_OBJECT)),
    },
    "components": {"schemas": {
        "Call": _CALL,
        "Error": _strict(
            type={"const": "error"}, error=_strict(type=_STRING, message=_STRING),
            request_id=_STRING,
        ),
        "Message": _strict(
            type={"const": "message"}, id=_STRING, role={"const": "assistant"},
            content={"type": "array"}, usage=_strict(input_tokens=_INTEGER),
        ),
        "Model": _MODEL,
    }},
}  # fmt: skip
