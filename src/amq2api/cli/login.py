"""``amq2api login``."""

import asyncio
import contextlib
import webbrowser
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Annotated

import typer

from amq2api.accounts.model import Account
from amq2api.accounts.place import of_account
from amq2api.admin.logins import Logins, LoginView
from amq2api.config import Settings
from amq2api.errors import BadRequest
from amq2api.log import configure

from .admin_side import sign_ins
from .app import Complaint
from .building import TOKEN_TIMEOUT, Parts, parts
from .login_views import Display, for_people, for_programs
from .naming import label, named
from .reading import settings_or_complain

_INTERRUPTED = 130
_IN_THE_TERMINAL = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})


@dataclass(frozen=True, slots=True)
class _Wish:
    start_url: str
    region: str
    name: str
    account: str
    profile: str


def command(
    start_url: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Of IAM Identity Center; without it you sign in with a Builder ID."
        ),
    ] = "",
    region: Annotated[
        str, typer.Option(metavar="REGION", help="The region of IAM Identity Center.")
    ] = "",
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Of the new account; found by itself if left out.")
    ] = "",
    account: Annotated[
        str, typer.Option(metavar="ACCOUNT", help="Sign this account in again: its id or name.")
    ] = "",
    profile: Annotated[
        str, typer.Option(metavar="ARN", help="The profile to use, where there are several.")
    ] = "",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only show the link, do not open it.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Each change as a line of JSON; opens no browser.")
    ] = False,
) -> None:
    """Sign in with a Builder ID or IAM Identity Center, and store the account.

    A link and a code are shown: open the link in any browser, on any machine, and confirm the
    code. A gateway that runs with the same files uses the account at once.
    """
    settings = settings_or_complain()
    configure("error", settings.log_format)  # commands tell in their own words
    wish = _Wish(start_url, region, name, account, profile)
    opens = partial(_opened, wanted=not no_browser)
    display = for_programs() if as_json else for_people(opens)
    try:
        view, stored = asyncio.run(_signed_in(settings, wish, display))
    except BadRequest as exc:
        raise _as_option(exc) from exc
    except KeyboardInterrupt:
        raise Complaint("Cancelled. Nothing was stored.", _INTERRUPTED, kind="cancelled") from None
    if view.state != "done":
        raise Complaint(view.error or "the sign-in was cancelled", kind="login_failed")
    display.stored(label(stored) if stored else "", active=stored is not None and stored.is_active)


async def _signed_in(
    settings: Settings, wish: _Wish, display: Display
) -> tuple[LoginView, Account | None]:
    made = parts(settings)
    made.tokens.load()
    async with made.client:
        logins = sign_ins(
            settings, ask=partial(made.client.ask, timeout=TOKEN_TIMEOUT),
            store=made.store, tokens=made.tokens, relay=made.relay,
        )  # fmt: skip
        try:
            view = await _begun(logins, made, wish)
            view = await _watched(logins, view, display)
        finally:
            display.close()
            await logins.close()
            await made.tokens.close()
    return view, next((a for a in made.store.accounts() if a.id == view.account_id), None)


async def _begun(logins: Logins, made: Parts, wish: _Wish) -> LoginView:
    kind = "identity-center" if wish.start_url or wish.region else "builder-id"
    start_url, region, account_id = wish.start_url, wish.region, ""
    if wish.account:
        if made.store.problem is not None:
            raise made.store.problem
        account = named(made.store.accounts(), wish.account)
        account_id = account.id
        if not (start_url or region):
            where = of_account(account)
            kind, start_url, region = where.kind, where.start_url, where.region
    return await logins.start(kind, start_url, region, wish.name, account_id, wish.profile)


async def _watched(logins: Logins, view: LoginView, display: Display) -> LoginView:
    try:
        while not view.finished:
            display.show(view)
            if view.state == "choosing_profile":
                view = await logins.choose_profile(view.id, await display.choose(view))
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):  # the time left is shown
                    view = await logins.changed(view.id, view)
    except asyncio.CancelledError:
        view = await logins.cancel(view.id)
        display.show(view)
        if view.state != "done":  # too late to cancel
            raise
        return view
    display.show(view)
    return view


def _opened(link: str, *, wanted: bool) -> bool:
    """Whether a browser was told to show *link*; one that would take the terminal is not."""
    if not wanted:
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if getattr(browser, "name", "") in _IN_THE_TERMINAL:
        return False
    # Some only return when they are closed.
    Thread(target=_shown, args=(browser, link), daemon=True).start()
    return True


def _shown(browser: webbrowser.BaseBrowser, link: str) -> None:
    with contextlib.suppress(OSError, webbrowser.Error):
        browser.open(link)


def _as_option(exc: BadRequest) -> Complaint:
    said = str(exc)
    if exc.field and said.startswith(f"{exc.field}: "):
        option = "--profile" if exc.field == "profile_arn" else f"--{exc.field.replace('_', '-')}"
        return Complaint(option + said.removeprefix(exc.field), 2)
    return Complaint(said, 2)
