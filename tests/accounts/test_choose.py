import pytest

from amq2api.accounts.choose import Routing, choose
from amq2api.accounts.health import Health
from amq2api.accounts.model import Account
from amq2api.errors import NoAccount


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
