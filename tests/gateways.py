"""A gateway in this process and the service it talks to, both over real sockets.

The service does what a test tells it, byte by byte; the simulator is for everything that needs
a service with a mind of its own.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
import uvicorn
from aiohttp import web

from amq2api import config
from amq2api.cli.building import gateway, parts
from amq2api.cli.terms import of_clients
from amq2api.relay.relay import Relay
from amq2api.web.http import Connections
from amq2api.web.patience import Limits
from bridge.replies import METERED, ended, text

Turn = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(status: int, body: Any, **headers: str) -> Turn:
    """A whole answer; *body* is JSON unless it is bytes."""

    async def turn(_request: web.Request) -> web.StreamResponse:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=raw, status=status, headers=names)

    return turn


def stream(*parts: bytes | float | None) -> Turn:
    """Frames, pauses in seconds, and None for a connection that is torn."""

    async def turn(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"content-type": "application/vnd.amazon.eventstream"}
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        for part in parts:
            if part is None:
                assert request.transport is not None
                request.transport.abort()
            elif isinstance(part, float):
                await asyncio.sleep(part)
            else:
                await response.write(part)
        return response

    return turn


HELLO = stream(text("Hello"), text(" there."), ended("END_TURN"), METERED)


@dataclass
class Service:
    """Answers calls with the turns of its script, then with :data:`HELLO`."""

    script: list[Turn] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    heard: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Operation and headers of each request."""
    refreshes: int = 0
    gone: asyncio.Queue[float] = field(default_factory=asyncio.Queue)
    """When streams lost their client before their end, by the loop's clock."""
    models: list[dict[str, Any]] | None = None
    models_delay: float = 0.0
    usage: dict[str, Any] | None = None
    refresh_delay: float = 0.0
    lifetime: int = 3600
    valid: set[str] = field(default_factory=set)
    """Access tokens that are accepted."""

    async def token(self, _request: web.Request) -> web.StreamResponse:
        self.refreshes += 1
        access = f"aoa-{self.refreshes}"
        await asyncio.sleep(self.refresh_delay)
        self.valid = {access}
        return web.json_response({
            "accessToken": access, "expiresIn": self.lifetime, "tokenType": "Bearer",
            "refreshToken": f"aor-{self.refreshes}",
        })  # fmt: skip

    async def operation(self, request: web.Request) -> web.StreamResponse:
        name = request.headers["x-amz-target"].split(".")[1]
        body = await request.json()
        self.heard.append((name, dict(request.headers)))
        if request.headers["authorization"].removeprefix("Bearer ") not in self.valid:
            return await answer(403, {
                "__type": "com.amazon.aws.codewhisperer#AccessDeniedException",
                "message": "The bearer token included in the request is invalid.",
            })(request)  # fmt: skip
        if name == "ListAvailableModels":
            await asyncio.sleep(self.models_delay)
            return await _maybe({"models": self.models} if self.models else None)(request)
        if name == "GetUsageLimits":
            return await _maybe(self.usage)(request)
        self.calls.append(body)
        turn = self.script.pop(0) if self.script else HELLO
        try:
            return await turn(request)
        except (asyncio.CancelledError, ConnectionError):
            self.gone.put_nowait(asyncio.get_running_loop().time())
            raise


def _maybe(body: dict[str, Any] | None) -> Turn:
    if body is not None:
        return answer(200, body)
    return answer(404, {"__type": "UnknownOperationException"})


async def at_once(_seconds: float) -> None:
    """A pause that takes no time."""


@dataclass
class Gateway:
    """A running gateway: its address, its service, and a client session for raw requests."""

    url: str
    service: Service
    http: aiohttp.ClientSession
    home: Path
    relay: Relay

    async def post(
        self, body: Any, path: str = "/v1/messages", **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.post(self.url + path, data=raw, headers=names) as response:
            return response.status, response.headers, await response.read()


@asynccontextmanager
async def running(
    home: Path, service: Service | None = None, **settings: Any
) -> AsyncIterator[Gateway]:
    """A gateway in front of *service*, with one account in the environment."""
    scripted = service or Service()
    pages = web.Application(client_max_size=1 << 30)
    pages.router.add_post("/token", scripted.token)
    pages.router.add_post("/", scripted.operation)
    runner = web.AppRunner(pages, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream = f"http://127.0.0.1:{runner.addresses[0][1]}"
    given = config.load(**{
        "api_endpoint": f"{upstream}/", "token_endpoint": f"{upstream}/token",
        "refresh_token": "aor-0", "client_id": "id", "client_secret": "hush",
        "account_file": home / "account.json", "token_cache": home / "tokens.json",
        "admin_file": home / "admin.json", "calibration_file": home / "calibration.json",
        **settings,
    })  # fmt: skip
    keys = tuple(key.get_secret_value() for key in given.api_keys)
    try:
        made = parts(given)
        app = gateway(given, keys, made)
        async with serving(app, limits=of_clients(given)) as url, aiohttp.ClientSession() as http:
            yield Gateway(url, scripted, http, home, made.relay)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving(
    app: Any, *, dated: bool = True, limits: Limits | None = None
) -> AsyncIterator[str]:
    """An ASGI application on a free port of this machine; *dated* if it leaves the Date header
    to the server."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=1,
            lifespan="on", interface="asgi3", http=cast(Any, Connections(limits or Limits())),
            date_header=dated,
        )
    )  # fmt: skip
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listening.close()
