"""Which account a person means."""

from collections.abc import Sequence

from amq2api.accounts.model import Account

from .app import Complaint
from .output import visible

_MOST = 20  # accounts that a complaint lists
_WHOLE = 20  # letters of an id that is shown whole
_LEAST = 8  # letters of one that is not


def named(accounts: Sequence[Account], wanted: str) -> Account:
    """The account whose id *wanted* is, or else its name, or else the beginning of its id.

    Raises:
        Complaint: none is meant, or several are; with those that there are.
    """
    if not accounts:
        raise Complaint("there is no account yet; `amq2api login` makes one", kind="not_found")
    for meant in (
        [account for account in accounts if account.id == wanted],
        [account for account in accounts if account.name and account.name == wanted],
        [account for account in accounts if wanted and account.id.startswith(wanted)],
    ):
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise Complaint(
                f"{visible(wanted)!r} could be any of these; name one by its id:\n{_listed(meant)}",
                kind="ambiguous",
            )
    raise Complaint(
        f"no account is called {visible(wanted)!r}; there are:\n{_listed(accounts)}",
        kind="not_found",
    )


def label(account: Account) -> str:
    """What to call an account in a sentence."""
    if not account.name:
        return visible(account.id)
    return f"{visible(account.name)} ({visible(account.id)})"


def short_ids(accounts: Sequence[Account]) -> dict[str, str]:
    """For each id what is shown of it: all, or a beginning that no other one has."""
    ids = [account.id for account in accounts]
    return {id_: _short(id_, [other for other in ids if other != id_]) for id_ in ids}


def _short(id_: str, others: Sequence[str]) -> str:
    if len(id_) <= _WHOLE:
        return id_
    for length in range(_LEAST, len(id_)):
        if not any(other.startswith(id_[:length]) for other in others):
            return id_[:length]
    return id_


def _listed(accounts: Sequence[Account]) -> str:
    lines = [f"  {label(account)}" for account in accounts[:_MOST]]
    if len(accounts) > _MOST:
        lines.append(f"  and {len(accounts) - _MOST} more")
    return "\n".join(lines)
