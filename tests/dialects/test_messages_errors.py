import inspect
import json

import pytest

from amq2api import errors
from amq2api.dialects import messages as m

CLASSES = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, errors.GatewayError)
]
TYPES = {
    # claude-api.md 7.2, written down a second time
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
STORIES: dict[type[errors.GatewayError], str] = {
    errors.GatewayError: "500",
    errors.BadRequest: "400",
    errors.ContextTooLong: "400",
    errors.RequestTooLarge: "413",
    errors.UnknownModel: "404",
    errors.Conflict: "400",
    errors.RequestRefused: "400",
    errors.ReasoningRefused: "400",
    errors.MediaRefused: "400",
    errors.RequestTimedOut: "408",
    errors.RunawayStopped: "400 never again",
    errors.NotFound: "404",
    errors.WrongMethod: "405",
    errors.KeyRefused: "401 never again",
    errors.OriginRefused: "403 never again",
    errors.AccountFailure: "503 never again",
    errors.NoAccount: "503 never again",
    errors.CredentialRefused: "503 never again",
    errors.LoginRequired: "503 never again",
    errors.AccountSuspended: "403 never again",
    errors.NotEntitled: "403 never again",
    errors.QuotaExhausted: "429 never again",
    errors.RateLimited: "429 in 8",
    errors.UpstreamBusy: "529 in 8",
    errors.AtCapacity: "529 in 2",
    errors.Stopping: "503 again in 2",
    errors.UpstreamBroken: "502",
    errors.AnswerUnfit: "502 never again",
    errors.UpstreamTimeout: "504",
    errors.ConnectTimeout: "504",
    errors.RoadBarred: "502 never again",
    errors.ProtocolError: "502",
}
HINTS = {"false": " never again", "true": " again"}


def told(refusal: m.Refusal) -> str:
    headers = refusal.headers
    hint = HINTS.get(headers.get("x-should-retry", ""), "")
    wait = f" in {headers['retry-after']}" if "retry-after" in headers else ""
    return f"{refusal.status}{hint}{wait}"


def message(error: errors.GatewayError) -> str:
    return str(m.envelope(error)["message"])


def test_every_failure_has_a_row() -> None:
    assert set(STORIES) == set(CLASSES)
    assert set(m.WORDING) <= set(CLASSES)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_what_a_client_hears(kind: type[errors.GatewayError]) -> None:
    refusal = m.refuse(kind("why"), "req_1")
    assert told(refusal) == STORIES[kind]
    assert json.loads(refusal.body) == {
        "type": "error",
        "error": {"type": TYPES[refusal.status], "message": message(kind("why"))},
        "request_id": "req_1",
    }
    assert refusal.headers["content-type"] == "application/json"
    assert refusal.headers["request-id"] == "req_1"


def test_an_account_s_trouble_is_never_the_client_s_401() -> None:
    failures = [cls for cls in CLASSES if issubclass(cls, errors.AccountFailure)]
    assert all(m.wording(cls("")).status != 401 for cls in failures)


class Unheard(errors.UpstreamTimeout):
    """A class newer than the table."""


def test_a_new_class_speaks_like_its_nearest_ancestor() -> None:
    assert m.wording(Unheard()) == m.WORDING[errors.UpstreamTimeout]


WAITS: dict[str, tuple[errors.GatewayError, str]] = {
    "told by the service": (errors.RateLimited("", retry_after=3), "429 in 3"),
    "not told": (errors.RateLimited(""), "429 in 8"),
    "too long for Claude Code": (errors.UpstreamBusy("", retry_after=3600), "529 in 60"),
    "without end": (errors.UpstreamBusy("", retry_after=float("inf")), "529 in 60"),
    "in a moment": (errors.UpstreamBusy("", retry_after=0.2), "529 in 1"),
    "in the past": (errors.UpstreamBusy("", retry_after=-5), "529 in 1"),
    "a broken service may say too": (errors.UpstreamBroken("", retry_after=2.6), "502 in 3"),
    "no wait helps": (errors.KeyRefused("", retry_after=9), "401 never again"),
}


@pytest.mark.parametrize(("error", "story"), WAITS.values(), ids=WAITS)
def test_waits(error: errors.GatewayError, story: str) -> None:
    assert told(m.refuse(error, "req_1")) == story


WORDS: dict[str, tuple[errors.GatewayError, str]] = {
    "as given": (errors.BadRequest("model: Field required"), "model: Field required"),
    "not given": (errors.NoAccount(), "NoAccount"),
    # Clients leave out what is at fault on these wordings (claude-api.md 9.5)
    "thoughts of somebody else": (
        errors.ReasoningRefused("why"),
        "Invalid `signature` in `thinking` block: why",
    ),
    "images that are not taken": (errors.MediaRefused("why"), "Could not process image: why"),
    # Clients compact on this wording (claude-api.md 7.6)
    "too long, counted": (
        errors.ContextTooLong("x", tokens=250_000, maximum=200_000),
        "prompt is too long: 250000 tokens > 200000 maximum",
    ),
    "too long, half counted": (
        errors.ContextTooLong("the service says so", tokens=250_000),
        "prompt is too long: the service says so",
    ),
    "too long": (errors.ContextTooLong(), "prompt is too long"),
    "used up until": (
        errors.QuotaExhausted("Used up.", resets_at=1_764_547_200.0),
        "Used up. The allowance is renewed on 2025-12-01 at 00:00 UTC.",
    ),
    "used up until, without words": (
        errors.QuotaExhausted(resets_at=1_764_547_200.0),
        "QuotaExhausted The allowance is renewed on 2025-12-01 at 00:00 UTC.",
    ),
    "used up": (errors.QuotaExhausted("Used up."), "Used up."),
    "a wait longer than a header may say": (
        errors.RateLimited("Too fast.", retry_after=300),
        "Too fast. The service asks to wait 300 seconds.",
    ),
    "a wait that the header says": (errors.RateLimited("Too fast.", retry_after=60), "Too fast."),
    "a wait without end": (errors.UpstreamBusy("Full.", retry_after=float("inf")), "Full."),
    "used up until the end of time": (
        errors.QuotaExhausted("Used up.", resets_at=1e300),
        "Used up.",
    ),
}


@pytest.mark.parametrize(("error", "words"), WORDS.values(), ids=WORDS)
def test_words(error: errors.GatewayError, words: str) -> None:
    assert message(error) == words


def test_a_code_for_programs() -> None:
    error = errors.BadRequest("no threads", code="thread_unsupported_request")
    assert m.envelope(error) == {
        "type": "invalid_request_error",
        "message": "no threads",
        "details": {"error_code": "thread_unsupported_request"},
    }
    assert m.envelope(errors.BadRequest("x")).keys() == {"type", "message"}


BROKEN_OFF: dict[str, tuple[errors.GatewayError, str]] = {
    # Claude Code gives up on a throttle in a stream, and asks again after an overload
    "a throttle": (errors.RateLimited("slow"), "overloaded_error"),
    "an overload": (errors.UpstreamBusy("busy"), "overloaded_error"),
    "an allowance that is used up": (errors.QuotaExhausted("spent"), "rate_limit_error"),
    "a conversation that is too long": (errors.ContextTooLong(), "invalid_request_error"),
    "a broken service": (errors.UpstreamBroken("cut"), "api_error"),
}


@pytest.mark.parametrize(("error", "kind"), BROKEN_OFF.values(), ids=BROKEN_OFF)
def test_c_136_what_ends_a_stream(error: errors.GatewayError, kind: str) -> None:
    assert m.broken_off(error) == {"type": kind, "message": message(error)}


def test_a_hint_to_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row says so today; the header's other value must still be right."""
    rows = {**m.WORDING, errors.UpstreamBusy: m.Wording(529, "overloaded_error", True)}
    monkeypatch.setattr("amq2api.dialects.messages.errors.WORDING", rows)
    assert told(m.refuse(errors.UpstreamBusy(""), "req_1")) == "529 again"
