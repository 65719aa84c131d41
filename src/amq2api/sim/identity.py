"""Who may ask: accounts, the tokens they hold, registered clients, devices waiting for a yes."""

import random
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "CLIENT_LIFETIME",
    "ONE_PROFILE",
    "Account",
    "Client",
    "Device",
    "Identities",
    "Kind",
    "Profile",
    "Trial",
    "UnknownCode",
]

Kind: TypeAlias = Literal["builder-id", "idc", "api-key"]

FREE_PLAN = "Q DEVELOPER FREE"
CLIENT_LIFETIME = 90 * 24 * 3600.0
ONE_PROFILE = (("Everyone", "us-east-1"),)
"""Name and region of each profile that an IdC account gets."""
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


@dataclass(frozen=True, slots=True)
class Profile:
    """What the members of an Identity Center instance may use, and in which API region."""

    arn: str
    name: str

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


@dataclass(frozen=True, slots=True)
class Trial:
    """Credits on top for a while; *expires_at* is Unix time."""

    used: float
    limit: float
    expires_at: float


@dataclass(slots=True)
class Account:
    """Somebody who may ask. Tests change its members at will."""

    name: str
    kind: Kind
    client: Client
    profiles: list[Profile] = field(default_factory=list)
    """Those of an IdC account; Builder IDs and API keys have none (1.5)."""
    needs_profile: bool = False
    """Whether a request without ``profileArn`` is refused."""
    refusal: str | None = None
    """Name of a refusal (``suspended-403``, ``quota-402``…) that every request meets."""
    web_search: bool = True
    """Whether the service's own search tool is there for it."""
    models: frozenset[str] | None = None
    """Ids of the models the account may use; all if None."""
    credits_used: float = 0.0
    credits_limit: float = 10_000.0
    """Reached, every request meets the monthly quota."""
    plan: str = "Q DEVELOPER PRO"
    """Title of the subscription."""
    trial: Trial | None = None
    resets_at: float | None = None
    """Unix time at which the month of the allowance ends; a round one if None."""
    refresh_token: str = field(default="", repr=False)
    """The newest one; older ones are dead."""

    @property
    def profile_arn(self) -> str | None:
        """The profile to ask with; of several, the first."""
        return self.profiles[0].arn if self.profiles else None

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

    def register(self, lifetime: float = CLIENT_LIFETIME) -> Client:
        now = self._clock()
        client = Client(self._word(22), "eyJ" + self._word(60), now + lifetime)
        self.clients[client.client_id] = client
        return client

    def add(
        self,
        name: str,
        kind: Kind,
        client: Client | None = None,
        profiles: Iterable[tuple[str, str]] = ONE_PROFILE,
    ) -> Account:
        """A new account with a fresh refresh token (an API key is its own access token).

        Args:
            profiles: Name and region of each profile, if its kind has any.
        """
        account = Account(name, kind, client or self.register())
        if kind == "builder-id":
            account.plan = FREE_PLAN
        if kind == "idc":
            account.profiles = [self._profile(called, region) for called, region in profiles]
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

    def forget_refresh_tokens(self, account: Account | None = None) -> None:
        """Kill the refresh tokens of *account*, or all: only signing in again helps."""
        self._refresh = {
            token: owner for token, owner in self._refresh.items() if account not in (None, owner)
        }

    def expire_clients(self) -> None:
        """Let the registrations of all accounts end now."""
        for client in self.clients.values():
            client.expires_at = min(client.expires_at, self._clock())

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
            if device.user_code.replace("-", "") == user_code.strip().upper().replace("-", ""):
                return device
        raise UnknownCode(user_code)

    def approve(self, user_code: str, account: Account) -> None:
        """Say yes in the name of *account*: the device's next poll gets its tokens, which
        belong to the registration of the device from then on."""
        device = self.waiting(user_code)
        if account.client is not device.client:
            account.client = device.client
            self.new_refresh_token(account)
        device.account = account

    def _profile(self, called: str, region: str) -> Profile:
        digits = "".join(self._lots.choice(string.digits) for _ in range(12))
        name = "".join(self._lots.choice(_DIGITS_AND_CAPITALS) for _ in range(12))
        return Profile(f"arn:aws:codewhisperer:{region}:{digits}:profile/{name}", called)

    def _word(self, length: int) -> str:
        letters = string.ascii_letters + string.digits
        return "".join(self._lots.choices(letters, k=length))
