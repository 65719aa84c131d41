"""What a report keeps to itself, whatever was found."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.cli.checks.check import Check
from amq2api.cli.report import Finding, contents, scrubbed

HOMES = ["/home/alice"]
PRIVATE = {
    "an ARN": (
        "profile arn:aws:codewhisperer:us-east-1:123456789012:profile/ABC, of us",
        "profile arn:aws:codewhisperer:us-east-1:(hidden), of us",
    ),
    "an ARN of another partition": (
        "arn:aws-us-gov:transform:us-gov-west-1:123456789012:profile/A",
        "arn:aws-us-gov:transform:us-gov-west-1:(hidden)",
    ),
    "an account's number": ("of 123456789012.", "of (a number)."),
    "a directory": ("User d-0123456789.uuid-1 may not", "User (an id) may not"),
    "a user's id": ("id 3F2b8c1e-1111-4aaa-9999-123456789abc!", "id (an id)!"),
    "an e-mail address": ("ask al.ice+q@example.co.uk", "ask (an address)"),
    "a password in an address": ("http://user:hush@proxy:8080/", "http://(hidden)@proxy:8080/"),
    "a refresh token": ("aorAAAAAGmExample_of-a/token+long=", "(a secret)"),
    "an access token": ("Bearer aoaAAAAAGmExample_of-a/token", "Bearer (a secret)"),
    "a client secret": ("eyJraWQiOiJrZXktMTU2NDAyODA5OSIs.x", "(a secret)"),
    "an API key": ("ksk_0123456789abcdefghij", "(a secret)"),
    "a client key": ("sk-amq-0123456789abcdefghij", "(a secret)"),
    "a sealed value": ("enc:v1:0123456789abcdefghij", "(a secret)"),
    "a home": ("/home/alice/q/account.json: broken", "~/q/account.json: broken"),
}
HARMLESS = [
    "account.json, line 2, column 20: Expecting property name",
    "http://127.0.0.1:3015/", "https://q.us-east-1.amazonaws.com/", "1795274170.17", "(2 set)",
    "claude-sonnet-4-5-20250929", "AMQ2API_ENCRYPTION_KEY", "the encryption of it", "2026-11-21",
]  # fmt: skip


@pytest.mark.parametrize(("found", "told"), PRIVATE.values(), ids=PRIVATE)
def test_what_tells_of_somebody_is_hidden(found: str, told: str) -> None:
    assert scrubbed(found, HOMES) == told
    assert scrubbed({"key": [{"key": found}]}, HOMES) == {"key": [{"key": told}]}


@pytest.mark.parametrize("found", HARMLESS)
def test_what_tells_of_nobody_stays(found: str) -> None:
    assert scrubbed(found, HOMES) == found


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)
DIGITS = st.text("0123456789", min_size=12, max_size=12)


@given(JSON)
def test_the_shape_stays_and_a_second_look_hides_nothing_more(found: Any) -> None:
    once = scrubbed(found, HOMES)
    assert scrubbed(once, HOMES) == once
    assert re.sub(r'"[^"]*"', "", json.dumps(once)) == re.sub(
        r'"[^"]*"', "", json.dumps(scrubbed(once, []))
    )


@given(st.text(), DIGITS, st.text())
def test_no_account_number_gets_out(before: str, number: str, after: str) -> None:
    arn = f"{before} arn:aws:codewhisperer:us-east-1:{number}:profile/X {after}"
    assert f":{number}:" not in scrubbed(arn, HOMES)


def test_who_a_check_is_about_stays_at_home() -> None:
    found = Finding(checks=[Check("account", "ok", "It serves.", about="alice (id-alice)")])
    told = contents(found)["report.json"]
    assert told == [Check("account", "ok", "It serves.")]
