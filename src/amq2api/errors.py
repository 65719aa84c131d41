"""What can happen to a call, stated as facts.

::

    GatewayError
    ├── BadRequest                the caller's words; no account could serve them
    │   ├── ContextTooLong
    │   ├── RequestTooLarge
    │   ├── UnknownModel
    │   ├── Conflict              it contradicts what is there already
    │   ├── RequestRefused        the service found our request malformed
    │   ├── ReasoningRefused      the service does not know the replayed reasoning as its own
    │   ├── MediaRefused          the service does not take these images
    │   ├── RequestTimedOut       the caller did not send its request in time
    │   └── RunawayStopped        the caller goes in circles, and going on would only cost
    ├── NotFound, WrongMethod     no such place, or not with this method
    ├── KeyRefused                the caller's own key
    ├── OriginRefused             a browser was sent here by somebody else's page
    ├── AccountFailure            this account cannot serve the call, another one might
    │   ├── NoAccount
    │   ├── CredentialRefused
    │   ├── LoginRequired
    │   ├── AccountSuspended
    │   ├── NotEntitled
    │   └── QuotaExhausted
    ├── StoreBroken, StorageFailed    accounts cannot be read or kept (accounts/)
    ├── RateLimited               this account asks too fast
    ├── UpstreamBusy              the service has no capacity for anyone
    ├── AtCapacity                this gateway serves as many calls as it may
    ├── Stopping                  this gateway is about to end
    └── UpstreamBroken            the service, or the road to it, failed
        ├── UpstreamTimeout       it had the request, and was silent for too long
        │   └── ConnectTimeout    it never had it
        ├── RoadBarred            somebody on the way lets nothing through
        └── ProtocolError         bytes the wire format does not allow

No class knows an HTTP status or an upstream exception name: reading the upstream's
words is the job of dialects/amazonq/errors.py, choosing the client's words that of
dialects/messages/errors.py.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Said(NamedTuple):
    """What the service said of a failure, as it said it: for records and metrics."""

    status: int = 200
    """HTTP; 200 for an exception in the middle of a stream."""
    exception: str = ""
    reason: str = ""
    request_id: str = ""
    """The service's own, by which AWS can find the request."""


class GatewayError(Exception):
    """Anything this program refuses or fails to do on purpose.

    Its ``said`` is what the service said of it, where the service did.

    Args:
        message: For a person; never holds a secret or a caller's content.
        retry_after: Seconds after which the same call may succeed, where known.
        code: Machine-readable detail for ``error.details.error_code``, where one is defined.
    """

    def __init__(
        self, message: str = "", *, retry_after: float | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.code = code
        self.said: Said | None = None


class BadRequest(GatewayError):
    """The caller asked for something no account could ever serve.

    *field* is the member at fault as a dotted path, where one is to be named apart from the words.
    """

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        code: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after, code=code)
        self.field = field


class Conflict(BadRequest):
    """What is asked for makes sense, but not beside what is there already."""


class ContextTooLong(BadRequest):
    """The conversation exceeds what the model can read.

    *tokens* and *maximum* are counts where known; the service itself names neither.
    """

    def __init__(
        self, message: str = "", *, tokens: int | None = None, maximum: int | None = None
    ) -> None:
        super().__init__(message)
        self.tokens = tokens
        self.maximum = maximum


class RequestTooLarge(BadRequest):
    """The request's body has more bytes than this gateway takes."""


class UnknownModel(BadRequest):
    """No model of this name is offered to the account."""


class RequestRefused(BadRequest):
    """The service found the request we built malformed: a bug of ours unless it says otherwise."""


class ReasoningRefused(BadRequest):
    """The replayed reasoning is not the service's own; without it the call may succeed."""


class MediaRefused(BadRequest):
    """The service does not take these images; without them the call may succeed."""


class RequestTimedOut(BadRequest):
    """The caller began a request and did not go on with it."""


class RunawayStopped(BadRequest):
    """The caller repeats what has failed in the same way before, and would for ever."""


class NotFound(GatewayError):
    """Nothing lives at this path."""


class WrongMethod(GatewayError):
    """Something lives at this path, but not for this method.

    *allowed* are those that it is for, where that is known.
    """

    def __init__(self, message: str = "", *, allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(sorted(allowed))


class KeyRefused(GatewayError):
    """The caller's own key is missing or wrong."""


class OriginRefused(GatewayError):
    """The request names a host that is not ours, or comes from a page that is not."""


class AccountFailure(GatewayError):
    """This account cannot serve the call; another one might."""


class NoAccount(AccountFailure):
    """No account is configured, or none is left to try."""


class CredentialRefused(AccountFailure):
    """The access token was not accepted; a refresh may cure it."""


class LoginRequired(AccountFailure):
    """The refresh token is spent or void; only a person can help, by signing in again."""


class AccountSuspended(AccountFailure):
    """The account is blocked; neither waiting nor refreshing will help."""


class NotEntitled(AccountFailure):
    """The account may not use this feature or make this call."""


class QuotaExhausted(AccountFailure):
    """The account has used its allowance for the period.

    *resets_at* is Unix time in seconds, where the service told it.
    """

    def __init__(self, message: str = "", *, resets_at: float | None = None) -> None:
        super().__init__(message)
        self.resets_at = resets_at


class RateLimited(GatewayError):
    """The account sends requests faster than it may."""


class UpstreamBusy(GatewayError):
    """The service is out of capacity; the same call may succeed later."""


class AtCapacity(GatewayError):
    """This gateway serves as many calls as it may, and as many wait as may wait."""


class Stopping(GatewayError):
    """This gateway has been told to stop, and the time to end calls in is over."""


class UpstreamBroken(GatewayError):
    """The service, or the road to it, failed in a way no table foresees."""


class AnswerUnfit(UpstreamBroken):
    """The model's answer does not have the form that the client set, asked again or not."""


class UpstreamTimeout(UpstreamBroken):
    """The service was silent for too long."""


class ConnectTimeout(UpstreamTimeout):
    """No connection to the service came about in time: it never had the request."""


class RoadBarred(UpstreamBroken):
    """Something on the way to the service lets nothing through until somebody changes that."""


class ProtocolError(UpstreamBroken):
    """Bytes arrived that the published wire format does not allow."""
