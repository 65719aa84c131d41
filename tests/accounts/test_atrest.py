from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.atrest import AtRest
from amq2api.accounts.model import SECRETS, Entry, EntryProblem
from amq2api.accounts.sealing import Custody, Seal, is_sealed
from amq2api.errors import BadRequest

SEAL, OTHER = Seal("one long passphrase", cost=2), Seal("another passphrase", cost=2)
TEXT = st.text(st.characters(exclude_categories=()), min_size=1).filter(lambda t: not is_sealed(t))
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXT,
                    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
                    max_leaves=5)  # fmt: skip
SECRET = st.fixed_dictionaries({key: TEXT for key in SECRETS})
STRANGERS = st.dictionaries(TEXT.filter(lambda key: key not in SECRETS), JSON, max_size=3)
ENTRIES = st.lists(st.builds(lambda strangers, secrets: strangers | secrets, STRANGERS, SECRET),
                   max_size=4)  # fmt: skip


def entry(name: str, **more: Any) -> Entry:
    return {"refresh_token": f"r-{name}", "client_id": "c", "client_secret": "s"} | more


def written(entries: list[Entry], custody: Custody) -> list[Entry]:
    return AtRest(custody).closed(entries)


@given(ENTRIES)
def test_entries_come_back_as_they_were_and_only_secrets_are_sealed(entries: list[Entry]) -> None:
    at_rest = written(entries, Custody(SEAL))
    reading = AtRest(Custody(SEAL))
    assert reading.opened(at_rest) == entries
    assert reading.settled
    for plain, sealed in zip(entries, at_rest, strict=True):
        assert list(plain) == list(sealed)
        assert {key for key in plain if plain[key] != sealed[key]} == set(SECRETS)
        assert all(is_sealed(sealed[key]) for key in SECRETS)


@given(ENTRIES, st.randoms())
def test_what_did_not_change_keeps_its_text(entries: list[Entry], random: Any) -> None:
    at_rest = written(entries, Custody(SEAL))
    reading = AtRest(Custody(SEAL))
    plain = reading.opened(at_rest)
    assert reading.closed(plain) == at_rest
    assert reading.closed([*plain, entry("new")])[:-1] == at_rest
    random.shuffle(plain)
    texts = [e[key] for e in at_rest for key in SECRETS]
    assert sorted(e[key] for e in reading.closed(plain) for key in SECRETS) == sorted(texts)


@given(ENTRIES)
def test_without_a_key_all_stays_as_it_is(entries: list[Entry]) -> None:
    reading = AtRest(Custody())
    assert reading.opened(entries) == entries
    assert reading.settled
    assert reading.closed(entries) == entries


def test_only_the_changed_member_is_sealed_anew() -> None:
    [before] = at_rest = written([entry("a")], Custody(SEAL))
    reading = AtRest(Custody(SEAL))
    [plain] = reading.opened(at_rest)
    [after] = reading.closed([plain | {"refresh_token": "fresh"}])
    assert {key for key in before if before[key] != after[key]} == {"refresh_token"}


def test_equal_secrets_of_two_accounts_do_not_look_alike() -> None:
    a, b = written([entry("a"), entry("b")], Custody(SEAL))
    assert a["client_id"] != b["client_id"]
    reading = AtRest(Custody(SEAL))
    assert reading.closed(reading.opened([a, b])) == [a, b]


@pytest.mark.parametrize("plain", SECRETS)
def test_one_secret_in_the_open_is_enough_to_be_unsettled(plain: str) -> None:
    [sealed] = written([entry("a")], Custody(SEAL))
    reading = AtRest(Custody(SEAL))
    mixed = sealed | {plain: entry("a")[plain]}
    assert reading.opened([entry("a") | sealed, mixed]) == [entry("a"), entry("a")]
    assert not reading.settled
    first, second = reading.closed(reading.opened([sealed, mixed]))
    assert first == sealed and all(is_sealed(second[key]) for key in SECRETS)


SEALED: Entry = written([entry("a")], Custody(SEAL))[0]
PROBLEMS: dict[str, tuple[Custody, Entry, str]] = {
    "no key": (
        Custody(), SEALED,
        "entry 2: refresh_token is encrypted, and there is no key: set AMQ2API_ENCRYPTION_KEY to"
        " the one it was encrypted with",
    ),
    "wrong key": (
        Custody(OTHER), SEALED,
        "entry 2: refresh_token is encrypted with another key than AMQ2API_ENCRYPTION_KEY, or"
        " damaged: set the key it was encrypted with, or put the plain value in its place",
    ),
    "of another member": (
        Custody(SEAL), SEALED | {"client_secret": SEALED["client_id"]},
        "entry 2: client_secret is encrypted with another key than AMQ2API_ENCRYPTION_KEY, or"
        " damaged: set the key it was encrypted with, or put the plain value in its place",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("custody", "broken", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_problems_name_entry_and_member(custody: Custody, broken: Entry, words: str) -> None:
    with pytest.raises(EntryProblem) as raised:
        AtRest(custody).opened([entry("b"), broken])
    assert str(raised.value) == words


@pytest.mark.parametrize("stranger", [7, None, [], {"refresh_token": 7}, {"client_id": None}])
def test_what_is_no_entry_is_left_to_those_who_tell_so(stranger: Any) -> None:
    assert AtRest(Custody(SEAL)).opened([stranger]) == [stranger]


@pytest.mark.parametrize("custody", [Custody(), Custody(SEAL)], ids=["no key", "key"])
def test_a_plain_secret_that_looks_sealed_is_refused(custody: Custody) -> None:
    with pytest.raises(BadRequest, match=r"^client_id begins with enc:") as raised:
        written([entry("a", client_id=" enc:v1:hush")], custody)
    assert raised.value.field == "client_id"
    assert "hush" not in str(raised.value)
