"""What failures, successes, owners and time make of an account."""

from collections import deque
from copy import deepcopy
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from amq2api import errors
from amq2api.accounts.health import (
    LONGEST_THROTTLE,
    PROBE_EVERY,
    Health,
    HealthBook,
    Page,
    State,
    TokenState,
    in_words,
)
from amq2api.accounts.model import Account, fingerprint

NOW = 1_000_000.0
DAY = 86_400.0
NAN, INFINITE = float("nan"), float("inf")
A = Account(id="a", refresh_token="r0", client_id="c", client_secret="s")
B = replace(A, id="b", refresh_token="q0")


class Desk:
    """A book with its clock, and what is known of tokens."""

    def __init__(self) -> None:
        self.now = NOW
        self.token = TokenState(True, False)
        self.book = HealthBook(lambda _: self.token, lambda: self.now)

    def after(self, *failures: errors.GatewayError, account: Account = A) -> Health:
        for failure in failures:
            self.book.report(account, failure)
        return self.book.of(account)


SUSPENDED = errors.AccountSuspended("locked")
LOGIN = errors.LoginRequired("void")
SPENT = errors.QuotaExhausted("used up")
DATED = errors.QuotaExhausted("used up", resets_at=NOW + 10 * DAY)
FAST = errors.RateLimited("too fast", retry_after=30)


def renewed(at: float) -> errors.QuotaExhausted:
    return errors.QuotaExhausted("q", resets_at=at)


def wait(seconds: float | None) -> errors.RateLimited:
    return errors.RateLimited("r", retry_after=seconds)


REASONS: dict[str, tuple[errors.GatewayError, State, float | None]] = {
    "suspended": (SUSPENDED, "suspended", None),
    "the login is void": (LOGIN, "needs_login", None),
    "quota, nobody knows until when": (SPENT, "quota_used", None),
    "quota, with its date": (DATED, "quota_used", NOW + 10 * DAY),
    "quota, with a date that has passed": (renewed(NOW), "quota_used", None),
    "quota, with the date of no period": (renewed(NOW + 400 * DAY), "quota_used", None),
    "quota, with no date at all": (renewed(NAN), "quota_used", None),
    "quota, for ever": (renewed(INFINITE), "quota_used", None),
    "too fast, told how long": (wait(3), "throttled", NOW + 3),
    "too fast, told a moment": (wait(1e-300), "throttled", NOW + 1),
    "too fast, not told": (wait(None), "throttled", NOW + 8),
    "too fast, told nothing": (wait(0), "throttled", NOW + 8),
    "too fast, told nonsense": (wait(-5), "throttled", NOW + 8),
    "too fast, told no number": (wait(NAN), "throttled", NOW + 8),
    "burning too fast": (wait(300), "throttled", NOW + 300),
    "too fast, until tomorrow": (wait(DAY), "throttled", NOW + 300),
    "too fast, for ever": (wait(INFINITE), "throttled", NOW + 300),
}


@pytest.mark.parametrize(("failure", "state", "until"), REASONS.values(), ids=REASONS)
def test_a_typed_reason_makes_a_state(
    failure: errors.GatewayError, state: State, until: float | None
) -> None:
    found = Desk().after(failure)
    said = str(failure)
    assert found == Health(state, type(failure).__name__, NOW, until, said, said, NOW)


@pytest.mark.parametrize(("failure", "state", "until"), REASONS.values(), ids=REASONS)
def test_a_success_ends_it_and_so_does_clearing_and_a_new_login(
    failure: errors.GatewayError, state: State, until: float | None
) -> None:
    desk = Desk()
    desk.after(failure)
    desk.book.succeeded(A)
    told = Health("ready", last_error=str(failure), last_error_at=NOW)
    assert desk.book.of(A) == told, "the last error is history, and dated"
    desk.after(failure)
    desk.book.clear("a")
    assert desk.book.of(A) == Health("ready")
    desk.after(failure)
    assert desk.book.of(replace(A, refresh_token="by hand")) == Health("ready")
    assert desk.book.of(A).state == state, "until the old one is back"


TRANSIENT = {
    "busy": errors.UpstreamBusy("b"),
    "broken": errors.UpstreamBroken("502"),
    "silent": errors.UpstreamTimeout("t"),
    "garbled": errors.ProtocolError("p"),
    "the token is refused": errors.CredentialRefused("c"),
    "not entitled to this call": errors.NotEntitled("n"),
    "a bug of ours": errors.GatewayError("g"),
}


@pytest.mark.parametrize("failure", TRANSIENT.values(), ids=TRANSIENT)
def test_what_may_pass_is_remembered_in_words_and_changes_nothing(
    failure: errors.GatewayError,
) -> None:
    for before in (None, SUSPENDED, LOGIN, DATED, FAST):
        desk = Desk()
        found = desk.after(*filter(None, [before]))
        desk.now += 1
        told = replace(found, last_error=str(failure), last_error_at=desk.now)
        assert desk.after(failure) == told


OTHERS = {
    "malformed": errors.BadRequest("hush"),
    "too long": errors.ContextTooLong("hush"),
    "too large": errors.RequestTooLarge("hush"),
    "unknown model": errors.UnknownModel("hush"),
    "refused by the service": errors.RequestRefused("hush"),
    "foreign reasoning": errors.ReasoningRefused("hush"),
    "nowhere": errors.NotFound("hush"),
    "another method": errors.WrongMethod("hush"),
    "a wrong key": errors.KeyRefused("hush"),
    "a foreign page": errors.OriginRefused("hush"),
    "nobody left": errors.NoAccount("hush"),
}


@pytest.mark.parametrize("failure", OTHERS.values(), ids=OTHERS)
def test_what_is_not_the_accounts_is_not_told_of_it(failure: errors.GatewayError) -> None:
    assert Desk().after(failure) == Health("ready")


ORDER: tuple[tuple[State, errors.GatewayError], ...] = (
    ("suspended", SUSPENDED), ("needs_login", LOGIN), ("quota_used", DATED), ("throttled", FAST),
)  # fmt: skip


def test_the_most_serious_is_told() -> None:
    for place, (state, failure) in enumerate(ORDER):
        lesser = [other for _, other in ORDER[place:]]
        assert Desk().after(failure, *lesser).state == state
        assert Desk().after(*lesser, failure).state == state
        disabled = replace(A, enabled=False)
        assert Desk().after(failure, account=disabled).state == "disabled"


def test_what_is_less_serious_shows_when_the_worse_is_over() -> None:
    desk = Desk()
    assert desk.after(wait(300), renewed(NOW + 100)).state == "quota_used"
    desk.now += 100
    assert desk.book.of(A).state == "throttled"
    desk.now += 200
    assert desk.book.of(A).state == "ready"


def test_a_renewed_token_is_told_unless_something_is_wrong() -> None:
    desk = Desk()
    desk.token = TokenState(True, False, refreshing=True)
    assert desk.book.of(A) == Health("refreshing")
    assert desk.after(FAST).state == "throttled"


def test_a_void_login_is_known_without_a_call() -> None:
    desk = Desk()
    desk.token = TokenState(False, False, login_required=True)
    assert desk.book.of(A) == Health("needs_login", "LoginRequired")
    old = replace(A, registration_expires_at=NOW)
    assert desk.book.of(old) == Health("needs_login", "RegistrationExpired", NOW)
    desk.token = TokenState(True, False)
    assert desk.book.of(replace(old, registration_expires_at=NOW + 1)).state == "ready"
    desk.now += PROBE_EVERY
    assert desk.book.of(old).probe


def test_a_state_is_as_old_as_its_first_failure() -> None:
    desk = Desk()
    desk.after(SPENT, FAST)
    desk.now += 60
    found = desk.after(errors.QuotaExhausted("still"), errors.RateLimited("still"))
    assert (found.since, found.last_error_at) == (NOW, NOW + 60)
    desk.book.succeeded(A)
    assert desk.after(SPENT).since == NOW + 60
    desk.now += 2 * DAY
    assert desk.after(FAST, SPENT).since == NOW + 60


def test_a_date_once_told_stays_until_another_is() -> None:
    desk = Desk()
    assert desk.after(SPENT, DATED, SPENT).until == NOW + 10 * DAY
    assert desk.after(renewed(NOW + DAY)).until == NOW + DAY


def test_a_login_stays_the_same_when_the_service_rotates_its_token() -> None:
    desk, account = Desk(), A
    desk.after(SUSPENDED)
    for number in range(1, 40):
        # The lineage is as long as the one that is kept; the mark is older than it.
        line = [f"r{old}" for old in range(number, max(number - 4, -1), -1)]
        account = replace(A, refresh_token=line[0])
        desk.token = TokenState(True, False, lineage=tuple(map(fingerprint, line)))
        assert desk.book.of(account).state == "suspended"
    line_of_r39, desk.token = desk.token, TokenState(True, False)
    assert desk.book.of(replace(A, refresh_token="another")).state == "ready"
    desk.token = line_of_r39
    late = replace(A, refresh_token="r38")
    desk.book.succeeded(late)
    assert desk.book.of(account).state == "ready", "a call that began before the rotation counts"


def test_a_failure_with_old_credentials_says_nothing_of_new_ones() -> None:
    desk, new = Desk(), replace(A, refresh_token="by hand")
    desk.after(FAST, account=new)
    desk.book.succeeded(A)
    assert desk.book.of(new).state == "throttled"
    desk.after(LOGIN, account=A)
    assert desk.book.of(new) == Health("ready")


@pytest.mark.parametrize("failure", [SUSPENDED, LOGIN, SPENT, renewed(NOW + DAY)])
def test_one_call_an_hour_may_find_out(failure: errors.GatewayError) -> None:
    desk = Desk()
    assert not desk.after(failure).probe
    desk.now += PROBE_EVERY - 1
    assert not desk.book.of(A).probe
    desk.now += 1
    assert desk.book.of(A).probe
    desk.book.probing(A)
    assert not desk.book.of(A).probe
    desk.now += PROBE_EVERY
    assert desk.book.of(A).probe
    assert not desk.after(failure).probe
    desk.now -= DAY
    if (found := desk.book.of(A)).state != "ready":
        assert found.probe, "a clock that was set back must not make it wait for a day"


def test_accounts_that_are_gone_are_forgotten() -> None:
    desk = Desk()
    desk.after(SUSPENDED)
    desk.after(LOGIN, account=B)
    desk.book.retain(["b", "c"])
    assert [desk.book.of(A), desk.book.of(B).state] == [Health("ready"), "needs_login"]


WORDS = {
    "as they are": (errors.UpstreamBroken("HTTP 502"), "HTTP 502"),
    "none": (errors.UpstreamTimeout(), "UpstreamTimeout"),
    "in lines": (errors.UpstreamBroken("a\n\tb\r\n c "), "a b c"),
    "with signs for a terminal": (errors.UpstreamBroken("a\x1b[2Jb\x00c"), "a [2Jb c"),
    "of the call's own fault": (errors.RequestRefused("toolu_1 is quoted"), ""),
    "too many": (errors.UpstreamBroken("x" * 10_000_000), "x" * 299 + "…"),
}


@pytest.mark.parametrize(("failure", "words"), WORDS.values(), ids=WORDS)
def test_words(failure: errors.GatewayError, words: str) -> None:
    assert in_words(failure) == words


@given(st.text())
def test_words_are_one_short_line(said: str) -> None:
    words = in_words(errors.UpstreamBroken(said))
    assert len(words) <= 300 and words.isprintable()


MOMENTS = st.floats(allow_nan=True, allow_infinity=True)
FAILURES = st.one_of(
    st.sampled_from([SUSPENDED, LOGIN, SPENT, FAST, *TRANSIENT.values(), *OTHERS.values()]),
    st.builds(renewed, MOMENTS | st.floats(NOW - DAY, NOW + 30 * DAY)),
    st.builds(wait, st.none() | MOMENTS),
)
STATES: dict[str, State] = {
    "AccountSuspended": "suspended", "LoginRequired": "needs_login",
    "QuotaExhausted": "quota_used", "RateLimited": "throttled",
}  # fmt: skip


class Book(RuleBasedStateMachine):
    """Anything may happen to two accounts, in any order, with a clock that jumps about."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.accounts = {"a": A, "b": B}
        self.reported: dict[str, set[State]] = {"a": set(), "b": set()}
        self.number = 0

    @rule(name=st.sampled_from("ab"), failure=FAILURES)
    def fail(self, name: str, failure: errors.GatewayError) -> None:
        self.desk.after(failure, account=self.accounts[name])
        if (state := STATES.get(type(failure).__name__)) is not None:
            self.reported[name].add(state)
            told = replace(self.accounts[name], enabled=True)
            assert self._place(self.desk.book.of(told).state) <= self._place(state)

    @rule(name=st.sampled_from("ab"))
    def succeed(self, name: str) -> None:
        self.desk.book.succeeded(self.accounts[name])
        self.reported[name].clear()

    @rule(name=st.sampled_from("ab"))
    def clear(self, name: str) -> None:
        self.desk.book.clear(name)
        self.reported[name].clear()
        assert self.desk.book.of(self.accounts[name]).last_error == ""

    @rule(name=st.sampled_from("ab"))
    def sign_in(self, name: str) -> None:
        self.number += 1
        token = f"r{self.number}-{name}"
        self.accounts[name] = replace(self.accounts[name], refresh_token=token)
        self.reported[name].clear()

    @rule(name=st.sampled_from("ab"))
    def switch(self, name: str) -> None:
        account = self.accounts[name]
        self.accounts[name] = replace(account, enabled=not account.enabled)

    @rule(name=st.sampled_from("ab"))
    def probe(self, name: str) -> None:
        self.desk.book.probing(self.accounts[name])
        assert not self.desk.book.of(self.accounts[name]).probe

    @rule(name=st.sampled_from("ab"))
    def only(self, name: str) -> None:
        self.desk.book.retain([name])
        self.reported["b" if name == "a" else "a"].clear()

    @rule(seconds=st.sampled_from([1.0, 10.0, LONGEST_THROTTLE, PROBE_EVERY, 40 * DAY]),
          back=st.booleans())  # fmt: skip
    def wait(self, seconds: float, back: bool) -> None:
        self.desk.now += -seconds if back else seconds

    @invariant()
    def each_state_has_its_reason(self) -> None:
        for name, account in self.accounts.items():
            found = self.desk.book.of(account)
            assert (found.state == "disabled") == (not account.enabled)
            if found.state not in ("disabled", "ready"):
                assert found.state in self.reported[name]
                assert STATES[found.reason] == found.state
            for lasting in ("suspended", "needs_login"):
                if account.enabled and lasting in self.reported[name]:
                    assert self._place(found.state) <= self._place(lasting)

    @invariant()
    def each_end_is_ahead_and_near(self) -> None:
        for account in self.accounts.values():
            found, now = self.desk.book.of(account), self.desk.now
            assert (found.last_error == "") == (found.last_error_at is None)
            if found.until is not None:
                assert now < found.until <= now + 366 * DAY
            if found.state == "throttled":
                assert found.until is not None and found.until <= now + LONGEST_THROTTLE

    def _place(self, state: Any) -> int:
        return ("disabled", "suspended", "needs_login", "quota_used", "throttled").index(state)


TestBook = Book.TestCase


class Office:
    """Three processes that tell each other, by letters that take their time."""

    def __init__(self) -> None:
        self.now = NOW
        self.letters = {way: deque[Page]() for way in permutations(range(3), 2)}
        self.books = [self._book(number) for number in range(3)]

    def _book(self, number: int) -> HealthBook:
        book = HealthBook(lambda _: TokenState(True, False), lambda: self.now)

        def tell(_account_id: str, page: Page) -> None:
            for (writer, _), letters in self.letters.items():
                if writer == number:
                    letters.append(deepcopy(page))

        book.heard.append(tell)
        return book

    def deliver(self, way: tuple[int, int]) -> None:
        if letters := self.letters[way]:
            self.books[way[1]].hear(A.id, letters.popleft())

    def deliver_all(self) -> list[Health]:
        for way, letters in self.letters.items():
            while letters:
                self.deliver(way)
        return [book.of(A) for book in self.books]


workers = st.integers(0, 2)
happenings = st.one_of(
    st.tuples(st.just("fails"), workers, st.sampled_from([SUSPENDED, LOGIN, SPENT, FAST])),
    st.tuples(st.sampled_from(["serves", "is cleared", "is tried"]), workers),
    st.tuples(st.just("time"), st.sampled_from([0.0, 1e-7, 0.5, 40.0, -30.0])),
    st.tuples(st.just("letter"), st.sampled_from(sorted(permutations(range(3), 2)))),
)


@given(st.lists(happenings, max_size=30))
def test_processes_that_tell_each_other_come_to_agree(story: list[tuple[Any, ...]]) -> None:
    office = Office()
    for what, where, *failure in story:
        match what:
            case "fails":
                office.books[where].report(A, *failure)
            case "serves":
                office.books[where].succeeded(A)
            case "is cleared":
                office.books[where].clear(A.id)
            case "is tried":
                office.books[where].probing(A)
            case "time":
                office.now += where
            case "letter":
                office.deliver(where)
    one, *others = office.deliver_all()
    assert all(other == one for other in others)


def test_what_one_process_finds_out_the_others_know() -> None:
    office = Office()
    office.books[0].report(A, DATED)
    assert [found.state for found in office.deliver_all()] == ["quota_used"] * 3
    office.now += 1
    office.books[1].succeeded(A)
    assert [found.state for found in office.deliver_all()] == ["ready"] * 3
    office.now += 1
    office.books[2].report(A, LOGIN)
    office.deliver_all()
    office.now += 1
    office.books[0].clear(A.id)
    assert [found.state for found in office.deliver_all()] == ["ready"] * 3
    assert [found.last_error for found in office.deliver_all()] == [""] * 3


def test_old_news_change_nothing() -> None:
    office = Office()
    office.books[0].report(A, SUSPENDED)
    office.now += 1
    office.books[1].clear(A.id)
    assert office.books[1].hear(A.id, office.letters[0, 1].popleft()) is False
    assert office.books[1].of(A).state == "ready"


def test_a_success_of_a_sound_account_is_no_news() -> None:
    """It comes with every call."""
    office = Office()
    office.books[0].succeeded(A)
    office.books[0].report(A, errors.UpstreamBusy("busy"))
    for letters in office.letters.values():
        letters.clear()
    office.books[0].succeeded(A)
    assert not any(office.letters.values())
