"""Which account a person means, and what is said where none or several are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.model import Account
from amq2api.cli.app import Complaint
from amq2api.cli.naming import label, named, short_ids


def account(id_: str, name: str = "") -> Account:
    return Account(id=id_, name=name, refresh_token="r", client_id="c", client_secret="s")


HOME, WORK, TWIN, ODD = (
    account("abc-111", "home"),
    account("abc-222", "work"),
    account("xyz-333", "twin"),
    account("xyz-444", "twin"),
)
ALL = [HOME, WORK, TWIN, ODD]
FOUND = {
    "an id": ("abc-111", HOME),
    "a name": ("work", WORK),
    "a beginning of one id": ("abc-2", WORK),
    "an id that begins another": ("abc", account("abc")),
    "an id that is another's name": ("work", account("work", "other")),
    "a name that begins an id": ("abc-", account("q", "abc-")),
}


@pytest.mark.parametrize(("wanted", "meant"), FOUND.values(), ids=FOUND)
def test_an_id_comes_before_a_name_and_a_name_before_a_beginning(
    wanted: str, meant: Account
) -> None:
    everyone = ALL if meant in ALL else [*ALL, meant]
    assert named(everyone, wanted) == meant


NOT_FOUND = {
    "nobody": ("nobody", "not_found", ["home (abc-111)", "twin (xyz-444)"], []),
    "a name of two": ("twin", "ambiguous", ["xyz-333", "xyz-444"], ["home"]),
    "a beginning of two": ("abc-", "ambiguous", ["home", "work"], ["twin"]),
    "nothing": ("", "not_found", ["home"], []),
    "a beginning of a name": ("hom", "not_found", ["home"], []),
}


@pytest.mark.parametrize(("wanted", "kind", "said", "unsaid"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_a_miss_is_told_with_what_there_is(
    wanted: str, kind: str, said: list[str], unsaid: list[str]
) -> None:
    with pytest.raises(Complaint) as caught:
        named(ALL, wanted)
    assert caught.value.kind == kind
    assert all(words in str(caught.value) for words in said)
    assert not any(words in str(caught.value) for words in unsaid)


def test_without_accounts_it_is_told_how_to_get_one() -> None:
    with pytest.raises(Complaint, match="amq2api login"):
        named([], "home")


def test_hundreds_are_not_all_listed() -> None:
    with pytest.raises(Complaint, match="and 80 more"):
        named([account(f"id-{n}") for n in range(100)], "home")


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    assert label(account("id", "a\x1b[31mb\u202ec\nd")) == r"a\x1b[31mb\u202ec\nd (id)"


IDS = st.lists(st.text("ab-", min_size=1, max_size=40), min_size=1, unique=True)


@given(IDS)
def test_what_is_shown_of_an_id_names_its_account(ids: list[str]) -> None:
    accounts = [account(id_) for id_ in ids]
    shown = short_ids(accounts)
    for one in accounts:
        assert named(accounts, shown[one.id]) == one


@given(IDS)
def test_every_account_can_be_named_by_its_id(ids: list[str]) -> None:
    accounts = [account(id_, name) for id_, name in zip(ids, reversed(ids), strict=True)]
    assert [named(accounts, one.id) for one in accounts] == accounts
