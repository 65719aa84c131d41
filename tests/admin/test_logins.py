"""Sign-ins against the simulator, over real sockets; only time is played."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amq2api import config
from amq2api.accounts.document import StoreBroken
from amq2api.accounts.files import StorageFailed
from amq2api.accounts.model import Account
from amq2api.accounts.store import FileStore
from amq2api.admin.logins import KEPT, MOST_KEPT, MOST_PENDING, Logins, profiles_everywhere
from amq2api.cli.building import Parts, parts
from amq2api.errors import (
    AccountSuspended,
    BadRequest,
    Conflict,
    NotFound,
    RateLimited,
    UpstreamBroken,
)
from amq2api.log import configure
from amq2api.sim.app import create_app
from amq2api.sim.world import World
from gateways import serving

COMPANY = "https://acme.awsapps.com/start"
TWO = [("Team", "us-east-1"), ("Lab", "eu-central-1")]
View = Any


@dataclass
class Clock:
    """Moves when somebody sleeps; sleepers take turns."""

    now: float = field(default_factory=time.time)
    slept: list[float] = field(default_factory=list)
    _turned: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self._turned.set()
        await asyncio.sleep(0.001)

    async def after(self, sleeps: int) -> None:
        while len(self.slept) < sleeps:
            self._turned.clear()
            await self._turned.wait()


@dataclass
class Desk:
    """Where somebody signs in: the gateway's side and the service's."""

    logins: Logins
    world: World
    made: Parts
    clock: Clock
    home: Path

    async def until(self, view: View, *states: str) -> View:
        """The login's view once it is in one of *states*."""
        async with asyncio.timeout(20):
            while view.state not in states:
                assert not view.finished, view
                view = await self.logins.changed(view.id, view)
        return view

    async def company(self, **wishes: str) -> View:
        return await self.logins.start("identity-center", COMPANY, "eu-west-1", **wishes)

    async def signed_in(self, view: View) -> View:
        """Somebody says yes as soon as there is a code."""
        view = await self.until(view, "waiting")
        self.world.approve(view.user_code)
        return await self.until(view, "done", "failed", "choosing_profile")

    @property
    def entries(self) -> list[dict[str, Any]]:
        file = self.home / "account.json"
        entries: list[dict[str, Any]] = json.loads(file.read_bytes()) if file.exists() else []
        return entries

    @property
    def accounts(self) -> Sequence[Account]:
        return self.made.store.accounts()


@asynccontextmanager
async def desk(
    home: Path, settings: Mapping[str, Any], replaced: Mapping[str, Any]
) -> AsyncIterator[Desk]:
    clock = Clock()
    world = World(clock=lambda: clock.now, sleep=clock.sleep)
    async with serving(create_app(world), dated=False) as service:
        given = config.load(
            api_endpoint=f"{service}/", token_endpoint=f"{service}/token",
            account_file=home / "account.json", token_cache=home / "tokens.json",
            **settings,
        )  # fmt: skip
        made = parts(given)
        async with made.client:
            wishes = {
                "ask": partial(made.client.ask, timeout=20),
                "profiles": profiles_everywhere(made.relay.service, made.relay.manner),
                "store": made.store, "tokens": made.tokens, "health": made.relay.health,
                "token_url": str(given.token_endpoint),
                "now": lambda: clock.now, "sleep": clock.sleep,
            }  # fmt: skip
            logins = Logins(**{**wishes, **replaced})
            try:
                yield Desk(logins, world, made, clock, home)
            finally:
                await logins.close()


def told(
    story: Callable[[Desk], Awaitable[None]],
    home: Path,
    settings: Mapping[str, Any] | None = None,
    **replaced: Any,
) -> None:
    """*replaced* are parts that a test has another one of."""

    async def play() -> None:
        async with desk(home, settings or {}, replaced) as here:
            await story(here)

    asyncio.run(play())


def test_a_builder_id_from_nothing_to_an_account_that_is_ready(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        view = await here.logins.start("builder-id")
        assert (view.state, view.user_code, view.expires_at) == ("starting", "", None)
        view = await here.until(view, "waiting")
        assert view.verification_uri_complete.endswith(f"/device?user_code={view.user_code}")
        assert view.expires_at == pytest.approx(here.clock.now + 600, abs=5)
        view = await here.signed_in(view)
        assert (view.state, view.error) == ("done", "")
        (account,) = here.accounts
        assert view.account_id == account.id
        assert (account.name, account.is_active, account.profile_arn) == ("Builder ID", True, "")
        (entry,) = here.entries
        assert entry["auth"] == "builder-id" and entry["region"] == "us-east-1"
        assert entry["start_url"] == "https://view.awsapps.com/start"
        assert entry["registration_expires_at"] > here.clock.now + 80 * 24 * 3600
        # The token that came along serves: nothing has to be refreshed for the first call.
        assert here.made.tokens.state(account).has_token
        assert here.world.refreshes == 0
        models = await here.made.relay.service.models(
            here.made.relay.manner.identity(account), (await here.made.tokens.token(account)).access
        )
        assert models and here.world.asked("ListAvailableProfiles") == []

    told(story, tmp_path)


def test_each_sign_in_registers_a_client_of_its_own(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        for _ in range(2):
            assert (await here.signed_in(await here.logins.start("builder-id"))).state == "done"
        first, second = here.entries
        assert first["client_id"] != second["client_id"]
        assert (first["name"], second["name"]) == ("Builder ID", "Builder ID 2")
        assert [account.is_active for account in here.accounts] == [True, False]

    told(story, tmp_path)


def test_the_only_profile_of_a_company_is_taken(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        view = await here.signed_in(await here.company())
        assert view.state == "done"
        (account,) = here.accounts
        assert account.profile_arn.startswith("arn:aws:codewhisperer:us-east-1:")
        assert (account.name, account.auth, account.region) == (
            "acme", "identity-center", "eu-west-1",
        )  # fmt: skip
        assert account.start_url == COMPANY

    told(story, tmp_path)


def test_one_of_several_profiles_is_chosen(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        here.world.profiles = TWO
        view = await here.signed_in(await here.company(name="  mine "))
        assert view.state == "choosing_profile" and not here.accounts
        assert [(p.name, p.region) for p in view.profiles] == TWO
        with pytest.raises(BadRequest, match="not one of those offered") as refused:
            await here.logins.choose_profile(view.id, "arn:of:somebody:else")
        assert refused.value.field == "profile_arn"
        lab = view.profiles[1].arn
        first, second = await asyncio.gather(
            here.logins.choose_profile(view.id, lab),
            here.logins.choose_profile(view.id, view.profiles[0].arn),
            return_exceptions=True,
        )
        assert isinstance(second, Conflict)
        assert not isinstance(first, BaseException) and first.state == "done"
        (account,) = here.accounts
        assert (account.name, account.profile_arn, account.api_region) == (
            "mine", lab, "eu-central-1",
        )  # fmt: skip
        with pytest.raises(Conflict, match="not waiting for a profile"):
            await here.logins.choose_profile(view.id, lab)

    told(story, tmp_path)


def test_a_profile_may_be_settled_beforehand(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        here.world.profiles = TWO
        begun = await here.until(await here.company(profile_arn="arn:unknown"), "waiting")
        person = here.world.approve(begun.user_code)
        view = await here.until(begun, "failed")
        assert "not one of those offered" in view.error
        assert person.profiles[1].arn in view.error and not here.accounts
        with pytest.raises(BadRequest, match="Builder ID has none"):
            await here.logins.start("builder-id", profile_arn="arn:x")

    told(story, tmp_path)


def test_nobody_to_choose_a_profile(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        here.world.profiles = TWO
        view = await here.signed_in(await here.company())
        view = await here.until(view, "failed")
        assert "nobody chose a profile in time" in view.error and not here.accounts

    told(story, tmp_path, patience=0.05)


def test_a_company_that_gives_no_profile(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        here.world.profiles = []
        view = await here.signed_in(await here.company())
        assert view.state == "failed" and "has no Amazon Q profile" in view.error
        assert not here.accounts

    told(story, tmp_path)


def test_a_new_token_that_has_not_got_around_yet(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        here.world.propagation = 2.5
        view = await here.signed_in(await here.company())
        assert view.state == "done"
        assert [r.status for r in here.world.asked("ListAvailableProfiles")] == [403, 403, 200]

    told(story, tmp_path)


def test_profiles_that_are_not_told_for_long(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        here.world.propagation = 600
        view = await here.signed_in(await here.company())
        assert view.state == "failed" and view.error and not here.accounts
        assert len(here.world.asked("ListAvailableProfiles")) == 4

    told(story, tmp_path)


def test_slow_down_and_a_service_that_stumbles(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        here.world.token_faults = ["slow_down", "500", "cut", "html", "slow_down"]
        view = await here.until(await here.logins.start("builder-id"), "waiting")
        await here.clock.after(6)
        assert (await here.signed_in(view)).state == "done"
        assert here.clock.slept[:6] == [1, 6, 12, 24, 30, 11]

    told(story, tmp_path)


def test_denied_and_expired(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        view = await here.until(await here.logins.start("builder-id"), "waiting")
        here.world.deny(view.user_code)
        view = await here.until(view, "failed")
        assert "access was denied" in view.error
        here.world.device_lifetime = 20
        view = await here.until(await here.logins.start("builder-id"), "failed")
        assert "nobody confirmed the code in time; start again" in view.error
        assert not here.accounts

    told(story, tmp_path)


def test_an_account_is_signed_in_again_in_its_place(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        here.world.profiles = TWO
        view = await here.signed_in(await here.company(name="mine"))
        view = await here.logins.choose_profile(view.id, view.profiles[1].arn)
        await here.signed_in(await here.logins.start("builder-id"))
        old, other = here.entries
        here.made.relay.health.report(here.accounts[0], AccountSuspended("blocked"))
        assert here.made.relay.health.of(here.accounts[0]).state == "suspended"

        again = await here.until(await here.company(account_id=old["id"]), "waiting")
        person = next(p for p in here.world.identities.accounts.values() if len(p.profiles) == 2)
        here.world.approve(again.user_code, person)
        again = await here.until(again, "done")
        assert again.account_id == old["id"]
        renewed, same = here.entries
        assert same == other
        changed = {key for key in renewed if renewed[key] != old[key]}
        # Several profiles are offered, but the account has been using one of them.
        assert changed == {
            "refresh_token", "client_id", "client_secret", "registration_expires_at",
        }  # fmt: skip
        assert here.made.relay.health.of(here.accounts[0]).state == "ready"
        assert here.made.tokens.state(here.accounts[0]).has_token

    told(story, tmp_path)


def test_an_account_that_is_removed_meanwhile(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        view = await here.signed_in(await here.logins.start("builder-id"))
        assert view.account_id is not None
        again = await here.until(
            await here.logins.start("builder-id", account_id=view.account_id), "waiting"
        )
        here.made.store.remove(view.account_id)
        again = await here.signed_in(again)
        assert (again.state, again.account_id) == ("failed", None)
        assert "removed meanwhile" in again.error and not here.entries

    told(story, tmp_path)


def test_whose_sign_in_cannot_be_renewed(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        with pytest.raises(NotFound, match="no account has this id"):
            await here.logins.start("builder-id", account_id="nobody")
        (account,) = here.accounts
        with pytest.raises(Conflict, match=r"AMAZONQ_\* variables"):
            await here.logins.start("builder-id", account_id=account.id)
        assert here.logins.list() == ()

    told(story, tmp_path, {"refresh_token": "aor", "client_id": "i", "client_secret": "s"})


def test_cancelling(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        view = await here.until(await here.logins.start("builder-id"), "waiting")
        cancelled = await here.logins.cancel(view.id)
        assert cancelled.state == "cancelled"
        assert await here.logins.cancel(view.id) == cancelled == here.logins.get(view.id)
        here.world.approve(view.user_code)
        polls = here.world.counts["CreateToken"]
        await asyncio.sleep(0.05)
        assert here.world.counts["CreateToken"] == polls and not here.accounts
        with pytest.raises(NotFound):
            await here.logins.cancel("guessed")

    told(story, tmp_path)


class SlowStore(FileStore):
    """Takes its time to write, so that something can happen meanwhile."""

    writing = asyncio.Event()

    def add(self, fields: Any) -> Account:
        self.loop.call_soon_threadsafe(self.writing.set)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.2), self.loop).result()
        return super().add(fields)

    loop: asyncio.AbstractEventLoop


def test_it_is_too_late_to_cancel_while_the_account_is_stored(tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "account.json")

    async def story(here: Desk) -> None:
        store.loop, store.writing = asyncio.get_running_loop(), asyncio.Event()
        view = await here.until(await here.logins.start("builder-id"), "waiting")
        here.world.approve(view.user_code)
        await store.writing.wait()
        view = await here.logins.cancel(view.id)
        assert view.state == "done" and len(here.entries) == 1

    told(story, tmp_path, store=store)


def test_a_file_that_is_broken_is_told_before_anybody_signs_in(tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text("[")

    async def story(here: Desk) -> None:
        with pytest.raises(StoreBroken, match="line 1"):
            await here.logins.start("builder-id")
        assert here.world.counts["RegisterClient"] == 0

    told(story, tmp_path)


class FullStore(FileStore):
    def add(self, fields: Any) -> Account:
        raise StorageFailed("account.json cannot be written: No space left on device")


def test_an_account_that_cannot_be_stored(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        view = await here.signed_in(await here.logins.start("builder-id"))
        assert (view.state, view.account_id) == ("failed", None)
        assert view.error == "account.json cannot be written: No space left on device"

    told(story, tmp_path, store=FullStore(tmp_path / "account.json"))


def test_a_region_that_there_is_not(tmp_path: Path) -> None:
    async def nowhere(_: Any) -> Any:
        raise UpstreamBroken("the service's name is unknown here")

    async def story(here: Desk) -> None:
        view = await here.until(await here.company(), "failed")
        assert view.error == "the service's name is unknown here; signing in at region eu-west-1"

    told(story, tmp_path, ask=nowhere)


def test_what_nobody_foresaw_is_told_by_its_name_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("info", "json")

    async def crash(_: Any) -> Any:
        raise ZeroDivisionError("hush-hush")

    async def story(here: Desk) -> None:
        view = await here.until(await here.logins.start("builder-id"), "failed")
        assert view.error == "something unforeseen went wrong here (ZeroDivisionError)"

    told(story, tmp_path, ask=crash)
    said = capsys.readouterr().err
    assert "login.crashed" in said and "ZeroDivisionError" in said and "hush" not in said


def test_only_so_many_at_a_time(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        views = [await here.logins.start("builder-id") for _ in range(MOST_PENDING)]
        with pytest.raises(RateLimited, match="under way already"):
            await here.logins.start("builder-id")
        assert [view.id for view in here.logins.list()] == [view.id for view in reversed(views)]
        await here.logins.cancel(views[0].id)
        await here.logins.start("builder-id")
        assert len({view.id for view in here.logins.list()}) == MOST_PENDING + 1

    told(story, tmp_path)


def test_finished_ones_are_remembered_for_a_while(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        ids = []
        for _ in range(MOST_KEPT + 1):
            ids.append((await here.logins.start("builder-id")).id)
            await here.logins.cancel(ids[-1])
        assert [view.id for view in here.logins.list()] == ids[:0:-1]
        here.clock.now += KEPT
        assert here.logins.list() == ()
        with pytest.raises(NotFound, match="it may have ended long ago"):
            here.logins.get(ids[-1])

    told(story, tmp_path)


def test_a_login_can_be_forgotten(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        view = await here.until(await here.logins.start("builder-id"), "waiting")
        assert (await here.logins.remove(view.id)).state == "cancelled"
        with pytest.raises(NotFound):
            here.logins.get(view.id)

    told(story, tmp_path)


def test_closing_ends_them_all(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        begun = await here.logins.start("builder-id")
        await here.logins.close()
        assert here.logins.get(begun.id).state == "cancelled"

    told(story, tmp_path)


def test_names_are_bounded(tmp_path: Path) -> None:
    async def story(here: Desk) -> None:
        with pytest.raises(BadRequest) as refused:
            await here.logins.start("builder-id", name="x" * 201)
        assert refused.value.field == "name"

    told(story, tmp_path)


def test_what_is_shown_holds_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure("debug", "json")
    shown: list[str] = []

    async def story(here: Desk) -> None:
        here.world.profiles = TWO
        view = await here.company()
        while not view.finished:
            shown.append(msgspec.json.encode(view).decode() + repr(view))
            if view.state == "waiting":
                here.world.approve(view.user_code)
            if view.state == "choosing_profile":
                view = await here.logins.choose_profile(view.id, view.profiles[0].arn)
            else:
                view = await here.logins.changed(view.id, view)
        shown.append(msgspec.json.encode(view).decode() + repr(view))
        (entry,) = here.entries
        for secret in ("refresh_token", "client_id", "client_secret"):
            assert not any(entry[secret] in text for text in (*shown, capsys.readouterr().err))
        assert not re.search("ao[ar][A-Za-z0-9]{20}", "".join(shown))

    told(story, tmp_path)
    assert set(json.loads(shown[0].partition("LoginView")[0])) == {
        "id", "kind", "state", "user_code", "verification_uri", "verification_uri_complete",
        "expires_at", "start_url", "region", "profiles", "account_id", "error",
    }  # fmt: skip
