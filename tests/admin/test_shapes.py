"""How little of a secret is shown."""

import json

from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.health import Health, TokenState
from amq2api.accounts.model import Account, read_entry
from amq2api.admin.envelope import encode
from amq2api.admin.shapes import HIDDEN, SHOWN, detailed, listed, masked

SECRET = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)


def account(**more: object) -> Account:
    entry = {"refresh_token": "aor-refresh-token", "client_id": "the-client-id",
             "client_secret": "the-client-secret"}  # fmt: skip
    return read_entry(entry | more, 1)


@given(SECRET)
def test_a_mask_shows_ten_characters_or_none(secret: str) -> None:
    shown = masked(secret)
    assert shown == (HIDDEN if len(secret) <= SHOWN else secret[:10] + "...")


@given(SECRET, SECRET, SECRET)
def test_nothing_told_of_an_account_holds_more(refresh: str, client: str, secret: str) -> None:
    made = account(refresh_token=refresh, client_id=client, client_secret=secret)
    told = detailed(made, Health("ready"), TokenState(False, False))
    assert told["refresh_token"] == masked(refresh.strip())
    assert told["client_id"] == masked(client.strip())
    assert told["client_secret"] == HIDDEN
    rest = {key: value for key, value in told.items() if key not in listed(made)}
    assert rest.keys().isdisjoint({"refresh_token", "client_id", "client_secret", "extra"})


def test_what_nobody_knows_is_null() -> None:
    told = detailed(account(), Health("ready"), TokenState(False, False))
    for name in ("profile_arn", "created_at", "region", "start_url", "auth", "api_region",
                 "registration_expires_at"):  # fmt: skip
        assert told[name] is None
    assert told["token"] == {"present": False, "expired": False, "expires_at": None}


def test_whatever_people_wrote_into_the_file_can_be_told() -> None:
    odd = {"name": "half \ud800 and \u2028 a line", "created_at": 10**30}
    told = json.loads(encode(listed(account(**odd))))
    assert (told["name"], told["created_at"]) == (odd["name"], 10**30)
    assert b"\n" not in encode(listed(account(**odd)))
