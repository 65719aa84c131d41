"""The conformance checklist of claude-api.md 10.G, and what of the rest concerns failures.

The ids are its numbers.
"""

import json
import re
from collections.abc import Iterator

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam

from amq2api.config import Settings
from e2e.answers import Answer, Json, events
from e2e.asking import MODEL, fetch, post, post_all, say
from e2e.conftest import KEY
from e2e.houses import House, opened
from gateways import at_once

pytestmark = pytest.mark.e2e

HELLO: list[MessageParam] = [{"role": "user", "content": "Hello."}]


def error(answer: Answer) -> Json:
    told: Json = json.loads(answer.body)["error"]
    return told


def refused_with(house: House, scenario: str, *, stream: bool = False) -> Answer:
    """The answer to a call that the service refuses as often as it is asked."""
    house.world.script[:] = [scenario] * 4
    sleep, house.relay.sleep = house.relay.sleep, at_once
    try:
        return post(house.url, say("Hello.", stream=stream))
    finally:
        house.relay.sleep = sleep
        house.forget()


ANYTHING: dict[str, tuple[str, str, int]] = {
    "an answer": ("POST", "/v1/messages", 400),
    "a count": ("POST", "/v1/messages/count_tokens", 400),
    "models": ("GET", "/v1/models", 200),
    "a model": ("GET", "/v1/models/claude-sonnet-4-5", 200),
    "no model": ("GET", "/v1/models/claude-x-9", 404),
    "nowhere": ("GET", "/v1/nope", 404),
    "the wrong method": ("DELETE", "/v1/messages", 405),
    "a probe": ("HEAD", "/api/hello", 200),
}


@pytest.mark.parametrize(("method", "path", "status"), ANYTHING.values(), ids=list(ANYTHING))
def test_c_020_c_143_every_answer_has_an_id(
    house: House, method: str, path: str, status: int
) -> None:
    answer = fetch(house.url + path, method)
    assert answer.status == status
    assert re.fullmatch(r"req_\w+", answer.headers["request-id"])
    if status >= 400:
        answer.outcome()  # the envelope, the type that belongs to the status, the same id


@pytest.mark.parametrize("stream", [False, True])
def test_c_020_answers_of_the_model_have_an_id(house: House, stream: bool) -> None:
    answer = post(house.url, say("Hello.", stream=stream))
    assert re.fullmatch(r"req_\w+", answer.headers["request-id"])


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(tmp_path_factory.mktemp("narrow"), max_body=10_000) as house:
        yield house


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_c_036_a_body_above_the_cap(narrow: House, path: str) -> None:
    answer = post(narrow.url, say("word " * 3000), path=path)
    assert answer.outcome() == "413 request_too_large"
    assert narrow.asked() == []


LEAKY = re.compile(r"(?i)x-amz|x-amzn|set-cookie|anthropic-ratelimit|via|server")


@pytest.mark.parametrize("scenario", ["echo", "throttle-429", "internal-500", "suspended-403"])
def test_c_037_headers_of_the_service_stay_there(house: House, scenario: str) -> None:
    answer = refused_with(house, scenario)
    leaked = [name for name in answer.headers if LEAKY.match(name) and name != "server"]
    assert leaked == [] and answer.headers.get("server", "uvicorn") == "uvicorn"


@pytest.fixture(scope="module")
def watchful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway whose signs of life come as often as they can."""
    with opened(tmp_path_factory.mktemp("watchful"), grace=0.2, ping_interval=0.2) as house:
        yield house


def test_c_132_a_silent_service_is_bridged_with_pings(watchful: House) -> None:
    answer = post(watchful.url, say("sim:slow:0.4", stream=True))
    kinds = [event["type"] for event in events(answer.body)]
    first = kinds.index("content_block_delta")
    assert kinds[first:].count("ping") >= 4 and answer.outcome() == "end_turn"


def test_c_132_and_often_enough_as_it_comes() -> None:
    assert Settings.model_fields["ping_interval"].default <= 30
    assert Settings.model_fields["grace"].default <= 5  # C-131


BEFORE = {
    "exception-first": 429, "error-first": 502, "empty-stream": 502, "internal-500": 502,
    "high-load-500": 529, "malformed-400": 400,
}  # fmt: skip


@pytest.mark.parametrize("scenario", BEFORE)
def test_c_135_before_the_first_event_it_is_a_status(house: House, scenario: str) -> None:
    answer = refused_with(house, scenario, stream=True)
    assert answer.status == BEFORE[scenario]
    answer.outcome()


AFTER = ("exception-mid", "error-frame", "crc-flip", "drop-at-byte:350", "tool-unclosed")


@pytest.mark.parametrize("scenario", AFTER)
def test_c_136_after_the_first_event_it_is_an_error_event(house: House, scenario: str) -> None:
    answer = refused_with(house, scenario, stream=True)
    told = events(answer.body)
    assert answer.status == 200 and told[-1]["type"] == "error"
    assert "message_stop" not in [event["type"] for event in told]
    assert told[-1]["error"].keys() >= {"type", "message"}


TEMPORARY = ("throttle", "throttle-429", "throttle-ms", "service-rate-429", "suspicious-429")


@pytest.mark.parametrize("scenario", TEMPORARY)
def test_c_144_when_to_come_again(house: House, scenario: str) -> None:
    answer = refused_with(house, scenario)
    assert answer.status in (429, 529) and 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.status == 529 or error(answer)["type"] == "rate_limit_error"


@pytest.mark.parametrize("scenario", ["quota-402", "quota-400", "quota-429", "overage-402"])
def test_c_145_not_to_come_again(house: House, scenario: str) -> None:
    answer = refused_with(house, scenario)
    assert answer.outcome() == "429 rate_limit_error"
    assert answer.headers["x-should-retry"] == "false"


FAILED = {
    "internal-500": anthropic.InternalServerError, "high-load-500": anthropic.OverloadedError,
    "unavailable-503": anthropic.OverloadedError,
}  # fmt: skip


@pytest.mark.parametrize("scenario", FAILED)
def test_c_146_failures_of_the_service(house: House, scenario: str) -> None:
    house.world.script[:] = [scenario] * 3
    with (
        Anthropic(base_url=house.url, api_key="k", max_retries=0, timeout=20) as client,
        pytest.raises(FAILED[scenario]),
    ):
        client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)


@pytest.mark.parametrize("scenario", ["bearer-403", "bearer-401", "expired-403", "empty-403"])
def test_c_147_our_login_is_not_the_client_s(house: House, scenario: str) -> None:
    answer = refused_with(house, scenario)
    assert answer.outcome() == "503 api_error"


def test_c_148_a_service_that_takes_too_long(house: House) -> None:
    assert refused_with(house, "html-524").outcome() == "504 timeout_error"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("scenario", ["content-filtered", "filtered-at-once"])
def test_c_149_a_refusal_of_the_model_is_an_answer(
    house: House, scenario: str, stream: bool
) -> None:
    answer = post(house.url, say(f"sim:{scenario}", stream=stream))
    assert (answer.status, answer.outcome()) == (200, "refusal")


OVERFLOWS = ("too-long-400", "threshold-400", "conversation-402", "html-413", "exception-length")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("scenario", OVERFLOWS)
def test_c_105_c_150_an_overflow_has_the_words_that_clients_compact_on(
    house: House, scenario: str, stream: bool
) -> None:
    answer = refused_with(house, scenario, stream=stream)
    told = events(answer.body)[-1]["error"] if answer.status == 200 else error(answer)
    assert told["type"] == "invalid_request_error"
    found = re.fullmatch(r"prompt is too long: (\d+) tokens > (\d+) maximum", told["message"])
    assert found is not None and int(found[1]) > int(found[2]) == 200_000


SECRET = re.compile(r"aoa|aor-|arn:aws|Traceback|File \"|refresh_token|client_secret|d-\d{6}")


def test_c_151_errors_tell_no_secrets(house: House) -> None:
    names = ("bearer-403", "suspended-403", "suspended-403-old", "profile-400", "quota-402",
             "internal-500", "kms-409", "malformed-400", "exception-mid")  # fmt: skip
    for name in names:
        for stream in (False, True):
            answer = refused_with(house, name, stream=stream)
            assert not SECRET.search(answer.body.decode()), name


def test_c_152_the_sdk_tries_again_and_ends_well(house: House) -> None:
    # Six failures are two calls of three attempts each.
    house.world.script[:] = ["internal-500"] * 6
    with Anthropic(base_url=house.url, api_key="k", max_retries=2, timeout=20) as client:
        message = client.messages.create(model=MODEL, max_tokens=64, messages=HELLO)
    assert message.stop_reason == "end_turn" and len(house.asked()) == 7


def test_c_025_a_wrong_key_is_told_under_one_id(locked: House) -> None:
    answer = post(locked.url, say("Hello."), {"authorization": "Bearer wrong"})
    assert answer.outcome() == "401 authentication_error"
    assert json.loads(answer.body)["request_id"] == answer.headers["request-id"]
    assert KEY not in answer.body.decode()


def test_c_143_errors_of_many_at_once_are_envelopes_all(house: House) -> None:
    asked: list[Json | bytes] = [b"", b"[]", b"{", b"\xff", b'{"model": 1}', say("")]
    for answer in post_all(house.url, asked):
        assert answer.outcome() == "400 invalid_request_error"
