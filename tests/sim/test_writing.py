"""How an answer is written: cut anywhere, paced, and not for a client that has left."""

import asyncio
import json

import pytest

from amq2api.dialects.amazonq import GENERATE
from amq2api.sim.app import create_app
from amq2api.sim.world import World
from sim.asking import Json, asked, user
from sim.client import Answer, Bench, exchange


def ask(world: World, request: Json, *, leave_after: int | None = None) -> Answer:
    token = world.access_token(world.add_account())
    headers = {"authorization": f"Bearer {token}", "x-amz-target": GENERATE}
    body = json.dumps(request).encode()

    async def once() -> Answer:
        async with asyncio.timeout(5):
            return await exchange(create_app(world), "POST", "/", headers=headers, body=body,
                                  leave_after=leave_after)  # fmt: skip

    return asyncio.run(once())


def test_a_frame_is_a_write_unless_told_otherwise() -> None:
    bench = Bench()
    answer = bench.generate(asked(user("sim:text")))
    assert len([piece for piece in answer.pieces if piece]) == len(answer.frames())


@pytest.mark.parametrize("seed", range(5))
def test_random_cuts_change_nothing_but_the_borders(seed: int) -> None:
    whole, cut = World(), World(seed=seed)
    cut.cuts = True
    request = asked(user("sim:unicode"))
    expected, got = ask(whole, request), ask(cut, request)
    assert got.body == expected.body and got.complete
    sizes = [len(piece) for piece in got.pieces]
    assert min(sizes[:-1]) < 12 and sizes != [len(piece) for piece in expected.pieces]


def test_cuts_lose_nothing_before_a_drop_or_a_pause() -> None:
    world = World()
    world.cuts = True
    answer = ask(world, asked(user("sim:drop-at-byte:200")))
    assert len(answer.body) == 200 and not answer.complete
    assert len(ask(world, asked(user("sim:slow:0"))).frames()) == 10


def test_frames_are_paced() -> None:
    bench = Bench()
    bench.world.frame_delay = 0.25
    frames = bench.generate(asked(user("sim:text"))).frames()
    assert bench.slept == [0.25] * len(frames)


def test_a_client_that_leaves_is_noticed_at_once() -> None:
    """Really slept: the answer would take an hour."""
    world = World()
    answer = ask(world, asked(user("sim:stall")), leave_after=1)
    assert not answer.complete
    (left,) = world.disconnects
    assert left.sent == len(answer.body) > 0 and left.request.scenario == "stall"


def test_a_client_that_leaves_before_the_first_byte_is_noticed() -> None:
    world = World()
    answer = ask(world, asked(user("sim:slow-first-byte:3600")), leave_after=0)
    assert answer.status == 0 and len(world.disconnects) == 1


def test_a_client_that_stays_is_not_reported() -> None:
    world = World()
    assert ask(world, asked()).complete
    assert not world.disconnects
