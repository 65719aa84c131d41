"""Which account serves a call. A decision, not an action."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from amq2api.errors import NoAccount

from .model import Account

Routing: TypeAlias = Literal["active", "failover"]


def choose(
    accounts: Sequence[Account],
    *,
    skip: frozenset[str] = frozenset(),
    routing: Routing = "active",
    problem: object = None,
) -> Account:
    """The active account, or with ``failover`` the next in the list that is not to be skipped.

    Where none is flagged active the first one is. Disabled accounts never serve.

    Args:
        skip: Ids of accounts that have failed this call.
        problem: Why the list may be incomplete (``AccountStore.problem``), for the error.

    Raises:
        NoAccount: nobody is left.
    """
    serving = [account for account in accounts if account.enabled]
    first = next((place for place, account in enumerate(serving) if account.is_active), 0)
    # Failover goes on from the active account, in list order, and round to the head.
    turn = serving[first:] + serving[:first]
    for account in turn if routing == "failover" else turn[:1]:
        if account.id not in skip:
            return account
    raise NoAccount(_why(accounts, serving, problem))


def _why(accounts: Sequence[Account], serving: Sequence[Account], problem: object) -> str:
    if serving:
        return "no account is left to serve this call"
    if accounts:
        return "every account is disabled: enable one in account.json"
    if problem:
        return f"no account can be used until account.json is mended ({problem})"
    return (
        "no account is configured: add one to account.json, or set AMAZONQ_REFRESH_TOKEN, "
        "AMAZONQ_CLIENT_ID and AMAZONQ_CLIENT_SECRET"
    )
