"""One value that holds all there is to a pretend Amazon: who may ask, what is answered, what
happened. Tests read and set its attributes; nothing else in the simulator has a memory.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from .catalogue import MODELS, Model
from .dressing import Profile
from .faults import Encoding, Fault
from .identity import CLIENT_LIFETIME, ONE_PROFILE, Account, Identities, Kind
from .scenarios import ECHO, Choice, UnknownScenario, choose
from .validator import STRICT, Rules

__all__ = ["Disconnect", "Recorded", "World"]

_KEPT = 200  # requests, each up to a few hundred kilobytes; older ones are forgotten
DEMO = "demo"


@dataclass(slots=True)
class Recorded:
    """A request that arrived, and what became of it. Credentials are masked."""

    operation: str
    """``GenerateAssistantResponse``, ``ListAvailableModels``, ``CreateToken``…"""
    encoding: Encoding
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    """The JSON, decoded; None if there was none or it was none."""
    account: str = ""
    scenario: str = ""
    status: int = 0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """A client that left before the answer's end."""

    request: Recorded
    sent: int
    """Bytes of the body that had been given out."""
    at: float


class World:
    """Everything a simulator knows.

    Args:
        clock: Unix time in seconds.
        sleep: How pauses are spent.
        seed: The same seed makes the same tokens, codes and cuts.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seed: int = 0,
    ) -> None:
        self.clock, self.sleep = clock, sleep
        self.lots = random.Random(seed)
        self.identities = Identities(clock, self.lots)
        self.models: dict[str, Model] = dict(MODELS)

        self._scenario = ECHO
        self.script: list[str] = []
        """Scenarios for the next requests, one each; after them :attr:`scenario` again."""
        self.profile: Profile = "2026"
        self.rules: Rules = STRICT
        self.frame_delay = 0.0
        """Seconds between frames."""
        self.cuts = False
        """Whether the stream is written in pieces cut at random, frame borders notwithstanding."""

        self.token_lifetime = 3600.0
        self.rotate = True
        """Whether a refresh gives out a new refresh token and kills the old one."""
        self.keep_old_access = True
        """Whether access tokens from before a refresh live on until they expire."""
        self.propagation = 0.0
        """Seconds for which a new access token earns an empty 403."""
        self.token_delay = 0.0
        """Seconds the token endpoint takes."""
        self.token_faults: list[str] = []
        """What the next calls of the token endpoint meet, one each: an HTTP status, ``cut``,
        ``html``, ``garbage``, or an OIDC error code such as ``invalid_grant``."""
        self.poll_interval = 1.0
        self.device_lifetime = 600.0
        self.client_lifetime = CLIENT_LIFETIME
        """Seconds for which a new registration is good."""
        self.profiles: list[tuple[str, str]] = list(ONE_PROFILE)
        """Name and API region of each profile of the next IdC accounts."""
        self.web_search = True
        """Whether accounts may search the web that are not barred from it themselves."""
        self.search_delay = 0.0
        """Seconds that a tool of the service's own takes."""
        self.search_faults: list[str] = []
        """What the next searches meet, one each: the name of a refusal or of :data:`.mcp.FAULTS`;
        an empty text is none."""
        self.clock_error = 0.0
        """Seconds by which the Date header of answers is ahead of the clock."""

        self.requests: deque[Recorded] = deque(maxlen=_KEPT)
        self.disconnects: deque[Disconnect] = deque(maxlen=_KEPT)
        self.counts: Counter[str] = Counter()
        """How often each operation was asked for; ``refresh_token`` and the device grant count
        successful token requests by grant."""
        self._played: Counter[str] = Counter()

    @property
    def scenario(self) -> str:
        """What every request is answered with that neither the script nor its text decides."""
        return self._scenario

    @scenario.setter
    def scenario(self, wanted: str) -> None:
        choose(wanted)
        self._scenario = wanted
        self._played.pop(wanted, None)

    @property
    def refreshes(self) -> int:
        """Access tokens given out for refresh tokens."""
        return self.counts["refresh_token"]

    def next_choice(self, asked_for: str | None) -> tuple[Choice, int]:
        """The scenario of the next request, and how often it was played before.

        The script comes first, then what the request's own text asks for, then the default.
        """
        if self.script:
            choice = choose(self.script.pop(0))
        else:
            choice = _known(asked_for) or choose(self._scenario)
        turn = self._played[str(choice)]
        self._played[str(choice)] += 1
        return choice, turn

    def asked(self, operation: str = "GenerateAssistantResponse") -> list[Recorded]:
        """The recorded requests of one operation, oldest first."""
        return [request for request in self.requests if request.operation == operation]

    def add_account(self, name: str = "", kind: Kind = "idc") -> Account:
        """A new account, ready to ask; its ``credentials`` are what a gateway stores."""
        known = self.identities
        client = known.register(self.client_lifetime)
        return known.add(name or f"account-{len(known.accounts) + 1}", kind, client, self.profiles)

    def demo_account(self) -> dict[str, str]:
        """Credentials of an account that is made when first asked for: ``refresh_token``,
        ``client_id``, ``client_secret``, ``profile_arn``."""
        account = self.identities.accounts.get(DEMO) or self.add_account(DEMO)
        return account.credentials

    def access_token(self, account: Account) -> str:
        """A valid access token without asking the token endpoint for it."""
        return self.identities.new_access_token(account, self.token_lifetime, 0)

    def approve(self, user_code: str, account: Account | None = None) -> Account:
        """Say yes to a device that shows *user_code*, as *account* or as somebody new.

        Raises:
            UnknownCode: no device shows it.
        """
        device, known = self.identities.waiting(user_code), self.identities
        if account is None:
            name = f"signed-in-{len(known.accounts) + 1}"
            account = device.account or known.add(name, device.kind, device.client, self.profiles)
        known.approve(user_code, account)
        return account

    def deny(self, user_code: str) -> None:
        self.identities.waiting(user_code).denied = True

    def expire_tokens(self, account: Account | None = None) -> None:
        """Access tokens given out so far are no good any more."""
        self.identities.expire(account)

    def revoke_refresh_tokens(self, account: Account | None = None) -> None:
        """Refresh tokens given out so far are no good any more: sign in again."""
        self.identities.forget_refresh_tokens(account)

    def request_id(self) -> str:
        return str(UUID(int=self.lots.getrandbits(128), version=4))


def _known(asked_for: str | None) -> Choice | None:
    if asked_for is None:
        return None
    try:
        return choose(asked_for)
    except UnknownScenario:
        # Somebody's text happens to look like a request for a scenario.
        return None
