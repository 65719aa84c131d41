"""The door of the admin side: what holds for each of its paths, before and after the work.

Pure ASGI, so that event streams pass as they are.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from amq2api.errors import BadRequest, GatewayError, OriginRefused, RequestTooLarge
from amq2api.log import log
from amq2api.relay.records import shortened
from amq2api.wire import origin

from .access import Access
from .envelope import refuse

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

PLAYGROUND = ("POST", "/api/playground")
PAGES = frozenset({"/", "/admin", "/docs"})
_WITHOUT_SESSION = PAGES | {"/openapi.json", "/api/session", "/api/setup"}
_STATIC = "/static/"

_MOST, _MOST_IMPORTED = 1 << 20, 10 << 20  # bytes of a request's body
_LIMITS = {"/api/accounts/import": _MOST_IMPORTED, "/api/translation": _MOST_IMPORTED}
# Of a body that is too large so much is still taken, and dropped: who is cut off while sending
# does not hear why.
_MOST_HEARD = 64 << 20

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_ALWAYS = {
    b"content-security-policy": _CSP.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}
_OF_THE_API = _ALWAYS | {b"cache-control": b"no-store"}


class Gate:
    """*app* behind its door.

    ``POST /api/playground`` is not for *app*: who is let in there is handed to the ASGI
    application in ``scope["amq2api.playground"]``, untouched (web/app.py puts it there).
    ``scope["amq2api.request_id"]`` is named in refusals.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, api=scope["path"].startswith("/api/"))
        try:
            answer.cookie = self._let_in(scope)
            place = (scope["method"], scope["path"])
            playground = scope.get("amq2api.playground") if place == PLAYGROUND else None
            if playground is not None:
                await playground(scope, receive, answer.send)
            else:
                await self._app(scope, await _whole(scope, receive), answer.send)
        except GatewayError as error:
            if answer.started:
                raise
            log.info("refused", request_id=_request_id(scope), path=shortened(scope["path"]),
                     outcome=type(error).__name__)  # fmt: skip
            await answer.refuse(error, scope)

    def _let_in(self, scope: Scope) -> str | None:
        """A ``Set-Cookie`` line for the answer, if there is one; raises what keeps it out."""
        path, access = scope["path"], self._access
        words = origin.refusal(
            scope["headers"], hosts=access.hosts, any_host=access.any_host,
            page=path in PAGES and scope["method"] == "GET",
        )  # fmt: skip
        if words is not None:
            raise OriginRefused(words)
        if path in _WITHOUT_SESSION or path.startswith(_STATIC):
            return None
        return access.enter(scope)


class _Answer:
    """The answer on its way out; it gets the headers that every answer here has."""

    __slots__ = ("_always", "_send", "cookie", "started")

    def __init__(self, send: Send, *, api: bool) -> None:
        self._send, self._always = send, _OF_THE_API if api else _ALWAYS
        self.cookie: str | None = None
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            rest = [pair for pair in message.get("headers", ()) if pair[0] not in self._always]
            headers = [*rest, *self._always.items()]
            # A renewed cookie must not take the place of another session's, just begun.
            if self.cookie is not None and all(name != b"set-cookie" for name, _ in rest):
                headers.append((b"set-cookie", self.cookie.encode()))
            message = {**message, "headers": headers}
        await self._send(message)

    async def refuse(self, error: GatewayError, scope: Scope) -> None:
        refusal = refuse(error, _request_id(scope))
        headers = refusal.headers | {"content-length": str(len(refusal.body))}
        await self.send({
            "type": "http.response.start", "status": refusal.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        })  # fmt: skip
        body = b"" if scope["method"] == "HEAD" else refusal.body
        await self.send({"type": "http.response.body", "body": body})


def _request_id(scope: Scope) -> str:
    return str(scope.get("amq2api.request_id", ""))


async def _whole(scope: Scope, receive: Receive) -> Receive:
    """A ``receive`` that gives the body in one piece, read here so that it is bounded.

    Raises:
        RequestTooLarge: it has too many bytes; no more than allowed are kept.
        BadRequest: the client went away before it was whole.
    """
    headers = dict(scope["headers"])
    if b"transfer-encoding" not in headers and headers.get(b"content-length", b"0") == b"0":
        return receive
    body = await _read(receive, _LIMITS.get(scope["path"], _MOST))
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    return replay


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("the request ended early")
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif size > _MOST_HEARD or not message.get("more_body", False):
            raise RequestTooLarge(f"the request has more than {limit} bytes")
        if not message.get("more_body", False):
            return b"".join(parts)
