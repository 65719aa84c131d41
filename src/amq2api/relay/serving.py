"""Who serves one call: the account that was chosen, and those that could not."""

from msgspec.structs import replace

from amq2api.accounts.choose import Choice, Passed
from amq2api.accounts.model import Account, Token
from amq2api.errors import (
    AccountFailure,
    AtCapacity,
    GatewayError,
    NoAccount,
    QuotaExhausted,
)

from .relay import Relay


class Serving:
    """The accounts of one call, as they come and go."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._tried: dict[str, str] = {}
        """Accounts that have failed this call, and the class of each failure."""
        self.choice: Choice | None = None
        self.account: Account | None = None
        """The one that was asked last."""

    def someone(self) -> Account:
        """The account at hand; where there is none yet, one is chosen.

        Raises:
            AccountFailure: nobody serves.
        """
        return self.account or self._take(self._relay.choose())

    def another(self, account: Account, failure: GatewayError) -> Account:
        """Who serves instead of *account*; where nobody does, *failure* explains it better."""
        self._tried[account.id] = type(failure).__name__
        try:
            return self._take(self._relay.choose(frozenset(self._tried)))
        except NoAccount as nobody:
            failure.args = (f"{str(failure).removesuffix('.')}, and {nobody}.",)
            raise failure from None

    async def tell(self, failure: GatewayError, account: Account, token: Token | None) -> None:
        """Enter a failed attempt into the account's health; of a quota also when it is renewed."""
        relay = self._relay
        if isinstance(failure, AtCapacity):
            return  # of this gateway's, not of the account's
        relay.report(account, failure)
        if isinstance(failure, QuotaExhausted) and token is not None:
            # Other calls know already; now the mark gets its end, and the client its date.
            await relay.explain(failure, account, token.access)
            relay.report(account, failure)

    def passed(self) -> tuple[Passed, ...]:
        """Who was passed over, and what those that were tried have failed with."""
        if self.choice is None or not self.choice.passed:
            return ()
        return tuple(
            replace(one, reason=self._tried.get(one.account_id, one.reason))
            for one in self.choice.passed
        )

    def _take(self, choice: Choice) -> Account:
        self.choice, self.account = choice, choice.account
        if choice.why == "probe":
            self._relay.health.probing(choice.account)
        return choice.account


class Resident:
    """One account that does something more for an answer it has begun; nobody else could."""

    def __init__(self, relay: Relay, account: Account) -> None:
        self._relay, self._account = relay, account

    def someone(self) -> Account:
        """The account."""
        return self._account

    def another(self, account: Account, failure: GatewayError) -> Account:
        """Nobody.

        Raises:
            GatewayError: *failure*.
        """
        raise failure

    async def tell(self, failure: GatewayError, account: Account, token: Token | None) -> None:
        """Enter what says something of the account; the rest is this one service's own."""
        if isinstance(failure, AccountFailure):
            self._relay.report(account, failure)
