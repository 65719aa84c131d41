"""The little of ASGI that is needed here: read a request, send an answer."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from .steps import compact

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_MAX_BODY = 64 * 1024 * 1024
_MASKED = "***"
_SECRET_HEADERS = frozenset({"authorization", "cookie", "x-api-key"})
_REGIONAL = re.compile(
    r"https?://[a-z]+\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com|kiro\.dev)(?::\d+)?"
)
"""The service's own addresses (upstream-protocol.md 1.1, 5.1)."""


class TooLarge(Exception):
    """The body is larger than the edge in front of the service lets through."""


class ClientGone(Exception):
    """The client left while it was still asking."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request. Header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    base: str
    """Scheme and authority under which the client sees us."""

    def json(self) -> Any:
        """The body decoded, or None if it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def region(self) -> str | None:
        """The region that the address names; None for an address that is not Amazon's."""
        named = _REGIONAL.fullmatch(self.base)
        return named and named[1]

    @property
    def masked_headers(self) -> dict[str, str]:
        secret = _SECRET_HEADERS
        return {n: _MASKED if n in secret else value for n, value in self.headers.items()}


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: bool = False
    """Whether the connection breaks before the body."""


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, compact(value), headers=headers or {})


async def read(scope: Scope, receive: Receive) -> Incoming:
    """Take in the whole request.

    Raises:
        TooLarge, ClientGone: as they say.
    """
    headers = {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in scope["headers"]}
    host = headers.get("host") or "localhost"
    return Incoming(
        scope["method"],
        scope["path"],
        dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)),
        headers,
        await _body(receive),
        f"{scope.get('scheme', 'http')}://{host}",
    )


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _MAX_BODY:
            raise TooLarge
        if not message.get("more_body", False):
            return b"".join(parts)


async def begin(send: Send, status: int, headers: Mapping[str, str]) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def answer(send: Send, reply: Reply) -> None:
    # A promise of one byte more than comes: the server has to break the connection.
    length = len(reply.body) + (1 if reply.broken else 0)
    headers = {
        "content-type": reply.content_type,
        "content-length": str(length),
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        **reply.headers,
    }
    await begin(send, reply.status, headers)
    await send({"type": "http.response.body", "body": reply.body, "more_body": reply.broken})
