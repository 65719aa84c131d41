"""What whoever starts the gateway is told about the page, and how to get in."""

import typer

from amq2api.accounts.adminfile import AdminFile
from amq2api.accounts.store import FileStore
from amq2api.admin.access import Access
from amq2api.config import Settings
from amq2api.errors import GatewayError
from amq2api.log import log

from .building import environment_account
from .encryption import seal_in_force


def show_the_way(settings: Settings, url: str, *, page: bool) -> None:
    """Say where the page is, and, where one is needed to get in, show a setup token.

    The token is for the person's eyes: it goes to standard error as it is, and into no log line.

    Args:
        page: Whether to tell of the page, if no token is needed.
    """
    pages = [f"{url}/", *(f"https://{name}/" for name in settings.allowed_hosts)]
    where = " or ".join(pages)
    try:
        token = admin_access(settings).new_setup_token()
    except GatewayError as failure:
        # Calls can be served all the same; the admin side stays closed.
        log.error("admin.closed", reason=str(failure))
        return
    if token is not None:
        typer.echo(
            f"No admin password is set. Open {where} in a browser and choose one with this setup"
            f" token. It is shown only now, and works once:\n\n    {token}\n",
            err=True,
        )
    elif page and _has_no_account(settings):
        typer.echo(f"\nThere is no account yet: open {where} in a browser to sign in.\n", err=True)
    elif page:
        typer.echo(f"Open {where} in a browser to manage accounts.", err=True)


def _has_no_account(settings: Settings) -> bool:
    store = FileStore(
        settings.account_file, environment_account(settings), seal=seal_in_force(settings)
    )
    return not store.accounts() and store.problem is None


def admin_access(settings: Settings) -> Access:
    """Who may use it, as it is set. No file is opened yet."""
    return Access(
        public=settings.public,
        allowed_hosts=settings.allowed_hosts,
        file=AdminFile(settings.admin_file),
    )
