"""Workers as one gateway: here, several of them on one loop."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from amq2api.accounts.tokens import TokenCache
from amq2api.cli.building import Parts, gateway, parts
from amq2api.cli.orders import UP, Orders
from amq2api.cli.together import Shared, Together
from amq2api.cli.workers import Post
from amq2api.config import Settings, load
from amq2api.errors import AccountSuspended
from amq2api.relay.records import Record
from amq2api.relay.snapshots import Snapshot


class Tokens:
    """Remembers whom an owner has forgiven."""

    problem = None

    def __init__(self) -> None:
        self.forgiven: list[str] = []

    def forgive(self, account_id: str) -> None:
        self.forgiven.append(account_id)


class Worker:
    """One of them, with what it knows."""

    def __init__(self, settings: Settings, shared: Shared, number: int, *, again: bool) -> None:
        self.parent, line = socket.socketpair()
        self.read_again = 0
        self.tokens = Tokens()
        self.made: Parts = replace(parts(settings), tokens=cast(TokenCache, self.tokens))
        self.together = Together(Post(number, line, line, again), shared)
        self._line = line

    async def begin(self, stack: AsyncExitStack, settings: Settings) -> None:
        def reload() -> None:
            self.read_again += 1

        app = gateway(settings, (), self.made, collect=self.together.collect)
        for sock in (self.parent, self._line):
            stack.callback(sock.close)
        await stack.enter_async_context(
            self.together.sharing(self.made, app, Orders(reload), set())
        )

    @property
    def states(self) -> list[str]:
        relay = self.made.relay
        return [relay.health.of(account).state for account in relay.accounts.accounts()]

    def remembers(self) -> list[str]:
        return [record.id for record in self.made.relay.records.recent()]


class House:
    """Where workers come and go."""

    def __init__(self, home: Path, shared: Shared) -> None:
        self.shared = shared
        self.settings = load(
            account_file=home / "account.json", token_cache=home / "tokens",
            calibration_file=home / "calibration",
            refresh_token="r", client_id="c", client_secret="s",
        )  # fmt: skip

    async def worker(self, stack: AsyncExitStack, number: int, *, again: bool = False) -> Worker:
        made = Worker(self.settings, self.shared, number, again=again)
        await made.begin(stack, self.settings)
        return made


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with closing(Shared(3)) as shared:
        yield House(tmp_path, shared)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  (news come without an event)
            await asyncio.sleep(0.01)


def number(snapshot: Snapshot, name: str) -> float:
    return sum(cast(float, value) for found, _, value in snapshot if found == name)


def record(name: str) -> Record:
    return Record(id=name, at=1.0, outcome="end_turn", ok=True)


def told(story: Callable[[AsyncExitStack], Any]) -> None:
    async def whole() -> None:
        async with AsyncExitStack() as stack:
            await story(stack)

    asyncio.run(whole())


def test_numbers_are_those_of_all_whoever_is_asked(house: House) -> None:
    async def story(stack: AsyncExitStack) -> None:
        workers = [await house.worker(stack, each) for each in range(3)]
        for one, worker in enumerate(workers):
            for _ in range(one + 1):
                worker.made.relay.metrics.answered("/v1/messages", 200)
            await worker.together.collect()
        for worker in workers:
            snapshot = await worker.together.collect()
            assert number(snapshot, "amq2api_http_requests_total") == 6
            assert number(snapshot, "amq2api_workers") == 3

    told(story)


def test_what_a_dead_worker_has_counted_goes_on_counting(house: House) -> None:
    async def story(stack: AsyncExitStack) -> None:
        other = await house.worker(stack, 1)
        for again in (False, True, True):
            async with AsyncExitStack() as life:
                worker = await house.worker(life, 0, again=again)
                worker.made.relay.metrics.answered("/v1/messages", 200)
        snapshot = await other.together.collect()
        assert number(snapshot, "amq2api_http_requests_total") == 3
        assert number(snapshot, "amq2api_workers") == 2, "but it does not go on living"

    told(story)


def test_the_office_hears_of_every_call_once(house: House) -> None:
    async def story(stack: AsyncExitStack) -> None:
        office, one, other = [await house.worker(stack, each) for each in range(3)]
        for worker, name in ((office, "a"), (one, "b"), (other, "c")):
            worker.made.relay.records.add(record(name))
            await asyncio.sleep(0.1)
        await until(lambda: len(office.remembers()) == 3)
        assert sorted(office.remembers()) == ["a", "b", "c"]
        assert (one.remembers(), other.remembers()) == (["b"], ["c"])
        counts = [
            number(await worker.together.collect(), "amq2api_calls_total")
            for worker in (other, one, office)
        ]
        assert counts[-1] == 3, "but counts only its own"

    told(story)


def test_what_an_owner_has_cleared_is_cleared_and_forgiven_everywhere(house: House) -> None:
    async def story(stack: AsyncExitStack) -> None:
        office, other = [await house.worker(stack, each) for each in range(2)]
        (account,) = office.made.relay.accounts.accounts()
        other.made.relay.health.report(account, AccountSuspended("locked"))
        await until(lambda: office.states == ["suspended"])
        assert office.tokens.forgiven == []
        office.made.relay.health.clear(account.id)
        await until(lambda: other.states == ["ready"])
        assert other.tokens.forgiven == [account.id]

    told(story)


def test_whoever_takes_a_place_is_told_what_it_missed(house: House) -> None:
    async def story(stack: AsyncExitStack) -> None:
        other = await house.worker(stack, 1)
        (account,) = other.made.relay.accounts.accounts()
        other.made.relay.health.report(account, AccountSuspended("locked"))
        other.made.relay.records.add(record("earlier"))
        office = await house.worker(stack, 0, again=True)
        await until(lambda: office.states == ["suspended"] and "earlier" in office.remembers())
        assert office.read_again == 1, "settings may have changed since the parent read them"
        assert other.read_again == 0

    told(story)


def test_only_the_first_office_tells_people(house: House) -> None:
    async def story(stack: AsyncExitStack) -> None:
        first, other = [await house.worker(stack, each) for each in range(2)]
        later = await house.worker(stack, 0, again=True)
        assert [each.together.up() for each in (first, other, later)] == [True, False, False]
        assert first.parent.recv(9) == UP
        assert first.together.elsewhere is None and other.together.elsewhere is not None

    told(story)
