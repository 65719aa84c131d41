"""Everything but the hot path: models, health, and the answers to probes.

A FastAPI application, so that the admin side finds its place beside it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from amq2api.bridge.amazonq import models as catalogue
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest, GatewayError, NotFound, UnknownModel, WrongMethod

Models = Callable[[], Awaitable[Sequence[q.Model]]]
Health = Callable[[], tuple[bool, bool]]
"""Whether there is an access token, and whether it has expired."""

_encode = msgspec.json.Encoder().encode


def create_pages(models: Models, health: Health, aliases: dict[str, str]) -> FastAPI:
    """The application; *models* are those of the account that serves now."""
    app = FastAPI(title="amq2api", docs_url=None, redoc_url=None, openapi_url=None)
    for kind in (GatewayError, HTTPException, Exception):
        app.add_exception_handler(kind, _refuse)

    @app.get("/v1/models")
    async def list_models(request: Request) -> Response:
        entries = [catalogue.entry(model) for model in await models()]
        return _json(
            m.page(
                entries,
                limit=_number(request, "limit"),
                after_id=request.query_params.get("after_id"),
                before_id=request.query_params.get("before_id"),
            )
        )

    @app.get("/v1/models/{model_id:path}")
    async def retrieve_model(model_id: str) -> Response:
        found = catalogue.resolve(model_id, await models(), aliases)
        if found is None:
            raise UnknownModel(f"model: {model_id}")
        return _json(catalogue.entry(found))

    @app.api_route("/health", methods=["GET", "HEAD"])
    async def tell_health() -> dict[str, Any]:
        has_token, expired = health()
        return {"status": "healthy", "has_token": has_token, "token_expired": expired}

    @app.api_route("/", methods=["GET", "HEAD"])
    @app.api_route("/api/hello", methods=["GET", "HEAD"])
    async def greet() -> dict[str, Any]:
        return {"name": "amq2api"}

    return app


async def _refuse(request: Request, error: Exception) -> Response:
    refusal = m.refuse(_ours(error), request.scope["amq2api.request_id"])
    return Response(refusal.body, refusal.status, refusal.headers)


def _ours(error: Exception) -> GatewayError:
    """The framework's own refusals in our words. The unforeseen is logged by app.py."""
    if isinstance(error, GatewayError):
        return error
    if not isinstance(error, HTTPException):
        return GatewayError("Internal server error")
    if error.status_code == 404:
        return NotFound("Not Found")
    return WrongMethod("Method Not Allowed") if error.status_code == 405 else BadRequest()


def _number(request: Request, name: str) -> int | None:
    value = request.query_params.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise BadRequest(f"{name}: Input should be a valid integer") from None


def _json(value: Any) -> Response:
    return Response(_encode(value), media_type="application/json")
