"""Where people sign in: what they may type, and which service that means."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.model import DEFAULT_TOKEN_URL, Account
from amq2api.accounts.place import Place, distinct, is_web_address, of_account, place
from amq2api.dialects.amazonq.oidc import BUILDER_ID_START_URL
from amq2api.errors import BadRequest

COMPANY = "https://acme.awsapps.com/start"
BUILDER_ID = Place("builder-id", BUILDER_ID_START_URL, "us-east-1")
ACME = Place("identity-center", COMPANY, "eu-west-1")

PLACES: dict[str, tuple[tuple[str, ...], Place]] = {
    "builder id": (("builder-id",), BUILDER_ID),
    "builder id, said twice": (("builder-id", BUILDER_ID_START_URL, "us-east-1"), BUILDER_ID),
    "builder id by its start url": (("identity-center", BUILDER_ID_START_URL, ""), BUILDER_ID),
    "company": (("identity-center", COMPANY, "eu-west-1"), ACME),
    "as copied from a browser": (
        ("identity-center", f" {COMPANY}#/?tab=accounts ", " eu-west-1\n"), ACME,
    ),
    "this machine": (
        ("identity-center", "http://127.0.0.1:3016/start", "eu-west-1"),
        Place("identity-center", "http://127.0.0.1:3016/start", "eu-west-1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("said", "meant"), PLACES.values(), ids=PLACES)
def test_places(said: tuple[str, ...], meant: Place) -> None:
    assert place(*said) == meant


NONSENSE: dict[str, tuple[tuple[str, ...], str]] = {
    "kind": (("social",), "kind"),
    "no start url": (("identity-center", "", "eu-west-1"), "start_url"),
    "not encrypted": (("identity-center", "http://acme.awsapps.com/start", "eu-west-1"),
                      "start_url"),
    "no host": (("identity-center", "https:///start", "eu-west-1"), "start_url"),
    "a name": (("identity-center", "https://user@acme.com/start", "eu-west-1"), "start_url"),
    "a script": (("identity-center", "javascript:alert(1)", "eu-west-1"), "start_url"),
    "a space": (("identity-center", "https://acme.com/ start", "eu-west-1"), "start_url"),
    "endless": (("identity-center", COMPANY + "x" * 2048, "eu-west-1"), "start_url"),
    "no region": (("identity-center", COMPANY, ""), "region"),
    "a region that is a host": (("identity-center", COMPANY, "evil.example/"), "region"),
    "a region that ends in one": (("identity-center", COMPANY, "us-east-1.evil.example"), "region"),
    "builder id elsewhere": (("builder-id", "", "eu-west-1"), "region"),
    "builder id of a company": (("builder-id", COMPANY), "start_url"),
}  # fmt: skip


@pytest.mark.parametrize(("said", "field"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_told_by_its_member(said: tuple[str, ...], field: str) -> None:
    with pytest.raises(BadRequest, match=f"^{field}: ") as told:
        place(*said)
    assert told.value.field == field


@given(st.text(), st.text(), st.text())
def test_whatever_is_typed_is_a_place_or_is_refused(kind: str, start_url: str, region: str) -> None:
    for known in (kind, "identity-center", "builder-id"):
        try:
            found = place(known, start_url, region)
        except BadRequest:
            continue
        assert is_web_address(found.start_url)
        host = found.oidc_url().removeprefix("https://")
        assert host == f"oidc.{found.region}.amazonaws.com"
        assert all(c.isascii() and (c.isalnum() or c in "-.") for c in host)


def test_the_service_follows_from_the_region_unless_the_operator_chose_another() -> None:
    assert ACME.oidc_url(DEFAULT_TOKEN_URL) == "https://oidc.eu-west-1.amazonaws.com"
    assert ACME.oidc_url("http://127.0.0.1:3016/token") == "http://127.0.0.1:3016"
    with pytest.raises(BadRequest, match="AMAZONQ_TOKEN_ENDPOINT does not end in /token"):
        ACME.oidc_url("http://127.0.0.1:3016/elsewhere")


ALIASES = {
    COMPANY: "acme",
    "https://d-1234567890.awsapps.com/start": "",
    "https://portal.example.com/start": "",
}


@pytest.mark.parametrize(("start_url", "alias"), ALIASES.items())
def test_what_people_call_it(start_url: str, alias: str) -> None:
    assert place("identity-center", start_url, "us-east-1").alias == alias


def account(**members: Any) -> Account:
    return Account(id="1", refresh_token="r", client_id="i", client_secret="s", **members)


def test_an_account_is_signed_in_again_where_it_was() -> None:
    assert of_account(account(auth="builder-id")) == BUILDER_ID
    assert of_account(account()) == BUILDER_ID
    assert of_account(account(start_url=COMPANY, region="eu-west-1")) == ACME
    for unknown in ({"auth": "identity-center"}, {"profile_arn": "arn:aws:codewhisperer:…"}):
        with pytest.raises(BadRequest, match="start_url: is missing"):
            of_account(account(**unknown))


WEB = {
    "https://a.example/b?c#d": True, "https://[::1]:8443/": True, "http://localhost:1/x": True,
    "http://127.0.0.1:3016/device?user_code=A-B": True, "http://[::1]/": True,
    "http://a.example/": False, "file:///etc/passwd": False, "https://a.example/\n": False,
    "https://a.example:123456/": False, "--new-window": False, "": False,
}  # fmt: skip


@pytest.mark.parametrize(("address", "expected"), WEB.items())
def test_where_a_browser_may_be_sent(address: str, *, expected: bool) -> None:
    assert is_web_address(address) is expected


def test_names_are_told_apart_by_numbers() -> None:
    assert distinct("acme", {"other"}) == "acme"
    assert distinct("acme", {"acme", "acme 2"}) == "acme 3"
