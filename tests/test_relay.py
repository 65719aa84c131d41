"""Calls told as tables: what each attempt meets, and the trail it leaves (see relaying.py)."""

import asyncio
import time
from collections.abc import Callable

import msgspec
import pytest

from amq2api.accounts.health import Health, State
from amq2api.dialects import amazonq as q
from amq2api.errors import (
    AccountSuspended,
    ConnectTimeout,
    CredentialRefused,
    GatewayError,
    NoAccount,
    NotEntitled,
    QuotaExhausted,
    RateLimited,
    ReasoningRefused,
    RequestRefused,
    RoadBarred,
    Said,
    UnknownModel,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamTimeout,
)
from amq2api.relay import relay
from amq2api.relay.answering import reply_to
from amq2api.relay.records import Record
from amq2api.upstream.catalogue import Catalogue
from amq2api.upstream.service import Service
from amq2api.wire.exchange import Answer, Ask
from bridge.replies import METERED, exception, text, told
from relaying import Reads, World, call, hear

OK = None
GOOD = "start +0text .hi -0 end(end_turn) stop"
BUSY, BROKEN, DENIED = UpstreamBusy("b"), UpstreamBroken("b"), CredentialRefused("d")
NO_MODEL = UnknownModel("m")
NO_MODEL.said = Said(400, "ValidationException", "INVALID_MODEL_ID")
SPENT, SLOW = QuotaExhausted("q"), RateLimited("r", retry_after=3)

CALLS: dict[str, tuple[list[GatewayError | None], str, str, str]] = {
    "at once": ([OK], "active", "a", GOOD),
    "busy, then well": ([BUSY, OK], "active", "a.a", GOOD),
    "broken, then well": ([BROKEN, BROKEN, OK], "active", "a.a.a", GOOD),
    "busy for too long": ([BUSY, BUSY, BUSY, OK], "active", "a.a.a", "UpstreamBusy"),
    "a token that a refresh cures": ([DENIED, OK], "active", "aA", GOOD),
    "a new token that is not known at once": ([DENIED, DENIED, OK], "active", "aA.A", GOOD),
    "a token that nothing cures": (
        [DENIED, DENIED, DENIED, DENIED, OK], "active", "aA.A.A", "CredentialRefused",
    ),
    "a model that is gone for a moment": ([NO_MODEL, OK], "active", "a.a", GOOD),
    "a model that is gone": ([NO_MODEL, NO_MODEL, OK], "active", "a.a", "UnknownModel"),
    "silent for too long": ([UpstreamTimeout("t"), OK], "active", "a", "UpstreamTimeout"),
    "no connection in time": ([ConnectTimeout("t"), OK], "active", "a.a", GOOD),
    "no way through": ([RoadBarred("t"), OK], "active", "a", "RoadBarred"),
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
    assert asyncio.run(hear(world, call())) == heard
    assert world.diary == diary


def test_an_account_that_needs_a_login_is_passed_over_when_that_is_wanted() -> None:
    world = World(routing="failover")
    world.no_token.add("a")
    assert asyncio.run(hear(world, call())) == GOOD
    assert world.diary == "b"
    world = World()
    world.no_token.add("a")
    assert asyncio.run(hear(world, call())) == "LoginRequired"


def test_the_profile_decides_the_host() -> None:
    world = World(SPENT, OK, routing="failover")
    asyncio.run(hear(world, call()))
    (first, _), (second, body) = world.asks
    assert (first, second) == ("http://service/", "https://q.eu-central-1.amazonaws.com/")
    assert body["profileArn"].startswith("arn:aws:codewhisperer:eu-central-1")


def test_every_attempt_is_a_conversation_of_its_own() -> None:
    world = World(BUSY, OK)
    asyncio.run(hear(world, call()))
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
    assert asyncio.run(hear(world, call())) == "QuotaExhausted"
    assert failure.resets_at == resets_at


def test_a_trailer_once_seen_is_expected() -> None:
    async def story() -> None:
        world = World()
        assert await hear(world, call()) == GOOD
        world.reads = (text("hi"),)
        assert await hear(world, call()) == "start +0text .hi -0 error(api_error)"

    asyncio.run(story())


def test_the_head_can_only_be_had_once_the_call_is_ready() -> None:
    async def story() -> None:
        world = World()
        reply = reply_to(world.relay, call(), "req_1")
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


# What an account's failures mean to the calls that follow.
HOUR = 3600.0
RESET = 1_000_000.0 + 3 * HOUR
LOCKED = AccountSuspended("locked")


def spent() -> QuotaExhausted:
    return QuotaExhausted("q")


async def _trail(world: World, calls: int = 1) -> str:
    """What the diary gains by so many calls, one after the other."""
    before = len(world.diary)
    for _ in range(calls):
        await hear(world, call())
    return world.diary[before:]


def _latest(world: World) -> tuple[str, str, str]:
    """Who served the last call, why, and who was passed over."""
    (record,) = world.relay.records.recent(1)
    return record.account, record.why, " ".join(map(str, record.passed))


def test_failover_passes_a_used_up_account_until_its_allowance_is_renewed() -> None:
    async def story() -> None:
        world = World(spent(), routing="failover")
        world.usage = Answer(200, b'{"nextDateReset":%d}' % RESET)
        assert await _trail(world) == "ab"
        assert _latest(world) == ("b", "failover", "a:QuotaExhausted")
        known = world.health.of(world.accounts()[0])
        assert (known.state, known.until) == ("quota_used", RESET)
        assert await _trail(world, 2) == "bb"
        assert _latest(world) == ("b", "failover", "a:QuotaExhausted")
        world.now = RESET
        assert await _trail(world) == "a"
        assert _latest(world) == ("a", "active", "")

    asyncio.run(story())


def test_one_call_an_hour_finds_out_whether_an_allowance_is_back() -> None:
    async def story() -> None:
        world = World(spent(), routing="failover")
        assert await _trail(world, 2) == "abb"
        world.now += HOUR
        world.script = [spent()]
        assert await _trail(world, 2) == "abb"
        assert world.relay.records.recent(2)[1].why == "failover"
        world.now += HOUR
        assert await _trail(world, 2) == "aa"
        assert [one.why for one in world.relay.records.recent(2)] == ["active", "probe"]

    asyncio.run(story())


def test_of_many_calls_at_once_one_finds_out() -> None:
    async def story() -> None:
        world = World(LOCKED)
        assert await _trail(world) == "a"
        world.now += HOUR
        world.script, open_at_once = [LOCKED], world.open

        async def slowly(ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Reads:
            await asyncio.sleep(0.05)
            return await open_at_once(ask, verdict)

        world.open = slowly  # type: ignore[method-assign]
        heard = await asyncio.gather(*(hear(world, call()) for _ in range(9)))
        assert heard == ["AccountSuspended"] * 9 and world.diary == "aa"

    asyncio.run(story())


def test_active_routing_tells_of_a_used_up_account_and_asks_it_all_the_same() -> None:
    async def story() -> None:
        world = World(spent(), spent())
        asked = 0
        world.usage = Answer(200, b'{"nextDateReset":%d}' % RESET)
        ask = world.relay.service.ask

        async def counted(one: Ask) -> Answer:
            nonlocal asked
            asked += one.headers["x-amz-target"] == q.GET_USAGE_LIMITS
            return await ask(one)

        world.relay.service = Service(counted)
        assert await _trail(world, 2) == "aa"
        assert world.health.of(world.accounts()[0]).until == RESET
        assert asked == 1, "the date is known as long as it is to come"
        assert await _trail(world) == "a"
        assert world.health.of(world.accounts()[0]).state == "ready"

    asyncio.run(story())


def test_a_date_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_EXPLAINING", 0.05)

    async def never(_ask: Ask) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError

    async def story() -> None:
        world = World(spent(), routing="failover")
        world.relay.service = Service(never)
        world.relay.catalogue = Catalogue({}, lambda: 0.0)
        await world.relay.catalogue.all("a", _no_models)
        await world.relay.catalogue.all("b", _no_models)
        assert await asyncio.wait_for(_trail(world), 5) == "ab"
        assert world.health.of(world.accounts()[0]).until is None

    asyncio.run(story())


async def _no_models() -> list[q.Model]:
    raise UpstreamBroken("no list")


@pytest.mark.parametrize("routing", ["active", "failover"])
def test_nothing_is_sent_for_a_suspended_account_until_it_is_cleared(routing: str) -> None:
    async def story() -> None:
        world = World(LOCKED, routing=routing)
        assert await _trail(world) == "a"
        assert await _trail(world, 3) == ""
        assert await hear(world, call()) == "AccountSuspended"
        (record,) = world.relay.records.recent(1)
        assert (record.account, record.why, record.attempts) == ("", "", 0)
        assert "suspended the account a since" in record.error and "It said: locked" in record.error
        world.health.clear("a")
        assert await _trail(world) == "a"
        assert _latest(world) == ("a", "active", "")

    asyncio.run(story())


def test_a_suspension_ends_with_a_probe_that_goes_well() -> None:
    async def story() -> None:
        world = World(LOCKED, LOCKED)
        assert await _trail(world, 2) == "a"
        world.now += HOUR
        assert await _trail(world, 2) == "a"
        world.now += HOUR
        assert await _trail(world, 2) == "aa"
        assert [one.why for one in world.relay.records.recent(2)] == ["active", "probe"]

    asyncio.run(story())


def test_failover_passes_an_account_that_must_sign_in_and_says_so() -> None:
    async def story() -> None:
        world = World(routing="failover")
        world.no_token.add("a")
        assert await _trail(world) == "b"
        assert _latest(world) == ("b", "failover", "a:LoginRequired")
        assert world.health.of(world.accounts()[0]).last_error == "sign in again"
        world.no_token.clear()
        assert await _trail(world) == "b", "it is not asked in vain"
        world.health.succeeded(world.accounts()[0])
        assert await _trail(world) == "a"

    asyncio.run(story())


def test_what_an_account_that_seems_well_has_failed_with_is_told() -> None:
    async def story() -> None:
        world = World(NotEntitled("n"), routing="failover")
        assert await _trail(world) == "ab"
        assert _latest(world) == ("b", "failover", "a:NotEntitled")
        assert [one.state for one in world.relay.records.recent(1)[0].passed] == ["ready"]
        assert await _trail(world) == "a", "it may do other things"

    asyncio.run(story())


def test_a_throttle_is_waited_for_and_not_evaded() -> None:
    async def story() -> None:
        world = World(RateLimited("r", retry_after=30), routing="failover")
        assert await _trail(world) == "a"
        throttled = world.health.of(world.accounts()[0])
        assert (throttled.state, throttled.until) == ("throttled", world.now + 30)
        world.now += 30
        assert world.health.of(world.accounts()[0]).state == "ready"
        world.script = [RateLimited("r")]
        assert await _trail(world, 2) == "aa"
        assert world.health.of(world.accounts()[0]).state == "ready", "a success ends it"

    asyncio.run(story())


def test_when_nobody_is_left_the_first_failure_names_all() -> None:
    async def story() -> None:
        world = World(spent(), routing="failover")
        world.no_token.add("b")
        world.usage = Answer(200, b'{"nextDateReset":%d}' % RESET)
        assert await hear(world, call()) == "LoginRequired"
        assert await hear(world, call()) == "NoAccount"
        (record,) = world.relay.records.recent(1)
        assert record.error == (
            "no account is left to serve this call: a has used its allowance until"
            " 1970-01-12 16:46 UTC; b must sign in again"
        )
        world.health.clear("a")
        world.script = [spent()]
        assert await hear(world, call()) == "QuotaExhausted"
        (record,) = world.relay.records.recent(1)
        assert record.error == (
            "q, and no account is left to serve this call: b must sign in again."
        )

    asyncio.run(story())


NOBODYS: dict[str, tuple[list[GatewayError | None], bool]] = {
    # Whether the account's last error is told.
    "busy": ([BUSY, BUSY, BUSY], True),
    "broken": ([BROKEN, BROKEN, BROKEN], True),
    "a token that nothing cures": ([DENIED] * 4, True),
    "not entitled": ([NotEntitled("n")], True),
    "our mistake": ([RequestRefused("x")], False),
    "foreign reasoning": ([ReasoningRefused("x"), ReasoningRefused("x")], False),
}


@pytest.mark.parametrize(("script", "told"), NOBODYS.values(), ids=NOBODYS)
def test_what_is_nobodys_fault_costs_nobody_the_account(
    script: list[GatewayError | None], told: bool
) -> None:
    world = World(*script)
    asyncio.run(_trail(world))
    known = world.health.of(world.accounts()[0])
    assert (known.state, bool(known.last_error)) == ("ready", told)


def test_a_call_for_an_unknown_model_is_nobodys_fault() -> None:
    world = World()
    assert asyncio.run(hear(world, call(model="gpt-9"))) == "UnknownModel"
    assert world.health.of(world.accounts()[0]) == Health("ready")
    (record,) = world.relay.records.recent()
    assert (record.model, record.outcome, record.error) == ("gpt-9", "UnknownModel", "")


def test_a_client_that_leaves_says_nothing_of_the_account() -> None:
    async def story() -> None:
        world = World(spent(), OK)
        await _trail(world)
        reply = reply_to(world.relay, call(), "req_1")
        sent = asyncio.Event()

        async def silent(ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Reads:
            sent.set()
            await asyncio.sleep(60)
            raise AssertionError

        world.open = silent  # type: ignore[method-assign]
        asking = asyncio.ensure_future(reply.open())
        await sent.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        reply.close()
        assert world.health.of(world.accounts()[0]).state == "quota_used"
        (record,) = world.relay.records.recent(1)
        assert (record.outcome, record.ok) == ("abandoned", False)

    asyncio.run(story())


def test_a_call_that_asks_nobody_proves_nothing() -> None:
    world = World(spent())
    asyncio.run(_trail(world))
    assert asyncio.run(hear(world, call(max_tokens=0))).endswith("stop")
    assert world.health.of(world.accounts()[0]).state == "quota_used"


BREAKS: dict[str, tuple[bytes, State]] = {
    "throttled": (exception("ThrottlingException", message="m"), "throttled"),
    "used up": (exception("ThrottlingException", message="m", reason="MONTHLY_REQUEST_COUNT"),
                "quota_used"),
    "suspended": (exception("AccessDeniedException", message="m", reason="TEMPORARILY_SUSPENDED"),
                  "suspended"),
    "no capacity": (exception("ThrottlingException", message="m",
                              reason="INSUFFICIENT_MODEL_CAPACITY"), "ready"),
    "torn": (text("x")[:-3], "ready"),
}  # fmt: skip


@pytest.mark.parametrize(("frame", "state"), BREAKS.values(), ids=BREAKS)
def test_what_ends_an_answer_half_way_counts(frame: bytes, state: State) -> None:
    world = World()
    world.reads = (text("hi"), frame)
    asyncio.run(_trail(world))
    known = world.health.of(world.accounts()[0])
    assert known.state == state and known.last_error
    (record,) = world.relay.records.recent()
    assert not record.ok and record.first is not None and record.error == known.last_error


def test_a_record_tells_all_but_the_content() -> None:
    world = World(BUSY)
    world.reads = (text("zither"), METERED)
    asked = [{"role": "user", "content": "xylophone"}]
    asyncio.run(hear(world, call(stream=True, temperature=0.5, messages=asked)))
    (record,) = world.relay.records.recent()
    assert 0 <= time.time() - record.at < 60
    prepared, first = record.prepared, record.first
    assert prepared is not None and first is not None
    assert 0 <= prepared <= first <= record.seconds
    plain = msgspec.structs.replace(
        record, at=0.0, seconds=0.0, prepared=0.0, first=0.0, credits=None
    )
    assert plain == Record(
        id="req_1", upstream_id="up-2", at=0.0, model="claude-sonnet-4.5", account="a",
        account_name="", why="active",
        passed=(), attempts=2, stream=True, outcome="end_turn", ok=True, error="",
        input_tokens=record.input_tokens, output_tokens=record.output_tokens,
        usage="estimate", credits=None, prepared=0.0, first=0.0, gap=0.0, seconds=0.0,
        notes=("approximated:max_tokens", "dropped:temperature"),
    )  # fmt: skip
    assert record.input_tokens > 0 and record.output_tokens > 0
    encoded = msgspec.json.encode(record)
    assert b"xylophone" not in encoded and b"zither" not in encoded


@pytest.mark.parametrize(
    ("raised", "outcome", "status"),
    [(KeyError("hush"), "GatewayError", 500), (asyncio.CancelledError(), "abandoned", 0)],
)
def test_a_bug_is_no_client_that_left(raised: BaseException, outcome: str, status: int) -> None:
    async def find(*_: object) -> q.Model:
        raise raised

    world = World()
    world.relay.catalogue.find = find  # type: ignore[assignment, method-assign]
    with pytest.raises(type(raised)):
        asyncio.run(hear(world, call()))
    (record,) = world.relay.records.recent()
    assert (record.outcome, record.status, record.ok) == (outcome, status, False)
    assert "hush" not in record.error


def test_accounts_that_are_gone_leave_nothing_behind() -> None:
    async def story() -> None:
        world = World(spent())
        await _trail(world)
        gone, left = world.accounts()
        world.accounts = lambda: [left]  # type: ignore[method-assign]
        world.script = [BUSY, BUSY, BUSY]
        await _trail(world)
        assert world.health.of(gone) == Health("ready")

    asyncio.run(story())
