"""``amq2api translate``: what would be sent, without sending it."""

from typing import Annotated

import msgspec
import typer

from amq2api import __version__
from amq2api.bridge.amazonq import models
from amq2api.bridge.amazonq.prepare import prepare
from amq2api.bridge.backend import Identity, Notes, Prepared
from amq2api.config import Settings
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import UnknownModel
from amq2api.relay.reply import unknown_field_notes

from .reading import settings_or_complain

# Where each call gets a fresh id, so that the same request always gives the same text.
_NOBODY = "00000000-0000-4000-8000-000000000000"


def command(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(metavar="FILE", help="The request's body; - is standard input."),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help='{"request": …, "notes": […]}, for programs.')
    ] = False,
) -> None:
    """Show what Amazon Q would be sent for a Messages request, and what was changed on the way.

    The notes go to standard error: docs/fidelity.md explains them. Models are the built-in
    ones, and nothing is sent.
    """
    prepared, notes = translated(file.read(), settings_or_complain())
    said = [str(note) for note in notes]
    if as_json:
        whole = {"request": msgspec.Raw(prepared.ask.body), "notes": said}
        typer.echo(_pretty(msgspec.json.encode(whole)))
        return
    typer.echo(_pretty(prepared.ask.body))
    for note in said:
        typer.echo(note, err=True)


def translated(body: bytes, settings: Settings) -> tuple[Prepared, Notes]:
    """The call made ready for nobody in particular.

    Raises:
        BadRequest: the request is no good; the place is named.
    """
    call = m.decode(body)
    model = models.resolve(call.model, q.BUILT_IN, settings.model_map)
    if model is None:
        raise UnknownModel(f"model: {call.model}")
    identity = Identity(
        endpoint=str(settings.api_endpoint),
        conversation_id=_NOBODY,
        message_id="msg_translate",
        profile_arn=settings.profile_arn or "",
        origin=settings.origin,
        user_agent=settings.user_agent or f"amq2api/{__version__}",
        opt_out=settings.opt_out,
    )
    prepared = prepare(call, model, identity)
    return prepared, (*unknown_field_notes(m.unknown_fields(body)), *prepared.notes)


def _pretty(json: bytes) -> bytes:
    return msgspec.json.format(json, indent=2)
