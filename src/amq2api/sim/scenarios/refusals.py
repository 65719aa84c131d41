"""Every refusal the service is known for, by name, with its literal body (4.2, 4.3)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import TypeAlias

from amq2api.sim.faults import Fault
from amq2api.sim.steps import Flat

Answer: TypeAlias = Fault | Flat


@dataclass(frozen=True, slots=True)
class Refusal:
    """*early* ones come before the body is judged (4.5): who you are, what you have left."""

    summary: str
    answer: Callable[[float], Answer]
    """Takes the seconds to announce as the time to wait; most announce none."""
    early: bool = False


_VALIDATION = "ValidationException"
_THROTTLING = "ThrottlingException"
_DENIED = "AccessDeniedException"
_RATE = "Too many requests, please wait before trying again."
_HIGH_LOAD = (
    "Encountered unexpectedly high load when processing the request, please try again."
)  # fmt: skip
_LOCKED = (
    "We've locked your account as a security precaution. To restore access, please contact our "
    "support team"
)
_UNUSUAL = "We detected unusual user activity and locked it as a security precaution."
_SUSPICIOUS = (
    "Due to suspicious activity, we are imposing temporary limits on how frequently your account "
    "(d-0000000000) can send a request to Kiro while we investigate."
)


def _said(
    status: int,
    name: str,
    message: str,
    reason: str | None = None,
    *,
    summary: str = "",
    early: bool | None = None,
) -> Refusal:
    fault = Fault(status, name, message, reason, rule="4.3")
    told = summary or f"{status} {reason or name}"
    return Refusal(told, lambda _: fault, status in (402, 403) if early is None else early)


def _html(status: int, words: str, *, early: bool = False) -> Refusal:
    body = f"<html><head><title>{status}</title></head><body><h1>{words}</h1></body></html>"
    flat = Flat(status, body.encode(), "text/html")
    return Refusal(f"{status} in HTML, from the edge and not the service", lambda _: flat, early)


def _with_retry_after(seconds: float) -> Answer:
    wait = {"retry-after": f"{seconds:g}"}
    return Fault(429, _THROTTLING, _RATE, "USER_REQUEST_RATE_EXCEEDED", "4.3", headers=wait)


def _with_a_date(seconds: float) -> Answer:
    wait = {"retry-after": formatdate(time.time() + seconds, usegmt=True)}
    return Fault(429, _THROTTLING, _RATE, "USER_REQUEST_RATE_EXCEEDED", "4.3", headers=wait)


def _with_milliseconds(seconds: float) -> Answer:
    wait = {"retryAfterMilliseconds": round(seconds * 1000)}
    return Fault(429, _THROTTLING, _RATE, "CREDIT_CONSUMPTION_RATE_EXCEEDED", "4.3", extra=wait)


REFUSALS: Mapping[str, Refusal] = {
    "throttle": _said(429, _THROTTLING, _RATE, "USER_REQUEST_RATE_EXCEEDED", early=True,
                      summary="429, the account is too fast, without saying how long to wait"),
    "throttle-429": Refusal("429 with retry-after", _with_retry_after, early=True),
    "throttle-date": Refusal("429 with retry-after as a date", _with_a_date, early=True),
    "throttle-ms": Refusal("429 with retryAfterMilliseconds in the body", _with_milliseconds,
                           early=True),
    "throttle-bare": Refusal("429 with an empty body", lambda _: Flat(429), early=True),
    "suspicious-429": _said(429, _THROTTLING, _SUSPICIOUS, early=True,
                            summary="429, limited for suspicious activity, no reason"),
    "service-rate-429": _said(429, _THROTTLING, _RATE, "SERVICE_REQUEST_RATE_EXCEEDED", early=True),
    "daily-429": _said(429, _THROTTLING, "You have reached the limit.", "DAILY_REQUEST_COUNT",
                       early=True),
    "capacity-400": _said(
        400, _THROTTLING, "I am experiencing high traffic, please try again shortly.",
        "INSUFFICIENT_MODEL_CAPACITY", summary="400 (sic), no capacity for this model"),
    "capacity-429": _said(
        429, _THROTTLING, "I am experiencing high traffic, please try again shortly.",
        "INSUFFICIENT_MODEL_CAPACITY"),
    "quota-402": _said(402, "ServiceQuotaExceededException", "You have reached the limit.",
                       "MONTHLY_REQUEST_COUNT", summary="402, the month's allowance is used up"),
    "quota-400": _said(400, _THROTTLING, "Maximum Request reached for this month.",
                       "MONTHLY_REQUEST_COUNT", early=True,
                       summary="400 (sic), the month's allowance is used up, as classic Q says it"),
    "quota-429": _said(429, _THROTTLING, "You have reached the limit.", "MONTHLY_REQUEST_COUNT",
                       early=True),
    "overage-402": _said(
        402, "ServiceQuotaExceededException", "You have reached the limit for overages.",
        "OVERAGE_REQUEST_LIMIT_EXCEEDED"),
    "conversation-402": _said(
        402, "ServiceQuotaExceededException", "This conversation has reached its limit.",
        "CONVERSATION_LIMIT_EXCEEDED"),
    "suspended-403": _said(403, _DENIED, f"Your User ID is temporarily suspended. {_UNUSUAL}",
                           "TEMPORARILY_SUSPENDED"),
    "suspended-403-old": _said(
        403, _DENIED, f"Your User ID (d-0000000000) temporarily is suspended. {_LOCKED}",
        summary="403, suspended, as told before August 2026: without a reason"),
    "not-authorized-403": _said(403, _DENIED, "User is not authorized to make this call.",
                                summary="403, this identity may not use this surface"),
    "feature-403": _said(403, _DENIED, "This feature is not supported.", "FEATURE_NOT_SUPPORTED"),
    "builder-id-403": _said(
        403, _DENIED, "AWS Builder ID is not supported for this operation.",
        summary="403, not for this kind of account"),
    "api-key-403": _said(
        403, _DENIED, "API key authentication is not supported for this operation.",
        summary="403, not for this kind of credential"),
    "bearer-403": _said(403, _DENIED, "The bearer token included in the request is invalid.",
                        summary="403, the access token is not accepted"),
    "bearer-401": _said(401, "UnrecognizedClientException",
                        "The bearer token included in the request is invalid.", early=True,
                        summary="401, the access token is not accepted, as only rumour has it"),
    "expired-403": _said(403, "ExpiredTokenException", "The security token has expired.",
                         summary="403 by a name that only rumour knows"),
    "empty-403": Refusal("403 with an empty body: the token is too new", lambda _: Flat(403),
                         early=True),
    "profile-400": _said(400, _VALIDATION, "profileArn is required for this request.", early=True,
                         summary="400, an IdC account must say its profile"),
    "too-long-400": _said(400, _VALIDATION, "Input is too long.",
                          "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
    "threshold-400": _said(400, _VALIDATION, "Input content length exceeds threshold.",
                           summary="400, one message is too long, no reason"),
    "malformed-400": _said(400, _VALIDATION, "Improperly formed request.",
                           summary="400, whatever was wrong"),
    "body-400": _said(400, _VALIDATION, "Improperly formed request.", "REQUEST_BODY_INVALID"),
    "tool-400": _said(400, _VALIDATION, "Invalid tool use format.", "REQUEST_BODY_INVALID"),
    "schema-400": _said(400, _VALIDATION, "Invalid tool schema.", "TOOL_SCHEMA_INVALID"),
    "pairing-400": _said(
        400, _VALIDATION, "`tool_use` ids were found without `tool_result` blocks immediately "
        "after: tooluse_x.", "TOOL_USE_RESULT_MISMATCH"),
    "signature-400": _said(400, _VALIDATION, "Invalid signature in reasoning content.",
                           "THINKING_SIGNATURE_INVALID"),
    "image-400": _said(
        400, _VALIDATION, "The image was specified using the image/jpeg media type, but the image "
        "appears to be a image/png image", "IMAGE_MIME_MISMATCH"),
    "conversation-400": _said(400, _VALIDATION, "Invalid conversation ID.",
                              "INVALID_CONVERSATION_ID"),
    "model-400": _said(400, _VALIDATION,
                       "Invalid model. Please select a different model to continue.",
                       "INVALID_MODEL_ID"),
    "fields-400": _said(400, _VALIDATION,
                        "additionalModelRequestFields is not supported for this model",
                        summary="400, additionalModelRequestFields not for this model"),
    "kms-409": _said(409, "ConflictException", "The KMS key is disabled.",
                     "CUSTOMER_KMS_KEY_DISABLED"),
    "not-found-404": _said(404, "ResourceNotFoundException", "The resource does not exist."),
    "high-load-500": _said(500, "InternalServerException", _HIGH_LOAD,
                           summary="500, unexpectedly high load, no reason"),
    "model-500": _said(500, "InternalServerException", _HIGH_LOAD, "MODEL_TEMPORARILY_UNAVAILABLE"),
    "internal-500": _said(
        500, "InternalServerException",
        "Encountered an unexpected error when processing the request, please try again."),
    "unavailable-500": _said(
        500, "ServiceUnavailableException",
        "The service is temporarily unavailable. Please try again later."),
    "unavailable-503": _said(
        503, "ServiceUnavailableException",
        "The service is temporarily unavailable. Please try again later."),
    "html-403": _html(403, "Forbidden", early=True),
    "html-413": _html(413, "Request Entity Too Large"),
    "html-502": _html(502, "Bad Gateway"),
    "html-524": _html(524, "A timeout occurred"),
    "empty-500": Refusal("500 with an empty body", lambda _: Flat(500)),
}  # fmt: skip
