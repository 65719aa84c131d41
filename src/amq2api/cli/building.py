"""The gateway put together from its settings."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from amq2api import __version__
from amq2api.accounts.calibrationfile import CalibrationFile
from amq2api.accounts.health import HealthBook
from amq2api.accounts.model import Account, from_environment
from amq2api.accounts.store import FileStore
from amq2api.accounts.tokens import TokenCache
from amq2api.config import Settings, proxy_for
from amq2api.errors import GatewayError
from amq2api.log import log
from amq2api.relay.material import Material
from amq2api.relay.metrics import Metrics
from amq2api.relay.relay import Relay
from amq2api.upstream.catalogue import Catalogue
from amq2api.upstream.client import Client
from amq2api.upstream.service import Service
from amq2api.web.app import App
from amq2api.web.asgi import ASGIApp
from amq2api.web.metrics import Collect

from .calibrating import Calibrating
from .encryption import seal_in_force
from .numbers import count, limits, room
from .readiness import readiness
from .terms import manner, manners, timeouts
from .when_asked import WhenAsked

if TYPE_CHECKING:
    from amq2api.upstream.fetch import Fetch

    from .admin_side import AdminSide

# Seconds that one exchange may take. Calls wait for both: for a token because they must, for
# the list of models because it says what a model can do, yet not for long.
TOKEN_TIMEOUT, _SERVICE_TIMEOUT = 30.0, 5.0
_WATCH = 2.0  # seconds between looks at the account file


@dataclass(frozen=True, slots=True)
class Parts:
    """What a gateway is made of, and every command that looks after accounts."""

    client: Client
    store: FileStore
    tokens: TokenCache
    relay: Relay
    calibrating: Calibrating


def parts(settings: Settings) -> Parts:
    """Nothing is opened yet: enter ``client`` and call ``tokens.load`` before use."""
    client = Client(timeouts=timeouts(settings), proxy=proxy_for)
    seal = seal_in_force(settings)
    store = FileStore(settings.account_file, environment_account(settings), seal=seal)
    catalogue = Catalogue(settings.model_map, time.monotonic)
    metrics = Metrics(catalogue.told)
    tokens = TokenCache(
        settings.token_cache,
        store=store,
        ask=partial(client.ask, timeout=TOKEN_TIMEOUT),
        token_url=str(settings.token_endpoint),
        seal=seal,
        heard=metrics.refreshed,
    )
    relay = Relay(
        accounts=store,
        tokens=tokens,
        upstream=client,
        service=Service(partial(client.ask, timeout=_SERVICE_TIMEOUT)),
        catalogue=catalogue,
        manner=manner(settings),
        health=HealthBook(tokens.state, time.time),
        admission=room(settings, metrics),
        metrics=metrics,
        material=Material(_fetch() if settings.fetch_urls else None),
    )
    count(relay)
    calibrating = Calibrating(relay.gauge, CalibrationFile(settings.calibration_file))
    return Parts(client, store, tokens, relay, calibrating)


def gateway(
    settings: Settings,
    api_keys: tuple[str, ...],
    made: Parts | None = None,
    *,
    simulated: bool = False,
    elsewhere: ASGIApp | None = None,
    collect: Collect | None = None,
) -> App:
    """The whole web application; nothing is opened before it starts.

    Args:
        made: Its parts, for a caller that wants to keep hold of them.
        elsewhere: Leads to the admin side, where that is in another process.
        collect: The numbers for ``/metrics``, where they are not only those of this process.
        simulated: Whether a pretend Amazon Q is asked, and the page is to say so.
    """
    made = made or parts(settings)
    relay, tokens, calibrating = made.relay, made.tokens, made.calibrating

    def health() -> tuple[bool, bool]:
        try:
            state = tokens.state(relay.choose().account)
        except GatewayError:
            return False, True
        return state.has_token, state.expired or not state.has_token

    def admin() -> "AdminSide":
        # Here, because it brings the web framework along.
        from .admin_side import admin_side

        return admin_side(
            settings,
            ask=partial(made.client.ask, timeout=TOKEN_TIMEOUT),
            store=made.store,
            tokens=tokens,
            relay=relay,
            client_keys=lambda: len(app.manners.api_keys),
            simulated=simulated,
        )

    side = WhenAsked(admin) if settings.admin and elsewhere is None else None

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        tokens.load()
        calibrating.load()
        _calm_the_collector()
        async with made.client:
            loop = asyncio.get_running_loop()
            work = (_warm(relay), _watch(made.store), calibrating.keep())
            beside = [loop.create_task(each) for each in work]
            try:
                yield
            finally:
                for task in beside:
                    task.cancel()
                if side is not None:
                    await side.close()
                await tokens.close()
                await calibrating.save()
                await asyncio.to_thread(made.store.close)

    app = App(
        relay, health, manners(settings, api_keys), settings.model_map, life,
        admin=side or (elsewhere if settings.admin else None),
        stopping=side.stop if side else lambda: None, collect=collect,
        faults=readiness(relay, tokens, settings.token_cache),
    )  # fmt: skip
    return app


def adopt(made: Parts, app: App, settings: Settings, api_keys: tuple[str, ...]) -> None:
    """Go by other settings from now on, in what can change while the gateway runs."""
    made.client.timeouts = timeouts(settings)
    made.relay.manner = manner(settings)
    made.relay.catalogue.aliases = settings.model_map
    made.relay.admission.limit(**limits(settings))
    app.behave(manners(settings, api_keys), settings.model_map)


def environment_account(settings: Settings) -> Account | None:
    """The account that ``AMAZONQ_*`` variables describe, if they describe one."""
    parts = (settings.refresh_token, settings.client_id, settings.client_secret)
    token, client_id, client_secret = parts
    if token is None or client_id is None or client_secret is None:
        return None
    return from_environment(
        refresh_token=token.get_secret_value(),
        client_id=client_id.get_secret_value(),
        client_secret=client_secret.get_secret_value(),
        profile_arn=settings.profile_arn or "",
    )


def _calm_the_collector() -> None:
    """Keep the garbage collector from stopping every stream at once.

    Full collections of all that was imported took 27 to 88 ms each under load
    (docs/performance.md). Nothing here makes cycles per event, so collections can be rare.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _fetch() -> "Fetch":
    # aiohttp serves fetching alone: who fetches nothing need not wait for it to be imported.
    from amq2api.upstream.fetch import Fetch

    # Strangers' servers learn what this is, not what the service is told it is.
    return Fetch(user_agent=f"amq2api/{__version__}")


async def _watch(store: FileStore) -> None:
    """Look at the accounts while nobody calls, too: secrets put in in plain are sealed then."""
    while True:
        await asyncio.sleep(_WATCH)
        store.accounts()


async def _warm(relay: Relay) -> None:
    """Have token and models at hand before the first call, and tell early what is wrong."""
    account: Account | None = None
    try:
        account = relay.choose().account
        await relay.tokens.token(account)
        await relay.catalogue.all(account.id, relay.loader(account))
    except GatewayError as failure:
        if account is not None:
            relay.report(account, failure)
        log.warning("account.not_ready", reason=str(failure))
