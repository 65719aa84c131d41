"""A gateway and the simulator behind it, on real sockets, in a thread with a loop of its own.

So that a client may block, as most real ones do.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from anyio.from_thread import start_blocking_portal

from amq2api import config
from amq2api.accounts.policy import Budget
from amq2api.cli.building import gateway, parts
from amq2api.relay.relay import Relay
from amq2api.sim.app import create_app
from amq2api.sim.world import Recorded, World
from gateways import serving

_SCENARIOS = "4.3"  # the rule under which the simulator's scenarios refuse


@dataclass(frozen=True)
class House:
    """*url* is the gateway's, *service* the simulator's."""

    url: str
    service: str
    world: World
    relay: Relay

    def asked(self) -> list[Recorded]:
        """The calls that reached the service."""
        return self.world.asked()

    def complaints(self) -> list[str]:
        """What the service's validator, a second opinion on all we send, found wrong."""
        faults = [request.fault for request in self.asked()]
        return [
            f"{fault.rule} {fault.where}: {fault.message}"
            for fault in faults
            if fault is not None and fault.rule != _SCENARIOS
        ]

    def forget(self) -> None:
        """As if nothing had happened; accounts and their tokens stay."""
        self.relay.health.retain(())
        self.relay.budget = Budget()
        self.world.requests.clear()
        self.world.disconnects.clear()
        self.world.script.clear()
        self.world.scenario = "echo"


@contextmanager
def opened(home: Path, **settings: Any) -> Iterator[House]:
    """A house whose gateway has these *settings* and keeps its files in *home*."""
    with (
        start_blocking_portal(backend_options={"use_uvloop": True}) as portal,
        portal.wrap_async_context_manager(_running(home, settings)) as house,
    ):
        yield house


@asynccontextmanager
async def _running(home: Path, settings: dict[str, Any]) -> AsyncIterator[House]:
    world = World()
    account_file = home / "account.json"
    account_file.write_bytes(msgspec.json.encode([world.demo_account()]))
    async with serving(create_app(world), dated=False) as service:
        given = config.load(**{
            "api_endpoint": f"{service}/",
            "token_endpoint": f"{service}/token",
            "account_file": account_file,
            "token_cache": home / "token_cache.json",
            "calibration_file": home / "calibration.json",
            **settings,
        })  # fmt: skip
        keys = tuple(key.get_secret_value() for key in given.api_keys)
        made = parts(given)
        async with serving(gateway(given, keys, made)) as url:
            yield House(url, service, world, made.relay)
