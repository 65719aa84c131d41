"""How the whole gateway fares, as one value."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from amq2api import __version__
from amq2api.accounts.choose import Choice, Routing
from amq2api.accounts.document import StoreBroken
from amq2api.errors import GatewayError

from .office import Office
from .shapes import detailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the settings in force come to."""

    routing: Routing
    public: bool
    """Whether other machines can reach the address."""
    encrypted: bool
    """Whether secrets are encrypted at rest."""
    client_keys: int
    simulated: bool
    """Whether a pretend Amazon Q is asked."""


class Store(Protocol):
    @property
    def problem(self) -> StoreBroken | None: ...


class Tokens(Protocol):
    @property
    def problem(self) -> str | None: ...


class Status:
    """Asked anew each time; nobody but memory and, at most twice a second, a file is asked.

    Args:
        now: Unix time in seconds.
    """

    def __init__(
        self,
        facts: Callable[[], Facts],
        office: Office,
        store: Store,
        tokens: Tokens,
        choose: Callable[[], Choice],
        password_set: Callable[[], bool],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._facts, self._office = facts, office
        self._store, self._tokens = store, tokens
        self._choose, self._password_set, self._now = choose, password_set, now

    def __call__(self) -> dict[str, Any]:
        facts, office, problem = self._facts(), self._office, self._store.problem
        return {
            "version": __version__,
            "now": self._now(),
            "routing": facts.routing,
            "public": facts.public,
            "encrypted": facts.encrypted,
            "password_set": self._password_set(),
            "client_keys": facts.client_keys,
            "simulated": facts.simulated,
            "store_problem": None if problem is None else {
                "message": str(problem), "line": problem.line, "column": problem.column,
            },
            "token_problem": self._tokens.problem,
            "serving": self._serving(),
            "accounts": [
                detailed(account, office.health(account), office.token(account))
                for account in office.accounts()
            ],
        }  # fmt: skip

    def _serving(self) -> dict[str, Any]:
        try:
            choice = self._choose()
        except GatewayError as failure:
            return {"account_id": None, "why": None, "error": str(failure)}
        return {"account_id": choice.account.id, "why": choice.why, "error": None}
