"""What all calls share: accounts, tokens, the road upstream, and how this gateway behaves there."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from amq2api.accounts.choose import Choice, Routing, choose
from amq2api.accounts.health import HealthBook
from amq2api.accounts.model import Account, Token
from amq2api.accounts.policy import Budget
from amq2api.bridge import tokens as weights
from amq2api.bridge.backend import Identity, Outcome
from amq2api.bridge.calibration import Calibrations
from amq2api.bridge.distrust import Distrust
from amq2api.dialects import amazonq as q
from amq2api.errors import AccountFailure, GatewayError, QuotaExhausted
from amq2api.upstream.catalogue import Catalogue
from amq2api.upstream.service import Service
from amq2api.wire.exchange import Answer, Ask

from .admission import Admission
from .arrivals import Arrivals
from .material import Material
from .metrics import Metrics
from .records import Records
from .runaway import Runaway

_EXPLAINING = 3.0  # seconds that finding out when a quota is renewed may take


class Accounts(Protocol):
    """Where accounts are kept."""

    def accounts(self) -> Sequence[Account]: ...

    @property
    def problem(self) -> object: ...


class Tokens(Protocol):
    """Where access tokens come from."""

    async def token(self, account: Account, *, refused: str | None = None) -> Token: ...


class Stream(Protocol):
    """A reply of the service, as it arrives."""

    @property
    def request_id(self) -> str:
        """The service's own (``x-amzn-requestid``); empty where it named none."""

    @property
    def gap(self) -> float:
        """The longest that anything of it was waited for, so far; in seconds."""

    @property
    def ended(self) -> bool:
        """Whether the end is here already, so that ``read`` would return it at once."""

    async def read(self) -> bytes:
        """Whatever has arrived, at least one byte; nothing at the end.

        Raises:
            UpstreamBroken: the connection broke, or was silent for too long.
        """

    async def flow(self, take: Callable[[bytes], bool]) -> None:
        """Hand over each piece as it comes, from where it is received: no task is woken for it.

        Returns once *take* has said False, with that piece consumed, or once there is an end or
        a failure: the next ``read`` tells of it.
        """

    def close(self) -> None:
        """Let go of it, wherever it is."""


class Upstream(Protocol):
    """The road to the service."""

    async def open(self, ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Stream: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How this gateway presents itself and how far it goes for a call."""

    endpoint: str
    default_endpoint: bool
    """Whether *endpoint* is the built-in one: then a profile's region chooses the host."""
    user_agent: str
    origin: str
    opt_out: bool
    attempts: int
    routing: Routing

    def identity(
        self,
        account: Account,
        *,
        message_id: str = "",
        expects_trailer: bool = False,
        replay_reasoning: bool = True,
    ) -> Identity:
        """*account* as it presents itself to the service; a fresh conversation each time."""
        endpoint, region = self.endpoint, account.api_region
        if self.default_endpoint and region is not None:
            endpoint = f"https://q.{region}.amazonaws.com/"
        return Identity(
            endpoint=endpoint,
            conversation_id=_uuid(),
            message_id=message_id,
            profile_arn=account.profile_arn,
            origin=self.origin,
            user_agent=self.user_agent,
            opt_out=self.opt_out,
            expects_trailer=expects_trailer,
            replay_reasoning=replay_reasoning,
        )


def _uuid() -> str:
    """A random one (version 4), without the object: every call needs one, as text."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@dataclass(slots=True)
class Relay:
    """Safe to share between calls. What it remembers of them is in ``health`` and ``records``,
    which accounts send trailers, until when which ones are known to search the web, which
    thoughts were refused, how much was retried of late, and which conversations run in circles.
    """

    accounts: Accounts
    tokens: Tokens
    upstream: Upstream
    service: Service
    catalogue: Catalogue
    manner: Manner
    health: HealthBook
    records: Records = field(default_factory=Records)
    admission: Admission = field(default_factory=Admission)
    metrics: Metrics = field(default_factory=Metrics)
    material: Material = field(default_factory=Material)
    gauge: Calibrations = field(default_factory=Calibrations)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    budget: Budget = field(default_factory=Budget)
    trailers: set[str] = field(default_factory=set)
    searching: dict[str, float] = field(default_factory=dict)
    distrust: Distrust = field(default_factory=Distrust)
    arrivals: Arrivals = field(init=False)
    runaway: Runaway = field(init=False)

    def __post_init__(self) -> None:
        self.arrivals, self.runaway = Arrivals(self.now), Runaway(self.now)

    def now(self) -> float:
        """Seconds that no clock's setting changes."""
        return self.clock()

    def choose(self, skip: frozenset[str] = frozenset()) -> Choice:
        """The account that serves now. Changes nothing.

        Raises:
            AccountSuspended: it is stopped.
            NoAccount: there is none.
        """
        return choose(
            self.accounts.accounts(),
            skip=skip,
            routing=self.manner.routing,
            problem=self.accounts.problem,
            health=self.health.of,
        )

    def learned(self, model_id: str, size: weights.Size, outcome: Outcome) -> None:
        """Let the gauge know what a request of *size* has taken, if the service told."""
        if outcome.usage_source != "estimate":
            self.gauge.learn(model_id, size, outcome.request_tokens, time.time())

    def model_id(self, name: str) -> str:
        """What the service calls the model a client means, as far as known without asking."""
        try:
            return self.catalogue.model_id(name, self.choose().account.id)
        except AccountFailure:
            return self.catalogue.model_id(name, "")

    def report(self, account: Account, failure: GatewayError) -> None:
        """Enter a failed attempt into the health of *account*."""
        self.health.report(account, failure)
        self.health.retain([known.id for known in self.accounts.accounts()])

    async def explain(self, failure: QuotaExhausted, account: Account, access: str) -> None:
        """Find out when the allowance is renewed; without an answer the words do without.

        The service is not asked again as long as the answer is known.
        """
        if (known := self.health.of(account)).state == "quota_used" and known.until is not None:
            failure.resets_at = known.until
            return
        asking = self.service.usage_limits(self.manner.identity(account), access)
        try:
            limits = await asyncio.wait_for(asking, _EXPLAINING)
        except (GatewayError, TimeoutError):
            return
        failure.resets_at = limits.next_date_reset

    async def models(self) -> Sequence[q.Model]:
        """The models of the account that serves now; the built-in ones if there is no account."""
        try:
            account = self.choose().account
        except AccountFailure:
            return q.BUILT_IN
        return await self.catalogue.all(account.id, self.loader(account))

    def loader(self, account: Account) -> Callable[[], Awaitable[list[q.Model]]]:
        """How the catalogue asks for the models of *account*."""

        async def load() -> list[q.Model]:
            token = await self.tokens.token(account)
            return await self.service.models(self.manner.identity(account), token.access)

        return load
