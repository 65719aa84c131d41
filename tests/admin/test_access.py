"""Who gets in, and what is void when: stories on one admin.json, with a clock that is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from amq2api.accounts.adminfile import AdminFile, AdminFileBroken
from amq2api.accounts.files import StorageFailed
from amq2api.admin import passwords, sessions
from amq2api.admin.access import Access, Entered
from amq2api.admin.barred import LockedOut, NotSignedIn, SetupRefused, WrongPassword
from amq2api.admin.sender import Scope
from amq2api.errors import BadRequest, Conflict, OriginRefused

PASSWORD, ANOTHER = "correct horse", "battery staple"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = CHEAP.hash(PASSWORD)
DAY = sessions.DAY


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """What hashing costs is not what these stories are about."""
    monkeypatch.setattr(passwords, "_hasher", CHEAP)


def scope(cookies: str = "", *, client: str = "127.0.0.1", http: str = "1.1", **more: str) -> Scope:
    """A request: its cookies, its sender, and headers by name with underscores."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    if cookies:
        headers["cookie"] = cookies
    return {
        "type": "http", "scheme": "http", "http_version": http, "client": (client, 40000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip


def shown(entered: Entered) -> str:
    """What a browser sends back of the cookies it was given."""
    return "; ".join(line.partition(";")[0] for line in entered.cookies)


class House:
    """A gateway's door, its file, and a clock."""

    def __init__(self, home: Path, *, public: bool = True, hosts: tuple[str, ...] = ()) -> None:
        self.path, self.seconds = home / "admin.json", 1_760_000_000.0
        self._public, self._hosts = public, hosts
        self.access = self.another()

    def another(self) -> Access:
        """The door of another process, or of this one after a restart."""
        return Access(
            public=self._public,
            allowed_hosts=self._hosts,
            file=AdminFile(self.path),
            now=lambda: self.seconds,
        )

    def with_password(self) -> "House":
        AdminFile(self.path).change(lambda found: found.with_password(HASH))
        return self

    async def signed_in(self, **how: str) -> str:
        return shown(await self.access.sign_in(scope(**how), PASSWORD))

    async def failing(self, tries: int, **how: Any) -> None:
        for _ in range(tries):
            with pytest.raises(WrongPassword):
                await self.access.sign_in(scope(**how), "a bad guess")


def told(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await story()

    asyncio.run(main())


PROXIES: dict[str, Scope] = {
    "X-Forwarded-For": scope(x_forwarded_for="203.0.113.9"),
    "X-Forwarded-Proto": scope(x_forwarded_proto="https"),
    "X-Forwarded-Host": scope(x_forwarded_host="q.example.com"),
    "Forwarded": scope(forwarded="for=203.0.113.9"),
    "X-Real-IP": scope(x_real_ip="203.0.113.9"),
    "Via": scope(via="1.1 proxy"),
    "Cloudflare": scope(cf_connecting_ip="203.0.113.9"),
    "nginx without any header": scope(http="1.0", host="127.0.0.1:3015"),
}


@pytest.mark.parametrize("sent", PROXIES.values(), ids=PROXIES)
def test_an_open_door_is_not_open_to_a_proxy(sent: Scope, tmp_path: Path) -> None:
    house = House(tmp_path, public=False)
    with pytest.raises(OriginRefused, match="AMQ2API_ALLOWED_HOSTS"):
        house.access.state(sent)
    with pytest.raises(OriginRefused):
        house.access.enter(sent)
    told(lambda: _refused(house.access.change_password(sent, None, PASSWORD), OriginRefused))
    assert not house.path.exists()
    house.with_password()
    assert house.access.state(sent) == "signed_out", "with a password it is no matter"


async def _refused(work: Awaitable[object], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await work


def test_at_home_it_is_open(tmp_path: Path) -> None:
    house = House(tmp_path, public=False)
    assert house.access.state(scope()) == "open"
    assert house.access.state(scope(http="1.0")) == "open", "a tool of old, with no host"
    assert house.access.enter(scope()) is None
    assert house.access.new_setup_token() is None
    assert house.access.password_set is False
    assert not house.path.exists(), "nothing is written for nothing"


@pytest.mark.parametrize(
    ("public", "hosts"), [(True, ()), (False, ("q.example.com",)), (True, ("q.example.com",))]
)
def test_elsewhere_a_password_has_to_be_chosen_first(
    public: bool, hosts: tuple[str, ...], tmp_path: Path
) -> None:
    house = House(tmp_path, public=public, hosts=hosts)
    assert house.access.state(scope()) == "setup"
    with pytest.raises(NotSignedIn, match="setup token"):
        house.access.enter(scope())


def test_where_any_host_will_do(tmp_path: Path) -> None:
    assert House(tmp_path).access.any_host
    assert not House(tmp_path, hosts=("q.example.com",)).access.any_host
    assert not House(tmp_path, public=False).access.any_host


def test_from_setup_to_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def story() -> None:
        token = house.access.new_setup_token()
        assert token is not None
        assert token not in house.path.read_text()
        with pytest.raises(SetupRefused):
            await house.access.set_up(scope(), token[:-1], PASSWORD)
        with pytest.raises(BadRequest):
            await house.access.set_up(scope(), token, "short")
        entered = await house.access.set_up(scope(), token, PASSWORD)
        assert entered.state == "signed_in"
        cookie = shown(entered)
        assert house.access.state(scope(cookie)) == "signed_in"
        assert house.access.state(scope()) == "signed_out"
        assert PASSWORD not in house.path.read_text()

        with pytest.raises(Conflict):
            await house.access.set_up(scope(), token, ANOTHER)
        assert house.access.new_setup_token() is None

        house.access = house.another()
        assert house.access.state(scope(cookie)) == "signed_in", "a restart ends no session"
        assert await house.signed_in() != cookie

    told(story)


def test_a_token_works_once_whoever_comes_at_the_same_time(tmp_path: Path) -> None:
    house, other = House(tmp_path), House(tmp_path)

    async def story() -> None:
        token = house.access.new_setup_token() or ""
        came = await asyncio.gather(
            house.access.set_up(scope(), token, PASSWORD),
            other.access.set_up(scope(), token, ANOTHER),
            return_exceptions=True,
        )
        (winner,) = [one for one in came if isinstance(one, Entered)]
        assert [type(one) for one in came if one is not winner] == [Conflict]
        assert house.access.state(scope(shown(winner))) == "signed_in"

    told(story)


def test_the_token_printed_last_counts(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def story() -> None:
        first, second = house.access.new_setup_token() or "", house.access.new_setup_token() or ""
        with pytest.raises(SetupRefused, match="printed last"):
            await house.access.set_up(scope(), first, PASSWORD)
        assert (await house.access.set_up(scope(), second, PASSWORD)).state == "signed_in"

    told(story)


def test_without_a_token_printed_there_is_none_to_guess(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()
    AdminFile(house.path).change(lambda found: found.with_password(None))

    async def story() -> None:
        for guess in ("", "None", "null"):
            with pytest.raises(SetupRefused, match="restart"):
                await house.access.set_up(scope(), guess, PASSWORD)
        with pytest.raises(Conflict):
            await house.access.sign_in(scope(), "")

    told(story)


def test_at_home_there_is_nothing_to_set_up_but_a_password_may_be_set(tmp_path: Path) -> None:
    house = House(tmp_path, public=False)

    async def story() -> None:
        with pytest.raises(Conflict):
            await house.access.set_up(scope(), "token", PASSWORD)
        entered = await house.access.change_password(scope(), None, PASSWORD)
        assert house.access.state(scope(shown(entered))) == "signed_in"
        assert house.access.state(scope()) == "signed_out"
        with pytest.raises(NotSignedIn):
            await house.access.change_password(scope(), PASSWORD, ANOTHER)

    told(story)


def test_another_password_ends_all_sessions_but_the_one_that_set_it(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        laptop, phone = await house.signed_in(), await house.signed_in()
        for current in (None, "", "a bad guess"):
            with pytest.raises(BadRequest, match="current") as caught:
                await house.access.change_password(scope(laptop), current, ANOTHER)
            assert caught.value.field == "current"
        entered = await house.access.change_password(scope(laptop), PASSWORD, ANOTHER)
        assert house.access.state(scope(shown(entered))) == "signed_in"
        for old in (laptop, phone):
            assert house.access.state(scope(old)) == "signed_out"
            assert house.another().state(scope(old)) == "signed_out"
        with pytest.raises(WrongPassword):
            await house.access.sign_in(scope(), PASSWORD)

    told(story)


def test_what_a_second_process_does_counts_in_the_first(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()
    other = house.another()

    async def story() -> None:
        cookie = await house.signed_in()
        assert other.enter(scope(cookie)) is None
        await other.sign_out(scope(cookie))
        assert house.access.state(scope(cookie)) == "signed_out"
        AdminFile(house.path).change(lambda found: found.with_password(CHEAP.hash(ANOTHER)))
        assert (await house.access.sign_in(scope(), ANOTHER)).state == "signed_in"

    told(story)


def test_signing_out_voids_every_copy_of_the_cookie_and_no_other(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        laptop, phone = await house.signed_in(), await house.signed_in()
        house.seconds += 7200
        renewed = house.access.enter(scope(laptop)) or ""
        left = await house.access.sign_out(scope(laptop))
        assert left.state == "signed_out"
        assert left.cookies[0].startswith("amq2api_session=; ")
        for copy in (laptop, renewed.partition(";")[0]):
            assert house.access.state(scope(copy)) == "signed_out"
        assert house.access.state(scope(phone)) == "signed_in"
        assert (await house.access.sign_out(scope())).state == "signed_out", "twice is no error"

    told(story)


def test_what_was_signed_out_is_remembered_as_long_as_it_could_count(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        await house.access.sign_out(scope(await house.signed_in()))
        house.seconds += 31 * DAY
        await house.access.sign_out(scope(await house.signed_in()))
        assert len(AdminFile(house.path).read().signed_out) == 1

    told(story)


def test_so_many_may_sign_out_and_then_all_are(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()
    held = json.loads(house.path.read_text())
    held["signed_out"] = {f"session-{n}": house.seconds + DAY for n in range(500)}
    house.path.write_text(json.dumps(held))

    async def story() -> None:
        laptop, phone = await house.signed_in(), await house.signed_in()
        await house.access.sign_out(scope(laptop))
        assert not AdminFile(house.path).read().signed_out
        for cookie in (laptop, phone):
            assert house.access.state(scope(cookie)) == "signed_out"

    told(story)


def test_a_session_ends_a_week_after_its_last_use(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        cookie = await house.signed_in()
        house.seconds += 7 * DAY - 1
        assert house.access.state(scope(cookie)) == "signed_in"
        house.seconds += 1
        assert house.access.state(scope(cookie)) == "signed_out"
        with pytest.raises(NotSignedIn, match="sign in"):
            house.access.enter(scope(cookie))

    told(story)


def test_and_a_month_after_its_beginning_however_it_is_used(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        cookie = await house.signed_in()
        for _ in range(29):
            house.seconds += DAY
            renewed = house.access.enter(scope(cookie))
            assert renewed is not None and "; HttpOnly; SameSite=Strict" in renewed
            cookie = renewed.partition(";")[0]
            assert house.access.enter(scope(cookie)) is None, "no more often than is useful"
        house.seconds += DAY
        assert house.access.state(scope(cookie)) == "signed_out"

    told(story)


FORGED: dict[str, Callable[[str], str]] = {
    "nothing": lambda _value: "",
    "words": lambda _value: "signed_in",
    "without a signature": lambda value: value.rpartition(".")[0],
    "an empty signature": lambda value: value.rpartition(".")[0] + ".",
    "a letter less": lambda value: value[:-1],
    "a letter more": lambda value: value + "0",
    "a signature in capitals": lambda value: value.upper(),
    "a longer life": lambda value: value.replace(".1760000000.", ".1990000000.", 1),
    "another generation": lambda value: value.replace(".1.", ".2.", 1),
    "quoted": lambda value: f'"{value}"',
    "signed with nothing": lambda value: sessions.sealed(sessions.begun(1, 1.76e9), ""),
    "signed with another secret": lambda value: sessions.sealed(
        sessions.begun(1, 1.76e9), "x" * 43
    ),
    "the browser's mark": lambda value: "MARK",
    "binary": lambda value: "\x00\xff",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forged_cookies(forge: Callable[[str], str], tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        session, mark = (await house.signed_in()).split("; ")
        value = forge(session.partition("=")[2]).replace("MARK", mark.partition("=")[2])
        assert house.access.state(scope(f"amq2api_session={value}")) == "signed_out"
        both = f"amq2api_session={value}; {session}"
        assert house.access.state(scope(both)) == "signed_in", "a stranger's cookie beside ours"

    told(story)


def test_guessing_is_slow_and_the_right_one_does_not_help_meanwhile(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        await house.failing(5)
        with pytest.raises(LockedOut) as caught:
            await house.access.sign_in(scope(), PASSWORD)
        assert caught.value.retry_after is not None and 9 < caught.value.retry_after <= 10

    told(story)


def test_many_guesses_at_once_are_no_more_than_a_few(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        came = await asyncio.gather(
            *(house.access.sign_in(scope(), f"guess {n}") for n in range(50)),
            return_exceptions=True,
        )
        kinds = [type(one) for one in came]
        assert (kinds.count(WrongPassword), kinds.count(LockedOut)) == (5, 45)

    told(story)


def test_a_guesser_locks_out_himself_alone(tmp_path: Path) -> None:
    house = House(tmp_path, hosts=("q.example.com",)).with_password()

    async def story() -> None:
        cookies = await house.signed_in()
        _, mark = cookies.split("; ")
        await house.failing(5)
        with pytest.raises(LockedOut):
            await house.access.sign_in(scope(), PASSWORD)
        same = await house.access.sign_in(scope(mark), PASSWORD)
        assert same.state == "signed_in", "through the same proxy, from a browser that was in"
        other = await house.access.sign_in(scope(client="10.0.0.9"), PASSWORD)
        assert other.state == "signed_in"
        with pytest.raises(LockedOut):
            await house.access.sign_in(scope("amq2api_known=forged.0000"), PASSWORD)

    told(story)


def test_a_network_of_ipv6_counts_as_one(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()

    async def story() -> None:
        for host in range(5):
            await house.failing(1, client=f"2001:db8:0:1::{host}")
        with pytest.raises(LockedOut):
            await house.access.sign_in(scope(client="2001:db8:0:1:ffff::9"), PASSWORD)
        await house.failing(1, client="2001:db8:0:2::1")
        for host in range(5):
            await house.failing(1, client=f"::ffff:10.0.0.{host}")

    told(story)


def test_tokens_and_the_current_password_are_guessed_no_faster(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def story() -> None:
        token = house.access.new_setup_token() or ""
        for _ in range(5):
            with pytest.raises(SetupRefused):
                await house.access.set_up(scope(), "guess", PASSWORD)
        with pytest.raises(LockedOut):
            await house.access.set_up(scope(), token, PASSWORD)
        cookie = shown(await house.access.set_up(scope(client="10.0.0.9"), token, PASSWORD))
        for _ in range(5):
            with pytest.raises(BadRequest):
                await house.access.change_password(scope(cookie), "guess", ANOTHER)
        with pytest.raises(LockedOut):
            await house.access.change_password(scope(cookie), PASSWORD, ANOTHER)
        assert house.access.enter(scope(cookie)) is None, "who is in stays in"

    told(story)


def test_a_cookie_for_https_is_secure(tmp_path: Path) -> None:
    house = House(tmp_path, hosts=("q.example.com",)).with_password()

    async def story() -> None:
        for proto, secure in {"https": True, "HTTPS, http": True, "http": False}.items():
            entered = await house.access.sign_in(scope(x_forwarded_proto=proto), PASSWORD)
            assert all(("; Secure" in line) is secure for line in entered.cookies)
        direct = await house.access.sign_in({**scope(), "scheme": "https"}, PASSWORD)
        assert all(line.endswith("; Secure") for line in direct.cookies)

    told(story)


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("raw", [b"", b"{", b"{}", b"[]"])
def test_a_broken_file_opens_nothing(raw: bytes, public: bool, tmp_path: Path) -> None:
    house = House(tmp_path, public=public).with_password()

    async def story() -> None:
        cookie = await house.signed_in()
        house.path.write_bytes(raw)
        for access in (house.access, house.another()):
            for sent in (scope(), scope(cookie)):
                for ask in (access.state, access.enter):
                    with pytest.raises(AdminFileBroken):
                        ask(sent)
                for work in (
                    access.sign_in(sent, PASSWORD), access.set_up(sent, "token", PASSWORD),
                    access.change_password(sent, None, PASSWORD), access.sign_out(sent),
                ):  # fmt: skip
                    with pytest.raises(AdminFileBroken):
                        await work
            if public:
                with pytest.raises(AdminFileBroken):
                    access.new_setup_token()
        assert house.path.read_bytes() == raw

    told(story)


def test_a_hash_that_is_none_lets_nobody_in(tmp_path: Path) -> None:
    house = House(tmp_path).with_password()
    held = json.loads(house.path.read_text()) | {"password": "$argon2id$nonsense"}
    house.path.write_text(json.dumps(held))
    told(lambda: _refused(house.access.sign_in(scope(), PASSWORD), AdminFileBroken))


def test_a_password_that_cannot_be_kept_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    house = House(tmp_path / "file", public=False)
    told(lambda: _refused(house.access.change_password(scope(), None, PASSWORD), Exception))
    with pytest.raises((AdminFileBroken, StorageFailed)):
        House(tmp_path / "file").access.new_setup_token()


def test_nothing_secret_is_logged(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def story() -> None:
        token = house.access.new_setup_token() or ""
        with pytest.raises(SetupRefused):
            await house.access.set_up(scope(), f"{token}x", PASSWORD)
        cookie = shown(await house.access.set_up(scope(), token, PASSWORD))
        await house.failing(1)
        await house.access.change_password(scope(cookie), PASSWORD, ANOTHER)
        await house.access.sign_in(scope(), ANOTHER)
        held = AdminFile(house.path).read()
        lines = repr(logs)
        for secret in (token, PASSWORD, ANOTHER, "guess", held.session_secret, held.password or ""):
            assert secret not in lines
        assert all(part not in lines for part in cookie.split("="))
        assert [line["event"] for line in logs] == [
            "admin.refused", "admin.password_set", "admin.refused", "admin.password_set",
            "admin.signed_in",
        ]  # fmt: skip

    with capture_logs() as logs:
        told(story)
