"""The few lines of ASGI that every endpoint here needs."""

import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol, TypeAlias

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest, GatewayError, RequestTimedOut, RequestTooLarge
from amq2api.relay.aside import LARGE
from amq2api.relay.hold import Hold

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

DIRECT = "amq2api.direct"
"""Member of a scope: a :class:`Direct`, where our own server serves."""

_NONE: frozenset[str] = frozenset()
_UNCODED = frozenset({b"", b"identity"})
_TOO_LARGE = "Request exceeds the maximum size"  # the API's words with its 413


def new_request_id() -> str:
    """As Anthropic's look."""
    return f"req_{os.urandom(12).hex()}"


class Direct(Protocol):
    """A shorter way between an answer and its client than ``send`` and ``receive``."""

    left: Callable[[], None] | None
    """Called when the client goes away before the answer is complete."""

    def body(self) -> bytes | None:
        """The request's body, if all of it is here, and so is the client; to be asked instead
        of ``receive``."""

    def write(self, body: bytes) -> bool:
        """Add to the body of an answer that has begun, now; more is to come.

        Returns:
            False if the client is slow: *body* is taken, but ``send`` is to come next, and waits.
        """


class Answer:
    """The answer to one request. Knows whether it has begun: its status cannot change then."""

    __slots__ = ("direct", "request_id", "started", "status")

    def __init__(self, send: Send, request_id: str) -> None:
        self.direct = send
        """The server's own ``send``, for the body of an answer that has begun."""
        self.request_id = request_id
        self.started = False
        self.status = 0
        """Of the answer, once it has started."""

    async def send(self, message: Message) -> None:
        if not self.started:
            self.started, self.status = True, message["status"]
        await self.direct(message)

    async def with_request_id(self, message: Message) -> None:
        """``send``, for those who do not know of request ids."""
        if message["type"] == "http.response.start":
            rest = [pair for pair in message.get("headers", ()) if pair[0] != b"request-id"]
            ours = (b"request-id", self.request_id.encode())
            message = {**message, "headers": [*rest, ours]}
        await self.send(message)

    async def whole(
        self, status: int, headers: Mapping[str, str], body: bytes, *, head: bool = False
    ) -> None:
        """An answer in one go; *head* keeps the length and leaves the body out."""
        sized = [*raw_headers(headers), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": sized})
        await self.direct({"type": "http.response.body", "body": b"" if head else body})

    async def refuse(self, error: GatewayError, *, head: bool) -> None:
        """Claude's error envelope, with status and retry hints.

        An answer that has begun is left unfinished: the server cuts the connection, which is
        the one thing that a client cannot take for success.
        """
        if not self.started:
            refusal = m.refuse(error, self.request_id)
            await self.whole(refusal.status, refusal.headers, refusal.body, head=head)


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this (lower case) name."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return None


def listed(scope: Scope, name: bytes) -> frozenset[str]:
    """The members of a comma-separated header, however many lines it came in."""
    lines = [value for key, value in scope["headers"] if key == name]
    if not lines:
        return _NONE
    words = b",".join(lines).decode("latin-1").split(",")
    return frozenset(word for part in words if (word := part.strip()))


def decoded(scope: Scope, body: bytes, *, counting: bool = False) -> m.Call:
    """The call in *body*, judged by the version and the betas that the headers name.

    Raises:
        BadRequest: it is no good; the place is named.
    """
    return m.decode(
        body,
        counting=counting,
        betas=listed(scope, b"anthropic-beta"),
        version=header(scope, b"anthropic-version") or "",
    )


def check_body(scope: Scope, limit: int) -> int | None:
    """How many bytes are announced, if the body may be read at all; raises as
    :func:`read_body`.
    """
    first = dict(reversed(scope["headers"]))  # of several lines of one name the first counts
    if (encoding := first.get(b"content-encoding", b"")) not in _UNCODED:
        told = bytes(encoding[:64]).decode("latin-1")
        raise BadRequest(
            f"content-encoding: request bodies cannot be read as '{told}' here",
            code="request_body_encoding_unsupported",
        )
    declared = first.get(b"content-length")
    if declared is None or not declared.isdigit():
        return None
    if (size := int(declared)) > limit:
        raise RequestTooLarge(f"{_TOO_LARGE}: {size} bytes > {limit} bytes")
    return size


def body_at_hand(scope: Scope, limit: int) -> bytes | None:
    """The whole request body if it is here already: most are. Raises as :func:`read_body`."""
    direct: Direct | None = scope.get(DIRECT)
    if direct is None or (body := direct.body()) is None:
        return None
    check_body(scope, limit)
    if len(body) > limit:
        raise RequestTooLarge(f"{_TOO_LARGE}: more than {limit} bytes")
    return body


async def read_body(scope: Scope, receive: Receive, limit: int, hold: Hold) -> bytes:
    """The whole request body; a large one is held, and read once there is room for it.

    Raises:
        AtCapacity: there will be none in time.
        RequestTooLarge: it has more than *limit* bytes; no more than that is kept.
        BadRequest: it is compressed, or the client went away before it was whole.
        RequestTimedOut: the client is there, and does not go on.
    """
    declared = check_body(scope, limit)
    if declared is not None and declared > LARGE:
        await hold.take(declared)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _cut_short(message)
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise RequestTooLarge(f"{_TOO_LARGE}: more than {limit} bytes")
        if size > LARGE and not hold.taken:
            await hold.take(limit)  # nobody said how large it is
        parts.append(part)
        if not message.get("more_body", False):
            hold.shrink(size)
            return parts[0] if len(parts) == 1 else b"".join(parts)


def raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _cut_short(message: Message) -> BadRequest:
    if message.get("amq2api.late"):
        return RequestTimedOut(
            "the request's body did not come in time", code="request_body_timeout"
        )
    return BadRequest("the request ended early")
