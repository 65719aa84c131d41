"""The admin side put together from the gateway's settings and parts."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from amq2api.accounts import foreign
from amq2api.accounts.candidate import Candidate
from amq2api.accounts.store import FileStore
from amq2api.accounts.tokens import TokenCache
from amq2api.admin.app import create_admin
from amq2api.admin.gate import ASGIApp
from amq2api.admin.live import Live
from amq2api.admin.logins import Logins, profiles_everywhere
from amq2api.admin.office import Office
from amq2api.admin.status import Facts, Status
from amq2api.admin.transfers import Transfers
from amq2api.config import Settings
from amq2api.relay.relay import Relay
from amq2api.relay.translating import Translation, translated
from amq2api.wire.exchange import Answer, Ask

from .door import admin_access


class _NoOtherPrograms:
    """A pretended Amazon is no place to take somebody's real sign-ins to."""

    def sources(self) -> Sequence[foreign.Source]:
        return ()

    def read(self, source_id: str) -> Sequence[Candidate]:
        return ()


@dataclass(frozen=True, slots=True)
class AdminSide:
    """*app* answers; *live* and *logins* have to be closed, in this order."""

    app: ASGIApp
    live: Live
    logins: Logins


def admin_side(
    settings: Settings,
    *,
    ask: Callable[[Ask], Awaitable[Answer]],
    store: FileStore,
    tokens: TokenCache,
    relay: Relay,
    client_keys: Callable[[], int],
    simulated: bool,
) -> AdminSide:
    """Reads the page's files, and nothing else yet.

    Args:
        ask: Makes an exchange with the sign-in service.
        client_keys: How many open the door now.
        simulated: Whether a pretend Amazon Q is asked, and the page is to say so.
    """
    access = admin_access(settings)
    logins = sign_ins(settings, ask=ask, store=store, tokens=tokens, relay=relay)
    office = Office(store, tokens, relay)
    status = Status(
        lambda: _facts(settings, relay, client_keys(), simulated=simulated),
        office, store, tokens, relay.choose, lambda: access.password_set,
    )  # fmt: skip
    live = Live(status, relay.records)
    app = create_admin(
        office=office,
        logins=logins,
        transfers=Transfers(store, _NoOtherPrograms() if simulated else foreign),
        access=access,
        status=status,
        live=live,
        records=relay.records,
        models=relay.models,
        translate=_translate(relay),
        calibration=relay.gauge.report,
    )
    return AdminSide(app, live, logins)


def _translate(relay: Relay) -> Callable[[bytes], Awaitable[Translation]]:
    async def translate(body: bytes) -> Translation:
        models, aliases = await relay.models(), relay.catalogue.aliases
        return await translated(body, models, aliases, relay.manner, relay.material)

    return translate


def sign_ins(
    settings: Settings,
    *,
    ask: Callable[[Ask], Awaitable[Answer]],
    store: FileStore,
    tokens: TokenCache,
    relay: Relay,
) -> Logins:
    """Where people sign in; *ask* makes an exchange with the sign-in service."""
    return Logins(
        ask=ask,
        profiles=profiles_everywhere(relay.service, relay.manner),
        store=store,
        tokens=tokens,
        health=relay.health,
        token_url=str(settings.token_endpoint),
    )


def _facts(settings: Settings, relay: Relay, client_keys: int, *, simulated: bool) -> Facts:
    return Facts(
        routing=relay.manner.routing,
        public=settings.public,
        encrypted=settings.encryption_key is not None,
        client_keys=client_keys,
        simulated=simulated,
    )
