"""A gateway with its page and the simulator behind it, in a thread with a loop of its own.

Whatever the gateway sends is kept, so that a test can look for what must not be in it.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from anyio.from_thread import start_blocking_portal

from amq2api import config
from amq2api.cli.building import gateway
from amq2api.sim.app import create_app
from amq2api.sim.identity import Account, Kind
from amq2api.sim.world import World
from gateways import serving

_SHOWN = 10  # characters of a token that the API may tell
_SECRET = re.compile(r"\b(?:ao[ar]|eyJ|ksk_)\w{30,}")


@dataclass
class Heard:
    """Everything the gateway answered, headers and bodies of all paths."""

    said: list[tuple[str, bytes]] = field(default_factory=list)
    """Path and piece of an answer."""

    def around(self, app: Any) -> Any:
        async def recorded(scope: Any, receive: Any, send: Any) -> None:
            async def told(message: Any) -> None:
                for header in message.get("headers", ()):
                    self.said += [(scope["path"], part) for part in header]
                self.said.append((scope["path"], message.get("body", b"")))
                await send(message)

            await app(scope, receive, told if scope["type"] == "http" else send)

        return recorded

    def text(self, under: str = "/") -> str:
        """All that was answered under a path."""
        told = b"".join(piece for path, piece in self.said if path.startswith(under))
        return told.decode("utf-8", "replace")


@dataclass
class House:
    """*url* is the gateway's, *service* the simulator's, *home* where the gateway's files are."""

    url: str
    service: str
    world: World
    home: Path
    heard: Heard = field(repr=False)
    upstream: Heard = field(repr=False)
    """What the simulator answered."""

    @property
    def account_file(self) -> Path:
        return self.home / "account.json"

    def accounts(self) -> list[dict[str, Any]]:
        """The entries of ``account.json``."""
        entries: list[dict[str, Any]] = msgspec.json.decode(self.account_file.read_bytes())
        return entries

    def write(self, *entries: dict[str, Any]) -> None:
        """Write ``account.json`` by hand, as people do."""
        self.account_file.write_bytes(msgspec.json.encode(entries))

    def asker(self, position: int = -1) -> str:
        """Which account of the service asked for an answer."""
        return self.world.asked()[position].account

    def secrets(self) -> set[str]:
        """All that nobody but gateway and service may ever see."""
        known = [account.credentials for account in self.world.identities.accounts.values()]
        given = {each[name] for each in known for name in ("refresh_token", "client_secret")}
        return given | set(_SECRET.findall(self.upstream.text()))

    def leaks(self, text: str) -> list[str]:
        """The secrets of which *text* tells more than the API may."""
        return [secret for secret in self.secrets() if secret[: _SHOWN + 1] in text]


def entry(account: Account, name: str = "", **members: Any) -> dict[str, Any]:
    """An account of the service as ``account.json`` holds it."""
    return {**account.credentials, "name": name or account.name, **members}


@contextmanager
def opened(
    home: Path, world: World, accounts: Sequence[dict[str, Any]] = (), **settings: Any
) -> Iterator[House]:
    """A house whose gateway has *accounts* and *settings*, and keeps its files in *home*."""
    if accounts:
        home.joinpath("account.json").write_bytes(msgspec.json.encode(accounts))
    with (
        start_blocking_portal(backend_options={"use_uvloop": True}) as portal,
        portal.wrap_async_context_manager(_running(home, world, settings)) as house,
    ):
        yield house


@asynccontextmanager
async def _running(home: Path, world: World, settings: dict[str, Any]) -> AsyncIterator[House]:
    heard, upstream = Heard(), Heard()
    async with serving(upstream.around(create_app(world)), dated=False) as service:
        given = config.load(
            api_endpoint=f"{service}/",
            token_endpoint=f"{service}/token",
            account_file=home / "account.json",
            token_cache=home / "token_cache.json",
            calibration_file=home / "calibration.json",
            admin_file=home / "admin.json",
            **settings,
        )
        keys = tuple(key.get_secret_value() for key in given.api_keys)
        async with serving(heard.around(gateway(given, keys))) as url:
            yield House(url, service, world, home, heard, upstream)


def people(world: World, *names: str, kind: Kind = "builder-id") -> list[dict[str, Any]]:
    """Entries for new accounts of the service, by *names*."""
    return [entry(world.add_account(name, kind)) for name in names]
