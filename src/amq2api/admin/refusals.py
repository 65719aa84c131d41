"""Failures as the admin API's answers, the web framework's own among them.

What was wrong with an input is told by place and rule, never by its value: it may be a secret.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from amq2api.errors import BadRequest, GatewayError, NotFound, RequestTooLarge, WrongMethod

from .envelope import refuse
from .inputs import KINDS, WORDS

_SAID: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "json_invalid": "is not valid JSON",
    "string_type": "must be a text",
    "string_unicode": "must be text that UTF-8 can hold",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "union_tag_invalid": "must be one of {expected_tags}",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
"""pydantic's complaints in our words, by their type."""
_ABOUT_THE_VALUE = "does not have the expected form"
_PARTS = frozenset({"body", "path", "query", "header", "cookie"})
_LONGEST_PLACE = 100  # characters: an unknown member can have any name


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Let every failure of *app*, which has these *routes*, leave in the admin API's envelope."""

    async def refused(request: Request, error: Exception) -> Response:
        refusal = refuse(_ours(error), str(request.scope.get("amq2api.request_id", "")))
        headers = dict(refusal.headers)
        if refusal.status == 405:
            headers["allow"] = _allowed(request, routes)
        return Response(refusal.body, refusal.status, headers)

    for kind in (GatewayError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, refused)


def _allowed(request: Request, routes: Sequence[BaseRoute]) -> str:
    """All methods that the path knows; the framework names those of one route."""
    found = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in found for method in getattr(route, "methods", None) or ()}
    return ", ".join(sorted(methods))


def _ours(error: Exception) -> GatewayError:
    """The framework's own refusals in our words. The unforeseen is logged further up."""
    match error:
        case GatewayError():
            return error
        case RequestValidationError():
            return complaint(error.errors())
        case HTTPException(status_code=404):
            return NotFound("there is nothing at this path")
        case HTTPException(status_code=405):
            return WrongMethod("this path does not know this method")
        case HTTPException(status_code=413):
            return RequestTooLarge("the request has too many bytes")
        case HTTPException():
            return BadRequest("the request cannot be read")
        case _:
            return GatewayError("something unforeseen went wrong; the log says more")


def complaint(errors: Any) -> BadRequest:
    """The first of pydantic's complaints, naming the member at fault."""
    error = errors[0]
    field = _place(error)
    words = _words(error)
    if not field:
        subject = "the body"
        if error["type"] in ("model_attributes_type", "dict_type", "model_type"):
            words = "must be a JSON object"
        return BadRequest(f"{subject} {words}")
    return BadRequest(f"{field}: {words}", field=field)


def _place(error: Mapping[str, Any]) -> str:
    """The dotted path, without the part of the request it begins with and a union's branch."""
    if error["type"] == "json_invalid":
        return ""
    loc = [str(part) for part in error["loc"]]
    if loc and loc[0] in _PARTS:
        del loc[0]
    if loc and loc[0] in KINDS:
        del loc[0]
    if error["type"].startswith("union_tag"):
        loc.append("kind")
    return ".".join(loc)[:_LONGEST_PLACE]


def _words(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "string_pattern_mismatch":
        return WORDS.get(context["pattern"], _ABOUT_THE_VALUE)
    if kind == "union_tag_not_found":
        return _SAID["missing"]
    if kind == "literal_error":
        return f"must be {context['expected']}".replace("True", "true")
    said = _SAID.get(kind)
    return _ABOUT_THE_VALUE if said is None else said.format_map(context)
