"""Today's Anthropic SDK when things go wrong: its classes, its retries, its keys."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import anthropic
import pytest
from anthropic import Anthropic, APIStatusError
from anthropic.types import MessageParam

from e2e.asking import MODEL
from e2e.conftest import KEY
from e2e.houses import House

pytestmark = pytest.mark.e2e

Connect: TypeAlias = Callable[..., Anthropic]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients, and closes them."""
    made: list[Anthropic] = []

    def connect(url: str, **options: Any) -> Anthropic:
        made.append(Anthropic(base_url=url, timeout=20, **{"max_retries": 0} | options))
        return made[-1]

    yield connect
    for client in made:
        client.close()


def create(client: Anthropic, words: str = "Hello.", **more: Any) -> anthropic.types.Message:
    messages: list[MessageParam] = [{"role": "user", "content": words}]
    message = client.messages.create(
        **{"model": MODEL, "max_tokens": 1024, "messages": messages, **more}
    )
    assert isinstance(message, anthropic.types.Message)
    return message


ERRORS: dict[str, tuple[type[APIStatusError], str]] = {
    "malformed-400": (anthropic.BadRequestError, "invalid_request_error"),
    "too-long-400": (anthropic.BadRequestError, "invalid_request_error"),
    "model-400": (anthropic.NotFoundError, "not_found_error"),
    "suspended-403": (anthropic.PermissionDeniedError, "permission_error"),
    "not-authorized-403": (anthropic.PermissionDeniedError, "permission_error"),
    "throttle": (anthropic.RateLimitError, "rate_limit_error"),
    "quota-402": (anthropic.RateLimitError, "rate_limit_error"),
    "internal-500": (anthropic.InternalServerError, "api_error"),
    "drop-at-byte": (anthropic.InternalServerError, "api_error"),
    "high-load-500": (anthropic.OverloadedError, "overloaded_error"),
    "html-524": (anthropic.GatewayTimeoutError, "timeout_error"),
    "bearer-403": (anthropic.ServiceUnavailableError, "api_error"),
}


@pytest.mark.parametrize("scenario", ERRORS)
def test_the_class_of_an_error(house: House, connect: Connect, scenario: str) -> None:
    kind, name = ERRORS[scenario]
    client = connect(house.url, api_key="k")
    with pytest.raises(APIStatusError) as caught:
        create(client, f"sim:{scenario}")
    error = caught.value
    assert type(error) is kind and error.type == name
    assert error.request_id is not None and error.request_id.startswith("req_")
    assert isinstance(error.body, dict) and error.body["request_id"] == error.request_id
    with pytest.raises(kind):
        create(client, f"sim:{scenario}", stream=True)


REQUESTS: dict[str, tuple[dict[str, Any], type[APIStatusError], str]] = {
    "unknown-model": ({"model": "claude-nobody-9"}, anthropic.NotFoundError, "claude-nobody-9"),
    "no-messages": ({"messages": []}, anthropic.BadRequestError, "at least one message"),
    "negative-tokens": ({"max_tokens": -1}, anthropic.BadRequestError, "max_tokens"),
    "small-budget": ({"thinking": {"type": "enabled", "budget_tokens": 100}},
                     anthropic.BadRequestError, "budget_tokens"),
    "same-names": ({"tools": [{"name": "ls", "input_schema": {"type": "object"}}] * 2},
                   anthropic.BadRequestError, "unique"),
}  # fmt: skip


@pytest.mark.parametrize(("more", "kind", "words"), REQUESTS.values(), ids=list(REQUESTS))
def test_bad_requests(
    house: House, connect: Connect, more: dict[str, Any], kind: type[APIStatusError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        create(connect(house.url, api_key="k"), **more)
    assert words in str(caught.value)
    # What the gateway can judge itself never reaches the service.
    assert house.asked() == []


def test_an_unknown_model_is_not_found(house: House, connect: Connect) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        connect(house.url, api_key="k").models.retrieve("claude-nobody-9")
    assert caught.value.type == "not_found_error"


KEYS: dict[str, dict[str, Any]] = {
    "api-key": {"api_key": KEY},
    "auth-token": {"auth_token": KEY},
    "x-api-key": {"api_key": "wrong", "default_headers": {"x-api-key": KEY}},
    "old-version": {"api_key": KEY, "default_headers": {"anthropic-version": "2023-06-01"}},
    "new-version": {"api_key": KEY, "default_headers": {"anthropic-version": "2026-10-21"}},
    "betas": {"api_key": KEY, "default_headers": {"anthropic-beta": "nobody-knows-2031-01-01"}},
}


@pytest.mark.parametrize("options", KEYS.values(), ids=list(KEYS))
def test_keys_that_open(locked: House, connect: Connect, options: dict[str, Any]) -> None:
    client = connect(locked.url, **options)
    assert create(client).stop_reason == "end_turn"
    assert client.models.list().data


@pytest.mark.parametrize("options", [{"api_key": "wrong"}, {"auth_token": "wrong"}])
def test_keys_that_do_not(locked: House, connect: Connect, options: dict[str, Any]) -> None:
    locked.forget()
    for ask in (create, lambda client: client.models.list()):
        with pytest.raises(anthropic.AuthenticationError) as caught:
            # Even a client that would repeat itself is told not to.
            ask(connect(locked.url, max_retries=2, **options))
        assert caught.value.type == "authentication_error"
        assert caught.value.response.headers["x-should-retry"] == "false"
        assert "wrong" not in str(caught.value)
    assert locked.asked() == []


def test_an_error_in_a_stream_is_raised(house: House, connect: Connect) -> None:
    heard: list[str] = []
    messages: list[MessageParam] = [{"role": "user", "content": "sim:exception-mid"}]
    with (
        connect(house.url, api_key="k").messages.stream(
            model=MODEL, max_tokens=1024, messages=messages
        ) as stream,
        pytest.raises(APIStatusError) as caught,
    ):
        heard += stream.text_stream
    assert heard == ["This is only part"]
    assert caught.value.type == "overloaded_error"


@pytest.mark.parametrize("scenario", ["drop-at-byte:350", "crc-flip", "no-trailer"])
def test_a_broken_stream_is_no_message(house: House, connect: Connect, scenario: str) -> None:
    client = connect(house.url, api_key="k")
    # The gateway knows from a first answer that answers have an end.
    create(client)
    messages: list[MessageParam] = [{"role": "user", "content": f"Hi.\nsim:{scenario}"}]
    with (
        client.messages.stream(model=MODEL, max_tokens=1024, messages=messages) as stream,
        pytest.raises(APIStatusError),
    ):
        stream.get_final_message()


def test_retries_end_well(house: House, connect: Connect) -> None:
    # Three attempts of the gateway for each of the client's.
    house.world.script[:] = ["internal-500"] * 6
    assert create(connect(house.url, api_key="k", max_retries=2)).stop_reason == "end_turn"
    assert [request.status for request in house.asked()] == [500] * 6 + [200]


@pytest.mark.parametrize("scenario", ["quota-402", "suspended-403", "malformed-400"])
def test_what_is_hopeless_is_asked_once(house: House, connect: Connect, scenario: str) -> None:
    with pytest.raises(APIStatusError):
        create(connect(house.url, api_key="k", max_retries=2), f"sim:{scenario}")
    assert len(house.asked()) == 1


def test_a_wait_is_waited(house: House, connect: Connect) -> None:
    house.world.script[:] = ["throttle-429:1,1"]
    assert create(connect(house.url, api_key="k", max_retries=1)).stop_reason == "end_turn"
    assert [request.status for request in house.asked()] == [429, 200]
