"""Calls told as tables: what each attempt meets, and the trail it leaves.

In a trail ``a`` and ``b`` are requests with an account's stored token, capitals ones with a
fresh token, a dot is a pause.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from amq2api.accounts.health import HealthBook, TokenState
from amq2api.accounts.model import Account, Token
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import (
    AccountSuspended,
    CredentialRefused,
    GatewayError,
    LoginRequired,
    NoAccount,
    NotEntitled,
    QuotaExhausted,
    RateLimited,
    ReasoningRefused,
    RequestRefused,
    UpstreamBroken,
    UpstreamBusy,
)
from amq2api.relay.relay import Manner, Relay
from amq2api.relay.reply import Reply
from amq2api.upstream.catalogue import Catalogue
from amq2api.upstream.service import Service
from amq2api.wire.exchange import Answer, Ask
from bridge.replies import METERED, text, told

OK = None


class Reads:
    """A reply in these reads."""

    def __init__(self, world: "World", *reads: bytes) -> None:
        self._world, self._reads = world, list(reads)

    @property
    def ended(self) -> bool:
        return not self._reads

    async def read(self) -> bytes:
        return self._reads.pop(0) if self._reads else b""

    def close(self) -> None:
        self._world.live -= 1


class World:
    """Two accounts, a service that answers from a script, and a diary."""

    problem = None

    def __init__(self, *script: GatewayError | None, routing: Any = "active") -> None:
        self.script, self.diary, self.live = list(script), "", 0
        self.asks: list[Any] = []
        self.now = 1_000_000.0
        self.no_token: set[str] = set()
        self.usage: Answer | GatewayError = UpstreamBroken("no")
        self.reads: Sequence[bytes] = (text("hi"), METERED)
        manner = Manner(
            endpoint="http://service/", default_endpoint=True, user_agent="amq2api", origin="CLI",
            opt_out=True, attempts=3, routing=routing,
        )  # fmt: skip
        self.health = HealthBook(lambda _: TokenState(True, False), lambda: self.now)
        self.relay = Relay(
            accounts=self, tokens=self, upstream=self, service=Service(self.ask),
            catalogue=Catalogue({}, lambda: 0.0), manner=manner, health=self.health,
            sleep=self.pause,
        )  # fmt: skip

    def accounts(self) -> list[Account]:
        arn = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"
        return [
            Account(id="a", refresh_token="r", client_id="i", client_secret="s", is_active=True),
            Account(id="b", refresh_token="r", client_id="i", client_secret="s", profile_arn=arn),
        ]

    async def token(self, account: Account, *, refused: str | None = None) -> Token:
        if account.id in self.no_token:
            raise LoginRequired("sign in again")
        return Token(account.id.upper() if refused else account.id, "r", 0.0)

    async def open(self, ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Reads:
        self.diary += ask.headers["authorization"].removeprefix("Bearer ")
        self.asks.append((ask.url, msgspec.json.decode(ask.body)))
        failure = self.script.pop(0) if self.script else None
        if failure is not None:
            raise failure
        self.live += 1
        return Reads(self, *self.reads)

    async def ask(self, ask: Ask) -> Answer:
        if ask.headers["x-amz-target"] != q.GET_USAGE_LIMITS:
            raise UpstreamBroken("no list")
        if isinstance(self.usage, GatewayError):
            raise self.usage
        return self.usage

    async def pause(self, _seconds: float) -> None:
        self.diary += "."


def call(**members: Any) -> m.Call:
    whole = {"model": "claude-sonnet-4.5", "max_tokens": 99,
             "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
    return m.decode(msgspec.json.encode({**whole, **members}))


async def _hear(world: World, asked: m.Call) -> str:
    reply = Reply(world.relay, asked, "req_1")
    heard: list[m.StreamEvent] = []
    try:
        await reply.open()
        while not reply.over:
            heard += await reply.read()
    except GatewayError as failure:
        return type(failure).__name__
    finally:
        reply.close()
        assert world.live == 0, "every stream is let go"
    return told(heard)


GOOD = "start +0text .hi -0 end(end_turn) stop"
BUSY, BROKEN, DENIED = UpstreamBusy("b"), UpstreamBroken("b"), CredentialRefused("d")
SPENT, SLOW = QuotaExhausted("q"), RateLimited("r", retry_after=3)

CALLS: dict[str, tuple[list[GatewayError | None], str, str, str]] = {
    "at once": ([OK], "active", "a", GOOD),
    "busy, then well": ([BUSY, OK], "active", "a.a", GOOD),
    "broken, then well": ([BROKEN, BROKEN, OK], "active", "a.a.a", GOOD),
    "busy for too long": ([BUSY, BUSY, BUSY, OK], "active", "a.a.a", "UpstreamBusy"),
    "a token that a refresh cures": ([DENIED, OK], "active", "aA", GOOD),
    "a token that nothing cures": ([DENIED, DENIED, OK], "active", "aA", "CredentialRefused"),
    "too fast": ([SLOW, OK], "active", "a", "RateLimited"),
    "our mistake": ([RequestRefused("x"), OK], "active", "a", "RequestRefused"),
    "reasoning left behind": ([ReasoningRefused("x"), OK], "active", "aa", GOOD),
    "quota, one account": ([SPENT, OK], "active", "a", "QuotaExhausted"),
    "quota, another account": ([SPENT, OK], "failover", "ab", GOOD),
    "quota everywhere": ([SPENT, SPENT], "failover", "ab", "QuotaExhausted"),
    "refused, then another account": (
        [DENIED, NotEntitled("x"), OK], "failover", "aAb", GOOD,
    ),
    "a suspension is never routed around": (
        [AccountSuspended("x"), OK], "failover", "a", "AccountSuspended",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("script", "routing", "diary", "heard"), CALLS.values(), ids=CALLS)
def test_calls(script: list[GatewayError | None], routing: str, diary: str, heard: str) -> None:
    world = World(*script, routing=routing)
    assert asyncio.run(_hear(world, call())) == heard
    assert world.diary == diary


def test_an_account_that_needs_a_login_is_passed_over_when_that_is_wanted() -> None:
    world = World(routing="failover")
    world.no_token.add("a")
    assert asyncio.run(_hear(world, call())) == GOOD
    assert world.diary == "b"
    world = World()
    world.no_token.add("a")
    assert asyncio.run(_hear(world, call())) == "LoginRequired"


def test_the_profile_decides_the_host() -> None:
    world = World(SPENT, OK, routing="failover")
    asyncio.run(_hear(world, call()))
    (first, _), (second, body) = world.asks
    assert (first, second) == ("http://service/", "https://q.eu-central-1.amazonaws.com/")
    assert body["profileArn"].startswith("arn:aws:codewhisperer:eu-central-1")


def test_every_attempt_is_a_conversation_of_its_own() -> None:
    world = World(BUSY, OK)
    asyncio.run(_hear(world, call()))
    ids = {body["conversationState"]["conversationId"] for _, body in world.asks}
    assert len(ids) == 2


USAGES: dict[str, tuple[Answer | GatewayError, float | None]] = {
    "told": (Answer(200, b'{"nextDateReset":123.0}'), 123.0),
    "not told": (Answer(200, b"{}"), None),
    "refused": (Answer(403, b""), None),
    "broken": (UpstreamBroken("x"), None),
}


@pytest.mark.parametrize(("usage", "resets_at"), USAGES.values(), ids=USAGES)
def test_when_a_quota_is_renewed(usage: Answer | GatewayError, resets_at: float | None) -> None:
    failure = QuotaExhausted("q")
    world = World(failure)
    world.usage = usage
    assert asyncio.run(_hear(world, call())) == "QuotaExhausted"
    assert failure.resets_at == resets_at


def test_a_trailer_once_seen_is_expected() -> None:
    async def story() -> None:
        world = World()
        assert await _hear(world, call()) == GOOD
        world.reads = (text("hi"),)
        assert await _hear(world, call()) == "start +0text .hi -0 error(api_error)"

    asyncio.run(story())


def test_the_head_can_only_be_had_once_the_call_is_ready() -> None:
    async def story() -> None:
        world = World()
        reply = Reply(world.relay, call(), "req_1")
        assert reply.begin() == []
        assert told(reply.fail(BUSY)) == "error(overloaded_error)"
        with pytest.raises(RuntimeError):
            await reply.read()

    asyncio.run(story())


def test_models_of_nobody_are_the_built_in_ones() -> None:
    world = World()
    world.accounts = list  # type: ignore[method-assign]
    assert asyncio.run(world.relay.models()) == q.BUILT_IN
    with pytest.raises(NoAccount):
        world.relay.choose()
