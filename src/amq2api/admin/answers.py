"""What every route of the admin API shares: how it answers, and what its refusals look like."""

from typing import Any

from fastapi import Response

from .envelope import JSON, done, encode
from .shapes import Refused

_WHEN = {
    400: "What was sent cannot be used; the message names the member.",
    401: "There is no session where one is needed.",
    403: "The request names a host that is not ours, or comes from another site's page.",
    404: "There is none of this id.",
    409: "It contradicts what is there, or the state that the account is in.",
    413: "The request has too many bytes.",
    429: "Too many at once, or too fast; see `retry-after`.",
    502: "The service failed or refused.",
    503: "A file of the gateway's cannot be read or written.",
    504: "The service did not answer in time.",
}
_ALWAYS = (401, 403, 503)


def answer(data: Any) -> Response:
    """The answer to a request that worked."""
    return Response(encode(done(data)), media_type=JSON)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route can refuse, for the OpenAPI document; what all can answer with is added."""
    return {
        status: {"model": Refused, "description": _WHEN[status]}
        for status in sorted({*statuses, *_ALWAYS})
    }
