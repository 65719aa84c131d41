import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.choose import Choice, Routing, Why, choose
from amq2api.accounts.health import Health, State
from amq2api.accounts.model import Account
from amq2api.errors import AccountSuspended, NoAccount


def accounts(told: str) -> list[Account]:
    """``a b* -c``: b is active, c is disabled."""
    return [
        Account(
            id=word.strip("*-"), refresh_token="r", client_id="c", client_secret="s",
            is_active="*" in word, enabled="-" not in word,
        )
        for word in told.split()
    ]  # fmt: skip


def well(_account: Account) -> Health:
    return Health("ready")


CHOICES: dict[str, tuple[str, str, Routing, str]] = {
    "the active one": ("a b* c", "", "active", "b"),
    "none active: the first": ("a b c", "", "active", "a"),
    "two active: the first of them": ("a b* c*", "", "active", "b"),
    "the active one is disabled": ("-a* b c", "", "active", "b"),
    "the first is disabled, none active": ("-a b", "", "active", "b"),
    "failover begins with the active one": ("a b* c", "", "failover", "b"),
    "failover goes on in list order": ("a b* c", "b", "failover", "c"),
    "failover comes round to the head": ("a b* c", "b c", "failover", "a"),
    "failover passes the disabled": ("a b* -c", "b", "failover", "a"),
}


@pytest.mark.parametrize(("told", "skip", "routing", "chosen"), CHOICES.values(), ids=CHOICES)
def test_choices(told: str, skip: str, routing: Routing, chosen: str) -> None:
    found = choose(accounts(told), skip=frozenset(skip.split()), routing=routing, health=well)
    assert found.account.id == chosen


NOBODY: dict[str, tuple[str, str, Routing, str | None, str]] = {
    "no account at all": ("", "", "active", None, "AMAZONQ_REFRESH_TOKEN"),
    "the file is broken": ("", "", "active", "line 3, column 4", "mended .line 3, column 4"),
    "all disabled": ("-a -b*", "", "active", None, "every account is disabled"),
    "active is never routed around": ("a b*", "b", "active", None, "no account is left"),
    "failover has tried all": ("a b*", "a b", "failover", None, "no account is left"),
}


@pytest.mark.parametrize(
    ("told", "skip", "routing", "problem", "words"), NOBODY.values(), ids=NOBODY
)
def test_nobody(told: str, skip: str, routing: Routing, problem: str | None, words: str) -> None:
    with pytest.raises(NoAccount, match=words):
        choose(
            accounts(told), skip=frozenset(skip.split()), routing=routing, problem=problem,
            health=well,
        )  # fmt: skip


def health(**told: str) -> Callable[[Account], Health]:
    """``a="quota_used?"``: a has used its quota, and may be asked again."""
    known = {name: _health(word) for name, word in told.items()}
    return lambda account: known.get(account.id, Health("ready"))


def _health(word: str) -> Health:
    state: Any = word.removesuffix("?")
    return Health(state, "Reason", NOW, LATER if state == "quota_used" else None, "said so",
                  probe="?" in word)  # fmt: skip


NOW, LATER = 1_790_000_000.0, 1_793_491_200.0  # 2026-09-21 and the first of November

WHYS: dict[str, tuple[str, dict[str, str], Routing, str, Why, str]] = {
    "it is flagged": ("a b*", {}, "active", "b", "active", ""),
    "nobody is": ("a b", {}, "active", "a", "first", ""),
    "the flagged one is disabled": ("a -b*", {}, "active", "a", "first", "b disabled"),
    "the head is disabled": ("-a b", {}, "active", "b", "first", "a disabled"),
    "active: a void login is told by the service": (
        "a* b", {"a": "needs_login"}, "active", "a", "active", ""),
    "active: so is a quota": ("a* b", {"a": "quota_used?"}, "active", "a", "active", ""),
    "active: so is a throttle": ("a* b", {"a": "throttled"}, "active", "a", "active", ""),
    "active: a suspended one may be tried": (
        "a* b", {"a": "suspended?"}, "active", "a", "probe", ""),
    "failover, all is well": ("a* b", {"b": "suspended"}, "failover", "a", "active", ""),
    "failover past a quota": (
        "a* b", {"a": "quota_used"}, "failover", "b", "failover", "a quota_used"),
    "failover past a void login": (
        "a* b", {"a": "needs_login"}, "failover", "b", "failover", "a needs_login"),
    "failover past all kinds": (
        "-d e a* b c", {"a": "needs_login", "b": "suspended", "c": "quota_used"}, "failover", "e",
        "failover", "a needs_login, b suspended, c quota_used, d disabled"),
    "a throttle is never evaded": ("a* b", {"a": "throttled"}, "failover", "a", "active", ""),
    "a quota that may be over": ("a* b", {"a": "quota_used?"}, "failover", "a", "probe", ""),
    "a login that may be well": ("a* b", {"a": "needs_login?"}, "failover", "a", "probe", ""),
    "a suspension that may be over": ("a* b", {"a": "suspended?"}, "failover", "a", "probe", ""),
    "the next may be well again": (
        "a* b c", {"a": "quota_used", "b": "suspended?"}, "failover", "b", "probe",
        "a quota_used"),
    "failover from one that is not flagged": (
        "a b", {"a": "quota_used"}, "failover", "b", "failover", "a quota_used"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "states", "routing", "chosen", "why", "passed"), WHYS.values(), ids=WHYS
)
def test_why(
    told: str, states: dict[str, str], routing: Routing, chosen: str, why: Why, passed: str
) -> None:
    def known(account: Account) -> Health:
        return health(**states)(account) if account.enabled else Health("disabled")

    found = choose(accounts(told), routing=routing, health=known)
    assert (found.account.id, found.why) == (chosen, why)
    assert ", ".join(f"{one.account_id} {one.state}" for one in found.passed) == passed


def test_those_who_failed_this_call_are_passed_over_too() -> None:
    known = health(a="quota_used", b="ready")
    found = choose(accounts("a* b c"), skip=frozenset("ab"), routing="failover", health=known)
    assert (found.account.id, found.why) == ("c", "failover")
    assert list(map(str, found.passed)) == ["a:Reason", "b:Reason"]


STOPPED: dict[str, tuple[str, dict[str, str], str, Routing]] = {
    "active": ("a* b", {"a": "suspended"}, "", "active"),
    "the stand-in": ("a b", {"a": "suspended"}, "", "active"),
    "failover": ("a* b", {"a": "suspended"}, "", "failover"),
    "tried and still suspended": ("a* b", {"a": "suspended?"}, "a", "failover"),
    "suspended while this call had another failure": ("a* b", {"a": "suspended"}, "a", "failover"),
}


@pytest.mark.parametrize(("told", "states", "skip", "routing"), STOPPED.values(), ids=STOPPED)
def test_a_suspended_account_stops_its_calls(
    told: str, states: dict[str, str], skip: str, routing: Routing
) -> None:
    words = (
        "the service has suspended the account a since 2026-09-21 14:13 UTC, and no call is sent"
        ".* an hour has passed. It said: said so"
    )
    with pytest.raises(AccountSuspended, match=words):
        choose(accounts(told), skip=frozenset(skip), routing=routing, health=health(**states))


def test_where_nobody_is_left_it_says_why() -> None:
    states = {"a": "quota_used", "b": "needs_login", "c": "suspended"}
    with pytest.raises(NoAccount) as raised:
        choose(accounts("a* b c -d"), routing="failover", health=health(**states))
    assert str(raised.value) == (
        "no account is left to serve this call: a has used its allowance until"
        " 2026-11-01 00:00 UTC; b must sign in again; c is suspended"
    )
    with pytest.raises(NoAccount, match=r"this call: b must sign in again; c is suspended\Z"):
        choose(
            accounts("a* b c -d"), skip=frozenset("a"), routing="failover",
            health=health(**states),
        )  # fmt: skip


def test_a_crowd_is_not_listed() -> None:
    crowd = [replace(account, name="x" * 1000) for account in accounts("a* b c d e f g")]
    with pytest.raises(NoAccount, match=r"; and 2 more\Z") as raised:
        choose(crowd, routing="failover", health=lambda _: Health("needs_login"))
    assert len(str(raised.value)) < 600


CANNOT = ("needs_login", "quota_used", "suspended")


class Case:
    """Accounts ``n0``, ``n1`` … in any state, some of which have failed the call already."""

    def __init__(self, drawn: list[tuple[bool, bool, State, bool, bool]], routing: Routing) -> None:
        words = [
            f"{'' if enabled else '-'}n{number}{'*' if active else ''}"
            for number, (enabled, active, *_) in enumerate(drawn)
        ]
        self.accounts, self.routing = accounts(" ".join(words)), routing
        self.health: dict[str, Health] = {}
        for account, (_, _, state, probe, _) in zip(self.accounts, drawn, strict=True):
            told = state if account.enabled else "disabled"
            self.health[account.id] = Health(told, probe=probe)
        self.skip = {f"n{number}" for number, (*_, skipped) in enumerate(drawn) if skipped}
        serving = [account for account in self.accounts if account.enabled]
        flagged = [account for account in serving if account.is_active]
        self.home = next(iter(flagged or serving), None)
        self.decided: Choice | AccountSuspended | NoAccount
        try:
            self.decided = choose(
                self.accounts, skip=frozenset(self.skip), routing=routing,
                health=lambda account: self.health[account.id],
            )  # fmt: skip
        except (AccountSuspended, NoAccount) as failure:
            self.decided = failure

    def barred(self, account: Account) -> bool:
        known = self.health[account.id]
        return known.state in CANNOT and not known.probe

    def before(self, chosen: Account) -> set[str]:
        """Who comes before it: counted from the active account and round the list; if that one
        is disabled, it and its like come first, and then the others from the head on."""
        at = self.accounts.index(chosen)
        if self.home is None or not self.home.is_active:
            flagged = {account.id for account in self.accounts if account.is_active}
            return flagged | {account.id for account in self.accounts[:at]}
        start = self.accounts.index(self.home)
        end = at if at >= start else at + len(self.accounts)
        return {self.accounts[place % len(self.accounts)].id for place in range(start, end)}


FLAG = st.booleans()
CASES = st.builds(
    Case,
    st.lists(st.tuples(FLAG, FLAG, st.sampled_from(get_args(State)), FLAG, FLAG), max_size=6),
    st.sampled_from(get_args(Routing)),
)


@given(CASES)
def test_the_chosen_one_can_serve(case: Case) -> None:
    if isinstance(case.decided, Choice):
        chosen = case.decided.account
        assert chosen.enabled and chosen.id not in case.skip
        assert case.health[chosen.id].state != "suspended" or case.decided.why == "probe"
        assert case.decided.why != "probe" or case.health[chosen.id].probe
        assert case.routing == "failover" or chosen is case.home
        assert (case.decided.why == "active") <= chosen.is_active
        assert (case.decided.why in ("active", "first")) <= (chosen is case.home)
        assert (case.decided.why == "failover") <= (chosen is not case.home)


@given(CASES)
def test_exactly_those_before_it_are_named(case: Case) -> None:
    if isinstance(case.decided, Choice):
        passed = {one.account_id: one.state for one in case.decided.passed}
        assert passed.keys() == case.before(case.decided.account)
        for account in case.accounts:
            if account.id in passed:
                assert passed[account.id] == case.health[account.id].state
                assert not account.enabled or account.id in case.skip or case.barred(account)


@given(CASES)
def test_only_a_suspended_account_whose_turn_it_is_stops_calls(case: Case) -> None:
    home = case.home
    stopped = home is not None and case.health[home.id].state == "suspended" and (
        home.id in case.skip or not case.health[home.id].probe
    )  # fmt: skip
    assert isinstance(case.decided, AccountSuspended) == stopped


@given(CASES)
def test_nobody_is_left_only_if_nobody_can_serve(case: Case) -> None:
    if isinstance(case.decided, NoAccount):
        left = [a for a in case.accounts if a.enabled and a.id not in case.skip]
        if case.routing == "active":
            assert case.home not in left
        else:
            assert all(case.barred(account) for account in left)
            named = set(re.findall(r"\bn\d", str(case.decided)))
            assert named <= {account.id for account in left}
            assert len(named) == min(len(left), 5)
