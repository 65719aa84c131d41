"""Reading Amazon's refusals, by the tables of verdicts.py. Text is never searched for meaning,
with the exceptions listed in :data:`SENTENCES`, which have no reason, and of :data:`TOO_LONG`,
where nothing typed says more than that the request is not valid.

Source: upstream-protocol.md 4.
"""

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from amq2api import errors
from amq2api.wire.eventstream import Frame
from amq2api.wire.exchange import Answer

from .operations import ERROR_TYPE_HEADER, REQUEST_ID_HEADER
from .verdicts import NAMES_LENGTH, SENTENCES, TOO_LONG, VAGUE, VERDICTS, Verdict, by_status

__all__ = ["SENTENCES", "TOO_LONG", "VERDICTS", "read_answer", "read_exception", "read_frame"]

_LONGEST_WORDS = 2000  # characters of a message; what is longer is no message
_LONGEST_NAME = 100
_SIGNS = re.compile(r"[^\w.:/-]")
"""What has no place in a name or an id."""

_PRIVATE: tuple[tuple[re.Pattern[str], str], ...] = (
    # What tells who the account is, or opens it, is not the client's to know (C-151).
    (re.compile(r"arn:aws[\w-]*:\S+"), "(an ARN)"),
    (re.compile(r"\bUser ID \([^)]*\)"), "User ID"),
    (re.compile(r"\bd-[0-9a-f]{10}\b[\w.-]*"), "(an id)"),
    (re.compile(r"\bao[ar][\w+/=-]{20,}"), "(a token)"),
)


def read_exception(
    name: str, reason: str | None, message: str, *, retry_after: float | None = None
) -> errors.GatewayError:
    """Turn an upstream exception into ours; one we have no row for is UpstreamBroken.

    Args:
        name: The exception as sent: in any case, with or without namespace and suffix.
    """
    canonical = _canonical(name)
    verdict = _verdict(canonical, reason, message) or errors.UpstreamBroken
    said = errors.Said(200, _name(canonical), _name(reason or ""))
    return _say(verdict, _called(name, reason), message, retry_after, said)


def read_answer(answer: Answer, now: float | None = None) -> errors.GatewayError:
    """Turn a whole HTTP answer that is no stream into ours.

    Args:
        now: Unix time in seconds, for a date to come back at from a server that tells no time.
    """
    body = _body(answer.body)
    name = _exception_name(answer.headers.get(ERROR_TYPE_HEADER, ""), body or {})
    reason, message = _reason(body or {}), _message(body or {})
    canonical, another = _canonical(name), body is None and not name
    verdict = _verdict(canonical, reason, message)
    if answer.status == 413 and verdict in VAGUE:
        verdict = errors.ContextTooLong
    verdict = verdict or by_status(answer.status, another=another)
    what = _called(name, reason) or f"HTTP {answer.status}"
    if another:
        what += ", and not in the service's words"
    request_id = _name(answer.headers.get(REQUEST_ID_HEADER, ""))
    said = errors.Said(answer.status, _name(canonical), _name(reason or ""), request_id)
    return _say(verdict, what, message, _retry_after(answer, body or {}, now), said)


def read_frame(frame: Frame) -> errors.GatewayError:
    """Turn an ``exception`` or ``error`` frame into ours (3.2)."""
    if frame.headers.get(":message-type") == "error":
        code = str(frame.headers.get(":error-code", "error"))
        return read_exception(code, None, str(frame.headers.get(":error-message", "")))
    body = _body(frame.payload) or {}
    name = str(frame.headers.get(":exception-type", "")) or "error"
    return read_exception(name, _reason(body), _message(body), retry_after=_milliseconds(body))


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
    if row in VAGUE and _is_too_long(name, reason or "", message.strip()):
        return errors.ContextTooLong
    return row


def _is_too_long(name: str, reason: str, message: str) -> bool:
    typed = NAMES_LENGTH.match(name) or NAMES_LENGTH.match(reason)
    return bool(typed) or any(words.fullmatch(message) for words in TOO_LONG)


def _say(
    verdict: Verdict, what: str, message: str, retry_after: float | None, said: errors.Said
) -> errors.GatewayError:
    words = f"{what}: {message}" if message else what
    for pattern, word in _PRIVATE:
        words = pattern.sub(word, words)
    error = verdict(words)
    error.retry_after, error.said = retry_after, said
    return error


_KNOWN = {name.lower(): name for name, _ in VERDICTS if name is not None}


def _canonical(name: str) -> str:
    """``com.amazon.x#throttlingError:http://…`` and the like, as VERDICTS spells it (3.2, 4.1)."""
    bare = name.split(":")[0].split("#")[-1].split(".")[-1]
    if bare.lower() == "error":
        # The one exception member of the model: an InternalServerException (3.2).
        return "InternalServerException"
    stem = bare.lower().removesuffix("exception").removesuffix("error")
    return _KNOWN.get(stem + "exception", bare)


def _name(text: str) -> str:
    """A name or an id that somebody else chose, fit for a log line."""
    return _SIGNS.sub("", text)[:_LONGEST_NAME]


def _body(raw: bytes) -> dict[str, Any] | None:
    """The service's own words; None for those of somebody else. No words are the service's."""
    try:
        body = msgspec.json.decode(raw) if raw else {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _exception_name(header: str, body: Mapping[str, Any]) -> str:
    for name in (header, body.get("code"), body.get("__type")):
        if isinstance(name, str) and name:
            return name.split(":")[0].split("#")[-1][:_LONGEST_NAME]
    return ""


def _reason(body: Mapping[str, Any]) -> str | None:
    nested = body.get("error")
    for place in (body, nested if isinstance(nested, dict) else {}):
        if isinstance(reason := place.get("reason"), str) and reason:
            return reason[:_LONGEST_NAME]
    return None


def _message(body: Mapping[str, Any]) -> str:
    nested = body.get("error")
    for place in (body, nested if isinstance(nested, dict) else {}):
        for key in ("message", "Message", "errorMessage"):
            if isinstance(text := place.get(key), str) and text:
                return text[:_LONGEST_WORDS]
    return ""


def _retry_after(answer: Answer, body: Mapping[str, Any], now: float | None) -> float | None:
    if (told := _milliseconds(body)) is not None:
        return told
    header = answer.headers.get("retry-after", "").strip()
    try:
        return _sound(float(header))
    except ValueError:
        then = _moment(header)
    if then is None:
        return None
    # By the clock of whoever says it: ours may be wrong.
    since = _moment(answer.headers.get("date", "")) or now
    return None if since is None else _sound(then - since)


def _milliseconds(body: Mapping[str, Any]) -> float | None:
    millis = body.get("retryAfterMilliseconds")
    return _sound(millis / 1000) if isinstance(millis, int | float) else None


def _sound(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _moment(date: str) -> float | None:
    """An HTTP date as Unix time."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None
