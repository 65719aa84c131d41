"""What an operator can do, against the simulator: what is wrong, what to do, what is left."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from admin.desk import Desk, at_desk
from amq2api.accounts.document import StoreBroken
from amq2api.accounts.files import BeingEdited, StorageFailed
from amq2api.accounts.health import HealthBook, TokenState
from amq2api.accounts.model import Account, Token
from amq2api.accounts.sealing import SealBroken
from amq2api.accounts.store import FileStore
from amq2api.admin import envelope
from amq2api.admin.office import Office
from amq2api.admin.remedies import NONE, REMEDIES, remedy
from amq2api.errors import (
    AccountSuspended,
    GatewayError,
    LoginRequired,
    NotFound,
    QuotaExhausted,
    UpstreamTimeout,
)
from amq2api.relay.relay import Manner
from amq2api.sim.identity import Account as Seat
from amq2api.upstream.service import Service
from amq2api.wire.exchange import Answer, Ask


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with at_desk(tmp_path_factory.mktemp("office")) as found:
        yield found


@pytest.fixture
def seat(desk: Desk, request: pytest.FixtureRequest) -> Iterator[tuple[str, Seat]]:
    """The path of an account and what the simulator knows of it."""
    wanted, known = desk.add(request.node.name[:150])
    yield f"/api/accounts/{wanted}", known
    known.refusal = None
    desk.ask("DELETE", f"/api/accounts/{wanted}")


def used_up(account: Seat) -> None:
    account.credits_used = account.credits_limit


WRONG: dict[str, tuple[str, str, str, str]] = {
    # the simulator's refusal: state, reason, remedy code, a word of the message
    "suspended-403": ("suspended", "AccountSuspended", "contact_support", "suspended"),
    "not-authorized-403": ("ready", "NotEntitled", "check_plan", "may not use"),
    "bearer-403": ("ready", "CredentialRefused", "check_credentials", "access token"),
}


@pytest.mark.parametrize(("refusal", "told"), WRONG.items(), ids=WRONG)
def test_a_test_says_what_is_wrong_and_what_to_do(
    desk: Desk, seat: tuple[str, Seat], refusal: str, told: tuple[str, str, str, str]
) -> None:
    place, account = seat
    account.refusal = refusal
    verdict = desk.ask("POST", f"{place}/test").data
    assert (verdict["ok"], verdict["usage"]) == (False, None)
    assert (verdict["state"], verdict["reason"], verdict["remedy_code"]) == told[:3]
    assert told[3] in verdict["message"] and verdict["remedy"].endswith(".")
    usage = desk.ask("GET", f"{place}/usage")
    assert usage.status == 409 and usage.error["type"] != "conflict"
    # What ended is found out by the next test, and a good one ends what was wrong.
    account.refusal = None
    verdict = desk.ask("POST", f"{place}/test").data
    assert (verdict["ok"], verdict["state"], verdict["message"]) == (True, "ready", NONE.wrong)
    assert verdict["usage"]["plan"]


def test_an_allowance_that_is_used_up_is_known_until_there_is_room(
    desk: Desk, seat: tuple[str, Seat]
) -> None:
    place, account = seat
    used_up(account)
    usage = desk.ask("GET", f"{place}/usage").data
    assert [quota["percent"] for quota in usage["quotas"]][:1] == [100]
    verdict = desk.ask("POST", f"{place}/test").data
    assert (verdict["ok"], verdict["state"], verdict["remedy_code"]) == (
        False, "quota_used", "wait",
    )  # fmt: skip
    assert verdict["usage"] is not None
    health = desk.ask("GET", place).data["health"]
    assert health["reason"] == "QuotaExhausted" and health["until"] > time.time()
    assert desk.ask("POST", f"{place}/test").data["state"] == "quota_used"
    account.credits_used = 0
    assert desk.ask("POST", f"{place}/test").data["state"] == "ready"


def test_a_sign_in_that_has_ended_is_told_and_looked_at_afresh(
    desk: Desk, seat: tuple[str, Seat]
) -> None:
    place, account = seat
    world = desk.house.world
    world.identities.new_refresh_token(account)  # somebody else has turned it
    verdict = desk.ask("POST", f"{place}/test").data
    assert (verdict["state"], verdict["remedy_code"]) == ("needs_login", "sign_in")
    refreshes = world.counts["CreateToken"]
    assert desk.ask("POST", f"{place}/test").data["state"] == "needs_login"
    assert world.counts["CreateToken"] == refreshes + 1  # it was asked, and not remembered
    assert desk.ask("GET", f"{place}/usage").error["type"] == "login_required"
    assert desk.ask("POST", f"{place}/clear").data["health"]["state"] == "ready"
    desk.ask("PATCH", place, {"refresh_token": account.refresh_token})
    assert desk.ask("POST", f"{place}/test").data["ok"] is True


def test_a_test_renews_the_token_and_many_at_once_do_not_spend_it_twice(
    desk: Desk, seat: tuple[str, Seat]
) -> None:
    place, _ = seat
    world = desk.house.world
    before = world.refreshes
    assert desk.ask("POST", f"{place}/test").data["ok"] is True
    assert world.refreshes == before + 1
    assert desk.ask("GET", f"{place}/usage").status == 200
    assert world.refreshes == before + 1  # a glance needs no new token
    world.token_delay = 0.5
    try:
        with ThreadPoolExecutor(8) as people:
            verdicts = list(people.map(lambda _: desk.ask("POST", f"{place}/test"), range(8)))
    finally:
        world.token_delay = 0.0
    # Whoever spends a refresh token a second time has lost the account.
    assert all(verdict.data["ok"] for verdict in verdicts)


def test_a_token_too_new_for_the_service_is_given_time(desk: Desk, seat: tuple[str, Seat]) -> None:
    place, _ = seat
    desk.house.world.propagation = 0.5
    try:
        verdict = desk.ask("POST", f"{place}/test").data
    finally:
        desk.house.world.propagation = 0.0
    assert verdict["ok"] is True and verdict["seconds"] >= 1


def test_a_service_that_is_gone_is_nobodys_fault(tmp_path: Path) -> None:
    with at_desk(tmp_path, token_endpoint="http://127.0.0.1:9/token") as desk:
        wanted, _ = desk.add("stranded")
        verdict = desk.ask("POST", f"/api/accounts/{wanted}/test").data
        assert (verdict["ok"], verdict["state"]) == (False, "ready")
        assert verdict["remedy_code"] == "check_network" and verdict["detail"]
        answer = desk.ask("GET", f"/api/accounts/{wanted}/usage")
        assert (answer.status, answer.error["type"]) == (502, "service_failed")
        health = desk.ask("GET", f"/api/accounts/{wanted}").data["health"]
        assert health["state"] == "ready" and health["last_error"]


def failures() -> list[type[GatewayError]]:
    def below(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    # SealBroken is told as StoreBroken, with the place of what cannot be read.
    return [
        kind
        for kind in dict.fromkeys(below(GatewayError))
        if kind.__module__.startswith("amq2api.") and kind is not SealBroken
    ]


@pytest.mark.parametrize("kind", failures())
def test_every_failure_has_its_words(kind: type[GatewayError]) -> None:
    failure = kind("as it was told")
    found = remedy(failure)
    assert found.wrong.endswith(".") and found.todo.endswith(".") and found.code
    refusal = envelope.refuse(failure, "req_1")
    assert 400 <= refusal.status < 600 and b"as it was told" in refusal.body
    if kind is not GatewayError:
        assert envelope.row(failure) != envelope.ROWS[GatewayError]


def test_refusals_tell_how_long_to_wait_and_which_member() -> None:
    told = envelope.refuse(UpstreamTimeout("slow", retry_after=2.4), "req_1")
    assert (told.status, told.headers["retry-after"]) == (504, "2")
    assert envelope.refuse(BeingEdited("x"), "r").status == 409
    assert envelope.refuse(StorageFailed("x"), "r").status == 503
    assert envelope.refuse(StoreBroken("x", line=1, column=2), "r").status == 503
    assert envelope.refuse(QuotaExhausted(), "r").body.count(b'"message":"quota used"') == 1


def test_remedies_are_sentences() -> None:
    for found in REMEDIES.values():
        assert found.wrong[0].isupper() and found.todo[0].isupper()
        assert "\n" not in found.wrong + found.todo


MANNER = Manner(endpoint="https://service.example/", default_endpoint=False, user_agent="test",
                origin="CLI", opt_out=True, attempts=1, routing="active")  # fmt: skip


@dataclass
class Amazon:
    """A token endpoint and a service that answer as they are told, and no road between."""

    answers: list[Answer | GatewayError] = field(default_factory=list)
    minted: int = 0
    shown: list[str] = field(default_factory=list)
    """The access tokens that were shown."""

    async def ask(self, ask: Ask) -> Answer:
        self.shown.append(ask.headers["authorization"].removeprefix("Bearer "))
        answer = self.answers.pop(0)
        if isinstance(answer, GatewayError):
            raise answer
        return answer

    async def token(self, _account: Account, *, refused: str | None = None) -> Token:
        if self.minted == 0 or refused == f"access-{self.minted}":
            self.minted += 1
        return Token(f"access-{self.minted}", "aor", 9e9 + self.minted)

    def state(self, _account: Account) -> TokenState:
        expires_at = 9e9 + self.minted if self.minted else None
        return TokenState(self.minted > 0, False, expires_at=expires_at)

    def forgive(self, _account_id: str) -> None:
        """There is nothing to forgive."""

    async def forget(self, _account_id: str) -> None:
        """There is nothing to forget."""


@dataclass
class Desktop:
    service: Service
    health: HealthBook
    manner: Manner = MANNER


@dataclass
class Alone:
    """An office with one account and its Amazon; pauses are noted and not waited for."""

    amazon: Amazon
    office: Office
    account: Account
    relay: Desktop
    pauses: list[float]


@pytest.fixture
def alone(tmp_path: Path) -> Alone:
    amazon, pauses = Amazon(), list[float]()
    store = FileStore(tmp_path / "account.json")
    account = store.add({"refresh_token": "aor", "client_id": "c", "client_secret": "s"})

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    relay = Desktop(Service(amazon.ask), HealthBook(amazon.state, lambda: 1000.0))
    office = Office(store, amazon, relay, now=lambda: 1000.0, sleep=sleep)
    return Alone(amazon, office, account, relay, pauses)


def usage(body: bytes = b"{}") -> Answer:
    return Answer(200, body)


DENIED = Answer(403, b'{"__type":"AccessDeniedException","message":"The bearer token included in'
                     b' the request is invalid."}')  # fmt: skip


def test_only_a_usage_that_shows_room_ends_a_quota_mark(alone: Alone) -> None:
    """Silence is no proof."""
    alone.relay.health.report(alone.account, QuotaExhausted("used up", resets_at=5000.0))
    half = b'{"limits":[{"type":"CREDIT","currentUsage":1,"totalUsageLimit":2}]}'
    alone.amazon.answers = [usage(), usage(half)]
    verdict = asyncio.run(alone.office.test(alone.account.id))
    assert (verdict.ok, verdict.state) == (False, "quota_used")
    assert alone.office.health(alone.account).until == 5000.0
    assert asyncio.run(alone.office.test(alone.account.id)).state == "ready"


@pytest.mark.parametrize("failure", [LoginRequired("void"), AccountSuspended("blocked")])
def test_a_good_test_ends_what_an_earlier_failure_meant(
    alone: Alone, failure: GatewayError
) -> None:
    alone.relay.health.report(alone.account, failure)
    assert alone.office.health(alone.account).state != "ready"
    alone.amazon.answers = [usage()]
    assert asyncio.run(alone.office.test(alone.account.id)).ok


def test_a_test_mints_exactly_one_token(alone: Alone) -> None:
    alone.amazon.answers = [usage(), usage()]
    asyncio.run(alone.office.test(alone.account.id))
    asyncio.run(alone.office.test(alone.account.id))
    assert alone.amazon.shown == ["access-1", "access-2"]


def test_a_new_token_that_is_refused_is_shown_again_before_anyone_worries(alone: Alone) -> None:
    alone.amazon.answers = [DENIED, DENIED, usage()]
    assert asyncio.run(alone.office.test(alone.account.id)).ok
    assert alone.amazon.shown == ["access-1"] * 3 and alone.pauses == [1.0, 2.0]
    alone.amazon.answers = [DENIED] * 3
    verdict = asyncio.run(alone.office.test(alone.account.id))
    assert (verdict.reason, verdict.state) == ("CredentialRefused", "ready")


def test_usage_asks_again_with_a_token_minted_after_the_refusal(alone: Alone) -> None:
    alone.amazon.answers = [DENIED, usage()]
    asyncio.run(alone.office.usage(alone.account.id))
    assert alone.amazon.shown == ["access-1", "access-2"]
    alone.amazon.answers = [UpstreamTimeout("silent")]
    with pytest.raises(UpstreamTimeout):
        asyncio.run(alone.office.usage(alone.account.id))
    assert alone.office.health(alone.account).last_error == "silent"


def test_a_new_registration_does_not_inherit_the_end_of_the_old(alone: Alone) -> None:
    async def story() -> None:
        await alone.office.edit(alone.account.id, {"registration_expires_at": 1.0})
        assert alone.office.health(alone.office.find(alone.account.id)).state == "needs_login"
        edited = await alone.office.edit(alone.account.id, {"client_id": "new"})
        assert edited.registration_expires_at is None
        assert alone.office.health(edited).state == "ready"
        with pytest.raises(NotFound):
            await alone.office.edit("nobody", {})

    asyncio.run(story())
