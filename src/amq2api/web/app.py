"""The whole web side as one ASGI application, the admin side hung in.

Outermost are the things that hold on every path: the request id, the caller's key, Claude's
error envelope. The hot path branches off here, before any framework: routing and middleware of
one would double the cost of a small call (performance.md; designs/0001).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from amq2api.errors import BadRequest, GatewayError, WrongMethod
from amq2api.log import log
from amq2api.relay.records import shortened
from amq2api.relay.relay import Relay
from amq2api.relay.snapshots import Snapshot

from .asgi import DIRECT, Answer, ASGIApp, Receive, Scope, Send, new_request_id
from .counting import CountTokens
from .keys import Keys
from .messages import CreateMessage
from .metrics import Collect, TellMetrics
from .pages import Health, Pages
from .probes import LIVE, READY, Faults, Probes
from .pulse import Pulse
from .underway import UnderWay

Endpoint: TypeAlias = Callable[[Scope, Receive, Answer], Awaitable[None]]
Life: TypeAlias = Callable[[], AbstractAsyncContextManager[object]]

_ADMIN = frozenset({"/", "/admin", "/docs", "/openapi.json"})
_BELOW_ADMIN = ("/api/", "/static/", "/admin/")
_METRICS = "/metrics"
# Clients ask for these to see whether anyone is there (claude-api.md 1.1, C-016 and C-017).
_HELLO = "/api/hello"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the web side treats its clients; see config.py for the meaning of each."""

    api_keys: tuple[str, ...] = field(default=(), repr=False)
    allowed_hosts: tuple[str, ...] = ()
    max_body: int = 32 * 1024 * 1024
    grace: float = 4.0
    ping_interval: float = 10.0
    metrics: bool = True


class App:
    """Routes by path alone: the query never matters here (claude-api.md 1.1).

    Args:
        admin: Answers on the admin side's paths. Its requests bring, in their scope, their
            ``amq2api.request_id`` and ``amq2api.playground``, an ASGI application that answers
            as ``/v1/messages`` does, but asks for no key: the admin side has its own door.
        stopping: Called when the server is told to stop, before it waits for streams to end.
        faults: What keeps calls from being served, for ``/readyz``.
        collect: The numbers for ``/metrics``, where they are not only those of this process.
    """

    def __init__(
        self,
        relay: Relay,
        health: Health,
        manners: Manners,
        aliases: Mapping[str, str],
        life: Life,
        admin: ASGIApp | None = None,
        stopping: Callable[[], None] = lambda: None,
        faults: Faults = dict,
        collect: Collect | None = None,
    ) -> None:
        self._relay, self._health, self._life = relay, health, life
        self._admin, self._stopping = admin, stopping
        self._collect = collect or self._own_numbers
        self._under_way, self._probes = UnderWay(), Probes(faults)
        self._pulse = Pulse(grace=manners.grace, interval=manners.ping_interval)
        self.behave(manners, aliases)

    def behave(self, manners: Manners, aliases: Mapping[str, str]) -> None:
        """Treat clients so from now on; calls under way end as they began."""
        self.manners, relay, max_body = manners, self._relay, manners.max_body
        self._keys = Keys(manners.api_keys, manners.allowed_hosts)
        self._pulse.pace(grace=manners.grace, interval=manners.ping_interval)
        self._create = _post(CreateMessage(relay, self._pulse, self._under_way, max_body=max_body))
        self._pages = Pages(relay.models, self._health, aliases)
        self._endpoints: Mapping[str, Endpoint] = {
            "/v1/messages": self._create,
            "/v1/messages/count_tokens": _post(CountTokens(relay, max_body=max_body)),
            LIVE: self._probes,
            READY: self._probes,
            **({_METRICS: TellMetrics(self._collect)} if manners.metrics else {}),
        }

    def drain(self) -> None:
        """Say to whoever asks that no more calls are to come, and end what has no end."""
        self._probes.draining = True
        self._stopping()

    def end(self) -> None:
        """End the calls that are still under way, and say so in their answers."""
        self._under_way.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            # A WebSocket: closing before accepting is a plain HTTP refusal.
            await send({"type": "websocket.close", "code": 1000})
            return
        # Functions below that only pass calls on are no coroutines: each one in the way of a
        # stream would cost memory as long as it is open.
        answer = Answer(send, new_request_id())
        try:
            await _answered(self._serve, scope, receive, answer)
        finally:
            self._relay.metrics.answered(scope["path"], answer.status)

    def _serve(self, scope: Scope, receive: Receive, answer: Answer) -> Awaitable[None]:
        path = scope["path"]
        if path.startswith("/v1/") or path == _METRICS:
            self._keys.check(scope)
        endpoint = self._endpoints.get(path)
        if endpoint is not None:
            return endpoint(scope, receive, answer)
        if self._admin is not None and _is_admin(scope["method"], path):
            scope["amq2api.request_id"] = answer.request_id
            scope["amq2api.playground"] = self._playground
            return self._admin(scope, receive, answer.with_request_id)
        return self._pages(scope, receive, answer)

    async def guest(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what another process has let in and numbered."""
        await _answered(self._serve, scope, receive, Answer(send, scope["amq2api.request_id"]))

    async def _playground(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = {name: value for name, value in scope.items() if name != DIRECT}  # send is theirs
        await _answered(self._create, scope, receive, Answer(send, scope["amq2api.request_id"]))

    async def _own_numbers(self) -> Snapshot:
        return self._relay.metrics.snapshot()

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


def _is_admin(method: str, path: str) -> bool:
    if path == _HELLO or (method, path) == ("HEAD", "/"):
        return False
    return path in _ADMIN or path.startswith(_BELOW_ADMIN)


def _post(endpoint: Endpoint) -> Endpoint:
    """*endpoint*, for the one method that it has."""

    def posted(scope: Scope, receive: Receive, answer: Answer) -> Awaitable[None]:
        if scope["method"] != "POST":
            raise WrongMethod("Method Not Allowed", allowed=("POST",))
        return endpoint(scope, receive, answer)

    return posted


async def _answered(endpoint: Endpoint, scope: Scope, receive: Receive, answer: Answer) -> None:
    """What *endpoint* answers, or what it raises in Claude's envelope."""
    try:
        await endpoint(scope, receive, answer)
    except GatewayError as error:
        log.info("refused", request_id=answer.request_id, path=shortened(scope["path"]),
                 outcome=type(error).__name__)  # fmt: skip
        await answer.refuse(error, head=scope["method"] == "HEAD")
    except RecursionError:
        # Reading it is what stops at a depth; this is for what can be read and not be walked.
        log.info("refused", request_id=answer.request_id, path=shortened(scope["path"]),
                 outcome="BadRequest")  # fmt: skip
        await answer.refuse(BadRequest("the request's JSON is nested too deeply"), head=False)
    except Exception:  # noqa: BLE001  (the ASGI top: whatever nobody foresaw ends here)
        log.exception("unforeseen", request_id=answer.request_id, path=shortened(scope["path"]))
        await answer.refuse(GatewayError("Internal server error"), head=False)
