"""The office opened for one command."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from amq2api.accounts.model import Account
from amq2api.admin.office import Office
from amq2api.config import Settings
from amq2api.log import configure

from .app import Complaint
from .building import parts
from .naming import named
from .reading import settings_or_complain

T = TypeVar("T")


def at_desk(work: Callable[[Office], Awaitable[T]]) -> T:
    """What *work* comes to, with the files that a running gateway may be using.

    Raises:
        StoreBroken: the account file cannot be read; nothing was done.
    """
    settings = settings_or_complain()
    configure("error", settings.log_format)  # commands tell in their own words
    return asyncio.run(_work(settings, work))


async def _work(settings: Settings, work: Callable[[Office], Awaitable[T]]) -> T:
    made = parts(settings)
    made.tokens.load()
    if made.store.problem is not None:
        raise made.store.problem
    async with made.client:
        try:
            return await work(Office(made.store, made.tokens, made.relay))
        finally:
            await made.tokens.close()


def chosen(office: Office, wanted: str | None, *, each: bool) -> Sequence[Account]:
    """The account that is named, all of them, or the active one."""
    accounts = office.accounts()
    if each and wanted is not None:
        raise Complaint("ACCOUNT and --all exclude each other", 2)
    if wanted is not None or not accounts:
        return [named(accounts, wanted or "")]
    if each:
        return accounts
    return [next((account for account in accounts if account.is_active), accounts[0])]
