"""``amq2api doctor``: everything that can be wrong, looked at in turn."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from amq2api import __version__
from amq2api.accounts.model import Account
from amq2api.admin.office import Office
from amq2api.config import Settings
from amq2api.log import configure

from .account_words import ForPrograms
from .building import Parts, parts
from .checks import configuration, installation, place, road, seat, stored
from .checks.check import Check, State
from .output import say_json
from .report import Finding, fresh, write
from .tables import cell, show, waiting

_STYLES: dict[State, str] = {
    "ok": "green", "note": "yellow", "problem": "red", "skipped": "dim",
}  # fmt: skip
_AFTER_SETTINGS = (
    "account_file", "token_cache", "account", "clock", "network", "token", "models", "quota",
    "message", "gateway",
)  # fmt: skip
_COSTS = "One tiny message will be sent, which costs one request (--no-message does without).\n"
_ASKED = ("clock", "network", "token", "models", "quota", "message")


def command(
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody outside this machine.")
    ] = False,
    no_message: Annotated[
        bool, typer.Option("--no-message", help="Do not send the tiny message.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write a zip of what was found, without secrets, that may be shared.",
        ),
    ] = None,
    as_json: ForPrograms = False,
) -> None:
    """Look at everything that can be wrong, and say what to do.

    Files, settings, clock, network, and the account that serves: its token, models, allowance,
    and one tiny message, which costs one request (--no-message does without). The exit status is
    1 if there is a problem.
    """
    if report is not None:
        fresh(report)
    if not (as_json or offline or no_message):
        typer.echo(_COSTS, err=True)
    configure("error", "auto")
    found = asyncio.run(_examined(offline=offline, message=not no_message, aloud=not as_json))
    written = write(report, found) if report is not None else None
    well = not any(check.state == "problem" for check in found.checks)
    if as_json:
        where = {} if written is None else {"report": str(written)}
        say_json({"ok": well, "version": __version__, "checks": found.checks, **where})
    else:
        typer.echo("\nAll is well." if well else "\nThere are problems: see above.")
        if written is not None:
            typer.echo(f"The report is {written}. It holds no secrets and may be shared.")
    if not well:
        raise typer.Exit(1)


async def _examined(*, offline: bool, message: bool, aloud: bool) -> Finding:
    found = Finding()
    checks = _checks(found, offline=offline, message=message)
    while True:
        with waiting("looking"):
            check = await anext(checks, None)
        if check is None:
            return found
        found.checks.append(check)
        if aloud:
            show(_row(check))


async def _checks(found: Finding, *, offline: bool, message: bool) -> AsyncIterator[Check]:
    for check in installation.checks():
        yield check
    settings = configuration.settings()
    if isinstance(settings, Check):
        yield settings
        for name in _AFTER_SETTINGS:
            yield Check(name, "skipped", "Not looked at before the settings make sense.")
        return
    found.settings = settings
    for check in configuration.checks(settings):
        yield check
    made = parts(settings)
    for check in stored.checks(settings, made.store):
        yield check
    made.tokens.load()  # which may write
    async with made.client:
        try:
            async for check in _served(found, made, settings, offline=offline, message=message):
                yield check
        finally:
            await made.tokens.close()


async def _served(
    found: Finding, made: Parts, settings: Settings, *, offline: bool, message: bool
) -> AsyncIterator[Check]:
    office = Office(made.store, made.tokens, made.relay)
    chosen, check = seat.account(made, time.time())
    yield check
    if offline:
        for name in _ASKED:
            yield Check(name, "skipped", "Not wanted (--offline).")
    else:
        for check in await road.checks(made.client, _urls(made, settings, chosen)):
            yield check
        if chosen is None:
            for name in seat.NAMES:
                yield Check(name, "skipped", "There is no account to ask with.")
        else:
            async for check in seat.Seat(made, office, chosen).checks(message=message):
                yield check
    yield await place.check(made.client, settings)
    found.accounts = [
        (account, office.health(account), office.token(account)) for account in office.accounts()
    ]


def _urls(made: Parts, settings: Settings, chosen: Account | None) -> list[str]:
    if chosen is None:
        return [str(settings.token_endpoint), str(settings.api_endpoint)]
    token_url = chosen.token_url(str(settings.token_endpoint))
    return [token_url, made.relay.manner.identity(chosen).endpoint]


def _row(check: Check) -> Table:
    grid = Table.grid(padding=(0, 2))
    for width in (7, 13, None):
        grid.add_column(width=width, overflow="fold")
    words = f"{check.about}: {check.message}" if check.about else check.message
    text = cell(words)
    if check.remedy:
        text.append_text(Text("\n→ ").append_text(cell(check.remedy)))
    state = Text(check.state, _STYLES[check.state])
    grid.add_row(state, check.name.replace("_", " "), text)
    return grid
