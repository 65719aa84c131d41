"""``/api/accounts``: the list of accounts, and what can be done with each."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path
from starlette.convertors import Convertor, register_url_convertor

from amq2api.accounts.model import Account

from . import shapes
from .answers import answer, refusals
from .inputs import Changes, NewAccount
from .office import Office
from .shapes import Done, detailed, listed


class _AccountId(Convertor[str]):
    """A path's part that is an account's id, which the words of other routes cannot be."""

    regex = "(?!(?:export|import)$)[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("account", _AccountId())

AccountId = Annotated[str, Path(description="As in the list.", examples=["account-4be5ae2a9d0f"])]
ONE = "/api/accounts/{account_id:account}"


def accounts_router(office: Office) -> APIRouter:
    """The routes; what they raise is worded by envelope.py."""
    router = APIRouter(tags=["accounts"])
    _keep(router, office)
    _look_after(router, office)
    return router


def _details(office: Office, account: Account) -> dict[str, Any]:
    return detailed(account, office.health(account), office.token(account))


def _keep(router: APIRouter, office: Office) -> None:
    """What the list of accounts holds."""

    @router.get("/api/accounts", responses=refusals(), response_model=Done[list[shapes.Listed]])
    async def list_accounts() -> Any:
        """List the accounts.

        Secrets are shown by their first ten characters at most.
        """
        return answer([listed(account) for account in office.accounts()])

    @router.post(
        "/api/accounts", responses=refusals(400, 409, 413), response_model=Done[shapes.Listed]
    )
    async def add_account(given: NewAccount) -> Any:
        """Add an account.

        The first one becomes active.
        """
        return answer(listed(await office.add(given.fields())))

    @router.get(ONE, responses=refusals(404), response_model=Done[shapes.Detailed])
    async def tell_account(account_id: AccountId) -> Any:
        """Tell all about an account.

        The service is not asked.
        """
        return answer(_details(office, office.find(account_id)))

    @router.patch(ONE, responses=refusals(400, 404, 409, 413), response_model=Done[shapes.Detailed])
    async def change_account(account_id: AccountId, given: Changes) -> Any:
        """Change an account.

        Renames it, switches it on or off, or replaces its credentials. What is absent stays; null
        or an empty text removes an optional member.
        """
        return answer(_details(office, await office.edit(account_id, given.members())))

    @router.delete(ONE, responses=refusals(404, 409), response_model=Done[shapes.Gone])
    async def remove_account(account_id: AccountId) -> Any:
        """Remove an account.

        If it was the active one, the first of the others becomes active.
        """
        await office.remove(account_id)
        return answer({"id": account_id})

    @router.post(
        f"{ONE}/activate", responses=refusals(404, 409), response_model=Done[shapes.Listed]
    )
    async def activate_account(account_id: AccountId) -> Any:
        """Activate an account.

        From now on it serves, and no other.
        """
        return answer(listed(await office.activate(account_id)))


def _look_after(router: APIRouter, office: Office) -> None:
    """How an account fares, and what it has left."""

    @router.post(f"{ONE}/test", responses=refusals(404), response_model=Done[shapes.Verdict])
    async def test_account(account_id: AccountId) -> Any:
        """Test an account.

        Renews its token, asks the service for its usage, and says in one sentence what is wrong
        and in another what to do.
        """
        return answer(msgspec.to_builtins(await office.test(account_id)))

    @router.post(f"{ONE}/clear", responses=refusals(404), response_model=Done[shapes.Detailed])
    async def clear_account(account_id: AccountId) -> Any:
        """Clear an account's health.

        What was wrong is forgotten, and the next call finds out anew.
        """
        return answer(_details(office, await office.clear(account_id)))

    @router.get(
        f"{ONE}/usage", responses=refusals(404, 409, 429, 502, 504),
        response_model=Done[shapes.Usage],
    )  # fmt: skip
    async def tell_usage(account_id: AccountId) -> Any:
        """Tell what an account has left.

        Asks the service how much of its allowances is used. 409 if it cannot be asked with this
        account: the sign-in has ended, or it is suspended.
        """
        return answer(msgspec.to_builtins(await office.usage(account_id)))
