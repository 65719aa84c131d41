"""The OpenAPI document of the admin API."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from amq2api import __version__

from .playground import PATH as PLAYGROUND
from .playground import REQUEST
from .sessions import NAME
from .translation_routes import PATH as TRANSLATION

_DESCRIPTION = """\
Everything that the page does, for programs.

Successes are `{"success": true, "data": …}`, failures `{"success": false, "error": {…}}` with a
message that names the member at fault. Times are Unix seconds or null. Of a secret, no answer
shows more than the first ten characters.

On this machine no session is needed as long as no admin password is set. Everywhere else,
`POST /api/session` gives the cookie.
"""
_TAGS = [
    {"name": "accounts", "description": "The list of accounts, and each of them."},
    {"name": "logins", "description": "Signing in with a code, for a new account or an old one."},
    {"name": "transfers", "description": "Bundles, and sign-ins of other programs."},
    {"name": "status", "description": "What is, what happens, and what happened."},
    {"name": "playground", "description": "Trying it out."},
    {"name": "session", "description": "Who may do all this."},
]
# No cookie is needed where no password is set, which one document for all cannot know.
_SECURITY: list[dict[str, list[str]]] = [{"session": []}, {}]
_WITHOUT_SESSION = frozenset({"/api/session", "/api/setup"})
_OF_THE_FRAMEWORK = ("HTTPValidationError", "ValidationError")


def operation_id(route: APIRoute) -> str:
    """What generated clients call the operation."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """Made at the first call; later ones get the same."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of each."""
    for path, item in found["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _made(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title="amq2api",
        version=__version__,
        summary="The admin API of the gateway.",
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
    )
    for path, _, operation in operations(found):
        # The framework announces answers of its own, which refusals.py replaces.
        operation["responses"].pop("422", None)
        summary, _, more = operation["description"].partition("\n\n")
        operation["summary"], operation["description"] = summary.rstrip("."), more or summary
        if path not in _WITHOUT_SESSION:
            operation["security"] = _SECURITY
    # As it is: the framework would write its largest number as a float, which is another one.
    for path in (PLAYGROUND, TRANSLATION):
        found["paths"][path]["post"]["requestBody"] = REQUEST
    components = found["components"]
    for name in _OF_THE_FRAMEWORK:
        components["schemas"].pop(name, None)
    components["securitySchemes"] = {"session": {"type": "apiKey", "in": "cookie", "name": NAME}}
    return found
