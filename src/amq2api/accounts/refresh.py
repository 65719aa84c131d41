"""Minting access tokens at AWS SSO OIDC, as a conversation without a network."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

from amq2api.dialects.amazonq import oidc
from amq2api.errors import (
    GatewayError,
    LoginRequired,
    ProtocolError,
    RateLimited,
    UpstreamBroken,
)
from amq2api.wire.exchange import Answer, Ask

from .model import Credential, Token
from .secret import plain

ATTEMPTS = 3
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds, then go on by sending None."""

    seconds: float


Flow: TypeAlias = Generator[Ask | Pause, Answer | None, Token]

_VOID: dict[oidc.OidcError, str] = {
    # What only a person can cure, and why (upstream-protocol.md 5.3, 5.5).
    "invalid_grant": "the refresh token is spent, revoked or expired",
    "expired_token": "the refresh token has expired",
    "invalid_client": "the client registration is unknown or has expired",
    "unauthorized_client": "the client registration may not renew this refresh token",
    "access_denied": "access was withdrawn",
}
_CURE = (
    "sign in again, on the gateway's page or with `amq2api login`, or put a new refresh_token,"
    " client_id and client_secret in account.json or the AMAZONQ_* variables"
)


def refresh(credential: Credential, *, now: float, token_url: str) -> Flow:
    """Trade a refresh token for an access token.

    Yields an :class:`Ask` and must be sent the :class:`Answer` to it, or be thrown the
    UpstreamBroken that came instead; or yields a :class:`Pause` and must be sent None. Asks
    again, three times in all, after what tends to pass: HTTP 429, 5xx, ``slow_down``,
    ``server_error`` and a broken road.

    Args:
        credential: Whose token to renew.
        now: Unix time in seconds, taken before the first request is sent, so that a slow
            answer can only make the token look older than it is.
        token_url: The account's own (``Account.token_url``).

    Returns:
        The new token. Its ``refresh`` differs from the one spent whenever the service
        rotates it; store it before using ``access``.

    Raises:
        LoginRequired: the service says that the grant or the registration is void.
        RateLimited: still too many requests at the last attempt.
        UpstreamBroken: any other answer. A refusal that does not say the grant is void, such as
            ``invalid_request`` or an edge's 403, may be our bug or pass by itself, and must
            not cost anyone their login.

    Source: CreateToken, https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/
    """
    return _token((yield from insist(_ask(credential, token_url), _verdict)), credential, now)


def insist(
    ask: Ask, verdict: Callable[[Answer], GatewayError]
) -> Generator[Ask | Pause, Answer | None, Answer]:
    """Ask the sign-in service until it says yes, or what does not pass, or three times.

    Raises:
        GatewayError: *verdict* of the last answer; the UpstreamBroken that came instead of it.
    """
    for number in range(1, ATTEMPTS + 1):
        try:
            answer = yield ask
        except UpstreamBroken as exc:
            failure: GatewayError = exc
        else:
            assert answer is not None
            if answer.status == 200:
                return answer
            failure = verdict(answer)
            if not passes(answer):
                break
        if number < ATTEMPTS:
            yield Pause(_pause(number, failure))
    raise failure


def _ask(credential: Credential, token_url: str) -> Ask:
    body = oidc.CreateTokenRequest(
        client_id=plain(credential.client_id),
        client_secret=plain(credential.client_secret),
        grant_type=oidc.REFRESH_GRANT,
        refresh_token=plain(credential.refresh_token),
    )
    headers = {"content-type": "application/json", "accept": "application/json"}
    return Ask(token_url, oidc.encode(body), headers)


def _token(answer: Answer, credential: Credential, now: float) -> Token:
    minted = oidc.read_token(answer)
    if not minted.access_token:
        raise ProtocolError("the token endpoint answered without a token")
    # Absent or empty means unchanged (upstream-protocol.md 5.5).
    kept = minted.refresh_token or credential.refresh_token
    return Token(minted.access_token, kept, now + minted.expires_in)


def passes(answer: Answer) -> bool:
    """Whether asking once more may help."""
    code, _ = oidc.read_error(answer)
    return answer.status == 429 or answer.status >= 500 or code in ("slow_down", "server_error")


def _verdict(answer: Answer) -> GatewayError:
    # The description is the endpoint's to word and could quote what was sent: it stays out.
    code, said = oidc.read_error(answer)[0], refusal(answer)
    if answer.status < 500 and code in _VOID:
        return LoginRequired(f"{_VOID[code]} ({said}): {_CURE}")
    if answer.status == 429 or code == "slow_down":
        return RateLimited(f"the token endpoint asks to slow down ({said})",
                           retry_after=retry_after(answer))  # fmt: skip
    return UpstreamBroken(f"the token endpoint answered {said}", retry_after=retry_after(answer))


def refusal(answer: Answer) -> str:
    """What was answered, in a few words of ours."""
    code, _ = oidc.read_error(answer)
    return f"HTTP {answer.status}" if code == "unknown" else f"HTTP {answer.status} {code}"


def retry_after(answer: Answer) -> float | None:
    """Only seconds are read; the other form, a date, would need a clock."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else None


def _pause(number: int, failure: GatewayError) -> float:
    wanted = _FIRST_PAUSE * 2.0 ** (number - 1)
    return min(failure.retry_after if failure.retry_after is not None else wanted, _LONGEST_PAUSE)
