"""Accounts as the command line shows them."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from amq2api.accounts.health import Health, TokenState
from amq2api.accounts.model import Account
from amq2api.admin import shapes
from amq2api.admin.office import Office

from .naming import label, short_ids
from .output import say_json
from .tables import cell, day, show, span, table

Which = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="Its id, its name, or the beginning of its id.")
]
ForPrograms = Annotated[bool, typer.Option("--json", help="For programs.")]

_STYLES = {"ready": "green", "disabled": "dim", "suspended": "red", "needs_login": "red"}
_SOON = 7 * 86400.0  # seconds before a registration's end from which it is told


def detailed(office: Office, account: Account) -> dict[str, Any]:
    """As ``GET /api/accounts/{id}`` tells it."""
    return shapes.detailed(account, office.health(account), office.token(account))


def listing(office: Office, *, as_json: bool) -> None:
    """All accounts."""
    accounts = office.accounts()
    if as_json:
        say_json([detailed(office, account) for account in accounts])
    elif accounts:
        show(_table(office, accounts))
    else:
        typer.echo("There is no account yet; `amq2api login` makes one.")


def tell(office: Office, account: Account, what: str, *, as_json: bool) -> None:
    """*what* has become of *account*."""
    if as_json:
        say_json(detailed(office, account))
    else:
        typer.echo(f"{label(account)}: {what}")


def _table(office: Office, accounts: Sequence[Account]) -> Table:
    shown, ids, now = (
        table("", "name", "id", "kind", "state", "token"),
        short_ids(accounts),
        time.time(),
    )
    shown.columns[2].no_wrap = True
    for account in accounts:
        health = office.health(account)
        shown.add_row(
            "●" if account.is_active else "",
            cell(account.name or "-"),
            cell(ids[account.id]),
            _kind(account),
            cell(_state(account, health, now), _STYLES.get(health.state, "yellow")),
            _token(office.token(account), now),
        )
    return shown


def _kind(account: Account) -> str:
    if account.source == "environment":
        return "environment"
    return "Identity Center" if account.profile_arn else "Builder ID"


def _state(account: Account, health: Health, now: float) -> str:
    state = health.state.replace("_", " ")
    ends = account.registration_expires_at
    if health.state == "ready" and ends is not None and ends - now < _SOON:
        return f"{state}, sign in again before {day(ends)}"
    return state


def _token(token: TokenState, now: float) -> str:
    if token.login_required:
        return "refused"
    if not token.has_token or token.expires_at is None:
        return "none yet"
    return "expired" if token.expired else f"{span(token.expires_at - now)} left"
