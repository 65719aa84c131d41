import base64
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.sealing import Custody, Opened, Seal, SealBroken, is_sealed

SEAL, OTHER = Seal("one long passphrase", cost=2), Seal("another passphrase", cost=2)
# Half a surrogate pair is legal in JSON, and so in a file that people edit.
TEXT = st.text(st.characters(exclude_categories=()))


@given(TEXT, TEXT)
def test_what_is_sealed_opens_again_and_no_two_are_alike(plain: str, what: str) -> None:
    sealed = SEAL.seal(plain, what)
    assert SEAL.open(sealed, what) == plain
    assert SEAL.open(f" {sealed}\n", what) == plain
    assert is_sealed(sealed) and sealed.isascii()
    assert SEAL.seal(plain, what) != sealed


@given(st.text(max_size=40), st.data())
def test_one_changed_letter_and_it_does_not_open(plain: str, data: st.DataObject) -> None:
    sealed = SEAL.seal(plain, "refresh_token")
    place = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda c: c != sealed[place]))
    changed = sealed[:place] + letter + sealed[place + 1 :]
    with pytest.raises(SealBroken):
        SEAL.open(changed, "refresh_token")


@given(st.text(max_size=40), st.integers(1, 10), st.text("Ab_-=", min_size=1, max_size=4))
def test_one_cut_or_lengthened_does_not_open(plain: str, cut: int, more: str) -> None:
    sealed = SEAL.seal(plain, "refresh_token")
    for changed in (sealed[:-cut], sealed + more):
        with pytest.raises(SealBroken):
            SEAL.open(changed, "refresh_token")


@given(TEXT, TEXT, TEXT)
def test_none_stands_in_for_another_member(plain: str, what: str, elsewhere: str) -> None:
    if what != elsewhere:
        with pytest.raises(SealBroken):
            SEAL.open(SEAL.seal(plain, what), elsewhere)


def short(size: int) -> str:
    return "enc:v1:" + base64.urlsafe_b64encode(bytes(size)).decode().rstrip("=")


BROKEN: dict[str, tuple[str, str]] = {
    "another key": (OTHER.seal("hush", "client_id"), "another key than AMQ2API_ENCRYPTION_KEY"),
    "a later format": ("enc:v2:hush", "in a way that this version does not know"),
    "no format": ("enc:", "in a way that this version does not know"),
    "plain": ("hush", "in a way that this version does not know"),
    "nothing in it": ("enc:v1:", "is damaged"),
    "too short": (short(27), "is damaged"),
    "no base64": ("enc:v1:hüsh", "is damaged"),
    "zeros": (short(28), "another key than AMQ2API_ENCRYPTION_KEY"),
}


@pytest.mark.parametrize(("sealed", "words"), BROKEN.values(), ids=BROKEN)
def test_what_does_not_open_is_told_without_a_value(sealed: str, words: str) -> None:
    with pytest.raises(SealBroken, match=words) as raised:
        SEAL.open(sealed, "client_id")
    assert raised.value.what == "client_id"
    assert str(raised.value) == f"client_id {raised.value.why}"
    assert "hush" not in str(raised.value)


SEALED: dict[str, tuple[str, bool]] = {
    "sealed": ("enc:v1:xyz", True),
    "with space around": (" enc:v1:xyz\n", True),
    "by a later version": ("enc:v9:xyz", True),
    "a refresh token": ("aorAAAAAGm", False),
    "empty": ("", False),
    "further in": ("x enc:v1:", False),
    "in capitals": ("ENC:v1:xyz", False),
}


@pytest.mark.parametrize(("text", "sealed"), SEALED.values(), ids=SEALED)
def test_what_is_sealed_is_seen(text: str, sealed: bool) -> None:
    assert is_sealed(text) is sealed


def test_values_of_earlier_releases_open() -> None:
    kept = "enc:v1:s7oec8FvLe9303Zg5vsPUFTalIpV-K3IxhZZ8etaWDmsW-nwRD01uhdqi4oCMQ"
    assert Seal("correct horse battery staple").open(kept, "refresh_token") == "aorExample-Grüße"


def test_a_key_is_the_same_however_its_letters_are_composed() -> None:
    composed, decomposed = "gr\u00fc\u00dfe an alle hier", "gru\u0308\u00dfe an alle hier"
    sealed = Seal(composed, cost=2).seal("x", "client_id")
    assert Seal(decomposed, cost=2).open(sealed, "client_id") == "x"


def test_secrets_do_not_show() -> None:
    seal = Seal("hush-hush-hush-hush", cost=2)
    seal.seal("hush", "client_id")
    assert "hush" not in repr(seal) + str(seal) + repr(Custody(seal, seal))


Text = Literal["plain", "new", "old", "foreign"]
TEXTS: dict[Text, str] = {
    "plain": "hush",
    "new": SEAL.seal("hush", "client_id"),
    "old": OTHER.seal("hush", "client_id"),
    "foreign": Seal("nobody knows this one", cost=2).seal("hush", "client_id"),
}
NONE, NEW, CHANGE, REMOVAL = Custody(), Custody(SEAL), Custody(SEAL, OTHER), Custody(None, OTHER)
OPENED: dict[str, tuple[Custody, Text, bool | str]] = {
    "no key: plain": (NONE, "plain", True),
    "no key: sealed": (NONE, "new", "there is no key: set AMQ2API_ENCRYPTION_KEY"),
    "key: plain": (NEW, "plain", False),
    "key: its own": (NEW, "new", True),
    "key: another": (NEW, "old", "another key than AMQ2API_ENCRYPTION_KEY"),
    "change: plain": (CHANGE, "plain", False),
    "change: new": (CHANGE, "new", True),
    "change: old": (CHANGE, "old", False),
    "change: neither": (CHANGE, "foreign", "another key than AMQ2API_ENCRYPTION_KEY"),
    "removal: plain": (REMOVAL, "plain", True),
    "removal: old": (REMOVAL, "old", False),
    "removal: another": (REMOVAL, "new", "another key than AMQ2API_ENCRYPTION_KEY"),
}


@pytest.mark.parametrize(("custody", "text", "outcome"), OPENED.values(), ids=OPENED)
def test_what_opens_and_whether_it_stands_as_it_ought_to(
    custody: Custody, text: Text, outcome: bool | str
) -> None:
    if isinstance(outcome, str):
        with pytest.raises(SealBroken, match=outcome):
            custody.opened(TEXTS[text], "client_id")
    else:
        assert custody.opened(TEXTS[text], "client_id") == Opened("hush", outcome)


@pytest.mark.parametrize("custody", [NONE, NEW, CHANGE, REMOVAL])
def test_what_is_closed_stands_as_it_ought_to(custody: Custody) -> None:
    closed = custody.closed("hush", "client_id")
    assert custody.opened(closed, "client_id") == Opened("hush", True)
    assert is_sealed(closed) is (custody.seal is not None)
