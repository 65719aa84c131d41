"""What Amazon's refusals mean to us: by exception and ``reason``, by sentence, by status.

Source: upstream-protocol.md 4.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias

from amq2api import errors

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
NAMES_LENGTH = re.compile(
    r"(?:content|context|input|prompt)_?(?:length|window|size|tokens?)_?(?:is_?)?"
    r"(?:exceed|overflow|too_?l)\w*"
    r"|(?:content|context|input|prompt)_?(?:is_?)?too_?(?:long|large)\w*",
    re.IGNORECASE,
)

VAGUE = (None, errors.RequestRefused)
"""What a row says of a request that is not valid for whatever reason."""

BY_STATUS: Mapping[int, Verdict] = {
    # For answers that name no exception: an edge's HTML, an empty body (4.3).
    400: errors.RequestRefused,
    401: errors.CredentialRefused,
    402: errors.QuotaExhausted,
    403: errors.CredentialRefused,
    407: errors.RoadBarred,
    408: errors.UpstreamBroken,
    413: errors.ContextTooLong,
    429: errors.RateLimited,
    503: errors.UpstreamBusy,
    504: errors.UpstreamTimeout,
    524: errors.UpstreamTimeout,
}

OF_ANOTHER: Mapping[int, Verdict] = {
    # For bodies that are no JSON: whoever wrote them stands between here and the service, and
    # knows nothing of our token. A page with status 200 is a portal's or a maintenance's.
    401: errors.RoadBarred,
    403: errors.RoadBarred,
}


def by_status(status: int, *, another: bool) -> Verdict:
    """What *status* alone means, of the service or of *another* that answered in its place."""
    if another and (verdict := OF_ANOTHER.get(status)):
        return verdict
    if (verdict := BY_STATUS.get(status)) is not None:
        return verdict
    if status >= 500 or status < 300:
        return errors.UpstreamBroken
    return errors.RoadBarred if another or status < 400 else errors.RequestRefused
