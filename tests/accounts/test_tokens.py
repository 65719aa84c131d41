"""Stories of one process; those of several are in test_processes.py."""

import asyncio
import errno
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accounts.endpoint import TokenEndpoint, refusal
from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.files import Lock, StorageFailed
from amq2api.accounts.minted import first
from amq2api.accounts.model import Account, Entry, Token, fingerprint, from_environment
from amq2api.accounts.store import FileStore
from amq2api.accounts.tokens import HOPELESS, PATIENCE, REST, TokenCache, TokenState
from amq2api.errors import (
    GatewayError,
    LoginRequired,
    RateLimited,
    UpstreamBroken,
    UpstreamTimeout,
)

DOWN = refusal(500, "server_error")
GONE = refusal(400, "invalid_grant")
URL = "http://127.0.0.1:9/token"

Sleep = Callable[[float], Awaitable[None]]


class World:
    """A token endpoint, files, and a clock that only sleeping moves."""

    def __init__(self, directory: Path) -> None:
        self.now = 1_000_000.0
        self.accounts, self.cache = directory / "account.json", directory / "cache.json"
        self.endpoint = TokenEndpoint({"r0"})
        self.configure("r0")
        self.heard: list[str] = []
        """What was told of renewals."""
        self.tokens = self.process()

    def process(self, *, patient: bool = False, sleep: Sleep | None = None) -> TokenCache:
        """As another start of the program would have it; a patient one sleeps in real time."""
        store = FileStore(self.accounts, interval=0.0)
        return TokenCache(
            self.cache, store=store, ask=self.endpoint, token_url=URL,
            now=lambda: self.now, sleep=sleep or (asyncio.sleep if patient else self.sleep),
            heard=lambda failure: self.heard.append(type(failure).__name__ if failure else "new"),
        )  # fmt: skip

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    def configure(self, refresh_token: str) -> None:
        entry = {"id": "a", "refresh_token": refresh_token, "client_id": "c", "client_secret": "s"}
        self.accounts.write_text(json.dumps([entry]))

    @property
    def configured(self) -> str:
        entries: list[Entry] = json.loads(self.accounts.read_text())
        return str(entries[0]["refresh_token"])

    @property
    def account(self) -> Account:
        return FileStore(self.accounts).accounts()[0]

    def cached(self, access: str, *, life: float, refresh: str = "r0") -> None:
        """What an earlier process left."""
        minted = first(Token(access, refresh, self.now + life), self.account)
        CacheFile(self.cache).put("a", minted)

    async def access(self, **more: Any) -> str:
        return (await self.tokens.token(self.account, **more)).access

    async def outcome(self, **more: Any) -> str:
        try:
            return await self.access(**more)
        except GatewayError as failure:
            return type(failure).__name__


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


def test_a_first_token_is_minted_and_stored_everywhere(world: World) -> None:
    async def story() -> None:
        token = await world.tokens.token(world.account)
        assert token == Token("access-1", "refresh-1", world.now + 3600)
        assert world.configured == "refresh-1"
        row = json.loads(world.cache.read_text())["accounts"]["a"]
        assert (row["refresh_token"], row["seed"]) == ("refresh-1", fingerprint("refresh-1"))
        assert await world.access() == "access-1"
        assert world.endpoint.minted == 1 and world.endpoint.asks[0].url == URL

    run(story())


AGES: dict[str, tuple[float, list[Any], str, int]] = {
    # life left of the cached token, what the endpoint says first, outcome, asks
    "young": (301, [], "old", 0),
    "ageing": (300, [], "access-1", 1),
    "ageing, and the endpoint is down": (60, [DOWN] * 3, "old", 3),
    "ageing, and too many requests": (60, [refusal(429, "slow_down")] * 3, "old", 3),
    "ageing, and no road": (60, [UpstreamTimeout()] * 3, "old", 3),
    "ageing, and no json": (60, [refusal(404, "x")], "old", 1),
    "ageing, and void": (60, [GONE], "LoginRequired", 1),
    "dying": (59, [], "access-1", 1),
    "dying, and the endpoint is down": (59, [DOWN] * 3, "UpstreamBroken", 3),
    "dead, the endpoint is down once": (-1, [DOWN], "access-1", 2),
    "dead, and too many requests": (-1, [refusal(429, "slow_down")] * 3, "RateLimited", 3),
}


@pytest.mark.parametrize(("life", "script", "outcome", "asks"), AGES.values(), ids=AGES)
def test_ages(world: World, life: float, script: list[Any], outcome: str, asks: int) -> None:
    async def story() -> None:
        world.cached("old", life=life)
        world.endpoint.script = list(script)
        # Pauses between asks take time; what is measured is the life left when they end.
        world.now -= 1.5 if len(script) == 3 else 0
        assert (await world.outcome(), len(world.endpoint.asks)) == (outcome, asks)

    run(story())


def test_a_failed_early_refresh_rests_a_while(world: World) -> None:
    async def story() -> None:
        world.cached("old", life=200)
        world.endpoint.script = [DOWN] * 3
        assert [await world.access() for _ in range(3)] == ["old"] * 3
        assert len(world.endpoint.asks) == 3
        world.now += REST
        assert await world.access() == "access-1"

    run(story())


def test_rest_ends_where_the_token_does(world: World) -> None:
    async def story() -> None:
        world.cached("old", life=70)
        world.endpoint.script = [DOWN] * 3
        assert await world.access() == "old"
        world.now += 10
        assert await world.access() == "access-1"

    run(story())


def test_fifty_calls_at_once_make_one_refresh(world: World) -> None:
    async def story() -> None:
        world.cached("old", life=-1)
        account = world.account
        got = await asyncio.gather(*(world.tokens.token(account) for _ in range(50)))
        assert {token.access for token in got} == {"access-1"}
        assert world.endpoint.minted == 1

    run(story())


def test_fifty_refusals_of_one_token_make_one_refresh(world: World) -> None:
    async def story() -> None:
        world.cached("old", life=3000)
        account = world.account
        calls = (world.tokens.token(account, refused="old") for _ in range(50))
        assert {token.access for token in await asyncio.gather(*calls)} == {"access-1"}
        # One that hears of its refusal late is served what the others have got.
        assert await world.access(refused="old") == "access-1"
        assert world.endpoint.minted == 1
        assert await world.access(refused="access-1") == "access-2"

    run(story())


def test_a_refused_token_is_never_served_again(world: World) -> None:
    async def story() -> None:
        world.cached("old", life=3000)
        world.endpoint.script = [DOWN] * 3
        assert await world.outcome(refused="old") == "UpstreamBroken"

    run(story())


def test_a_refusal_that_joins_a_flight_which_brings_the_same_token(world: World) -> None:
    async def story() -> None:
        world.cached("old", life=3000)
        got = await asyncio.gather(world.access(), world.access(refused="old"))
        assert list(got) == ["old", "access-1"]

    run(story())


def test_a_caller_that_goes_away_does_not_take_the_refresh_along(world: World) -> None:
    async def story() -> None:
        world.endpoint.gate = asyncio.Event()
        loop, account = asyncio.get_running_loop(), world.account
        calls = [loop.create_task(world.tokens.token(account)) for _ in range(3)]
        await world.endpoint.arrivals.get()
        calls[0].cancel()
        world.endpoint.gate.set()
        got = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(got[0], asyncio.CancelledError)
        assert [t.access for t in got[1:] if isinstance(t, Token)] == ["access-1"] * 2

    run(story())


def test_a_refresh_nobody_waits_for_is_kept(world: World) -> None:
    async def story() -> None:
        world.endpoint.gate = asyncio.Event()
        call = asyncio.get_running_loop().create_task(world.tokens.token(world.account))
        await world.endpoint.arrivals.get()
        call.cancel()
        world.endpoint.gate.set()
        await world.tokens.close()
        assert world.configured == "refresh-1"
        await world.tokens.close()

    run(story())


def test_a_refresh_nobody_waits_for_may_fail(world: World) -> None:
    async def story() -> None:
        world.endpoint.gate, world.endpoint.script = asyncio.Event(), [GONE]
        heard: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: heard.append(what))
        call = asyncio.get_running_loop().create_task(world.tokens.token(world.account))
        await world.endpoint.arrivals.get()
        call.cancel()
        world.endpoint.gate.set()
        await world.tokens.close()
        await asyncio.sleep(0)
        assert await world.outcome() == "LoginRequired" and not heard

    run(story())


def test_a_loop_that_ends_during_a_refresh_leaves_no_lock(world: World) -> None:
    async def story() -> None:
        world.endpoint.gate = asyncio.Event()
        call = asyncio.get_running_loop().create_task(world.tokens.token(world.account))
        await world.endpoint.arrivals.get()
        call.cancel()

    run(story())
    assert CacheFile(world.cache).lock("a").try_acquire()


def test_a_refresh_token_put_in_during_a_refresh_is_not_overwritten(world: World) -> None:
    async def story() -> None:
        world.endpoint.gate = asyncio.Event()
        call = asyncio.get_running_loop().create_task(world.tokens.token(world.account))
        await world.endpoint.arrivals.get()
        world.configure("by hand")
        world.endpoint.live |= {"by hand"}
        world.endpoint.gate.set()
        assert (await call).access == "access-1"
        assert world.configured == "by hand"
        assert await world.access() == "access-2"
        assert world.configured == "refresh-2"

    run(story())


def test_a_caller_with_an_old_configuration_is_served_by_the_present_one(world: World) -> None:
    async def story() -> None:
        world.endpoint.live |= {"by hand"}
        old = world.account
        world.configure("by hand")
        tokens = world.process(patient=True)
        calls = (tokens.token(old), tokens.token(world.account))
        assert {token.access for token in await asyncio.gather(*calls)} == {"access-1"}
        assert [json.loads(ask.body)["refreshToken"] for ask in world.endpoint.asks] == ["by hand"]
        assert world.configured == "refresh-1"

    run(story())


def test_a_caller_that_has_slept_over_many_rotations_spends_no_dead_token(world: World) -> None:
    async def story() -> None:
        old, access = world.account, ""
        for _ in range(20):
            access = (await world.tokens.token(world.account, refused=access)).access
        assert (await world.tokens.token(old)).access == access
        assert world.endpoint.minted == len(world.endpoint.asks) == 20

    run(story())


def test_a_void_login_is_not_hammered(world: World) -> None:
    async def story() -> None:
        world.endpoint.live = set()
        assert [await world.outcome() for _ in range(3)] == ["LoginRequired"] * 3
        assert len(world.endpoint.asks) == 1
        assert world.tokens.state(world.account) == TokenState(False, False, login_required=True)
        world.now += HOPELESS
        assert await world.outcome() == "LoginRequired"
        assert len(world.endpoint.asks) == 2
        world.endpoint.live = {"by hand"}
        world.configure("by hand")
        assert not world.tokens.state(world.account).login_required
        assert await world.outcome() == "access-1"

    run(story())


def test_a_refresh_token_put_in_by_hand_wins(world: World) -> None:
    async def story() -> None:
        assert await world.access() == "access-1"
        world.endpoint.live = {"by hand"}
        world.configure("by hand")
        assert await world.access() == "access-2"
        assert json.loads(world.endpoint.asks[-1].body)["refreshToken"] == "by hand"

    run(story())


def test_a_caller_with_yesterdays_configuration_is_served(world: World) -> None:
    async def story() -> None:
        stale = world.account
        assert await world.access() == "access-1"
        for tokens in (world.tokens, world.process()):
            assert (await tokens.token(stale)).access == "access-1"
        world.now += 3600
        assert (await world.process().token(stale)).access == "access-2"
        assert world.configured == "refresh-2"
        assert (await world.process().token(stale)).access == "access-2"

    run(story())


def test_a_lost_cache_file_loses_nothing(world: World) -> None:
    async def story() -> None:
        assert await world.access() == "access-1"
        world.cache.unlink()
        assert (await world.process().token(world.account)).access == "access-2"

    run(story())


def test_an_environments_account_lives_by_the_cache(world: World) -> None:
    async def story() -> None:
        account = from_environment(refresh_token="r0", client_id="c", client_secret="s")
        for number in (1, 2, 3):
            token = await world.process().token(account)
            assert token.access == f"access-{number}"
            world.now += 3600
        assert world.configured == "r0"

    run(story())


def test_a_broken_account_file_does_not_stop_a_refresh(world: World) -> None:
    async def story() -> None:
        account = world.account
        world.accounts.write_text("[{")
        for number in (1, 2):
            assert (await world.tokens.token(account)).access == f"access-{number}"
            world.now += 3600
        assert world.accounts.read_text() == "[{"

    run(story())


def test_what_could_not_be_written_back_is_written_next_time(world: World) -> None:
    async def story() -> None:
        account, whole = world.account, world.accounts.read_text()
        world.accounts.write_text("[{")
        assert (await world.tokens.token(account)).refresh == "refresh-1"
        world.accounts.write_text(whole)
        world.now += 3600
        assert (await world.tokens.token(account)).refresh == "refresh-2"
        assert world.configured == "refresh-2"

    run(story())


def test_memory_is_believed_where_the_cache_file_fell_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def story() -> None:
        world.cached("old", life=-1)
        stale = world.account
        with monkeypatch.context() as patch:
            patch.setattr(CacheFile, "put", full)
            assert await world.access() == "access-1"
            assert world.tokens.problem == "cache.json cannot be written: No space left on device"
        assert (await world.tokens.token(stale, refused="access-1")).access == "access-2"
        assert world.tokens.problem is None

    run(story())


def test_another_processs_token_is_taken(world: World) -> None:
    async def story() -> None:
        world.tokens.load()
        assert await world.process().token(world.account)
        assert await world.access() == "access-1"
        other = await world.process().token(world.account, refused="access-1")
        assert await world.access(refused="access-1") == other.access == "access-2"
        assert world.endpoint.minted == 2

    run(story())


def test_a_lock_held_by_another_process_is_waited_for(world: World) -> None:
    async def story() -> None:
        lock, waiting = CacheFile(world.cache).lock("a"), world.process(patient=True)
        assert lock.try_acquire()
        call = asyncio.get_running_loop().create_task(waiting.token(world.account))
        await asyncio.sleep(0.1)
        assert not world.endpoint.asks
        world.cached("theirs", life=3600)
        lock.release()
        assert (await call).access == "theirs"

    run(story())


def test_who_waits_at_the_lock_over_many_rotations_spends_no_dead_token(world: World) -> None:
    async def story() -> None:
        lock, busy, last = CacheFile(world.cache).lock("a"), world.process(), ""
        assert lock.try_acquire()

        async def meanwhile(_: float) -> None:
            nonlocal last
            lock.release()
            while world.endpoint.minted < 20:
                last = (await busy.token(world.account, refused=last)).access

        token = await world.process(sleep=meanwhile).token(world.account)
        assert token.access == last
        assert world.endpoint.minted == len(world.endpoint.asks) == 20

    run(story())


@pytest.mark.parametrize(("life", "outcome"), [(300, "old"), (100, "UpstreamTimeout")])
def test_a_lock_that_is_never_released(world: World, life: float, outcome: str) -> None:
    async def story() -> None:
        world.cached("old", life=life)
        world.tokens.load()
        with CacheFile(world.cache).lock("a"):
            before = world.now
            assert await world.outcome() == outcome
            assert PATIENCE < world.now - before < PATIENCE + 1
        world.now += REST
        assert await world.outcome() == "access-1"

    run(story())


def no_place(world: World) -> TokenCache:
    """A cache file that cannot exist."""
    wall = world.cache.with_name("wall")
    wall.write_text("")
    world.cache = wall / "cache.json"
    return world.process()


def test_no_place_for_the_cache_but_the_account_file_takes_the_token(world: World) -> None:
    async def story() -> None:
        world.tokens = no_place(world)
        assert await world.access() == "access-1"
        assert world.tokens.problem == "cache.json cannot be written: File exists"
        assert world.configured == "refresh-1"
        assert await world.access() == "access-1"
        world.now += 3600
        assert await world.access() == "access-2"

    run(story())


def test_no_place_for_the_cache_and_no_rotation(world: World) -> None:
    async def story() -> None:
        world.tokens, world.endpoint.rotates = no_place(world), False
        assert [await world.access() for _ in range(2)] == ["access-1"] * 2
        assert world.endpoint.minted == 1

    run(story())


def test_no_place_for_a_rotated_token_at_all(world: World) -> None:
    async def story() -> None:
        good, world.tokens = world.cache, no_place(world)
        account = from_environment(refresh_token="r0", client_id="c", client_secret="s")
        for _ in range(2):
            with pytest.raises(StorageFailed, match=r"cannot be stored, .* .cache.json cannot be"):
                await world.tokens.token(account)
        # It was not lost: as soon as there is room it is stored and used.
        (good.parent / "wall").unlink()
        token = await world.tokens.token(account)
        assert (token.access, world.endpoint.minted) == ("access-1", 1)
        assert world.tokens.problem is None
        assert CacheFile(world.cache).read()[account.id].token.refresh == "refresh-1"

    run(story())


def test_what_was_refused_is_tried_again_when_its_owner_says_so(world: World) -> None:
    async def story() -> None:
        world.endpoint.live = set()
        assert await world.outcome() == "LoginRequired"
        world.tokens.forgive("another")
        assert await world.outcome() == "LoginRequired" and len(world.endpoint.asks) == 1
        world.endpoint.live = {"r0"}
        world.tokens.forgive("a")
        assert not world.tokens.state(world.account).login_required
        assert await world.outcome() == "access-1"

    run(story())


def test_nothing_is_kept_of_an_account_that_is_gone(world: World) -> None:
    async def story() -> None:
        other = replace(world.account, id="b", refresh_token="refresh-b", source="environment")
        await world.tokens.adopt(other, Token("access-b", "refresh-b", world.now + 3600))
        world.endpoint.gate = asyncio.Event()
        call = asyncio.ensure_future(world.access())
        await asyncio.sleep(0.05)
        assert world.tokens.state(world.account).refreshing
        leaving = asyncio.ensure_future(world.tokens.forget(world.account.id))
        await asyncio.sleep(0.01)
        world.endpoint.gate.set()
        await asyncio.gather(call, leaving)
        assert set(CacheFile(world.cache).read()) == {"b"}
        assert "access-1" not in world.cache.read_text()
        assert not world.tokens.state(world.account).has_token
        await world.tokens.forget("nobody")

    run(story())


def test_tokens_that_cannot_be_forgotten_are_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def story() -> None:
        await world.access()
        with monkeypatch.context() as patch:
            patch.setattr(CacheFile, "drop", full)
            with pytest.raises(StorageFailed, match="still holds its tokens: No space left"):
                await world.tokens.forget(world.account.id)

    run(story())


def test_a_renewal_under_way_can_be_seen(world: World) -> None:
    async def story() -> None:
        world.endpoint.gate = asyncio.Event()
        other = replace(world.account, id="b")
        calls = [asyncio.ensure_future(world.access()) for _ in range(2)]
        await world.endpoint.arrivals.get()
        assert world.tokens.state(world.account) == TokenState(False, False, refreshing=True)
        assert not world.tokens.state(other).refreshing
        world.endpoint.gate.set()
        await asyncio.gather(*calls)
        end = world.now + 3600
        assert world.tokens.state(world.account) == TokenState(True, False, expires_at=end)

    run(story())


def test_what_the_service_rotated_is_still_the_same_login(world: World) -> None:
    async def story() -> None:
        lineages = []
        for number in range(1, 4):
            await world.access(refused=f"access-{number - 1}")
            lineages.append(world.tokens.state(world.account).lineage)
        assert [fingerprint("r0") in lineage for lineage in lineages] == [True] * 3
        assert [lineage[0] for lineage in lineages] == [
            fingerprint(f"refresh-{number}") for number in range(1, 4)
        ]
        assert "refresh" not in repr(world.tokens.state(world.account)).replace("refreshing", "")
        world.configure("by hand")
        assert world.tokens.state(world.account).lineage == ()

    run(story())


def test_what_health_may_know(world: World) -> None:
    async def story() -> None:
        account = world.account
        assert world.tokens.state(account) == TokenState(has_token=False, expired=False)
        world.cached("old", life=10)
        world.tokens.load()
        end = world.now + 10
        assert world.tokens.state(account) == TokenState(True, False, expires_at=end)
        world.now += 10
        assert world.tokens.state(account) == TokenState(True, True, expires_at=end)
        assert not world.endpoint.asks

    run(story())


FAILURES: dict[str, list[Any]] = {
    "void": [GONE], "down": [DOWN] * 3, "refused": [refusal(400, "invalid_request")],
}  # fmt: skip


@pytest.mark.parametrize("script", FAILURES.values(), ids=FAILURES)
def test_failures_hold_no_secret(world: World, script: list[Any]) -> None:
    async def story() -> None:
        world.configure("hush-r")
        world.endpoint.script = script
        with pytest.raises((LoginRequired, UpstreamBroken, RateLimited)) as raised:
            await world.access()
        assert "hush" not in str(raised.value)

    run(story())


def test_files_are_private(world: World) -> None:
    run(_mint(world))
    for path in world.cache.parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path.name
    with Lock(world.cache):
        assert CacheFile(world.cache).lock("a").try_acquire()


async def _mint(world: World) -> None:
    await world.access()


STEPS = {"an hour back": -3600.0, "a year back": -3e7, "not at all": 0.0}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_the_newest_token_is_told_by_descent_whatever_the_clock_says(
    world: World, step: float
) -> None:
    async def story() -> None:
        configured = replace(world.account, source="environment")
        await world.tokens.token(configured)
        behind = world.process()
        behind.load()
        world.now += step
        # Another process renews what was refused; this one holds its forerunner.
        await world.tokens.token(configured, refused="access-1")
        token = await behind.token(configured, refused="access-1")
        assert token.access == "access-2"
        assert [json.loads(ask.body)["refreshToken"] for ask in world.endpoint.asks] == [
            "r0", "refresh-1"
        ]  # fmt: skip

    run(story())


def test_a_refusal_and_a_rest_end_when_the_clock_is_set_back(world: World) -> None:
    async def story() -> None:
        world.endpoint.script = [GONE]
        assert await world.outcome() == "LoginRequired"
        assert await world.outcome() == "LoginRequired"
        assert len(world.endpoint.asks) == 1
        world.now -= 86_400
        assert await world.outcome() == "access-1"

    run(story())


def test_waiting_for_another_process_is_not_cut_short_by_the_clock(world: World) -> None:
    async def story() -> None:
        lock = CacheFile(world.cache).lock("a")
        assert lock.try_acquire()
        waiting = asyncio.ensure_future(world.process(patient=True).token(world.account))
        await asyncio.sleep(0.1)
        world.now += 86_400
        await asyncio.sleep(0.1)
        assert not waiting.done()
        lock.release()
        assert (await waiting).access == "access-1"

    run(story())


def test_every_renewal_that_is_tried_is_told_of_and_no_other(world: World) -> None:
    async def story() -> None:
        assert await world.access() == "access-1"
        assert await world.access() == "access-1"
        assert world.heard == ["new"]
        world.endpoint.script = [GONE, GONE]
        world.now += 3600
        assert await world.outcome() == "LoginRequired"
        assert await world.outcome() == "LoginRequired"
        assert world.heard == ["new", "LoginRequired"]
        world.tokens.forgive("a")
        world.endpoint.script = [UpstreamBroken("down")] * 9
        assert await world.outcome() == "UpstreamBroken"
        assert world.heard[2:] == ["UpstreamBroken"]

    asyncio.run(story())
