"""Who may ask: accounts, the tokens they hold, registered clients, devices waiting for a yes."""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["Account", "Client", "Device", "Identities", "Kind", "UnknownCode"]

Kind: TypeAlias = Literal["builder-id", "idc", "api-key"]

BUILDER_ID_HOST = "view.awsapps.com"
_CLIENT_LIFETIME = 90 * 24 * 3600
_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_DIGITS_AND_CAPITALS = string.ascii_uppercase + string.digits


class UnknownCode(KeyError):
    """No device waits under this user code."""


@dataclass(slots=True)
class Client:
    """A registered client. *expires_at* is Unix time."""

    client_id: str
    client_secret: str = field(repr=False)
    expires_at: float


@dataclass(slots=True)
class Account:
    """Somebody who may ask. Tests change its members at will."""

    name: str
    kind: Kind
    client: Client
    profile_arn: str | None = None
    """The one profile of an IdC account; Builder IDs and API keys have none (1.5)."""
    needs_profile: bool = False
    """Whether a request without ``profileArn`` is refused."""
    refusal: str | None = None
    """Name of a refusal (``suspended-403``, ``quota-402``…) that every request meets."""
    models: frozenset[str] | None = None
    """Ids of the models the account may use; all if None."""
    credits_used: float = 0.0
    credits_limit: float = 10_000.0
    """Reached, every request meets the monthly quota."""
    refresh_token: str = field(default="", repr=False)
    """The newest one; older ones are dead."""

    @property
    def credentials(self) -> dict[str, str]:
        """What a gateway has to know, in the spelling of its account file."""
        known = {
            "refresh_token": self.refresh_token,
            "client_id": self.client.client_id,
            "client_secret": self.client.client_secret,
        }
        return known if self.profile_arn is None else {**known, "profile_arn": self.profile_arn}


@dataclass(slots=True)
class Device:
    """A device authorization. *account* is there once somebody said yes."""

    device_code: str = field(repr=False)
    user_code: str
    client: Client
    kind: Kind
    expires_at: float
    interval: float
    account: Account | None = None
    denied: bool = False
    last_poll: float | None = None


@dataclass(slots=True)
class _Access:
    account: Account
    valid_from: float
    expires_at: float


class Identities:
    """Everything the sign-in service remembers. The clock and the seed come from the world."""

    def __init__(self, clock: Callable[[], float], lots: random.Random) -> None:
        self._clock, self._lots = clock, lots
        self.accounts: dict[str, Account] = {}
        self.clients: dict[str, Client] = {}
        self.devices: dict[str, Device] = {}
        self._access: dict[str, _Access] = {}
        self._refresh: dict[str, Account] = {}

    def register(self) -> Client:
        now = self._clock()
        client = Client(self._word(22), "eyJ" + self._word(60), now + _CLIENT_LIFETIME)
        self.clients[client.client_id] = client
        return client

    def add(self, name: str, kind: Kind, client: Client | None = None) -> Account:
        """A new account with a fresh refresh token (an API key is its own access token)."""
        account = Account(name, kind, client or self.register())
        if kind == "idc":
            account.profile_arn = self._profile()
        if kind == "api-key":
            account.refresh_token = "ksk_" + self._word(40)
            self._access[account.refresh_token] = _Access(account, 0, float("inf"))
        else:
            self.new_refresh_token(account)
        self.accounts[name] = account
        return account

    def new_refresh_token(self, account: Account) -> str:
        """Rotate: whoever still holds the old one has lost it."""
        self._refresh.pop(account.refresh_token, None)
        account.refresh_token = "aor" + self._word(60)
        self._refresh[account.refresh_token] = account
        return account.refresh_token

    def new_access_token(self, account: Account, lifetime: float, propagation: float) -> str:
        """*propagation*: seconds before the data plane has heard of it (5.5)."""
        token, now = "aoa" + self._word(60), self._clock()
        self._access = {t: a for t, a in self._access.items() if a.expires_at > now}
        self._access[token] = _Access(account, now + propagation, now + lifetime)
        return token

    def owner_of(self, refresh_token: str) -> Account | None:
        return self._refresh.get(refresh_token)

    def holder(self, access_token: str) -> tuple[Account, bool] | None:
        """Whose token this is and whether it is in force yet; None if it is nobody's any more."""
        known, now = self._access.get(access_token), self._clock()
        if known is None or known.expires_at <= now:
            return None
        return known.account, known.valid_from <= now

    def expire(self, account: Account | None = None) -> None:
        """Let access tokens end now: those of *account*, or all but API keys."""
        self._access = {
            token: access
            for token, access in self._access.items()
            if access.account.kind == "api-key" or account not in (None, access.account)
        }

    def forget_refresh_tokens(self) -> None:
        """Kill every refresh token: only signing in again helps."""
        self._refresh.clear()

    def begin(self, client: Client, kind: Kind, lifetime: float, interval: float) -> Device:
        letters = [self._lots.choice(_CODE_LETTERS) for _ in range(8)]
        user_code = "".join(letters[:4]) + "-" + "".join(letters[4:])
        device = Device(self._word(40), user_code, client, kind, self._clock() + lifetime, interval)
        now = self._clock()
        self.devices = {c: d for c, d in self.devices.items() if d.expires_at > now - 3600}
        self.devices[device.device_code] = device
        return device

    def waiting(self, user_code: str) -> Device:
        """The device that shows *user_code*.

        Raises:
            UnknownCode: there is none.
        """
        for device in self.devices.values():
            if device.user_code == user_code.strip().upper():
                return device
        raise UnknownCode(user_code)

    def approve(self, user_code: str) -> Account:
        """Say yes: the device's next poll gets tokens of a new account."""
        device = self.waiting(user_code)
        if device.account is None:
            name = f"signed-in-{len(self.accounts) + 1}"
            device.account = self.add(name, device.kind, device.client)
        return device.account

    def _profile(self) -> str:
        digits = "".join(self._lots.choice(string.digits) for _ in range(12))
        name = "".join(self._lots.choice(_DIGITS_AND_CAPITALS) for _ in range(12))
        return f"arn:aws:codewhisperer:us-east-1:{digits}:profile/{name}"

    def _word(self, length: int) -> str:
        letters = string.ascii_letters + string.digits
        return "".join(self._lots.choices(letters, k=length))
