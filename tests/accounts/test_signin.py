"""The conversation that signs somebody in, played without a network."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.endpoint import refusal
from amq2api.accounts.model import Token
from amq2api.accounts.place import place
from amq2api.accounts.refresh import Pause
from amq2api.accounts.signin import LONGEST_LIFE, Login, Prompt, sign_in
from amq2api.dialects.amazonq import oidc
from amq2api.errors import (
    BadRequest,
    GatewayError,
    LoginRequired,
    ProtocolError,
    UpstreamBroken,
    UpstreamTimeout,
)
from amq2api.wire.exchange import Answer, Ask

BASE = "https://oidc.eu-west-1.amazonaws.com"
COMPANY = "https://acme.awsapps.com/start"
Said = Answer | GatewayError


def ok(**members: object) -> Answer:
    return Answer(200, json.dumps(members).encode())


REGISTERED = ok(clientId="hush-id", clientSecret="hush-secret", clientSecretExpiresAt=9_000_000,
                clientIdIssuedAt=1000, authorizationEndpoint=None, tokenEndpoint=None)  # fmt: skip
CODE: dict[str, Any] = {
    "deviceCode": "hush-device", "userCode": "ABCD-EFGH", "expiresIn": 600, "interval": 1,
    "verificationUri": "https://device.example/",
    "verificationUriComplete": "https://device.example/?user_code=ABCD-EFGH",
}  # fmt: skip
AUTHORIZED = ok(**CODE)
PENDING = refusal(400, "authorization_pending")
SLOW = refusal(400, "slow_down")
DOWN = refusal(500, "server_error")
TOKEN = ok(accessToken="hush-access", expiresIn=3600, refreshToken="hush-refresh", idToken=None)


@dataclass
class Played:
    """What became of a conversation; its clock moves only by the pauses."""

    outcome: Login | GatewayError | None = None
    asks: list[Ask] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    now: float = 1000.0

    @property
    def polls(self) -> int:
        return sum(ask.url.endswith("/token") for ask in self.asks)


def play(said: Callable[[int], Said], *, ticks: float = 1.0) -> Played:
    """*said* gives the answer to each question by its number; *ticks* is how fast the clock is."""
    played = Played()
    flow = sign_in(COMPANY, oidc_url=BASE, now=lambda: played.now)
    try:
        step = next(flow)
        while True:
            match step:
                case Pause():
                    played.pauses.append(step.seconds)
                    played.now += step.seconds * ticks
                    step = flow.send(None)
                case Prompt():
                    played.prompts.append(step)
                    step = flow.send(None)
                case Ask():
                    played.asks.append(step)
                    answer = said(len(played.asks) - 1)
                    if isinstance(answer, UpstreamBroken):
                        step = flow.throw(answer)
                    else:
                        assert isinstance(answer, Answer)
                        step = flow.send(answer)
    except StopIteration as done:
        played.outcome = done.value
    except GatewayError as failure:
        played.outcome = failure
    return played


def scripted(*said: Said) -> Played:
    """*said* in order; all of it must be used up."""
    played = play(lambda number: said[number])
    assert len(played.asks) == len(said)
    return played


def test_the_questions() -> None:
    played = scripted(REGISTERED, AUTHORIZED, PENDING, TOKEN)
    assert [ask.url for ask in played.asks] == [
        f"{BASE}/client/register", f"{BASE}/device_authorization", f"{BASE}/token", f"{BASE}/token",
    ]  # fmt: skip
    assert all(ask.headers["content-type"] == "application/json" for ask in played.asks)
    register, authorize, poll, again = (json.loads(ask.body) for ask in played.asks)
    assert register == {
        "clientName": "amq2api", "clientType": "public", "scopes": list(oidc.SCOPES),
    }  # fmt: skip
    client = {"clientId": "hush-id", "clientSecret": "hush-secret"}
    assert authorize == {**client, "startUrl": COMPANY}
    assert poll == again == {
        **client, "grantType": oidc.DEVICE_GRANT, "deviceCode": "hush-device",
    }  # fmt: skip


def test_what_signing_in_yields() -> None:
    played = scripted(REGISTERED, AUTHORIZED, PENDING, PENDING, TOKEN)
    token = Token("hush-access", "hush-refresh", 1003.0 + 3600)
    assert played.outcome == Login(token, "hush-id", "hush-secret", 9_000_000.0)
    assert "hush" not in repr(played.outcome)
    assert played.prompts == [
        Prompt("ABCD-EFGH", "https://device.example/", CODE["verificationUriComplete"], 1600.0)
    ]
    assert played.pauses == [1.0, 1.0, 1.0]


def test_what_goes_into_the_account_file() -> None:
    outcome = scripted(REGISTERED, AUTHORIZED, TOKEN).outcome
    assert isinstance(outcome, Login)
    where = place("identity-center", COMPANY, "eu-west-1")
    assert outcome.fields(where, "arn:p") == {
        "refresh_token": "hush-refresh", "client_id": "hush-id", "client_secret": "hush-secret",
        "profile_arn": "arn:p", "auth": "identity-center", "region": "eu-west-1",
        "start_url": COMPANY, "registration_expires_at": 9_000_000.0,
    }  # fmt: skip
    assert outcome.fields(where)["profile_arn"] is None


PACES: dict[str, tuple[list[Said], list[float]]] = {
    "as told": ([ok(**CODE | {"interval": 3}), PENDING, TOKEN], [3, 3]),
    "as the standard says": (
        [ok(**{k: v for k, v in CODE.items() if k != "interval"}), TOKEN], [5],
    ),
    "not faster than every second": ([ok(**CODE | {"interval": -7}), PENDING, TOKEN], [1, 1]),
    "slow down, for good": ([AUTHORIZED, SLOW, PENDING, SLOW, PENDING, TOKEN], [1, 6, 6, 11, 11]),
    "too many requests": ([AUTHORIZED, Answer(429), PENDING, TOKEN], [1, 6, 6]),
    "and when": ([AUTHORIZED, Answer(429, b"", {"retry-after": "40"}), TOKEN], [1, 40]),
    "down": ([AUTHORIZED, DOWN, DOWN, DOWN, PENDING, DOWN, TOKEN], [1, 2, 4, 8, 1, 2]),
    "the road is broken": ([AUTHORIZED, UpstreamTimeout(), Answer(502), PENDING, TOKEN],
                           [1, 2, 4, 1]),
    "down for long": ([AUTHORIZED, *[DOWN] * 7, TOKEN], [1, 2, 4, 8, 16, 30, 30, 30]),
}  # fmt: skip


@pytest.mark.parametrize(("said", "pauses"), PACES.values(), ids=PACES)
def test_the_pace_of_polling(said: list[Said], pauses: list[float]) -> None:
    played = scripted(REGISTERED, *said)
    assert isinstance(played.outcome, Login)
    assert played.pauses == pauses


def test_a_service_that_is_down_for_a_moment_is_asked_again_before_there_is_a_code() -> None:
    played = scripted(DOWN, REGISTERED, UpstreamBroken(), Answer(503), AUTHORIZED, TOKEN)
    assert isinstance(played.outcome, Login)
    assert played.pauses == [0.5, 0.5, 1.0, 1.0]


FAILURES: dict[str, tuple[list[Said], type[GatewayError], str]] = {
    "no registration": ([refusal(400, "invalid_scope")], UpstreamBroken, "HTTP 400 invalid_scope"),
    "down for good": ([DOWN, DOWN, DOWN], UpstreamBroken, "HTTP 500 server_error"),
    "no road": ([UpstreamTimeout("silence")] * 3, UpstreamTimeout, "silence"),
    "a registration of no shape": ([Answer(200, b"<html>hush")], ProtocolError, "unknown shape"),
    "an empty registration": ([ok(clientId="", clientSecret="")], ProtocolError, "no client"),
    "wrong start url": ([REGISTERED, refusal(400, "invalid_request")], BadRequest,
                        "refuses this start URL in this region"),
    "a code of no shape": ([REGISTERED, ok(deviceCode=1)], ProtocolError, "unknown shape"),
    "no device code": ([REGISTERED, ok(**CODE | {"deviceCode": ""})], ProtocolError, "device code"),
    "a script for a link": ([REGISTERED, ok(**CODE | {"verificationUri": "javascript:hush()"})],
                            ProtocolError, "no link"),
    "a file for a link": ([REGISTERED, ok(**CODE | {"verificationUriComplete": "file:///hush"})],
                          ProtocolError, "no link"),
    "a code nobody can read": ([REGISTERED, ok(**CODE | {"userCode": "A\x1b[2J"})],
                               ProtocolError, "no code"),
    "no code": ([REGISTERED, ok(**CODE | {"userCode": ""})], ProtocolError, "no code"),
    "expired": ([REGISTERED, AUTHORIZED, refusal(400, "expired_token")], LoginRequired,
                "nobody confirmed the code in time; start again"),
    "denied": ([REGISTERED, AUTHORIZED, PENDING, refusal(400, "access_denied")], LoginRequired,
               "access was denied"),
    "used": ([REGISTERED, AUTHORIZED, refusal(400, "invalid_grant")], LoginRequired, "start again"),
    "client gone": ([REGISTERED, AUTHORIZED, refusal(401, "invalid_client")], LoginRequired,
                    "start again"),
    "our mistake": ([REGISTERED, AUTHORIZED, refusal(400, "invalid_request")], UpstreamBroken,
                    "HTTP 400 invalid_request"),
    "an edge's 403": ([REGISTERED, AUTHORIZED, Answer(403, b"hush")], UpstreamBroken, "HTTP 403$"),
    "a token of no shape": ([REGISTERED, AUTHORIZED, ok(accessToken=1)], ProtocolError,
                            "unknown shape"),
    "nothing to renew it with": ([REGISTERED, AUTHORIZED, ok(accessToken="a", expiresIn=1)],
                                 ProtocolError, "without a token"),
}  # fmt: skip


@pytest.mark.parametrize(("said", "kind", "words"), FAILURES.values(), ids=FAILURES)
def test_failures(said: list[Said], kind: type[GatewayError], words: str) -> None:
    failure = scripted(*said).outcome
    assert type(failure) is kind
    with pytest.raises(kind, match=words):
        raise failure
    assert "hush" not in str(failure)


def test_a_code_that_nobody_confirms_ends_when_it_is_void() -> None:
    played = play(lambda number: (REGISTERED, AUTHORIZED, PENDING)[min(number, 2)])
    assert isinstance(played.outcome, LoginRequired)
    assert played.polls == 599 and played.now == 1600.0


def test_it_ends_even_by_a_clock_that_stands_still() -> None:
    code = ok(**CODE | {"expiresIn": 20})
    played = play(lambda number: (REGISTERED, code, PENDING)[min(number, 2)], ticks=0.0)
    assert isinstance(played.outcome, LoginRequired)
    assert played.polls == 20


def test_a_code_that_is_said_to_live_for_ever_does_not() -> None:
    code = ok(**CODE | {"expiresIn": 10**12, "interval": 60})
    played = play(lambda number: (REGISTERED, code, PENDING)[min(number, 2)])
    assert isinstance(played.outcome, LoginRequired)
    assert played.now == 1000.0 + LONGEST_LIFE


ANSWERS = st.sampled_from([
    REGISTERED, AUTHORIZED, PENDING, SLOW, DOWN, TOKEN, UpstreamTimeout(), Answer(429),
    Answer(200, b"{}"), Answer(200, b"hush"), refusal(400, "expired_token"), Answer(418, b"hush"),
    refusal(401, "invalid_client"), Answer(503, b"", {"retry-after": "99999999"}),
])  # fmt: skip


@given(st.lists(ANSWERS), st.sampled_from([PENDING, SLOW, DOWN, UpstreamTimeout()]),
       st.integers(-5, 10**6), st.integers(-5, 100))  # fmt: skip
def test_whatever_is_answered_it_ends_in_time_at_a_fair_pace_and_tells_no_secret(
    said: Sequence[Said], rest: Said, expires_in: int, interval: int
) -> None:
    code = ok(**CODE | {"expiresIn": expires_in, "interval": interval})
    script = [REGISTERED, code, *said]
    played = play(lambda number: script[number] if number < len(script) else rest)
    outcome, allowed = played.outcome, max(interval, 1)
    assert isinstance(outcome, Login | GatewayError)
    assert "hush" not in str(outcome) and "hush" not in repr(outcome) + repr(played.prompts)
    assert len(played.prompts) <= 1
    if played.prompts:
        waited = played.pauses[-played.polls :] if played.polls else played.pauses
        assert all(pause >= allowed for pause in waited)
        slowed = sum(answer == SLOW for answer in said[: played.polls - 1])
        assert played.polls == 0 or played.pauses[-1] >= allowed + 5 * slowed
        # The last pause may lead beyond the end, and by no more than the service asked for.
        assert played.now - sum(played.pauses[-1:]) < 1000.0 + LONGEST_LIFE + 60
