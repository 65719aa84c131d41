"""``/api/status``, ``/api/events``, ``/api/requests``, ``/api/models``, ``/api/playground``."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from amq2api.bridge.amazonq import models as catalogue
from amq2api.dialects import amazonq as q
from amq2api.errors import NotFound
from amq2api.relay.records import Records

from . import status_shapes as shapes
from .answers import answer, refusals
from .live import EVENT, MEDIA_TYPE, Live
from .playground import PATH as PLAYGROUND
from .playground import RESPONSES
from .shapes import Done
from .status import Status

Allowed = Callable[[Request], object]
Models = Callable[[], Awaitable[Sequence[q.Model]]]

_EVENTS: dict[str, Any] = {
    "description": "`event: status` with the members of /api/status, at once and whenever they"
    " change; `event: request` with each new record; a comment every 15 seconds.",
    "content": {MEDIA_TYPE: {"schema": EVENT}},
}
_LIMIT = Query(description="At most so many.", ge=1, le=500)


def watch_router(
    status: Status, live: Live, records: Records, models: Models, allowed: Allowed
) -> APIRouter:
    """The routes; what they raise is worded by envelope.py.

    Args:
        allowed: Raises a GatewayError if the sender of a request may not watch any longer.
    """
    router = APIRouter()

    @router.get(
        "/api/status", tags=["status"], responses=refusals(), response_model=Done[shapes.Status]
    )
    async def tell_status() -> Any:
        """Tell how everything is.

        The gateway itself, and each account.
        """
        return answer(status())

    @router.get(
        "/api/events", tags=["status"], responses={200: _EVENTS, **refusals(429)},
        response_class=Response,
    )  # fmt: skip
    async def watch(request: Request) -> Response:
        """Watch what happens.

        Status and requests as server-sent events. Without `Accept: text/event-stream` there is one
        status event, and then the end.
        """
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return live.answer(lambda: allowed(request))
        return live.once()

    @router.get(
        "/api/requests", tags=["status"], responses=refusals(400),
        response_model=Done[list[shapes.Record]],
    )  # fmt: skip
    async def list_requests(limit: Annotated[int, _LIMIT] = 100) -> Any:
        """List the latest calls.

        Newest first. Their content is not kept.
        """
        return answer(msgspec.to_builtins(records.recent(limit)))

    @router.get(
        "/api/models", tags=["playground"], responses=refusals(),
        response_model=Done[list[shapes.Model]],
    )  # fmt: skip
    async def list_models() -> Any:
        """List the models.

        Those of the account that serves now.
        """
        entries = [catalogue.entry(model) for model in await models()]
        return answer([{"id": each.id, "display_name": each.display_name} for each in entries])

    @router.post(PLAYGROUND, tags=["playground"], responses=RESPONSES, response_class=Response)
    async def play() -> Response:
        """Try a message.

        As with `/v1/messages`, but without a client key. The answer, and every refusal but those of
        the session, is the Messages API's own.
        """
        # The gateway answers before this side is asked; see gate.py.
        raise NotFound("there is no gateway around this")

    return router
