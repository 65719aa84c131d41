"""Whatever the service does, the client hears something it understands, and it is the truth.

Every scenario of the simulator is played through the gateway, in a whole answer and in a
stream, all of them at the same time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from amq2api.sim.dressing import Profile
from amq2api.sim.scenarios import summaries
from e2e.answers import Answer, Json
from e2e.asking import post, post_all, say
from e2e.houses import House, opened
from gateways import at_once

pytestmark = pytest.mark.e2e

WEATHER: Json = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                     "required": ["city"]},
}  # fmt: skip

FINE = ("end_turn", "end_turn")
CALLED = ("tool_use", "tool_use")
CUT = ("max_tokens", "max_tokens")
REFUSED = ("refusal", "refusal")
BROKEN = ("502 api_error", "502 api_error")
BROKEN_LATER = ("502 api_error", "error: api_error")
TOO_FAST = ("429 rate_limit_error", "429 rate_limit_error")
BUSY = ("529 overloaded_error", "529 overloaded_error")
BAD = ("400 invalid_request_error", "400 invalid_request_error")
BARRED = ("403 permission_error", "403 permission_error")
NO_LOGIN = ("503 api_error", "503 api_error")

# A scenario, and how it ends in a whole answer and in a stream.
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "echo": FINE,
    "text": FINE,
    "one-word": FINE,
    "unicode": FINE,
    "long:300": FINE,
    "long": CUT,  # 2000 words do not go into max_tokens
    "slow:0.05": FINE,
    "slow-first-byte:0.3": FINE,
    "slow-first-event:0.3": FINE,
    "duplicate-deltas": FINE,
    "empty-delta": FINE,
    "reasoning": FINE,
    "reasoning-omitted": FINE,
    "reasoning-redacted": FINE,
    "reasoning-late": FINE,
    "reasoning-late-text": FINE,
    "reasoning-tool": CALLED,
    "thinking-tags": FINE,
    "max-tokens": CUT,
    "context-full": ("model_context_window_exceeded", "model_context_window_exceeded"),
    "content-filtered": REFUSED,
    "filtered-at-once": REFUSED,
    "stop": FINE,  # no sequence was asked for, and none is named
    # To whom no search is offered, a call of one is a call like any other.
    "search": CALLED,
    "searches": CALLED,
    "search-for-ever": CALLED,
    "search-then-text": CALLED,
    "search-and-tool": CALLED,
    "search-long": CALLED,
    "search-no-query": CALLED,
    "search-bad-query": CALLED,
    "search-unclosed": CUT,
    "token-usage": FINE,
    "event": FINE,
    "other-events": FINE,
    "unknown-event": FINE,
    # A call that is told as whole is whole.
    "tool": CALLED,
    "tool-end-turn": CALLED,
    "parallel-tools": CALLED,
    "interleaved-tools": CALLED,
    "tool-then-text": CALLED,
    "tool-no-args": CALLED,
    "tool-fragments": CALLED,
    "tool-cut": CALLED,
    "tool-split-surrogates": CALLED,
    "lone-surrogate": FINE,
    "tool-one-frame": CALLED,
    "tool-repeated-start": CALLED,
    "tool-unclosed": BROKEN_LATER,
    "tool-unclosed-bare": BROKEN_LATER,
    "tool-dropped": BROKEN_LATER,
    "tool-stall": ("504 timeout_error", "error: timeout_error"),
    "tool-max-tokens": CUT,
    "tool-bad-json": BROKEN_LATER,
    "tool-malformed": BROKEN_LATER,
    "tool-list-input": BROKEN_LATER,
    # Until the service has said anything a failure is an HTTP error, even of a stream.
    "empty-stream": BROKEN,
    "empty-with-trailer": FINE,
    "lone-context-usage": BROKEN,
    "no-trailer": BROKEN_LATER,
    "exception-first": TOO_FAST,
    "exception-mid": ("429 rate_limit_error", "error: overloaded_error"),
    "exception-length": ("400 invalid_request_error", "error: invalid_request_error"),
    "exception-member": BROKEN_LATER,
    "error-frame": BROKEN_LATER,
    "error-first": BROKEN,
    "invalid-state": BROKEN_LATER,
    "drop-at-byte": BROKEN,
    "drop-at-byte:350": BROKEN_LATER,
    "end-at-byte": BROKEN,
    "end-at-byte:350": BROKEN_LATER,
    "stall": ("504 timeout_error", "error: timeout_error"),
    "crc-flip": BROKEN_LATER,
    "payload-flip": BROKEN_LATER,
    "prelude-flip": BROKEN_LATER,
    "zero-length-frame": BROKEN_LATER,
    "huge-frame": BROKEN_LATER,
    "empty-frame": BROKEN_LATER,
    "unknown-header-types": BROKEN_LATER,
    "header-types": FINE,
    "bad-payload": BROKEN_LATER,
    "json-200": TOO_FAST,
    "wrong-content-type": FINE,
    "throttle": TOO_FAST,
    "throttle-429": TOO_FAST,
    "throttle-date": TOO_FAST,
    "throttle-ms": TOO_FAST,
    "throttle-bare": TOO_FAST,
    "suspicious-429": TOO_FAST,
    "service-rate-429": BUSY,
    "capacity-400": BUSY,
    "capacity-429": BUSY,
    "daily-429": TOO_FAST,
    "quota-402": TOO_FAST,
    "quota-400": TOO_FAST,
    "quota-429": TOO_FAST,
    "overage-402": TOO_FAST,
    "conversation-402": BAD,
    "suspended-403": BARRED,
    "suspended-403-old": BARRED,
    "not-authorized-403": BARRED,
    "feature-403": BARRED,
    "builder-id-403": BARRED,
    "api-key-403": BARRED,
    "profile-400": BARRED,
    "kms-409": BARRED,
    # Our login is our trouble: a 401 would send the client looking at its own key.
    "bearer-403": NO_LOGIN,
    "bearer-401": NO_LOGIN,
    "expired-403": NO_LOGIN,
    "empty-403": NO_LOGIN,
    "too-long-400": BAD,
    "threshold-400": BAD,
    "malformed-400": BAD,
    "body-400": BAD,
    "tool-400": BAD,
    "schema-400": BAD,
    "pairing-400": BAD,
    "signature-400": BAD,
    "image-400": BAD,
    "conversation-400": BAD,
    "model-400": ("404 not_found_error", "404 not_found_error"),
    "fields-400": BAD,
    "not-found-404": BAD,
    "high-load-500": BUSY,
    "model-500": BUSY,
    "internal-500": BROKEN,
    "unavailable-500": BUSY,
    "unavailable-503": BUSY,
    "html-200": BROKEN,
    "html-403": BROKEN,
    "html-413": BAD,
    "html-502": BROKEN,
    "html-524": ("504 timeout_error", "504 timeout_error"),
    "empty-500": BROKEN,
}  # fmt: skip

# A deployment without trailers ends its answers like this.
CLASSIC: Mapping[str, tuple[str, str]] = {**OUTCOMES, "no-trailer": FINE}
# These have a trailer, or a part of one, in any deployment; from then on one is expected.
TRAILED = (
    "max-tokens", "context-full", "content-filtered", "filtered-at-once", "stop", "token-usage",
    "tool-max-tokens", "tool-malformed", "empty-with-trailer", "lone-context-usage",
)  # fmt: skip

# After these the gateway sends nothing more for the account.
STOPPING = ("suspended-403", "suspended-403-old")

OVERFLOW = ("too-long-400", "threshold-400", "conversation-402", "html-413", "exception-length")
USED_UP = ("daily-429", "quota-402", "quota-400", "quota-429", "overage-402")
TEMPORARY = ("throttle", "throttle-429", "throttle-date", "throttle-ms", "throttle-bare",
             "service-rate-429", "capacity-400", "high-load-500", "unavailable-503")  # fmt: skip
HOPELESS = (*USED_UP, "suspended-403", "not-authorized-403", "bearer-403", "empty-403")

Played = Mapping[str, tuple[Answer, Answer]]


def test_every_scenario_has_its_outcome() -> None:
    assert {name.partition(":")[0] for name in OUTCOMES} == set(summaries())


@dataclass(frozen=True, slots=True)
class Deployment:
    profile: Profile
    cuts: bool = False


DEPLOYMENTS = {
    "2026": Deployment("2026"),
    "2026-in-odd-pieces": Deployment("2026", cuts=True),
    "classic": Deployment("classic"),
}


@pytest.fixture(scope="module", params=DEPLOYMENTS.values(), ids=list(DEPLOYMENTS))
def deployment(request: pytest.FixtureRequest) -> Deployment:
    assert isinstance(request.param, Deployment)
    return request.param


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, deployment: Deployment) -> Played:
    """Every scenario's whole answer and stream."""
    with opened(tmp_path_factory.mktemp("faults"), idle_timeout=1) as house:
        house.world.profile, house.world.cuts = deployment.profile, deployment.cuts
        # Else a stream may begin before its failure is known.
        house.relay.sleep = at_once
        # Whether answers of this account have trailers is learnt from a good one.
        assert post(house.url, say("hello")).outcome() == "end_turn"
        heard = _play(house, [name for name in OUTCOMES if name not in (*TRAILED, *STOPPING)])
        heard |= _play(house, TRAILED)
        for name in STOPPING:
            heard[name] = _ask_twice(house, name)
        assert house.complaints() == []
    return heard


def _play(house: House, names: Sequence[str]) -> dict[str, tuple[Answer, Answer]]:
    asked = [
        say(f"Hello.\nsim:{name}", tools=[WEATHER], stream=stream)
        for name in names
        for stream in (False, True)
    ]
    answers = post_all(house.url, asked)
    return dict(zip(names, zip(answers[::2], answers[1::2], strict=True), strict=True))


def _ask_twice(house: House, name: str) -> tuple[Answer, Answer]:
    """Whole and as a stream, both of the service although the first stops the account."""
    answers = []
    for stream in (False, True):
        house.relay.health.retain(())
        answers.append(post(house.url, say(f"Hello.\nsim:{name}", stream=stream)))
        assert house.asked()[-1].scenario == name
    return answers[0], answers[1]


@pytest.mark.parametrize("name", OUTCOMES)
def test_outcomes(played: Played, deployment: Deployment, name: str) -> None:
    outcomes = CLASSIC if deployment.profile == "classic" else OUTCOMES
    whole, stream = played[name]
    assert (whole.outcome(), stream.outcome()) == outcomes[name]


@pytest.mark.parametrize("name", OVERFLOW)
def test_clients_compact_on_these_words(played: Played, name: str) -> None:
    for answer in played[name]:
        assert b"prompt is too long" in answer.body


@pytest.mark.parametrize("name", TEMPORARY)
def test_when_to_come_again(played: Played, name: str) -> None:
    for answer in played[name]:
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert "x-should-retry" not in answer.headers


@pytest.mark.parametrize("name", HOPELESS)
def test_not_to_come_again(played: Played, name: str) -> None:
    for answer in played[name]:
        assert answer.headers["x-should-retry"] == "false"
        assert "retry-after" not in answer.headers


@pytest.mark.parametrize("name", USED_UP)
def test_a_used_up_allowance_says_when_it_is_renewed(played: Played, name: str) -> None:
    for answer in played[name]:
        assert b"The allowance is renewed on 20" in answer.body


@pytest.fixture(scope="module")
def recovering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(tmp_path_factory.mktemp("recovering")) as house:
        yield house


CURED = ("high-load-500", "internal-500", "unavailable-503", "capacity-400", "html-502",
         "empty-500", "bearer-403", "bearer-401", "expired-403", "signature-400", "empty-stream",
         "error-first")  # fmt: skip


@pytest.mark.parametrize("name", CURED)
def test_what_passes_is_not_told(recovering: House, name: str) -> None:
    recovering.forget()
    recovering.world.script[:] = [name]
    answer = post(recovering.url, say("hello", stream=True))
    assert answer.outcome() == "end_turn"
    assert [request.scenario for request in recovering.asked()] == [name, "echo"]
