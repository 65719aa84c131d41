"""Amazon's refusals: every body that was seen, and what it means to us."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api import errors
from amq2api.dialects import amazonq as q
from amq2api.dialects.amazonq.errors import VERDICTS
from amq2api.dialects.messages import wording
from amq2api.wire.eventstream import Frame
from amq2api.wire.exchange import Answer

BEARER = "The bearer token included in the request is invalid."
Body = dict[str, object] | bytes
THEN, LATER = "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:29:30 GMT"
NOW = 1_792_567_740.0  # half a minute before *LATER*

SEEN: dict[str, tuple[int, Body, type[errors.GatewayError]]] = {
    # upstream-protocol.md 4.3, in its order
    "malformed": (
        400, {"__type": "com.amazon.aws.codewhisperer#ValidationException",
              "message": "Improperly formed request."}, errors.RequestRefused),
    "malformed, REST": (
        400, {"message": "Improperly formed request.", "reason": "REQUEST_BODY_INVALID"},
        errors.RequestRefused),
    "tool format": (
        400, {"message": "Invalid tool use format.", "reason": "REQUEST_BODY_INVALID"},
        errors.RequestRefused),
    "pairing": (
        400, {"message": "`tool_use` ids", "reason": "TOOL_USE_RESULT_MISMATCH"},
        errors.RequestRefused),
    "too long": (
        400, {"message": "Input is too long.", "reason": "CONTENT_LENGTH_EXCEEDS_THRESHOLD"},
        errors.ContextTooLong),
    "too long, without a reason": (
        400, {"message": "Input content length exceeds threshold."}, errors.ContextTooLong),
    "model": (
        400, {"message": "Invalid model.", "reason": "INVALID_MODEL_ID"}, errors.UnknownModel),
    "profile": (
        400, {"message": "profileArn is required for this request.", "reason": None},
        errors.NotEntitled),
    "fields": (
        400, {"message": "additionalModelRequestFields is not supported for this model"},
        errors.RequestRefused),
    "month as 400": (
        400, {"__type": "ThrottlingException", "message": "Maximum Request reached.",
              "reason": "MONTHLY_REQUEST_COUNT"}, errors.QuotaExhausted),
    "month as 402": (
        402, {"message": "You have reached the limit.", "reason": "MONTHLY_REQUEST_COUNT"},
        errors.QuotaExhausted),
    "overage": (
        402, {"message": "x", "reason": "OVERAGE_REQUEST_LIMIT_EXCEEDED"}, errors.QuotaExhausted),
    "capacity as 400": (
        400, {"__type": "com.amazon.aws.codewhisperer#ThrottlingException", "message": "traffic",
              "reason": "INSUFFICIENT_MODEL_CAPACITY"}, errors.UpstreamBusy),
    "bearer": (403, {"message": BEARER, "reason": None}, errors.CredentialRefused),
    "bearer, AWS-JSON": (
        403, {"__type": "com.amazon.aws.codewhisperer#AccessDeniedException", "message": BEARER},
        errors.CredentialRefused),
    "not authorized": (
        403, {"message": "User is not authorized to make this call.", "reason": None},
        errors.NotEntitled),
    "suspended, older": (
        403, {"message": "Your User ID (d-90.x) temporarily is suspended. We've locked your "
                         "account as a security precaution. To restore …", "reason": None},
        errors.AccountSuspended),
    "suspended": (
        403, {"message": "Your User ID is temporarily suspended. We detected …",
              "reason": "TEMPORARILY_SUSPENDED"}, errors.AccountSuspended),
    "feature": (
        403, {"__type": "AccessDeniedException", "reason": "FEATURE_NOT_SUPPORTED"},
        errors.NotEntitled),
    "empty 403": (403, b"", errors.CredentialRefused),
    "rate": (
        429, {"message": "Too many requests", "reason": "USER_REQUEST_RATE_EXCEEDED"},
        errors.RateLimited),
    "risk": (
        429, {"message": "Due to suspicious activity, we are imposing temporary limits on how "
                         "frequently your account (d-1) can send a request"}, errors.RateLimited),
    "high load": (
        500, {"message": "Encountered unexpectedly high load when processing the request, "
                         "please try again."}, errors.UpstreamBusy),
    "internal": (500, {"message": "Encountered an unexpected error"}, errors.UpstreamBroken),
    "unavailable": (
        500, {"__type": "ServiceUnavailableException", "message": "x"}, errors.UpstreamBusy),
    "too long, C-150: the request's own words": (
        400, {"__type": "com.amazon.kiro.runtimeservice#ValidationException",
              "message": "Input content length exceeds threshold.",
              "reason": "REQUEST_BODY_INVALID"}, errors.ContextTooLong),
    "too long, C-150: the desktop's words": (
        400, {"message": "Exceeded max chat context length.", "reason": None},
        errors.ContextTooLong),
    "too long, C-150: of a model": (
        400, {"__type": "ValidationException", "message": "Input is too long for requested model."},
        errors.ContextTooLong),
    "too long, C-150: counted": (
        400, {"message": "prompt is too long: 215000 tokens > 200000 maximum"},
        errors.ContextTooLong),
    "too long, C-150: the window": (
        400, {"__type": "ValidationException",
              "message": "The conversation exceeds the model's context window (200000 tokens)."},
        errors.ContextTooLong),
    "too long, C-150: the maximum": (
        400, {"message": "Your request exceeded the maximum context length: 210000 > 200000."},
        errors.ContextTooLong),
    "too long, C-150: a new reason": (
        400, {"__type": "ValidationException", "message": "x", "reason": "CONTEXT_WINDOW_EXCEEDED"},
        errors.ContextTooLong),
    "too long, C-150: another new reason": (
        400, {"message": "x", "reason": "INPUT_TOO_LONG"}, errors.ContextTooLong),
    "too long, C-150: a new exception": (
        400, {"__type": "ContextWindowOverflowException", "message": "x"}, errors.ContextTooLong),
    "too long, C-150: named, as 413": (
        413, {"__type": "ValidationException", "message": "x"}, errors.ContextTooLong),
    "too many requests, as 413": (
        413, {"__type": "ThrottlingException", "message": "x"}, errors.RateLimited),
    "too long is not why the service broke": (
        500, {"__type": "InternalServerException",
              "message": "The input length exceeds the threshold."}, errors.UpstreamBroken),
    "a rate is no length": (
        400, {"message": "x", "reason": "INPUT_TOKEN_RATE_EXCEEDED"}, errors.RequestRefused),
    "edge limit": (413, b"<html>too large</html>", errors.ContextTooLong),
    "edge timeout": (524, b"error code: 524", errors.UpstreamTimeout),
    "nested": (
        400, {"error": {"reason": "INVALID_MODEL_ID", "message": "m"}}, errors.UnknownModel),
    "unheard-of reason": (
        429, {"__type": "ThrottlingException", "reason": "NEW"}, errors.RateLimited),
    "unheard-of exception": (418, {"__type": "TeapotException"}, errors.RequestRefused),
    "unheard-of failure": (599, {"__type": "TeapotException"}, errors.UpstreamBroken),
    "not an object": (500, b"[1]", errors.UpstreamBroken),
}  # fmt: skip


@pytest.mark.parametrize(("status", "body", "verdict"), SEEN.values(), ids=SEEN)
def test_bodies(status: int, body: Body, verdict: type[errors.GatewayError]) -> None:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    error = q.read_answer(Answer(status, raw))
    assert type(error) is verdict
    assert str(error)


PRIVATE = {
    "an ARN": ("no access to arn:aws:codewhisperer:us-east-1:123456789012:profile/ABC", "123456"),
    "a user": ("Your User ID (d-9067.x-y) temporarily is suspended", "d-9067"),
    "a directory": ("your account (d-0123456789) can", "d-0123456789"),
    "a token": ("token aoaAAAAAGmXXXXXXXXXXXXXXXXXXXXXX is bad", "aoaAAAA"),
}


@pytest.mark.parametrize(("message", "secret"), PRIVATE.values(), ids=PRIVATE)
def test_who_the_account_is_stays_here(message: str, secret: str) -> None:
    error = q.read_answer(Answer(400, msgspec.json.encode({"message": message})))
    assert secret not in str(error)


def test_a_users_words_in_a_message_decide_nothing() -> None:
    quoted = f"Bad text: 'TEMPORARILY_SUSPENDED MONTHLY_REQUEST_COUNT {BEARER}'"
    error = q.read_answer(Answer(400, msgspec.json.encode({"message": quoted})))
    assert type(error) is errors.RequestRefused


QUOTED = (
    "Bad text: 'Input is too long.'",
    'The text "x exceeds the context window" is malformed',
    "Improperly formed request: prompt is too long\nis what it says",
    "Invalid member `it exceeds the context window`",
    "Unexpected: the conversation exceeds the context window",
    "",
)


@pytest.mark.parametrize("message", QUOTED)
def test_a_users_words_about_length_decide_nothing(message: str) -> None:
    body = {"__type": "ValidationException", "message": message}
    error = q.read_answer(Answer(400, msgspec.json.encode(body)))
    assert type(error) is errors.RequestRefused


WAITS: dict[str, tuple[dict[str, str], Body, float | None]] = {
    "a header": ({"retry-after": "3"}, {}, 3.0),
    "a member": ({}, {"retryAfterMilliseconds": 300_000}, 300.0),
    "both": ({"retry-after": "3"}, {"retryAfterMilliseconds": 1500}, 1.5),
    "a date, by the clock of whoever says it": ({"retry-after": LATER, "date": THEN}, {}, 90.0),
    "a date in the past": ({"retry-after": THEN, "date": LATER}, {}, 0.0),
    "a date, by our clock": ({"retry-after": LATER}, {}, 30.0),
    "neither": ({}, {}, None),
    "less than nothing": ({"retry-after": "-3"}, {}, 0.0),
    "for ever": ({"retry-after": "inf"}, {}, None),
    "not a number": ({"retry-after": "nan"}, {}, None),
    "not a date": ({"retry-after": "soon"}, {}, None),
    "a date that is none": ({"retry-after": "Wed, 99 Oct 2026 07:28:00 GMT"}, {}, None),
    "milliseconds of another kind": ({}, {"retryAfterMilliseconds": "300"}, None),
    "fewer milliseconds than none": ({}, {"retryAfterMilliseconds": -300}, 0.0),
}


@pytest.mark.parametrize(("headers", "body", "wait"), WAITS.values(), ids=WAITS)
def test_how_long_to_wait(headers: dict[str, str], body: Body, wait: float | None) -> None:
    error = q.read_answer(Answer(429, msgspec.json.encode(body), headers), now=NOW)
    assert error.retry_after == wait


def test_a_date_says_nothing_to_who_knows_no_time() -> None:
    assert q.read_answer(Answer(429, b"", {"retry-after": LATER})).retry_after is None


PAGE = b"<html><head><title>Blocked</title></head></html>"
OF_ANOTHER: dict[str, tuple[int, bytes, type[errors.GatewayError]]] = {
    "a portal": (200, PAGE, errors.UpstreamBroken),
    "a way elsewhere": (302, b"", errors.RoadBarred),
    "a firewall knows nothing of tokens": (403, PAGE, errors.RoadBarred),
    "nor does whoever wants a password": (401, PAGE, errors.RoadBarred),
    "a proxy that wants one": (407, b"", errors.RoadBarred),
    "no such place": (404, PAGE, errors.RoadBarred),
    "no place for this": (405, b"Method Not Allowed", errors.RoadBarred),
    "a request that it cannot read": (400, PAGE, errors.RequestRefused),
    "a request that it had not whole": (408, PAGE, errors.UpstreamBroken),
    "too many": (429, PAGE, errors.RateLimited),
    "too large": (413, PAGE, errors.ContextTooLong),
    "nobody behind it": (502, PAGE, errors.UpstreamBroken),
    "nobody just now": (503, PAGE, errors.UpstreamBusy),
    "nobody in time": (504, PAGE, errors.UpstreamTimeout),
    "JSON of nobody's": (200, b'{"ok":true}', errors.UpstreamBroken),
    "no words": (404, b"", errors.RequestRefused),
}


@pytest.mark.parametrize(("status", "body", "verdict"), OF_ANOTHER.values(), ids=OF_ANOTHER)
def test_answers_that_are_not_the_services(
    status: int, body: bytes, verdict: type[errors.GatewayError]
) -> None:
    error = q.read_answer(Answer(status, body))
    assert type(error) is verdict
    assert "Blocked" not in str(error)
    assert ("not in the service's words" in str(error)) == (body[:1] not in (b"", b"{"))


SAID: dict[str, tuple[Answer, errors.Said]] = {
    "all of it": (
        Answer(429, b'{"__type":"com.amazon.x#throttlingError","reason":"DAILY_REQUEST_COUNT"}',
               {"x-amzn-requestid": "2b1c-77"}),
        errors.Said(429, "ThrottlingException", "DAILY_REQUEST_COUNT", "2b1c-77")),
    "an exception that nobody knows": (
        Answer(418, b'{"__type":"TeapotException"}'), errors.Said(418, "TeapotException")),
    "nothing": (Answer(503, b""), errors.Said(503)),
    "names that are none": (
        Answer(400, msgspec.json.encode({"__type": "A B\n" + "x" * 999, "reason": "R\x1b[2J"}),
               {"x-amzn-requestid": "i d" * 99}),
        errors.Said(400, "AB" + "x" * 96, "R2J", ("id" * 99)[:100])),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "said"), SAID.values(), ids=SAID)
def test_what_the_service_said_is_kept(answer: Answer, said: errors.Said) -> None:
    assert q.read_answer(answer).said == said


def test_what_the_service_said_in_a_stream_is_kept() -> None:
    headers = {":message-type": "exception", ":exception-type": "throttlingException"}
    error = q.read_frame(Frame(headers, b'{"message":"m","reason":"R"}'))
    assert error.said == errors.Said(200, "ThrottlingException", "R")
    headers = {":message-type": "error", ":error-code": "InternalFailure"}
    assert q.read_frame(Frame(headers, b"")).said == errors.Said(200, "InternalFailure")


def test_a_message_without_end_has_one() -> None:
    error = q.read_answer(Answer(400, msgspec.json.encode({"message": "x" * 9_000_000})))
    assert 1000 < len(str(error)) < 3000


HEADERS: dict[str, tuple[str, Body, type[errors.GatewayError]]] = {
    "with an address": (
        "ThrottlingException:http://internal.amazon.com/coral/",
        {},
        errors.RateLimited,
    ),
    "with a namespace": ("com.amazon.x#ThrottlingException", {}, errors.RateLimited),
    "before the body": (
        "ThrottlingException",
        {"__type": "ValidationException"},
        errors.RateLimited,
    ),
    "absent, then code": ("", {"code": "ThrottlingException"}, errors.RateLimited),
}


@pytest.mark.parametrize(("header", "body", "verdict"), HEADERS.values(), ids=HEADERS)
def test_the_error_type_header(header: str, body: Body, verdict: type[errors.GatewayError]) -> None:
    answer = Answer(400, msgspec.json.encode(body), {"x-amzn-errortype": header})
    assert type(q.read_answer(answer)) is verdict


FRAMES: dict[str, tuple[str, type[errors.GatewayError]]] = {
    "as modelled": ("error", errors.UpstreamBroken),
    "throttling": ("ThrottlingException", errors.RateLimited),
    "in small letters": ("throttlingException", errors.RateLimited),
    "as an error": ("throttlingError", errors.RateLimited),
    "namespaced": ("com.amazon.aws.codewhisperer#ThrottlingException", errors.RateLimited),
    "internal": ("InternalServerException", errors.UpstreamBroken),
    "too long": ("ContentLengthExceededException", errors.ContextTooLong),
    "too long, namespaced": ("com.amazon.x#contentLengthExceededError", errors.ContextTooLong),
    "too long, in new words": ("InputTooLongException", errors.ContextTooLong),
    "unheard of": ("NewException", errors.UpstreamBroken),
    "no name": ("", errors.UpstreamBroken),
}


@pytest.mark.parametrize(("name", "verdict"), FRAMES.values(), ids=FRAMES)
def test_exception_frames(name: str, verdict: type[errors.GatewayError]) -> None:
    headers = {":message-type": "exception", ":exception-type": name}
    error = q.read_frame(Frame(headers, b'{"message":"m","retryAfterMilliseconds":500}'))
    assert type(error) is verdict and error.retry_after == 0.5


TOO_LONG_FRAMES: dict[str, dict[str, str]] = {
    "a reason": {"message": "m", "reason": "CONTENT_LENGTH_EXCEEDS_THRESHOLD"},
    "a sentence": {"message": "Input is too long."},
    "another sentence": {"message": "Input content length exceeds threshold."},
}


@pytest.mark.parametrize("name", ["ValidationException", "validationError", "error", ""])
@pytest.mark.parametrize("body", TOO_LONG_FRAMES.values(), ids=TOO_LONG_FRAMES)
def test_c_150_too_long_in_the_stream(name: str, body: dict[str, str]) -> None:
    headers = {":message-type": "exception", ":exception-type": name}
    error = q.read_frame(Frame(headers, msgspec.json.encode(body)))
    assert type(error) is errors.ContextTooLong


def test_c_150_too_long_as_an_error_that_is_not_modelled() -> None:
    headers = {":message-type": "error", ":error-code": "ContentLengthExceededException"}
    error = q.read_frame(Frame(headers, b""))
    assert type(error) is errors.ContextTooLong


def test_error_frames() -> None:
    headers = {":message-type": "error", ":error-code": "InternalFailure", ":error-message": "m"}
    error = q.read_frame(Frame(headers, b""))
    assert type(error) is errors.UpstreamBroken and "InternalFailure: m" in str(error)


ORIGINS: dict[str, tuple[str, str | None, str]] = {
    "both": ("ThrottlingException", "MONTHLY", "ThrottlingException (MONTHLY): m"),
    "a name": ("ThrottlingException", None, "ThrottlingException: m"),
    "a reason": ("", "MONTHLY", "MONTHLY: m"),
}


@pytest.mark.parametrize(("name", "reason", "words"), ORIGINS.values(), ids=ORIGINS)
def test_words_begin_with_who_says_them(name: str, reason: str | None, words: str) -> None:
    assert str(q.read_exception(name, reason, "m")) == words


@pytest.mark.parametrize(("name", "reason"), VERDICTS)
def test_every_verdict_has_words(name: str | None, reason: str | None) -> None:
    error = q.read_exception(name or "AnyException", reason, "m")
    assert type(error) is VERDICTS[name, reason]
    assert 400 <= wording(error).status < 600


@given(st.integers(400, 599), st.binary() | st.recursive(
    st.none() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["message", "reason", "__type", "code", "error",
                         "retryAfterMilliseconds"]), inner),
).map(msgspec.json.encode))  # fmt: skip
def test_any_answer_means_something(status: int, body: bytes) -> None:
    assert isinstance(q.read_answer(Answer(status, body)), errors.GatewayError)
