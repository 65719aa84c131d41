"""Reading Amazon's refusals: one row per exception and ``reason``. Text is never searched
for meaning, with the exceptions listed in :data:`SENTENCES`, which have no reason, and of
:data:`TOO_LONG`, where nothing typed says more than that the request is not valid.

Source: upstream-protocol.md 4.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from amq2api import errors
from amq2api.wire.eventstream import Frame
from amq2api.wire.exchange import Answer

from .operations import ERROR_TYPE_HEADER

__all__ = ["SENTENCES", "TOO_LONG", "VERDICTS", "read_answer", "read_exception", "read_frame"]

Verdict: TypeAlias = type[errors.GatewayError]

VERDICTS: Mapping[tuple[str | None, str | None], Verdict] = {
    # (exception, reason): what it means to us. None stands for any other.
    # A reason decides whatever the exception or the status: the monthly limit has been
    # seen as 400, 402 and 429 (8.11), lack of capacity as 400 and 429 (4.3).
    (None, "MONTHLY_REQUEST_COUNT"): errors.QuotaExhausted,
    (None, "DAILY_REQUEST_COUNT"): errors.QuotaExhausted,
    (None, "WEEKLY_REQUEST_COUNT"): errors.QuotaExhausted,
    (None, "HOURLY_REQUEST_COUNT"): errors.QuotaExhausted,
    (None, "USAGE_LIMIT_REACHED"): errors.QuotaExhausted,
    (None, "OVERAGE_REQUEST_LIMIT_EXCEEDED"): errors.QuotaExhausted,
    (None, "CONVERSATION_LIMIT_EXCEEDED"): errors.ContextTooLong,
    (None, "INSUFFICIENT_MODEL_CAPACITY"): errors.UpstreamBusy,
    (None, "INSUFFICIENT_THROUGHPUT"): errors.UpstreamBusy,
    (None, "MODEL_TEMPORARILY_UNAVAILABLE"): errors.UpstreamBusy,
    (None, "SERVICE_REQUEST_RATE_EXCEEDED"): errors.UpstreamBusy,
    (None, "USER_REQUEST_RATE_EXCEEDED"): errors.RateLimited,
    (None, "CREDIT_CONSUMPTION_RATE_EXCEEDED"): errors.RateLimited,
    (None, "TEMPORARILY_SUSPENDED"): errors.AccountSuspended,
    (None, "FEATURE_NOT_SUPPORTED"): errors.NotEntitled,
    (None, "UNAUTHORIZED_CUSTOMIZATION_RESOURCE_ACCESS"): errors.NotEntitled,
    (None, "UNAUTHORIZED_WORKSPACE_CONTEXT_FEATURE_ACCESS"): errors.NotEntitled,
    (None, "CONTENT_LENGTH_EXCEEDS_THRESHOLD"): errors.ContextTooLong,
    (None, "INVALID_MODEL_ID"): errors.UnknownModel,
    (None, "THINKING_SIGNATURE_INVALID"): errors.ReasoningRefused,
    (None, "IMAGE_MIME_MISMATCH"): errors.MediaRefused,
    (None, "IMAGE_COUNT_EXCEEDED"): errors.MediaRefused,
    (None, "INVALID_KMS_GRANT"): errors.NotEntitled,
    (None, "CUSTOMER_KMS_KEY_DISABLED"): errors.NotEntitled,
    (None, "CUSTOMER_KMS_KEY_INVALID_KEY_POLICY"): errors.NotEntitled,
    (None, "MISMATCHED_KMS_KEY"): errors.NotEntitled,
    ("AccessDeniedException", None): errors.CredentialRefused,
    ("ExpiredTokenException", None): errors.CredentialRefused,
    ("UnrecognizedClientException", None): errors.CredentialRefused,
    ("ThrottlingException", None): errors.RateLimited,
    ("ServiceQuotaExceededException", None): errors.QuotaExhausted,
    ("ValidationException", None): errors.RequestRefused,
    ("SerializationException", None): errors.RequestRefused,
    ("ContentLengthExceededException", None): errors.ContextTooLong,
    ("ServiceUnavailableException", None): errors.UpstreamBusy,
    ("InternalServerException", None): errors.UpstreamBroken,
    ("ConflictException", None): errors.RequestRefused,
    ("ResourceNotFoundException", None): errors.RequestRefused,
}

SENTENCES: tuple[tuple[re.Pattern[str], Verdict], ...] = (
    # Bodies that the service sends without a reason (4.3). Each is matched as a whole, from
    # its first word to its last, so that no text of a user's, quoted in a message, decides.
    (re.compile(r"The bearer token included in the request is invalid\."),
     errors.CredentialRefused),
    (re.compile(r"User is not authorized to make this call\."), errors.NotEntitled),
    (re.compile(r"AWS Builder ID is not supported for this operation\."), errors.NotEntitled),
    (re.compile(r"API key authentication is not supported for this operation\."),
     errors.NotEntitled),
    (re.compile(r"profileArn is required for this request\."), errors.NotEntitled),
    (re.compile(r"Your User ID( \([\w.-]*\))? (temporarily is|is temporarily) suspended\. We.*"),
     errors.AccountSuspended),
    (re.compile(r"Due to suspicious activity, we are imposing temporary limits on how .*"),
     errors.RateLimited),
    (re.compile(r"Input is too long\."), errors.ContextTooLong),
    (re.compile(r"Input content length exceeds threshold\."), errors.ContextTooLong),
    (re.compile(r"Encountered unexpectedly high load when processing the request, .*"),
     errors.UpstreamBusy),
)  # fmt: skip

TOO_LONG: tuple[re.Pattern[str], ...] = (
    # Other words for a conversation that exceeds the model's window: of the official clients
    # (4.4) and of the model's own API, which stands behind the service. Each is a whole sentence
    # without marks of quotation, so that no text of a user's decides.
    re.compile(r"Exceeded max chat context length\.?"),
    re.compile(r"(?:The )?input (?:content )?(?:length |size )?(?:is|was) too (?:long|large)"
               r"(?: for [\w -]+)?\.?", re.IGNORECASE),
    re.compile(r"(?:The )?input (?:content )?length exceeds [\w -]+\.?", re.IGNORECASE),
    re.compile(r"(?:The )?prompt is too long(?:: \d+ tokens > \d+ maximum)?\.?", re.IGNORECASE),
    re.compile(r"[\w ,-]+ (?:exceeds?|exceeded|exceeding|is longer than|is larger than)"
               r" (?:the )?(?:[\w'-]+ ){0,3}context (?:window|length|limit)[\w ,.():>/-]*",
               re.IGNORECASE),
)  # fmt: skip

# An exception or a reason that a table of ours does not know yet, but that says what it means.
_NAMES_LENGTH = re.compile(
    r"(?:content|context|input|prompt)_?(?:length|window|size|tokens?)_?(?:is_?)?"
    r"(?:exceed|overflow|too_?l)\w*"
    r"|(?:content|context|input|prompt)_?(?:is_?)?too_?(?:long|large)\w*",
    re.IGNORECASE,
)

_PRIVATE: tuple[tuple[re.Pattern[str], str], ...] = (
    # What tells who the account is, or opens it, is not the client's to know (C-151).
    (re.compile(r"arn:aws[\w-]*:\S+"), "(an ARN)"),
    (re.compile(r"\bUser ID \([^)]*\)"), "User ID"),
    (re.compile(r"\bd-[0-9a-f]{10}\b[\w.-]*"), "(an id)"),
    (re.compile(r"\bao[ar][\w+/=-]{20,}"), "(a token)"),
)

_VAGUE = (None, errors.RequestRefused)
"""What a row says of a request that is not valid for whatever reason."""

_BY_STATUS: Mapping[int, Verdict] = {
    # For answers that name no exception: an edge's HTML, an empty body (4.3).
    400: errors.RequestRefused,
    401: errors.CredentialRefused,
    402: errors.QuotaExhausted,
    403: errors.CredentialRefused,
    413: errors.ContextTooLong,
    429: errors.RateLimited,
    503: errors.UpstreamBusy,
    504: errors.UpstreamTimeout,
    524: errors.UpstreamTimeout,
}


def read_exception(
    name: str, reason: str | None, message: str, *, retry_after: float | None = None
) -> errors.GatewayError:
    """Turn an upstream exception into ours; one we have no row for is UpstreamBroken.

    Args:
        name: The exception as sent: in any case, with or without namespace and suffix.
    """
    verdict = _verdict(_canonical(name), reason, message) or errors.UpstreamBroken
    return _say(verdict, _called(name, reason), message, retry_after)


def read_answer(answer: Answer) -> errors.GatewayError:
    """Turn a whole HTTP answer that is no stream into ours."""
    body = _body(answer.body)
    name = _exception_name(answer.headers.get(ERROR_TYPE_HEADER, ""), body)
    reason, message = _reason(body), _message(body)
    verdict = _verdict(_canonical(name), reason, message)
    if answer.status == 413 and verdict in _VAGUE:
        verdict = errors.ContextTooLong
    if verdict is None:
        broken = errors.UpstreamBroken if answer.status >= 500 else errors.RequestRefused
        verdict = _BY_STATUS.get(answer.status, broken)
    said = _called(name, reason) or f"HTTP {answer.status}"
    return _say(verdict, said, message, _retry_after(answer, body))


def read_frame(frame: Frame) -> errors.GatewayError:
    """Turn an ``exception`` or ``error`` frame into ours (3.2)."""
    if frame.headers.get(":message-type") == "error":
        code = str(frame.headers.get(":error-code", "error"))
        return read_exception(code, None, str(frame.headers.get(":error-message", "")))
    body = _body(frame.payload)
    name = str(frame.headers.get(":exception-type", "")) or "error"
    millis = body.get("retryAfterMilliseconds")
    wait = millis / 1000 if isinstance(millis, int | float) else None
    return read_exception(name, _reason(body), _message(body), retry_after=wait)


def _called(name: str, reason: str | None) -> str:
    """``ThrottlingException (MONTHLY_REQUEST_COUNT)``, or the one of the two that was said."""
    return f"{name} ({reason})" if name and reason else name or reason or ""


def _verdict(name: str, reason: str | None, message: str) -> Verdict | None:
    if reason is not None and (found := VERDICTS.get((None, reason))):
        return found
    for sentence, verdict in SENTENCES:
        if sentence.fullmatch(message.strip()):
            return verdict
    row = VERDICTS.get((name, None))
    if row in _VAGUE and _is_too_long(name, reason or "", message.strip()):
        return errors.ContextTooLong
    return row


def _is_too_long(name: str, reason: str, message: str) -> bool:
    typed = _NAMES_LENGTH.match(name) or _NAMES_LENGTH.match(reason)
    return bool(typed) or any(words.fullmatch(message) for words in TOO_LONG)


def _say(
    verdict: Verdict, what: str, message: str, retry_after: float | None
) -> errors.GatewayError:
    said = f"{what}: {message}" if message else what
    for pattern, word in _PRIVATE:
        said = pattern.sub(word, said)
    error = verdict(said)
    error.retry_after = retry_after
    return error


_KNOWN = {name.lower(): name for name, _ in VERDICTS if name is not None}


def _canonical(name: str) -> str:
    """``com.amazon.x#throttlingError:http://…`` and the like, as VERDICTS spells it (3.2, 4.1)."""
    bare = name.split(":")[0].split("#")[-1].split(".")[-1].lower()
    if bare == "error":
        # The one exception member of the model: an InternalServerException (3.2).
        return "InternalServerException"
    stem = bare.removesuffix("exception").removesuffix("error")
    return _KNOWN.get(stem + "exception", bare)


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _exception_name(header: str, body: Mapping[str, Any]) -> str:
    for name in (header, body.get("code"), body.get("__type")):
        if isinstance(name, str) and name:
            return name.split(":")[0].split("#")[-1]
    return ""


def _reason(body: Mapping[str, Any]) -> str | None:
    nested = body.get("error")
    for place in (body, nested if isinstance(nested, dict) else {}):
        if isinstance(reason := place.get("reason"), str) and reason:
            return reason
    return None


def _message(body: Mapping[str, Any]) -> str:
    nested = body.get("error")
    for place in (body, nested if isinstance(nested, dict) else {}):
        for key in ("message", "Message", "errorMessage"):
            if isinstance(text := place.get(key), str) and text:
                return text
    return ""


def _retry_after(answer: Answer, body: Mapping[str, Any]) -> float | None:
    if isinstance(millis := body.get("retryAfterMilliseconds"), int | float):
        return millis / 1000
    try:
        return max(0.0, float(answer.headers.get("retry-after", "")))
    except ValueError:
        return None
