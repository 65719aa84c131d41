import json
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amq2api.accounts import bundle
from amq2api.accounts.model import Entry
from amq2api.errors import BadRequest

# Half a surrogate pair is legal in JSON, and so in a file that people edit.
TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ENTRIES = st.lists(st.dictionaries(TEXT, JSON, max_size=4), max_size=4)
LISTED: list[Entry] = [{"id": "a", "refresh_token": "hush", "hue": "Grüße"}]


def packed(entries: list[Entry] = LISTED, words: str = "open sesame") -> dict[str, Any]:
    return bundle.pack(entries, words, now=1760000000.9, cost=2)


@settings(deadline=None)
@given(ENTRIES, TEXT)
def test_what_is_packed_is_unpacked(entries: list[Entry], passphrase: str) -> None:
    travelled = json.loads(json.dumps(packed(entries, passphrase)))
    assert bundle.unpack(travelled, passphrase) == entries


@settings(deadline=None)
@given(TEXT)
def test_another_passphrase_does_not_open_it(passphrase: str) -> None:
    if passphrase != "open sesame":
        with pytest.raises(BadRequest, match="wrong passphrase, or the bundle is damaged") as no:
            bundle.unpack(packed(), passphrase)
        assert no.value.field == "passphrase"


@given(st.data())
def test_one_changed_byte_and_it_does_not_open(data: st.DataObject) -> None:
    changed = packed()
    member = data.draw(st.sampled_from(["ciphertext", "nonce"]))
    # The last two letters may hold bits that stand for nothing.
    place = data.draw(st.integers(0, len(changed[member].rstrip("=")) - 3))
    letter = "A" if changed[member][place] != "A" else "B"
    changed[member] = changed[member][:place] + letter + changed[member][place + 1 :]
    with pytest.raises(BadRequest):
        bundle.unpack(changed, "open sesame")


def test_what_can_be_read_of_it() -> None:
    shown = packed()
    assert {key: shown[key] for key in ("format", "version", "created_at", "accounts")} == {
        "format": "amq2api-export", "version": 1, "created_at": 1760000000, "accounts": 1,
    }  # fmt: skip
    assert "hush" not in json.dumps(shown)
    assert packed()["ciphertext"] != shown["ciphertext"]
    assert packed()["kdf"]["salt"] != shown["kdf"]["salt"]


def test_it_is_made_dear_to_guess_at_unless_told_otherwise() -> None:
    made = bundle.pack(LISTED, "open sesame", now=0.0)
    assert made["kdf"] | {"salt": ""} == {"name": "scrypt", "n": 131072, "r": 8, "p": 1, "salt": ""}
    assert bundle.unpack(made, "open sesame") == LISTED


KEPT = {
    "format": "amq2api-export", "version": 1, "created_at": 1760000000, "accounts": 1,
    "kdf": {"name": "scrypt", "n": 2, "r": 8, "p": 1, "salt": "fMLVlwGafv6YGY9pI9jfog=="},
    "cipher": "AES-256-GCM", "nonce": "iW1EZRWksB6U49jI",
    "ciphertext": "IVUmKEM6nOKy3iQ/WKq7kz1BP7au9m/4HkPqSpFFswMBMsn5b2hPrBhRs0TzTNhZ"
    "aDDc27vQKhQaZZU4fNG2mhGPY2Ti99SCv3qVRlI+0Kk=",
}  # fmt: skip


def test_bundles_of_earlier_releases_open() -> None:
    assert bundle.unpack(KEPT, "open sesame") == LISTED


def test_another_program_may_have_written_it_anew() -> None:
    sorted_ = json.loads(json.dumps(packed() | {"comment": "of mine"}, sort_keys=True))
    assert bundle.unpack(sorted_, "open sesame") == LISTED


def test_a_passphrase_is_the_same_however_its_letters_are_composed() -> None:
    assert bundle.unpack(packed(words="gr\u00fc\u00dfe"), "gru\u0308\u00dfe") == LISTED


def kdf(**changes: Any) -> Any:
    return packed() | {"kdf": packed()["kdf"] | changes}


def without(member: str) -> Any:
    return {key: value for key, value in packed().items() if key != member}


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (None, "no bundle"),
    "a list": ([packed()], "no bundle"),
    "another object": ({"format": "zip"}, "no bundle"),
    "a newer one": (packed() | {"version": 2, "cipher": "rot13"}, "newer version"),
    "no version": (without("version"), "damaged: .*`version`"),
    "an odd version": (packed() | {"version": "1"}, "damaged: "),
    "no key": (without("kdf"), "damaged: .*`kdf`"),
    "no text": (without("ciphertext"), "damaged: .*`ciphertext`"),
    "text that is none": (packed() | {"ciphertext": "hush!"}, "damaged: "),
    "text too short": (packed() | {"ciphertext": "AAAA"}, "wrong passphrase, or"),
    "a short nonce": (packed() | {"nonce": "AAAA"}, "damaged: .*nonce"),
    "a long nonce": (packed() | {"nonce": "AAAA" * 99}, "damaged: .*nonce"),
    "another cipher": (packed() | {"cipher": "rot13"}, "damaged: .*cipher"),
    "a count that lies": (packed() | {"accounts": 2}, "wrong passphrase, or"),
    "a date that lies": (packed() | {"created_at": 0}, "wrong passphrase, or"),
    "another kdf": (kdf(name="md5"), "damaged: .*kdf.name"),
    "work without end": (kdf(n=2**40), "damaged: .*kdf.n"),
    "more work than there is": (kdf(n=2**400), "damaged: "),
    "too much work": (kdf(n=2**19), "damaged: .*kdf.n"),
    "memory without end": (kdf(r=2**30), "damaged: .*kdf.r"),
    "time without end": (kdf(p=2**30), "damaged: .*kdf.p"),
    "no work": (kdf(n=1), "damaged: .*kdf.n"),
    "work below zero": (kdf(n=-2), "damaged: .*kdf.n"),
    "an odd number": (kdf(n=131071), "damaged: kdf.n is no power of two"),
    "no salt": (kdf(salt=""), "damaged: .*kdf.salt"),
    "too much salt": (kdf(salt="AAAA" * 99), "damaged: .*kdf.salt"),
}


@pytest.mark.parametrize(("hostile", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_good_is_refused_quickly(hostile: Any, words: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadRequest, match=words) as refused:
        bundle.unpack(hostile, "open sesame")
    assert time.monotonic() - began < 1.0
    assert refused.value.field == ("passphrase" if "wrong passphrase" in words else "bundle")


def test_a_bundle_beyond_all_sense_is_refused() -> None:
    most = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        beyond = packed([{"n": 10**5000}])
    finally:
        sys.set_int_max_str_digits(most)
    with pytest.raises(BadRequest, match="holds no list of accounts"):
        bundle.unpack(beyond, "open sesame")


@pytest.mark.parametrize("inside", [{}, [7], [[]], "hush"], ids=repr)
def test_a_bundle_of_something_else_is_refused(inside: Any) -> None:
    with pytest.raises(BadRequest, match="holds no list of accounts"):
        bundle.unpack(packed(inside), "open sesame")
