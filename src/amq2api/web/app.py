"""The whole web side as one ASGI application.

Outermost are the things that hold on every path: the request id, the caller's key, Claude's
error envelope. The hot path branches off here, before any framework: routing and middleware of
one would double the cost of a small call (performance.md; designs/0001).
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from amq2api.errors import GatewayError, WrongMethod
from amq2api.log import log
from amq2api.relay.relay import Relay

from .asgi import Answer, ASGIApp, Receive, Scope, Send
from .counting import CountTokens
from .keys import Keys
from .messages import CreateMessage
from .pages import Health, create_pages
from .pulse import Pulse

Endpoint: TypeAlias = Callable[[Scope, Receive, Answer], Awaitable[None]]
Life: TypeAlias = Callable[[], AbstractAsyncContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the web side treats its clients; see config.py for the meaning of each."""

    api_keys: tuple[str, ...] = ()
    max_body: int = 32 * 1024 * 1024
    grace: float = 4.0
    ping_interval: float = 10.0


class App:
    """Routes by path alone: the query never matters here (claude-api.md 1.1)."""

    def __init__(
        self, relay: Relay, health: Health, manners: Manners, aliases: Mapping[str, str], life: Life
    ) -> None:
        self._pulse = Pulse(grace=manners.grace, interval=manners.ping_interval)
        self._keys = Keys(manners.api_keys)
        self._life = life
        self._pages: ASGIApp = create_pages(relay.models, health, dict(aliases))
        self._posts: dict[str, Endpoint] = {
            "/v1/messages": CreateMessage(relay, self._pulse, max_body=manners.max_body),
            "/v1/messages/count_tokens": CountTokens(max_body=manners.max_body),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            # A WebSocket: closing before accepting is a plain HTTP refusal.
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = f"req_{secrets.token_hex(12)}"
        answer = Answer(send, request_id)
        try:
            await self._serve(scope, receive, answer)
        except GatewayError as error:
            log.info("refused", request_id=request_id, path=scope["path"],
                     outcome=type(error).__name__)  # fmt: skip
            await answer.refuse(error, head=scope["method"] == "HEAD")
        except Exception:  # noqa: BLE001  (the ASGI top: whatever nobody foresaw ends here)
            log.exception("unforeseen", request_id=request_id, path=scope["path"])
            await answer.refuse(GatewayError("Internal server error"), head=False)

    async def _serve(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        path = scope["path"]
        if path.startswith("/v1/"):
            self._keys.check(scope)
        endpoint = self._posts.get(path)
        if endpoint is None:
            scope["amq2api.request_id"] = answer.request_id
            await self._pages(scope, receive, answer.with_request_id)
        elif scope["method"] == "POST":
            await endpoint(scope, receive, answer)
        else:
            raise WrongMethod("Method Not Allowed")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._alive():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _alive(self) -> AsyncIterator[None]:
        async with self._life():
            yield
            await self._pulse.close()
