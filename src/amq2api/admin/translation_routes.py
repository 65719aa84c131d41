"""``/api/translation`` and ``/api/fidelity``: what a call becomes, and what becomes of what."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import Field

from amq2api.bridge.amazonq.fidelity import TABLE
from amq2api.bridge.backend import Note
from amq2api.errors import NotFound, UnknownModel
from amq2api.relay.translating import Translation

from .answers import answer, refusals
from .shapes import Done, Told

Translate = Callable[[bytes], Awaitable[Translation]]
PATH = "/api/translation"


class Fate(Told):
    """One row of the table."""

    subject: str = Field(description="A field or a block of the Messages API.")
    fate: str = Field(description="carried, approximated, dropped or refused.")
    how: str


class Noted(Told):
    """What was done to one thing of a call."""

    note: str = Field(examples=["approximated:tool_choice.any"])
    fate: str
    subject: str
    count: int
    how: str = Field(description="The row of `GET /api/fidelity`; empty if there is none.")


class Translated(Told):
    request: dict[str, Any] = Field(description="The body that the service would be sent.")
    notes: list[Noted]


def translation_router(translate: Translate) -> APIRouter:
    """The routes; *translate* takes the body of a Messages request."""
    router = APIRouter()

    @router.get(
        "/api/fidelity", tags=["playground"], responses=refusals(),
        response_model=Done[list[Fate]],
    )  # fmt: skip
    async def list_fidelity() -> Any:
        """List what becomes of each thing that a call may hold."""
        return answer([
            {"subject": subject, "fate": row.fate, "how": row.how}
            for subject, row in TABLE.items()
        ])  # fmt: skip

    @router.post(
        PATH, tags=["playground"], responses=refusals(400, 404, 413),
        response_model=Done[Translated],
    )  # fmt: skip
    async def translate_call(request: Request) -> Any:
        """Translate a message.

        Shows what the service would be sent for a call of `/v1/messages`, and what was changed.
        Nothing is sent. The ids in it are made up.
        """
        try:
            made = await translate(await request.body())
        except UnknownModel as unknown:
            raise NotFound(str(unknown)) from None
        body = msgspec.json.decode(made.request)
        return answer({"request": body, "notes": [_told(note) for note in made.notes]})

    return router


def _told(note: Note) -> dict[str, Any]:
    row = TABLE.get(note.subject)
    return {
        "note": str(note), "fate": note.fate, "subject": note.subject, "count": note.count,
        "how": row.how if row else "",
    }  # fmt: skip
