"""News among workers."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from amq2api.accounts.health import Mark, Page
from amq2api.cli.peers import Answered, Arrived, Boxes, Calibrated, Fared, News, Peers
from amq2api.relay.records import Record

PAGE = Page("f00", {"throttled": Mark("RateLimited", "slow down", 1.0, 9.5, 1.0)}, 1.0, "slow", 1.0)
NEWS: list[News] = [
    Fared("account", PAGE), Calibrated(), Arrived(1),
    Answered(Record(id="req_1", at=1.5, outcome="end_turn", ok=True, notes=("a", "b"))),
]  # fmt: skip


@pytest.fixture
def boxes(request: pytest.FixtureRequest) -> Iterator[Boxes]:
    """Those of three workers, or of as many as a test says."""
    with closing(Boxes(getattr(request, "param", 3))) as made:
        yield made


two = pytest.mark.parametrize("boxes", [2], indirect=True)


class Listener:
    """A worker that remembers what it hears."""

    def __init__(self, number: int, boxes: Boxes) -> None:
        self.heard: list[News] = []
        self.visitors: list[socket.socket] = []
        self.peers = Peers(number, boxes)
        self.peers.open(self.heard.append, self.visitors.append)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  (news come without an event)
            await asyncio.sleep(0.01)


def test_news_reach_all_others_in_order(boxes: Boxes) -> None:
    async def story() -> None:
        workers = [Listener(number, boxes) for number in range(3)]
        for news in NEWS:
            workers[1].peers.tell(news)
        await until(lambda: len(workers[0].heard) == len(workers[2].heard) == len(NEWS))
        assert workers[0].heard == workers[2].heard == NEWS
        assert workers[1].heard == []

    asyncio.run(story())


def test_news_for_one_reach_only_that_one(boxes: Boxes) -> None:
    async def story() -> None:
        workers = [Listener(number, boxes) for number in range(3)]
        workers[1].peers.tell(NEWS[0], to=2)
        await until(lambda: workers[2].heard)
        assert workers[0].heard == []

    asyncio.run(story())


@two
def test_news_wait_for_whoever_takes_the_place_of_a_dead_worker(boxes: Boxes) -> None:
    async def story() -> None:
        alive = Listener(0, boxes)
        alive.peers.tell(NEWS[0])
        await asyncio.sleep(0.1)
        later = Listener(1, boxes)
        await until(lambda: later.heard == [NEWS[0]])

    asyncio.run(story())


@two
def test_a_box_that_nobody_empties_holds_up_nobody_and_loses_nothing_soon(boxes: Boxes) -> None:
    async def story() -> None:
        alive = Listener(0, boxes)
        told: list[News] = [Fared(f"account {number}" * 100, PAGE) for number in range(1_500)]
        for news in told:
            alive.peers.tell(news)
        await asyncio.sleep(0.2)
        later = Listener(1, boxes)
        await until(lambda: later.heard == told)

    asyncio.run(story())


@two
def test_of_too_many_the_latest_are_kept(boxes: Boxes) -> None:
    async def story() -> None:
        alive = Listener(0, boxes)
        for number in range(10_000):
            alive.peers.tell(Arrived(number))
        later = Listener(1, boxes)
        await until(lambda: Arrived(9_999) in later.heard)
        assert later.heard[0] == Arrived(8_000)

    asyncio.run(story())


@two
def test_a_connection_goes_to_the_office(boxes: Boxes) -> None:
    async def story() -> None:
        office, other = Listener(0, boxes), Listener(1, boxes)
        ours = other.peers.visit()
        await until(lambda: office.visitors)
        with ours, office.visitors[0] as theirs:
            ours.sendall(b"hello")
            assert theirs.recv(9) == b"hello"
        assert other.visitors == []

    asyncio.run(story())


@two
def test_what_is_told_last_is_sent_before_the_end(boxes: Boxes) -> None:
    async def story() -> None:
        leaving, staying = Listener(0, boxes), Listener(1, boxes)
        leaving.peers.tell(NEWS[0])
        leaving.peers.close()
        await until(lambda: staying.heard == [NEWS[0]])

    asyncio.run(story())
