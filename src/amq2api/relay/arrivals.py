"""How old the access tokens are that calls are made with, as far as that matters."""

from collections.abc import Callable

from amq2api.accounts.policy import SETTLING


class Arrivals:
    """Which access tokens have just come: the service does not know them everywhere yet.

    Args:
        clock: In seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[str, float | None]] = {}
        """By account: the token of late, and when it took another one's place."""

    def saw(self, account_id: str, access: str) -> None:
        """A call has this token. One that nothing came before may be of any age."""
        known = self._seen.get(account_id)
        if known is None:
            self._seen[account_id] = access, None
        elif known[0] != access:
            self._seen[account_id] = access, self._clock()

    def fresh(self, account_id: str, access: str) -> bool:
        token, since = self._seen.get(account_id, ("", None))
        return token == access and since is not None and self._clock() - since <= SETTLING
