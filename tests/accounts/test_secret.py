"""Secrets hide from whatever shows things, and are what they are for all else."""

import copy
import json
import pickle
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.model import Account, Credential, Token, fingerprint
from amq2api.accounts.secret import HIDDEN, Secret, plain

MARK = "aor-very-secret"

SHOWN: dict[str, Callable[[Any], str]] = {
    "str": str,
    "repr": repr,
    "format": lambda secret: f"{secret:>40}",
    "f-string": lambda secret: f"token {secret} {secret!r} {secret!s}",
    "percent": lambda secret: "token %s %r" % (secret, secret),  # noqa: UP031
    "str.format": lambda secret: "token {} {!r}".format(secret, secret),  # noqa: UP032
    "in a list": lambda secret: str([secret, {"token": secret}]),
    "as an error": lambda secret: "".join(traceback.format_exception(ValueError(secret))),
    "as a missing key": lambda secret: str(KeyError(secret)),
    "an encoder that asks for str": lambda secret: msgspec.json.encode(
        {"a": [secret]}, enc_hook=str
    ).decode(),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_what_shows_things_shows_nothing(show: Callable[[Any], str]) -> None:
    told = show(Secret(MARK))
    assert MARK not in told
    assert HIDDEN in told


@given(st.text())
def test_for_all_else_it_is_the_text_it_is(text: str) -> None:
    secret = Secret(text)
    assert secret == text
    assert hash(secret) == hash(text)
    assert secret.encode("utf-8", "surrogatepass") == text.encode("utf-8", "surrogatepass")
    assert "Bearer " + secret == "Bearer " + text
    assert json.loads(json.dumps(secret)) == text
    assert fingerprint(secret) == fingerprint(text)
    assert type(plain(secret)) is str
    assert plain(secret) == text


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_hides_too(again: Callable[[Secret], Secret]) -> None:
    assert str(again(Secret(MARK))) == HIDDEN
    assert again(Secret(MARK)) == MARK


def test_what_is_made_of_plain_texts_holds_secrets() -> None:
    account = Account(id="a", refresh_token=MARK, client_id=MARK, client_secret=MARK)
    token = Token(MARK, MARK, 0.0)
    held = [
        account.refresh_token, account.client_id, account.client_secret, token.access,
        token.refresh, replace(account, refresh_token=MARK + "2").refresh_token,
    ]  # fmt: skip
    credential = account.credential(token.refresh)
    assert isinstance(credential, Credential)
    held += [credential.client_id, credential.client_secret, credential.refresh_token]
    assert all(type(one) is Secret for one in held)
    assert MARK not in f"{account} {token} {credential}"
