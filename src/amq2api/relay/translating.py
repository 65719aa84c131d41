"""What would be sent for a request, without sending it: for whoever wants to look."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from amq2api.bridge.amazonq import models
from amq2api.bridge.amazonq.prepare import prepare
from amq2api.bridge.backend import Identity, Notes
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import UnknownModel

from .material import Material
from .relay import Manner
from .reply import unknown_field_notes

# Where each call gets fresh ids, so that the same request always gives the same text.
_NOBODY = "00000000-0000-4000-8000-000000000000"


class Translation(NamedTuple):
    """A call made ready for nobody in particular."""

    request: bytes
    """The body of the first request to the service, as JSON."""
    notes: Notes


async def translated(
    body: bytes,
    offered: Sequence[q.Model],
    aliases: Mapping[str, str],
    manner: Manner,
    material: Material,
    *,
    profile_arn: str = "",
) -> Translation:
    """Translate one Messages request; *offered* are the models there are. No link is followed.

    Raises:
        BadRequest: the request is no good; the place is named.
        UnknownModel: none of *offered* is meant.
    """
    call, made = await material.ready(m.decode(body), fetch=False)
    model = models.resolve(call.model, offered, aliases)
    if model is None:
        raise UnknownModel(f"model: {call.model}")
    identity = Identity(
        endpoint=manner.endpoint,
        conversation_id=_NOBODY,
        message_id="msg_translate",
        profile_arn=profile_arn,
        origin=manner.origin,
        user_agent=manner.user_agent,
        opt_out=manner.opt_out,
    )
    prepared = prepare(call, model, identity)
    notes = (*unknown_field_notes(m.unknown_fields(body)), *made, *prepared.notes)
    return Translation(prepared.ask.body, notes)
