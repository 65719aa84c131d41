"""Logins of other programs: what is taken from them, and what is told of the rest."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts import candidate as c
from amq2api.accounts.imports import (
    KIRO_IDE_FILE,
    REGISTRATION_KEYS,
    TOKEN_KEYS,
    from_cache,
    from_cli,
)
from amq2api.accounts.model import read_entry

NOW = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
BUILDER_ID = "https://view.awsapps.com/start"
COMPANY = "https://acme.awsapps.com/start"
ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"
SCOPES = ["codewhisperer:completions", "codewhisperer:conversations"]

TOKEN = {
    "access_token": "hush-a", "expires_at": "2026-11-21T12:00:00.123456789Z",
    "refresh_token": "hush-r", "region": "us-east-1", "start_url": BUILDER_ID,
    "oauth_flow": "DeviceCode", "scopes": SCOPES,
}  # fmt: skip
CLIENT = {
    "client_id": "hush-i", "client_secret": "hush-s",
    "client_secret_expires_at": "2027-02-01T00:00:00Z", "region": "us-east-1",
    "oauth_flow": "DeviceCode", "scopes": SCOPES,
}  # fmt: skip
EXPIRES_AT = datetime(2027, 2, 1, tzinfo=UTC).timestamp()
SECRETS = {"refresh_token": "hush-r", "client_id": "hush-i", "client_secret": "hush-s"}


def cli(profile: Any = None, **rows: Any) -> list[c.Candidate]:
    """Rows by short names: ``q`` and ``q_client`` are Amazon Q CLI's, the others Kiro CLI's."""
    keys = {
        "q": "codewhisperer:odic:token", "q_client": "codewhisperer:odic:device-registration",
        "kiro": "kirocli:odic:token", "kiro_client": "kirocli:odic:device-registration",
        "oidc": "kirocli:oidc:token", "social": "kirocli:social:token",
    }  # fmt: skip
    texts = {keys[name]: v if isinstance(v, str) else json.dumps(v) for name, v in rows.items()}
    return from_cli("CLI", texts, json.dumps(profile) if profile else "", NOW)


def cache(**files: Any) -> list[c.Candidate]:
    """Files by name without ``.json``; ``kiro`` is the IDE's."""
    texts = {
        KIRO_IDE_FILE if name == "kiro" else f"{name}.json": (
            found if isinstance(found, str) else json.dumps(found)
        )
        for name, found in files.items()
    }
    return from_cache(texts, NOW)


def test_a_builder_id_of_the_command_line() -> None:
    (found,) = cli({"arn": ARN, "profile_name": "left"}, q=TOKEN, q_client=CLIENT)
    assert found.fields == {
        **SECRETS, "name": "CLI: Builder ID", "auth": "builder-id", "region": "us-east-1",
        "start_url": BUILDER_ID, "registration_expires_at": EXPIRES_AT,
    }  # fmt: skip
    assert (found.label, found.why_not, found.doubt) == ("CLI: Builder ID", "", "")
    assert "hush" not in repr(found)


def test_a_company_s_login_with_its_profile() -> None:
    token = TOKEN | {"start_url": COMPANY, "region": "eu-west-1"}
    (found,) = cli({"arn": ARN, "profile_name": "Lab"}, kiro=token, kiro_client=CLIENT)
    assert found.fields == {
        **SECRETS, "name": f"CLI: {COMPANY}", "auth": "identity-center", "region": "eu-west-1",
        "start_url": COMPANY, "profile_arn": ARN, "registration_expires_at": EXPIRES_AT,
    }  # fmt: skip
    assert found.doubt == ""
    (found,) = cli(kiro=token, kiro_client=CLIENT)
    assert found.fields is not None and "profile_arn" not in found.fields
    assert "no profile is told" in found.doubt


def test_no_start_url_is_a_builder_id() -> None:
    bare = {key: value for key, value in TOKEN.items() if key not in ("start_url", "region")}
    (found,) = cli({"arn": ARN}, q=bare, q_client=CLIENT)
    assert found.fields is not None
    assert (found.fields["auth"], found.fields["region"]) == ("builder-id", "us-east-1")
    assert found.fields["start_url"] == BUILDER_ID and "profile_arn" not in found.fields


def test_the_order_of_the_keys_and_no_login_twice() -> None:
    found = cli(
        q=TOKEN, q_client=CLIENT, kiro=TOKEN | {"refresh_token": "hush-k"}, kiro_client=CLIENT,
        oidc=TOKEN | {"refresh_token": "hush-k"}, social={"provider": "Github"},
    )  # fmt: skip
    tokens = [f.fields["refresh_token"] if f.fields else f.why_not for f in found]
    assert tokens == ["hush-k", c.SOCIAL, "hush-r"]
    assert found[1].label == "CLI: Github"


def test_the_other_spelling_of_a_registration_will_do() -> None:
    (found,) = cli(oidc=TOKEN, kiro_client=CLIENT)
    assert found.fields is not None and found.fields["client_id"] == "hush-i"


USELESS: dict[str, tuple[dict[str, Any], str]] = {
    "no refresh token": ({"q": TOKEN | {"refresh_token": None}, "q_client": CLIENT},
                         c.NO_REFRESH_TOKEN),
    "no registration": ({"q": TOKEN}, c.NO_REGISTRATION),
    "another program's registration": ({"q": TOKEN, "kiro_client": CLIENT}, c.NO_REGISTRATION),
    "a broken registration": ({"q": TOKEN, "q_client": "{"}, c.NO_REGISTRATION),
    "half a registration": ({"q": TOKEN, "q_client": CLIENT | {"client_secret": ""}},
                            c.NO_REGISTRATION),
    "expired": ({"q": TOKEN, "q_client": CLIENT | {"client_secret_expires_at": NOW}}, c.EXPIRED),
    "expired, no zone": (
        {"q": TOKEN, "q_client": CLIENT | {"client_secret_expires_at": "2026-11-20T23:59:59"}},
        c.EXPIRED,
    ),
    "expired, somewhere": (
        {"q": TOKEN, "q_client": CLIENT | {"client_secret_expires_at": "2026-11-21T01:00+02:00"}},
        c.EXPIRED,
    ),
    "for something else": ({"q": TOKEN | {"scopes": ["sso:account:access"]}, "q_client": CLIENT},
                           c.ELSEWHERE),
    "no JSON": ({"q": "hush"}, c.UNREADABLE),
    "no object": ({"q": [TOKEN]}, c.UNREADABLE),
    "no region": ({"q": TOKEN | {"region": "evil.example/"}, "q_client": CLIENT}, c.UNREADABLE),
    "no start url": ({"q": TOKEN | {"start_url": "javascript:hush"}, "q_client": CLIENT},
                     c.UNREADABLE),
    "social": ({"social": TOKEN}, c.SOCIAL),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "why_not"), USELESS.values(), ids=USELESS)
def test_what_cannot_be_used_is_told_why(rows: dict[str, Any], why_not: str) -> None:
    (found,) = cli(**rows)
    assert found.fields is None
    assert found.why_not == why_not and found.label.startswith("CLI: ")
    assert "hush-" not in repr(found)


@pytest.mark.parametrize("expires_at", [None, True, "soon", "1e999", 10**400, NOW + 1])
def test_a_registration_whose_end_makes_no_sense_may_be_good(expires_at: object) -> None:
    (found,) = cli(q=TOKEN, q_client=CLIENT | {"client_secret_expires_at": expires_at})
    assert (found.fields is None) == (expires_at is True)


KIRO = {
    "accessToken": "hush-a", "refreshToken": "hush-r", "expiresAt": "2026-11-21T12:00:00.000Z",
    "authMethod": "IdC", "provider": "BuilderId", "region": "us-east-1", "clientIdHash": "abc123",
}  # fmt: skip
KIRO_CLIENT = {"clientId": "hush-i", "clientSecret": "hush-s", "expiresAt": "2027-02-01T00:00:00"}


def test_the_login_of_kiro_s_editor() -> None:
    (found,) = cache(kiro=KIRO, abc123=KIRO_CLIENT)
    assert found.fields == {
        **SECRETS, "name": "Kiro: Builder ID", "auth": "builder-id", "region": "us-east-1",
        "start_url": BUILDER_ID, "registration_expires_at": EXPIRES_AT,
    }  # fmt: skip
    assert found.doubt == ""


def test_the_login_of_kiro_s_editor_at_a_company() -> None:
    token = KIRO | {"provider": "Enterprise", "region": "eu-west-1", "profileArn": ARN}
    (found,) = cache(kiro=token, abc123=KIRO_CLIENT)
    assert found.fields == {
        **SECRETS, "name": "Kiro: Enterprise", "auth": "identity-center", "region": "eu-west-1",
        "profile_arn": ARN, "registration_expires_at": EXPIRES_AT,
    }  # fmt: skip


def test_a_hash_that_leads_elsewhere_leads_nowhere() -> None:
    for hash_ in ("../../../etc/passwd", "", "gone", 7):
        (found,) = cache(kiro=KIRO | {"clientIdHash": hash_}, abc123=KIRO_CLIENT)
        assert found.why_not == c.NO_REGISTRATION


NOT_KIRO: dict[str, tuple[dict[str, Any], str, str]] = {
    "social": ({"authMethod": "social", "provider": "Github"}, "Kiro: Github", c.SOCIAL),
    "of another identity provider": ({"authMethod": "external_idp", "provider": ""},
                                     "Kiro: external_idp", c.UNREADABLE),
    "expired": ({"clientIdHash": "old"}, "Kiro: Builder ID", c.EXPIRED),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "label", "why_not"), NOT_KIRO.values(), ids=NOT_KIRO)
def test_logins_of_kiro_that_cannot_be_used(
    changes: dict[str, Any], label: str, why_not: str
) -> None:
    old = KIRO_CLIENT | {"expiresAt": "2026-01-01T00:00:00Z"}
    (found,) = cache(kiro=KIRO | changes, abc123=KIRO_CLIENT, old=old)
    assert (found.label, found.why_not) == (label, why_not)


BOTO = {
    "startUrl": COMPANY, "region": "eu-west-1", "accessToken": "hush-a", "refreshToken": "hush-r",
    "expiresAt": "2026-11-21T12:00:00Z", "clientId": "hush-i", "clientSecret": "hush-s",
    "registrationExpiresAt": "2027-02-01T00:00:00Z",
}  # fmt: skip


def test_a_login_of_the_aws_command_line_may_be_for_anything() -> None:
    (found,) = cache(d033e22ae3=BOTO)
    assert found.fields == {
        **SECRETS, "name": f"AWS SSO cache: {COMPANY}", "auth": "identity-center",
        "region": "eu-west-1", "start_url": COMPANY, "registration_expires_at": EXPIRES_AT,
    }  # fmt: skip
    assert found.label == f"AWS SSO cache: {COMPANY} (d033e22ae3.json)"
    assert "is not told" in found.doubt and "no profile" in found.doubt
    (found,) = cache(x=BOTO | {"scopes": SCOPES})
    assert "is not told" not in found.doubt
    (found,) = cache(x=BOTO | {"scopes": ["sso:account:access"]})
    assert found.why_not == c.ELSEWHERE
    (found,) = cache(x=BOTO | {"startUrl": BUILDER_ID})
    assert found.fields is not None and found.fields["auth"] == "builder-id"
    (found,) = cache(x={key: value for key, value in BOTO.items() if key != "startUrl"})
    assert found.fields is not None and "auth" not in found.fields


SEPARATE = {key: value for key, value in BOTO.items() if not key.startswith("client")}
LS_CLIENT = {**KIRO_CLIENT, "scopes": SCOPES}


def test_a_registration_in_a_file_of_its_own() -> None:
    (found,) = cache(token=SEPARATE, client=LS_CLIENT)
    assert found.fields is not None and found.fields["registration_expires_at"] == EXPIRES_AT
    assert "found by likeness" in found.doubt
    theirs = LS_CLIENT | {"startUrl": COMPANY, "region": "eu-west-1", "clientId": "theirs"}
    (found,) = cache(token=SEPARATE, client=LS_CLIENT, theirs=theirs)
    assert found.fields is not None and found.fields["client_id"] == "theirs"
    assert "found by likeness" not in found.doubt
    (found,) = cache(token=SEPARATE | {"clientIdHash": "a"}, a=LS_CLIENT, b=LS_CLIENT)
    assert found.fields is not None and "found by likeness" not in found.doubt
    for others in ({}, {"a": LS_CLIENT, "b": LS_CLIENT}, {"a": theirs | {"region": "us-east-1"}}):
        (found,) = cache(token=SEPARATE, **others)
        assert found.why_not == c.NO_REGISTRATION


def test_what_else_lies_about() -> None:
    found = cache(broken="{hush", text='"hush"', client=LS_CLIENT, x={"a": 1}, old={
        "accessToken": "hush", "startUrl": COMPANY, "region": "us-east-1",
    })  # fmt: skip
    assert [(f.label, f.why_not) for f in found] == [
        ("broken.json", c.UNREADABLE), ("text.json", c.UNREADABLE),
        (f"AWS SSO cache: {COMPANY} (old.json)", c.NO_REFRESH_TOKEN),
    ]  # fmt: skip


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(sorted({*TOKEN, *CLIENT, *KIRO, *BOTO, "scopes", "profile_arn"}))
LEAVES = SCALARS | st.lists(SCALARS, max_size=3) | st.sampled_from(["IdC", COMPANY, BUILDER_ID])
OBJECTS = st.dictionaries(KEYS, LEAVES | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2))
TEXTS = (OBJECTS | LEAVES).map(json.dumps) | st.text()


@given(st.dictionaries(st.sampled_from([*TOKEN_KEYS, *REGISTRATION_KEYS]), TEXTS), TEXTS,
       st.dictionaries(st.sampled_from([KIRO_IDE_FILE, "a.json", "b.json"]), TEXTS))  # fmt: skip
def test_whatever_others_keep_is_taken_whole_or_explained(
    rows: dict[str, str], profile: str, files: dict[str, str]
) -> None:
    for found in (*from_cli("CLI", rows, profile, NOW), *from_cache(files, NOW)):
        assert found.label
        if found.fields is None:
            assert found.why_not
        else:
            account = read_entry(dict(found.fields), 1)
            assert account.refresh_token and account.client_id and not found.why_not
            json.dumps(dict(found.fields), allow_nan=False)
