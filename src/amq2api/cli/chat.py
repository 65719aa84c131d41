"""``amq2api chat``."""

import asyncio
import contextlib
from typing import Annotated, Any

import msgspec
import typer

from amq2api.admin.envelope import row
from amq2api.config import Settings, proxy_for
from amq2api.errors import UpstreamBroken
from amq2api.upstream import chat as upstream
from amq2api.upstream.client import Client
from amq2api.upstream.timeouts import Timeouts

from .app import Complaint
from .output import say_json
from .reading import client_keys, settings_or_complain

MODEL = "claude-haiku-4-5"  # every account has it, and it costs least (upstream-protocol.md 7.1)
_MAX_TOKENS = 8192
_TIMEOUTS = Timeouts(connect=10, first_byte=300, idle=300, total=3600)
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def command(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What to say.")],
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The gateway; where `amq2api serve` listens if not given."
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="A client key; the first configured one if not given."),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="A model that the account may use.")
    ] = MODEL,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="A system prompt.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole message of the API, for programs.")
    ] = False,
) -> None:
    """Send one message through a running gateway and show the answer as it comes."""
    settings = settings_or_complain()
    if key is None:
        key = next(iter(client_keys(settings)), "")
    body = request(message, model, system, stream=not as_json)
    gateway = url or address(settings)
    try:
        if as_json:
            say_json(asyncio.run(_whole(gateway, body, key)))
        else:
            asyncio.run(show(gateway, body, key))
    except UpstreamBroken as exc:
        raise Complaint(f"{gateway}: {exc}", kind=row(exc).type) from exc


def request(
    message: str, model: str = MODEL, system: str | None = None, *, stream: bool = True
) -> bytes:
    """The Messages request for one message."""
    call = {
        "model": model, "max_tokens": _MAX_TOKENS, "stream": stream,
        "messages": [{"role": "user", "content": message}],
    }  # fmt: skip
    return msgspec.json.encode(call if system is None else call | {"system": system})


async def show(gateway: str, body: bytes, key: str) -> None:
    """Print the answer to *body* as it comes; raises what ``upstream.chat.say`` raises."""
    begun = False
    try:
        async with (
            _client() as client,
            contextlib.aclosing(upstream.say(client, gateway, body, key)) as answer,
        ):
            async for piece in answer:
                typer.echo(piece, nl=False)
                begun = True
    finally:
        if begun:
            typer.echo()


async def _whole(gateway: str, body: bytes, key: str) -> dict[str, Any]:
    async with _client() as client:
        return await upstream.message(client, gateway, body, key)


def _client() -> Client:
    return Client(timeouts=_TIMEOUTS, proxy=proxy_for)


def address(settings: Settings) -> str:
    """Where a client on this machine finds the gateway."""
    host = _ANYWHERE.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
