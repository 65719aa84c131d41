"""What a call does and leaves behind while its attempts fail; which step is next is policy's."""

import asyncio
import contextlib
import gc
import threading
import weakref
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence

import pytest

from amq2api.accounts.policy import RESERVE, SETTLING, Budget
from amq2api.bridge.calibration import Calibrations
from amq2api.bridge.tokens import Size
from amq2api.dialects import messages as m
from amq2api.errors import (
    AccountSuspended,
    AtCapacity,
    BadRequest,
    CredentialRefused,
    GatewayError,
    RateLimited,
    ReasoningRefused,
    Said,
    Stopping,
    UpstreamBroken,
    UpstreamBusy,
)
from amq2api.relay.answering import reply_to
from amq2api.relay.arrivals import Arrivals
from amq2api.relay.aside import LARGE
from bridge.pictures import png
from bridge.replies import METERED, exception, text, told, tool
from relaying import Piece, World, call, drain, hear

GOOD = "start +0text .hi -0 end(end_turn) stop"


def signed(failure: GatewayError, request_id: str) -> GatewayError:
    failure.said = Said(500, request_id=request_id)
    return failure


def test_without_budget_nothing_is_tried_again_and_the_client_is_told() -> None:
    world = World(UpstreamBusy("full"), None)
    world.relay.budget = Budget(retries=RESERVE, at=world.relay.now())
    assert asyncio.run(hear(world, call())) == "UpstreamBusy"
    assert world.diary == "a"
    (record,) = world.relay.records.recent(1)
    assert record.error == "full (not tried again: too many calls fail at present)"


def test_a_service_that_is_down_is_not_beaten() -> None:
    async def story() -> None:
        world = World(*[UpstreamBroken("down") for _ in range(1000)])
        world.relay.clock = lambda: 1000.0
        for _ in range(100):
            await hear(world, call())
        # Two retries each, as long as there is budget: twenty, and one for every ten calls.
        assert len(world.diary.replace(".", "")) == 100 + 30

    asyncio.run(story())


def test_what_is_no_retry_needs_no_budget() -> None:
    world = World(CredentialRefused("old"), ReasoningRefused("foreign"), None)
    world.relay.budget = Budget(retries=RESERVE, at=world.relay.now())
    assert asyncio.run(hear(world, call())) == GOOD
    assert world.diary == "aAA"


def test_nobody_goes_on_into_a_penalty_that_began_meanwhile() -> None:
    async def story() -> None:
        world = World(UpstreamBusy("full"), None)

        async def pause(_seconds: float) -> None:
            world.diary += "."
            world.health.report(world.accounts()[0], RateLimited("too fast", retry_after=60))

        world.relay.sleep = pause
        assert await hear(world, call()) == "UpstreamBusy"
        assert world.diary == "a."
        world.script = [UpstreamBusy("full"), None]
        assert await hear(world, call()) == "UpstreamBusy"
        assert world.diary == "a.a", "nor when it has begun already"

    asyncio.run(story())


def test_a_pause_is_as_long_as_the_service_says() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    world = World(UpstreamBusy("full", retry_after=1.5), UpstreamBusy("full"), None)
    world.relay.sleep = pause
    assert asyncio.run(hear(world, call())) == GOOD
    first, second = pauses
    assert 1.5 <= first <= 1.75 and 0.4 <= second <= 0.8


# The service's own ids.


def ids_of(world: World) -> list[str]:
    async def story() -> list[str]:
        reply = reply_to(world.relay, call(), "req_1")
        try:
            await reply.open()
            await drain(reply, lambda _: None)
        except GatewayError:
            pass
        finally:
            reply.close()
        return reply._journey.upstream_ids

    return asyncio.run(story())


IDS: dict[str, tuple[list[GatewayError | None], list[bytes], list[str]]] = {
    "an answer": ([None], [text("hi"), METERED], ["up-1"]),
    "refusals before it": (
        [signed(UpstreamBusy("b"), "no-1"), UpstreamBroken("road"), None],
        [text("hi"), METERED], ["no-1", "up-3"]),
    "an exception in it": (
        [None], [text("hi"), exception("ThrottlingException", message="m")], ["up-1"]),
    "exceptions instead of it": (
        [None], [exception("InternalServerException", message="m")], ["up-1", "up-2", "up-3"]),
}  # fmt: skip


@pytest.mark.parametrize(("script", "reads", "ids"), IDS.values(), ids=IDS)
def test_every_request_is_known_by_the_services_id(
    script: list[GatewayError | None], reads: list[bytes], ids: list[str]
) -> None:
    world = World(*script)
    world.reads = reads
    assert ids_of(world) == ids


def test_a_failure_within_an_answer_has_its_id() -> None:
    async def story() -> None:
        world = World()
        world.reads = (text("hi"), exception("ThrottlingException", message="m", reason="R"))
        reply = reply_to(world.relay, call(), "req_1")
        await reply.open()
        await drain(reply, lambda _: None)
        reply.close()
        assert reply.failure is not None
        assert reply.failure.said == Said(200, "ThrottlingException", "R", "up-1")

    asyncio.run(story())


# Seats.


def test_a_seat_is_taken_while_the_service_answers_and_no_longer() -> None:
    async def story() -> None:
        world = World(UpstreamBusy("full"), None)
        seats: list[int] = []

        async def pause(_seconds: float) -> None:
            seats.append(world.relay.admission.seats_taken)

        world.relay.sleep = pause
        reply = reply_to(world.relay, call(), "req_1")
        await reply.open()
        seats.append(world.relay.admission.seats_taken)
        await drain(reply, lambda _: None)
        reply.close()
        seats.append(world.relay.admission.seats_taken)
        reply.close()
        assert seats == [0, 1, 0]

    asyncio.run(story())


def test_who_finds_no_seat_waits_and_whoever_ends_makes_room() -> None:
    async def story() -> None:
        world = World()
        world.relay.admission.limit(calls=9, per_account=1, waiting=9, patience=5.0, bodies=1)
        first = reply_to(world.relay, call(), "req_1")
        await first.open()
        second = asyncio.ensure_future(hear_one(world))
        await asyncio.sleep(0.01)
        assert world.relay.admission.waiting == 1 and world.diary == "a"
        first.close()
        assert await second == GOOD
        assert world.relay.admission.seats_taken == 0

    async def hear_one(world: World) -> str:
        reply = reply_to(world.relay, call(), "req_2")
        try:
            await reply.open()
            assert reply._journey.queued > 0
            heard: list[str] = []
            await drain(reply, lambda events: heard.extend(map(repr, events)))
            return GOOD if heard else ""
        finally:
            reply.close()

    asyncio.run(story())


def test_having_no_seat_left_says_nothing_of_the_account() -> None:
    async def story() -> None:
        world = World()
        world.relay.admission.limit(calls=9, per_account=1, waiting=0, patience=5.0, bodies=1)
        first = reply_to(world.relay, call(), "req_1")
        await first.open()
        second = reply_to(world.relay, call(), "req_2")
        with pytest.raises(AtCapacity):
            await second.open()
        second.close()
        assert world.health.of(world.accounts()[0]).last_error == ""
        first.close()
        assert world.relay.admission.seats_taken == 0 and world.live == 0

    asyncio.run(story())


STOPS: dict[str, Callable[[World], None]] = {
    "refused": lambda world: world.script.append(AccountSuspended("x")),
    "broken": lambda world: world.script.extend([UpstreamBroken("x")] * 3),
    "torn": lambda world: world.replies.append([text("hi"), tool("t", "ls")]),
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_no_seat_is_lost(stop: Callable[[World], None]) -> None:
    world = World()
    stop(world)
    asyncio.run(hear(world, call()))
    assert world.relay.admission.seats_taken == 0


def test_a_client_that_leaves_gives_its_seat_back() -> None:
    async def story() -> None:
        world = World()
        slept = asyncio.Event()

        async def pause(_seconds: float) -> None:
            slept.set()
            await asyncio.sleep(60)

        world.script, world.relay.sleep = [UpstreamBusy("full")], pause
        reply = reply_to(world.relay, call(), "req_1")
        opening = asyncio.ensure_future(reply.open())
        await slept.wait()
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        reply.close()
        assert world.relay.admission.seats_taken == 0

    asyncio.run(story())


# Large calls.


class Witness(Calibrations):
    """Knows in which thread a call was prepared."""

    thread = ""

    def count(self, size: Size, model_id: str) -> int:
        self.thread = threading.current_thread().name
        return super().count(size, model_id)


@pytest.mark.parametrize(("weight", "beside"), [(LARGE, False), (LARGE + 1, True)])
def test_large_calls_are_prepared_beside_the_others(weight: int, beside: bool) -> None:
    async def story() -> None:
        world = World()
        world.relay.gauge = witness = Witness()
        reply = reply_to(world.relay, call(), "req_1", weight=weight)
        await reply.open()
        reply.close()
        assert witness.thread.startswith("large-call") == beside

    asyncio.run(story())


def test_what_is_wrong_with_a_large_call_is_told_as_of_any() -> None:
    async def story() -> None:
        world = World()
        source = {
            "type": "base64",
            "media_type": "image/png",
            "data": b64encode(png(1, 1)).decode(),
        }
        said = [{"role": "user", "content": [{"type": "image", "source": source}] * 50}]
        reply = reply_to(world.relay, call(messages=said), "req_1", weight=LARGE + 1)
        with pytest.raises(BadRequest, match="too much media"):
            await reply.open()
        reply.close()

    asyncio.run(story())


# What is left behind.

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FORM = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
ENDS: dict[str, tuple[list[GatewayError | None], Sequence[Piece], dict[str, object]]] = {
    "well": ([None], [text("hi"), METERED], {}),
    "refused": ([AccountSuspended("x")], [], {}),
    "refused after tries": ([UpstreamBroken("x")] * 3, [], {}),
    "torn": ([None], [text("hi"), text("x")[:-2]], {}),
    "broken": ([None], [text("hi"), UpstreamBroken("x")], {}),
    "with searches": ([None], [text("hi"), METERED], {"tools": [SEARCH]}),
    "with searches, refused": ([AccountSuspended("x")], [], {"tools": [SEARCH]}),
    "in a form": ([None], [text("{}"), METERED], {"output_config": FORM}),
    "in no form": ([None], [text("hi"), METERED], {"output_config": FORM}),
}  # fmt: skip


@pytest.mark.parametrize(("script", "reads", "members"), ENDS.values(), ids=ENDS)
def test_a_call_that_is_over_leaves_nothing_for_the_collector(
    script: list[GatewayError | None], reads: Sequence[Piece], members: dict[str, object]
) -> None:
    async def story() -> weakref.ref[object]:
        world = World(*script)
        world.reads = reads
        reply = reply_to(world.relay, call(**members), "req_1")
        with contextlib.suppress(GatewayError):
            await reply.open()
            await drain(reply, lambda _: None)
        reply.close()
        return weakref.ref(reply._journey)

    gc.disable()
    try:
        assert asyncio.run(story())() is None
    finally:
        gc.enable()


# The end of the gateway.


TOLD = {
    "before": "start +0text .hi -0 error(api_error)",
    "read": "start +0text .hi -0 error(api_error)",
    "flow": "start +0text .hi . there -0 error(api_error)",
}


@pytest.mark.parametrize("where", TOLD)
def test_a_gateway_that_stops_ends_its_answers_in_words(where: str) -> None:
    async def story() -> None:
        world = World()
        world.reads = (text("hi"), text(" there"), None)
        reply, heard = reply_to(world.relay, call(), "req_1"), list[m.StreamEvent]()

        def write(more: list[m.StreamEvent]) -> bool:
            heard.extend(more)
            return True

        await reply.open()
        if where != "before":
            write(await reply.read())
        if where == "flow":
            flowing = asyncio.ensure_future(reply.flow(write))
            await asyncio.sleep(0.01)
            flowing.cancel()
            await asyncio.gather(flowing, return_exceptions=True)
        write(reply.fail(Stopping("the gateway ends")))
        assert reply.over
        await reply.flow(write)
        reply.close()
        assert told(heard) == TOLD[where] and world.live == 0
        (record,) = world.relay.records.recent(1)
        assert (record.outcome, record.ok) == ("Stopping", False)
        assert world.health.of(world.accounts()[0]).last_error == ""

    asyncio.run(story())


# Numbers.


def count(world: World, name: str) -> dict[tuple[str, ...], object]:
    return {tuple(labels): value for family, labels, value in world.relay.metrics.snapshot()
            if family == name}  # fmt: skip


def test_what_the_service_said_and_what_was_done_is_counted() -> None:
    busy = UpstreamBusy("b")
    busy.said = Said(429, "ThrottlingException", "INSUFFICIENT_MODEL_CAPACITY", "x")
    world = World(busy, UpstreamBroken("road"), None)
    assert asyncio.run(hear(world, call())) == GOOD
    assert count(world, "amq2api_upstream_answers_total") == {
        ("429", "ThrottlingException", "INSUFFICIENT_MODEL_CAPACITY"): 1,
        ("none", "UpstreamBroken", ""): 1,
        ("200", "", ""): 1,
    }
    assert count(world, "amq2api_retries_total") == {
        ("retry", "UpstreamBusy"): 1,
        ("retry", "UpstreamBroken"): 1,
    }


# Tokens that have just come.


@pytest.fixture
def moment() -> list[float]:
    return [100.0]


def test_a_token_is_new_only_where_another_one_was_before(moment: list[float]) -> None:
    arrivals = Arrivals(lambda: moment[0])
    assert not arrivals.fresh("a", "one")
    arrivals.saw("a", "one")
    assert not arrivals.fresh("a", "one"), "it may be of any age"
    arrivals.saw("a", "two")
    assert arrivals.fresh("a", "two") and not arrivals.fresh("a", "one")
    assert not arrivals.fresh("b", "two")
    moment[0] += SETTLING
    arrivals.saw("a", "two")
    assert arrivals.fresh("a", "two")
    moment[0] += 0.1
    assert not arrivals.fresh("a", "two"), "seeing it again makes it no younger"


def test_a_token_that_was_renewed_early_is_given_time_before_it_is_renewed_again() -> None:
    async def story() -> None:
        world = World()
        assert await hear(world, call()) == GOOD
        renewed: Callable[..., Awaitable[object]] = world.token

        async def token(account: object, *, refused: str | None = None) -> object:
            return await renewed(account, refused=refused or "old")

        world.token = token  # type: ignore[method-assign,assignment]
        world.script = [CredentialRefused("new"), None]
        assert await hear(world, call()) == GOOD
        assert world.diary == "aA.A", "no refresh for a token that has just come"

    asyncio.run(story())
