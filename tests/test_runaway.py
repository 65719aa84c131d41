"""Agents whose tool calls never arrive whole are stopped, and nobody else is."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import messages as m
from amq2api.errors import RunawayStopped
from amq2api.relay.runaway import MOST, REST, Runaway, Turn, turn_of
from bridge.replies import METERED, ended, text, tool
from relaying import World, call, hear

WRITE = {"name": "write", "input_schema": {"type": "object"}}
ASKED = {"role": "user", "content": "Write me a long file."}
CUT = (text("Here:"), tool("t", "write"), tool("t", "write", input='{"text": "lo'))
WHOLE = (text("Done."), METERED)


def results(key: str, *words: str) -> list[dict[str, Any]]:
    """A conversation whose last turn is an agent's: what became of the call *key*."""
    use = {"type": "tool_use", "id": key, "name": "write", "input": {}}
    told: list[dict[str, Any]] = [{"type": "tool_result", "tool_use_id": key, "content": "error"}]
    told += [{"type": "text", "text": said} for said in words]
    return [ASKED, {"role": "assistant", "content": [use]}, {"role": "user", "content": told}]


def said(*words: str) -> list[dict[str, Any]]:
    """A conversation whose last turn is a person's."""
    return [
        ASKED,
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": [{"type": "text", "text": word} for word in words]},
    ]


def asked(messages: list[dict[str, Any]] | None = None, **members: Any) -> m.Call:
    return call(messages=messages or [ASKED], tools=[WRITE], **members)


async def broken(world: World, times: int = MOST) -> None:
    """So many answers of the conversation break."""
    for number in range(times):
        world.replies.append(CUT)
        heard = await hear(world, asked(results(f"toolu_{number}")))
        assert heard.endswith("error(api_error)"), heard


AFTERWARDS: dict[str, tuple[m.Call, bool]] = {
    # Whether the next call is stopped.
    "the agent goes on": (asked(results("toolu_9")), True),
    "the same request": (asked(results("toolu_2")), True),
    "the same request, of another kind": (asked(results("toolu_2"), stream=True), True),
    "the agent goes on, with what it always adds": (
        asked(results("toolu_9", "<system-reminder>be good</system-reminder>")), True),
    "a person says something": (asked(said("Smaller, please.")), False),
    "a person says something beside results": (asked(results("toolu_9", "Stop that.")), False),
    "another conversation": (
        asked([{"role": "user", "content": "Hello."}, *results("toolu_9")[1:]]), False),
    "the same words in a named session": (
        asked(results("toolu_9"), metadata={"user_id": "session_1"}), False),
    "a call without tools": (
        call(messages=[{"role": "user", "content": "A title?"}]), False),
}  # fmt: skip


@pytest.mark.parametrize(("following", "stopped"), AFTERWARDS.values(), ids=AFTERWARDS)
def test_after_three_broken_answers(following: m.Call, stopped: bool) -> None:
    async def story() -> None:
        world = World()
        await broken(world)
        world.reads, asks = WHOLE, len(world.asks)
        heard = await hear(world, following)
        assert (heard == "RunawayStopped") == stopped
        assert len(world.asks) == asks + (not stopped), "what is stopped costs nothing"

    asyncio.run(story())


def test_the_same_words_of_a_person_again_and_again_are_stopped_too() -> None:
    async def story() -> None:
        world = World()
        for _ in range(MOST):
            world.replies.append(CUT)
            assert "error" in await hear(world, asked(said("Go.")))
        assert await hear(world, asked(said("Go."))) == "RunawayStopped"
        assert "stop" in await hear(world, asked(said("Go on.")))

    asyncio.run(story())


def test_two_are_not_enough() -> None:
    async def story() -> None:
        world = World()
        await broken(world, MOST - 1)
        assert (await hear(world, asked(results("toolu_9")))).endswith("stop")
        await broken(world, MOST - 1)
        assert (await hear(world, asked(results("toolu_9")))).endswith("stop"), "in a row, that is"

    asyncio.run(story())


def test_ten_minutes_start_afresh_however_often_it_is_tried_meanwhile() -> None:
    async def story() -> None:
        world = World()
        world.relay.clock = lambda: world.now
        await broken(world)
        for _ in range(3):
            world.now += REST / 3
            assert await hear(world, asked(results("toolu_9"))) == "RunawayStopped"
        world.now += 1
        assert (await hear(world, asked(results("toolu_9")))).endswith("stop")

    asyncio.run(story())


def test_the_client_is_told_what_and_why_and_what_helps() -> None:
    world = World()
    asyncio.run(broken(world))
    assert asyncio.run(hear(world, asked(results("toolu_9")))) == "RunawayStopped"
    (record,) = world.relay.records.recent(1)
    assert (record.outcome, record.attempts) == ("RunawayStopped", 0)
    with pytest.raises(RunawayStopped) as stopped:
        world.relay.runaway.enter(turn_of(asked(results("toolu_9")), ""))
    for words in ("the last 3 answers", "tool call", "smaller pieces", "message", "10 minutes"):
        assert words in str(stopped.value)


OTHER_ENDS: dict[str, tuple[bytes, ...]] = {
    # Ends that are nobody's runaway.
    "broken in a text": (text("Here"), text("x")[:-3]),
    "cut where the model ran out of room": (*CUT, ended("MAX_TOKENS")),
}


@pytest.mark.parametrize("reads", OTHER_ENDS.values(), ids=OTHER_ENDS)
def test_other_ends_count_for_nothing(reads: tuple[bytes, ...]) -> None:
    async def story() -> None:
        world = World()
        for number in range(2 * MOST):
            world.replies.append(reads)
            assert await hear(world, asked(results(f"toolu_{number}"))) != "RunawayStopped"

    asyncio.run(story())


UNREADABLE: dict[str, tuple[bytes, ...]] = {
    "a call that ends in the middle": (
        tool("t", "write", input='{"a": '), tool("t", "write", stop=True)),
    "a stream that is cut in a call": (*CUT, text("x")[:-3]),
    "a model that says so": (text("Hm."), ended("MALFORMED_TOOL_USE")),
}  # fmt: skip


@pytest.mark.parametrize("reads", UNREADABLE.values(), ids=UNREADABLE)
def test_whatever_breaks_a_call_counts(reads: tuple[bytes, ...]) -> None:
    async def story() -> None:
        world = World()
        for number in range(MOST):
            world.replies.append(reads)
            await hear(world, asked(results(f"toolu_{number}")))
        assert await hear(world, asked(results("toolu_9"))) == "RunawayStopped"

    asyncio.run(story())


def test_sessions_are_told_apart_by_their_name() -> None:
    here, there = (turn_of(asked(), session) for session in ("one", "two"))
    assert here is not None and there is not None and here.conversation != there.conversation
    named = turn_of(asked(metadata={"user_id": "one"}), "")
    assert named is not None and named.conversation == here.conversation
    assert turn_of(asked(metadata={"user_id": 7}), "") == turn_of(asked(), "")


def test_long_words_are_told_apart_by_their_ends() -> None:
    def first(words: str) -> object:
        return turn_of(asked([{"role": "user", "content": words}]), "")

    long = "x" * 2000
    assert len({first(long), first("y" + long[1:]), first(long[1:] + "y"), first(long + "x")}) == 4


@given(st.lists(st.integers(0, 5000), max_size=200))
def test_what_is_kept_is_bounded(conversations: list[int]) -> None:
    runaway = Runaway(lambda: 0.0)
    for conversation in (*range(2000), *conversations):
        runaway.torn(Turn(conversation, 0, True))
    assert len(runaway._kept) == 1000


@given(st.lists(st.sampled_from(["torn", "well", "enter", "word"]), max_size=40))
def test_only_an_unbroken_row_stops(moves: list[str]) -> None:
    runaway, row = Runaway(lambda: 0.0), 0
    for move in moves:
        turn = Turn(1, hash(move), move != "word")
        if move == "torn":
            runaway.torn(turn)
            row += 1
        elif move == "well":
            runaway.well(turn)
            row = 0
        elif move == "word":
            runaway.enter(turn)
            row = 0
        elif row >= MOST:
            with pytest.raises(RunawayStopped):
                runaway.enter(turn)
        else:
            runaway.enter(turn)
