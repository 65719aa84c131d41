"""``amq2api chat``."""

import asyncio
import contextlib
from typing import Annotated

import msgspec
import typer

from amq2api.config import Settings, proxy_for
from amq2api.errors import UpstreamBroken
from amq2api.upstream.chat import say
from amq2api.upstream.client import Client

from .app import Complaint
from .reading import client_keys, settings_or_complain

MODEL = "claude-haiku-4-5"  # every account has it, and it costs least (upstream-protocol.md 7.1)
_MAX_TOKENS = 8192
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
) -> None:
    """Send one message through a running gateway and show the answer as it comes."""
    settings = settings_or_complain()
    if key is None:
        key = next(iter(client_keys(settings)), "")
    body = request(message, model, system)
    gateway = url or address(settings)
    try:
        asyncio.run(show(gateway, body, key))
    except UpstreamBroken as exc:
        raise Complaint(f"{gateway}: {exc}") from exc


def request(message: str, model: str = MODEL, system: str | None = None) -> bytes:
    """The streaming Messages request for one message."""
    call = {
        "model": model, "max_tokens": _MAX_TOKENS, "stream": True,
        "messages": [{"role": "user", "content": message}],
    }  # fmt: skip
    return msgspec.json.encode(call if system is None else call | {"system": system})


async def show(gateway: str, body: bytes, key: str) -> None:
    """Print the answer to *body* as it comes; raises what :func:`say` raises."""
    begun = False
    try:
        async with (
            Client(connect_timeout=10, idle_timeout=300, proxy=proxy_for) as client,
            contextlib.aclosing(say(client, gateway, body, key)) as answer,
        ):
            async for piece in answer:
                typer.echo(piece, nl=False)
                begun = True
    finally:
        if begun:
            typer.echo()


def address(settings: Settings) -> str:
    """Where a client on this machine finds the gateway."""
    host = _ANYWHERE.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
