import json
import re

import pytest

from accounts.endpoint import refusal
from amq2api.accounts.model import Credential, Token
from amq2api.accounts.refresh import Pause, refresh
from amq2api.errors import (
    GatewayError,
    LoginRequired,
    ProtocolError,
    RateLimited,
    UpstreamBroken,
    UpstreamTimeout,
)
from amq2api.wire.exchange import Answer, Ask

WHO = Credential("id", "hush-hush", "old")
URL = "https://oidc.us-east-1.amazonaws.com/token"
DOWN = refusal(500, "server_error")
GOOD = Answer(200, b'{"accessToken":"a","expiresIn":60,"refreshToken":"new"}')
TOKEN = Token("a", "new", 1060.0)


def converse(*said: Answer | GatewayError) -> tuple[Token | GatewayError, list[float]]:
    """Play the other side; the outcome, and the pauses made."""
    flow, rest, pauses = refresh(WHO, now=1000.0, token_url=URL), list(said), list[float]()
    outcome: Token | GatewayError
    try:
        step = next(flow)
        while True:
            if isinstance(step, Pause):
                pauses.append(step.seconds)
                step = flow.send(None)
            elif isinstance(answer := rest.pop(0), GatewayError):
                step = flow.throw(answer)
            else:
                step = flow.send(answer)
    except StopIteration as done:
        outcome = done.value
    except GatewayError as failure:
        outcome = failure
    assert not rest
    return outcome, pauses


def test_the_question() -> None:
    ask = next(refresh(WHO, now=0.0, token_url=URL))
    assert isinstance(ask, Ask)
    assert (ask.method, ask.url, ask.headers["content-type"]) == ("POST", URL, "application/json")
    assert json.loads(ask.body) == {
        "clientId": "id", "clientSecret": "hush-hush", "grantType": "refresh_token",
        "refreshToken": "old",
    }  # fmt: skip
    assert "hush" not in repr(ask)


TOKENS: dict[str, tuple[list[Answer | GatewayError], Token, list[float]]] = {
    "rotated": ([GOOD], TOKEN, []),
    "kept": ([Answer(200, b'{"accessToken":"a","expiresIn":60}')], Token("a", "old", 1060.0), []),
    "an empty one is none": (
        [Answer(200, b'{"accessToken":"a","expiresIn":60,"refreshToken":""}')],
        Token("a", "old", 1060.0), [],
    ),
    "down once": ([DOWN, GOOD], TOKEN, [0.5]),
    "down twice": ([DOWN, Answer(503, b"<html>"), GOOD], TOKEN, [0.5, 1.0]),
    "the road is broken once": ([UpstreamTimeout(), GOOD], TOKEN, [0.5]),
    "slow down": ([refusal(400, "slow_down"), GOOD], TOKEN, [0.5]),
    "slow down, and by how much": ([Answer(429, b"", {"retry-after": "3"}), GOOD], TOKEN, [3.0]),
    "by too much": ([Answer(429, b"", {"retry-after": "300"}), GOOD], TOKEN, [5.0]),
    "until a date": (
        [Answer(429, b"", {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), GOOD], TOKEN, [0.5],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("said", "token", "pauses"), TOKENS.values(), ids=TOKENS)
def test_success(said: list[Answer | GatewayError], token: Token, pauses: list[float]) -> None:
    assert converse(*said) == (token, pauses)


BUSY = Answer(429, b"", {"retry-after": "7"})
REFUSALS: dict[str, tuple[list[Answer | GatewayError], type[GatewayError], str]] = {
    "spent": ([refusal(400, "invalid_grant")], LoginRequired, "spent, revoked or expired"),
    "expired": ([refusal(400, "expired_token")], LoginRequired, "has expired"),
    "client gone": ([refusal(401, "invalid_client")], LoginRequired, "client registration"),
    "wrong client": ([refusal(400, "unauthorized_client")], LoginRequired, "sign in again"),
    "withdrawn": ([refusal(400, "access_denied")], LoginRequired, "access was withdrawn"),
    "our mistake": ([refusal(400, "invalid_request")], UpstreamBroken, "HTTP 400 invalid_request"),
    "an edge's 403": ([Answer(403, b"<html>hush-hush")], UpstreamBroken, "HTTP 403$"),
    "a word nobody knows": ([refusal(400, "hush-hush")], UpstreamBroken, "HTTP 400$"),
    "a redirection": ([Answer(302)], UpstreamBroken, "HTTP 302$"),
    "down for good": ([DOWN, DOWN, DOWN], UpstreamBroken, "HTTP 500 server_error"),
    "a 500 voids nothing": ([refusal(500, "invalid_grant")] * 3, UpstreamBroken, "HTTP 500"),
    "no road": ([UpstreamTimeout("silence")] * 3, UpstreamTimeout, "silence"),
    "busy for good": ([BUSY, BUSY, BUSY], RateLimited, "slow down .HTTP 429"),
    "down, then spent": ([DOWN, refusal(400, "invalid_grant")], LoginRequired, "spent"),
    "no json": ([Answer(200, b"<html>hush-hush")], ProtocolError, "unknown shape"),
    "no token": ([Answer(200, b'{"accessToken":"","expiresIn":1}')], ProtocolError, "without"),
}  # fmt: skip


@pytest.mark.parametrize(("said", "kind", "words"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(said: list[Answer | GatewayError], kind: type[GatewayError], words: str) -> None:
    failure, _ = converse(*said)
    assert type(failure) is kind and re.search(words, str(failure))
    assert "hush" not in str(failure)


def test_the_client_is_told_how_long_to_wait() -> None:
    failure, _ = converse(BUSY, BUSY, BUSY)
    assert isinstance(failure, RateLimited) and failure.retry_after == 7
