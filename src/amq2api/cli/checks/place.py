"""Where the gateway listens: free, taken by a gateway, or by somebody else."""

import msgspec

from amq2api import __version__
from amq2api.cli.app import Complaint
from amq2api.cli.chat import address
from amq2api.cli.preflight import obstacles
from amq2api.cli.serving import listen
from amq2api.config import Settings
from amq2api.errors import GatewayError
from amq2api.upstream.client import Client
from amq2api.upstream.failures import Unreachable
from amq2api.wire.exchange import Answer, Ask

from .check import Check

_TIMEOUT = 5.0  # seconds for somebody on this machine


class _Health(msgspec.Struct):
    status: str
    has_token: bool


class _Info(msgspec.Struct):
    title: str
    version: str


class _OpenAPI(msgspec.Struct):
    info: _Info


async def check(client: Client, settings: Settings) -> Check:
    url = address(settings)
    try:
        answer = await _get(client, f"{url}/health")
    except Unreachable:
        return _free(settings, url)
    except GatewayError:
        return _foreign(url)
    try:
        msgspec.json.decode(answer.body, type=_Health)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _foreign(url)
    running = await _version(client, url)
    if not running:
        return Check("gateway", "ok", "One is running; its version is not told.", about=url)
    if running == __version__:
        return Check("gateway", "ok", f"One is running, and is {running} like this.", about=url)
    return Check(
        "gateway", "note", f"One is running, but it is {running}; this is {__version__}.",
        "Restart it to use the newer code.", url,
    )  # fmt: skip


def _free(settings: Settings, url: str) -> Check:
    if (obstacle := next(obstacles(settings), None)) is not None:
        return Check(
            "gateway", "problem", "It would refuse to start as things are.",
            "Mend what is named here.", about=obstacle,
        )  # fmt: skip
    try:
        listen(settings.host, settings.port).close()
    except Complaint as exc:
        return Check("gateway", "problem", f"{exc}.", "Choose another address or port.", url)
    return Check("gateway", "ok", "None is running, and its port is free.", about=url)


def _foreign(url: str) -> Check:
    return Check(
        "gateway", "problem", "Something else than a gateway has its port.",
        "Stop it, or choose another port with PORT.", url,
    )  # fmt: skip


async def _version(client: Client, url: str) -> str:
    """As its own description says; empty where it does not tell."""
    try:
        answer = await _get(client, f"{url}/openapi.json")
        info = msgspec.json.decode(answer.body, type=_OpenAPI).info
    except (GatewayError, msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return info.version if info.title == "amq2api" else ""


async def _get(client: Client, url: str) -> Answer:
    return await client.ask(Ask(url, method="GET"), timeout=_TIMEOUT)
