"""Complaints about inputs: in words, with a place, and never with the value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from amq2api.admin.inputs import (
    Bundle,
    Changes,
    ForeignImport,
    Import,
    NewAccount,
    NewLogin,
)
from amq2api.admin.refusals import complaint

SECRET = "a secret that somebody pasted into the wrong box"
GOOD = {"refresh_token": "aor", "client_id": "c", "client_secret": "s"}
CENTER = {"kind": "identity-center", "start_url": "https://a.awsapps.com/start",
          "region": "us-east-1"}  # fmt: skip
BUNDLE = {
    "format": "amq2api-export", "version": 1, "created_at": 1, "accounts": 1,
    "kdf": {"name": "scrypt", "n": 131072, "r": 8, "p": 1, "salt": "A" * 22 + "=="},
    "cipher": "AES-256-GCM", "nonce": "A" * 16, "ciphertext": "",
}  # fmt: skip

COMPLAINTS: dict[str, tuple[Any, Any, str]] = {
    "missing": (NewAccount, GOOD | {"client_id": None}, "client_id: must be a text"),
    "unknown": (NewAccount, GOOD | {"nmae": SECRET}, "nmae: is not known here"),
    "too long": (NewAccount, GOOD | {"name": "a" * 201}, "name: must have at most 200 characters"),
    "too short": (
        Import, {"passphrase": "short", "bundle": BUNDLE},
        "passphrase: must have at least 8 characters",
    ),
    "two words": (
        NewAccount, GOOD | {"client_secret": SECRET},
        "client_secret: must be one word of plain ASCII characters",
    ),
    "no object": (NewAccount, SECRET, "the body must be a JSON object"),
    "no truth": (Changes, {"enabled": SECRET}, "enabled: must be true or false"),
    "no region": (
        Changes, {"region": SECRET}, "region: must be the name of an AWS region, such as us-east-1"
    ),
    "no ARN": (
        Changes, {"profile_arn": SECRET},
        "profile_arn: must look like arn:aws:codewhisperer:REGION:ACCOUNT:profile/NAME",
    ),
    "an address inside": (
        NewLogin, CENTER | {"start_url": SECRET},
        "start_url: must be an https address, such as https://example.awsapps.com/start",
    ),
    "no kind": (NewLogin, {"start_url": SECRET}, "kind: is missing"),
    "a strange kind": (
        NewLogin, {"kind": SECRET}, "kind: must be one of 'builder-id', 'identity-center'"
    ),
    "no consent": (ForeignImport, {"source": "kiro-cli", "consent": SECRET},
                   "consent: must be true"),
    "deep inside": (
        Import, {"passphrase": "long enough", "bundle": BUNDLE | {"kdf": {"name": SECRET}}},
        "bundle.kdf.name: must be 'scrypt'",
    ),
    "a number too small": (Bundle, BUNDLE | {"accounts": -1}, "accounts: must be at least 0"),
    "no whole number": (Bundle, BUNDLE | {"accounts": 1.5}, "accounts: must be a whole number"),
    "no known form": (
        Bundle, BUNDLE | {"nonce": SECRET}, "nonce: does not have the expected form"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "words"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_complaints(kind: Any, value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    told = complaint(caught.value.errors())
    assert str(told) == words
    assert told.field == (words.partition(": ")[0] if ": " in words else None)
    assert SECRET not in str(told)


def test_a_member_of_any_length_is_named_by_its_beginning() -> None:
    with pytest.raises(ValidationError) as caught:
        NewAccount.model_validate(GOOD | {"x" * 10_000: 1})
    assert len(str(complaint(caught.value.errors()))) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(min_size=20, max_size=40),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


KINDS = st.sampled_from([NewAccount, Changes, NewLogin, Import, ForeignImport])
NAMES = st.sampled_from([
    "name", "refresh_token", "client_id", "client_secret", "kind", "region", "passphrase", "bundle",
])  # fmt: skip


@given(KINDS, st.dictionaries(NAMES, JSON))
def test_no_complaint_repeats_what_was_sent(kind: Any, value: dict[str, Any]) -> None:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as exc:
        told = str(complaint(exc.errors()))
        assert told and "{" not in told
        for sent in value.values():
            assert not isinstance(sent, str) or sent not in told


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert Bundle.model_validate(BUNDLE | {"accounts": 2.0}).accounts == 2


def test_what_is_pasted_is_trimmed() -> None:
    pasted = {name: f" {value}\r\n" for name, value in GOOD.items()}
    assert NewAccount.model_validate(pasted).fields() == GOOD
    assert NewAccount.model_validate(GOOD | {"name": " \n", "region": ""}).fields() == GOOD


CHANGED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "a name": ({"name": "x"}, {"name": "x"}),
    "no name any more": ({"name": None, "region": "", "start_url": " "},
                         {"name": None, "region": None, "start_url": None}),
    "off": ({"enabled": False}, {"enabled": False}),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "members"), CHANGED.values(), ids=CHANGED)
def test_changes_are_what_was_sent(sent: dict[str, Any], members: dict[str, Any]) -> None:
    assert Changes.model_validate(sent).members() == members
