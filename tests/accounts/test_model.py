from typing import Any

import pytest

from amq2api.accounts.model import (
    DEFAULT_TOKEN_URL,
    Account,
    EntryProblem,
    Token,
    derived_id,
    from_environment,
    read_entry,
)

SECRETS = {"refresh_token": "hush-r", "client_id": "hush-c", "client_secret": "hush-s"}
WHOLE: dict[str, Any] = {
    "id": "a1", **SECRETS, "profile_arn": "arn:aws:codewhisperer:eu-central-1:1:profile/X",
    "name": "work", "is_active": True, "created_at": "2026-01-01", "region": "eu-west-1",
    "start_url": "https://x.awsapps.com/start", "auth": "idc", "enabled": False,
    "registration_expires_at": 1790000000, "colour": {"deep": [1, None]},
}  # fmt: skip


def test_a_whole_entry() -> None:
    account = read_entry(WHOLE, 1)
    assert account == Account(
        id="a1", refresh_token="hush-r", client_id="hush-c", client_secret="hush-s",
        profile_arn="arn:aws:codewhisperer:eu-central-1:1:profile/X", name="work",
        is_active=True, created_at="2026-01-01", region="eu-west-1",
        start_url="https://x.awsapps.com/start", auth="idc", enabled=False,
        registration_expires_at=1790000000.0, extra={"colour": {"deep": [1, None]}},
    )  # fmt: skip
    assert isinstance(hash(account), int)


TOLERATED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the least there can be": ({}, {"id": derived_id("hush-r"), "enabled": True, "name": ""}),
    "null is absent": (
        {"id": None, "name": None, "is_active": None, "profile_arn": None, "created_at": None},
        {"id": derived_id("hush-r"), "is_active": False, "profile_arn": "", "created_at": None},
    ),
    "a number for an id": ({"id": 0}, {"id": "0"}),
    "space around pasted text": ({"refresh_token": " hush\n"}, {"refresh_token": "hush"}),
    "flags as numbers": ({"is_active": 1, "enabled": 0}, {"is_active": True, "enabled": False}),
    "a registration without an end": (
        {"registration_expires_at": 0}, {"registration_expires_at": None},
    ),
    "a registration unknown": (
        {"registration_expires_at": None}, {"registration_expires_at": None},
    ),
    "a time as a number": ({"created_at": 1760000000.5}, {"created_at": 1760000000.5}),
}  # fmt: skip


@pytest.mark.parametrize(("entry", "seen"), TOLERATED.values(), ids=TOLERATED)
def test_what_is_tolerated(entry: dict[str, Any], seen: dict[str, Any]) -> None:
    account = read_entry(SECRETS | entry, 1)
    assert {key: getattr(account, key) for key in seen} == seen


_NO_TIMES: tuple[object, ...] = (
    "2026-01-01", True, [], -1, 10**400, float("nan"), float("inf"),
)  # fmt: skip
PROBLEMS: dict[str, tuple[object, str, str]] = {
    "no object": ("hush", "", "entry 3: is not an object"),
    "missing secret": ({}, "refresh_token", "entry 3: refresh_token is missing"),
    "blank secret": (SECRETS | {"client_id": " "}, "client_id", "entry 3: client_id is missing"),
    "secret of a wrong kind": (
        SECRETS | {"client_secret": ["hush"]}, "client_secret",
        "entry 3: client_secret must be a string",
    ),
    "id of a wrong kind": (SECRETS | {"id": True}, "id", "entry 3: id must be a string"),
    "flag of a wrong kind": (
        SECRETS | {"is_active": "yes"}, "is_active", "entry 3: is_active must be true or false",
    ),
    "time of a wrong kind": (
        SECRETS | {"created_at": []}, "created_at",
        "entry 3: created_at must be a string or a number",
    ),
    **{
        f"end of registration {value!r:.5}": (
            SECRETS | {"registration_expires_at": value}, "registration_expires_at",
            "entry 3: registration_expires_at must be a time in Unix seconds",
        )
        for value in _NO_TIMES
    },
    "a region that leads elsewhere": (
        SECRETS | {"region": "evil.example/"}, "region",
        "entry 3: region is not the name of an AWS region",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("entry", "key", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_problems_name_the_place_and_no_value(entry: object, key: str, words: str) -> None:
    with pytest.raises(EntryProblem) as raised:
        read_entry(entry, 3)
    assert (raised.value.index, raised.value.key, str(raised.value)) == (3, key, words)


REGIONS: dict[str, tuple[str, str | None]] = {
    "frankfurt": ("arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABC", "eu-central-1"),
    "government": ("arn:aws-us-gov:codewhisperer:us-gov-west-1:1:profile/A", "us-gov-west-1"),
    "none": ("", None),
    "no arn": ("eu-central-1", None),
    "no region in it": ("arn:aws:codewhisperer::1:profile/A", None),
    "something else in its place": ("arn:aws:codewhisperer:evil.example/:1:profile/A", None),
}


@pytest.mark.parametrize(("arn", "region"), REGIONS.values(), ids=REGIONS)
def test_the_profile_decides_the_region(arn: str, region: str | None) -> None:
    assert read_entry(SECRETS | {"profile_arn": arn}, 1).api_region == region


OWN = "https://oidc.eu-west-1.amazonaws.com/token"


@pytest.mark.parametrize(
    ("region", "configured", "url"),
    [
        ("", DEFAULT_TOKEN_URL, DEFAULT_TOKEN_URL),
        ("eu-west-1", DEFAULT_TOKEN_URL, OWN),
        ("eu-west-1", "http://127.0.0.1:9/token", "http://127.0.0.1:9/token"),
        ("", "http://127.0.0.1:9/token", "http://127.0.0.1:9/token"),
    ],
    ids=["default", "the account's region", "the operator's choice wins", "operator's choice"],
)
def test_where_tokens_are_renewed(region: str, configured: str, url: str) -> None:
    assert read_entry(SECRETS | {"region": region}, 1).token_url(configured) == url


def test_the_environment_makes_one_active_account() -> None:
    account = from_environment(**SECRETS, profile_arn="arn")
    assert (account.source, account.is_active, account.profile_arn) == ("environment", True, "arn")
    other = from_environment(**SECRETS | {"refresh_token": "hush-other"})
    assert account.id != other.id
    assert from_environment(**SECRETS | {"refresh_token": " hush-r\n"}).id == account.id


def test_an_environment_with_a_gap_is_named() -> None:
    with pytest.raises(EntryProblem, match="client_id is missing"):
        from_environment(refresh_token="hush-r", client_id="", client_secret="hush-s")


def test_secrets_do_not_show() -> None:
    account = read_entry(SECRETS | {"password": "hush-x"}, 1)
    shown = repr(account), repr(account.credential("hush-n")), repr(Token("hush", "hush", 1.0))
    assert "hush" not in "".join(shown)
    assert "hush" not in account.id
