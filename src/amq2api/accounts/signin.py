"""Signing in with a device code, as a conversation without a network.

Each sign-in registers a client of its own: a registration that two installations shared would
let one of them void the other's tokens. Source: RFC 8628; upstream-protocol.md 5.2, 5.3.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from amq2api.dialects.amazonq import oidc
from amq2api.errors import BadRequest, GatewayError, LoginRequired, ProtocolError, UpstreamBroken
from amq2api.wire.exchange import Answer, Ask

from .model import Token
from .place import Place, is_web_address
from .refresh import Pause, insist, passes, refusal, retry_after
from .secret import hide, plain

LONGEST_LIFE = 3600
"""Seconds for which a code is waited for at most, whatever the service says."""
_SLOWER = 5.0  # seconds, RFC 8628 3.5
_LONGEST_PAUSE = 30.0  # seconds, for a service that fails; one that works says what it wants


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person has to be shown; go on by sending None. *expires_at* is Unix time."""

    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Login:
    """What signing in yields. *registration_expires_at* is Unix time, None if not told."""

    token: Token
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    registration_expires_at: float | None

    def __post_init__(self) -> None:
        hide(self, "client_id", "client_secret")

    def fields(self, where: Place, profile_arn: str = "") -> dict[str, Any]:
        """The members of account.json that this settles; None where there is to be none."""
        return {
            "refresh_token": plain(self.token.refresh), "client_id": plain(self.client_id),
            "client_secret": plain(self.client_secret), "profile_arn": profile_arn or None,
            "auth": where.kind, "region": where.region, "start_url": where.start_url,
            "registration_expires_at": self.registration_expires_at,
        }  # fmt: skip


Flow: TypeAlias = Generator[Ask | Pause | Prompt, Answer | None, Login]


def sign_in(start_url: str, *, oidc_url: str, now: Callable[[], float]) -> Flow:
    """Sign somebody in who confirms a code in a browser.

    Yields an :class:`Ask` and must be sent the :class:`Answer` to it, or be thrown the
    UpstreamBroken that came instead; a :class:`Pause` or, once, a :class:`Prompt`, and must be
    sent None. It ends within :data:`LONGEST_LIFE`.

    Args:
        start_url: Of a :class:`~amq2api.accounts.place.Place`, as is *oidc_url*.
        now: Unix time in seconds.

    Raises:
        LoginRequired: the person said no, or nothing in time; starting again may help.
        BadRequest: the service knows no such start URL.
        UpstreamBroken, RateLimited: the service cannot be had, or answers what nobody knows.
    """
    client = yield from _registered(oidc_url)
    code = yield from _authorized(client, start_url, oidc_url)
    lifetime = min(max(code.expires_in, 1), LONGEST_LIFE)
    deadline = now() + lifetime
    yield _prompt(code, deadline)
    interval = float(max(code.interval, 1))
    ask = _ask(oidc_url, "token", oidc.CreateTokenRequest(
        client_id=client.client_id, client_secret=client.client_secret,
        grant_type=oidc.DEVICE_GRANT, device_code=code.device_code,
    ))  # fmt: skip
    wait, failures = interval, 0
    for _ in range(lifetime):  # no poll comes less than a second after another
        yield Pause(wait)
        if (sent := now()) >= deadline:
            break
        try:
            answer = yield ask
        except UpstreamBroken:
            answer = None
        else:
            assert answer is not None
            if answer.status == 200:
                return _login(answer, client, sent)
        interval, failures = _pace(answer, interval, failures)
        wait = _wait(answer, interval, failures)
    raise LoginRequired("nobody confirmed the code in time; start again")


def _registered(
    oidc_url: str,
) -> Generator[Ask | Pause, Answer | None, oidc.RegisterClientResponse]:
    request = oidc.RegisterClientRequest(
        client_name=oidc.CLIENT_NAME, client_type="public", scopes=list(oidc.SCOPES)
    )
    client = oidc.read_registration((yield from insist(_ask(oidc_url, "client/register", request),
                                                       _verdict)))  # fmt: skip
    if not (client.client_id and client.client_secret):
        raise ProtocolError("the sign-in service registered no client")
    return client


def _authorized(
    client: oidc.RegisterClientResponse, start_url: str, oidc_url: str
) -> Generator[Ask | Pause, Answer | None, oidc.StartDeviceAuthorizationResponse]:
    def verdict(answer: Answer) -> GatewayError:
        if oidc.read_error(answer)[0] == "invalid_request" and answer.status < 500:
            said = f"the sign-in service refuses this start URL in this region ({refusal(answer)})"
            return BadRequest(said, field="start_url")
        return _verdict(answer)

    request = oidc.StartDeviceAuthorizationRequest(
        client_id=client.client_id, client_secret=client.client_secret, start_url=start_url
    )
    ask = _ask(oidc_url, "device_authorization", request)
    code = oidc.read_authorization((yield from insist(ask, verdict)))
    if not code.device_code:
        raise ProtocolError("the sign-in service gave no device code")
    return code


def _prompt(code: oidc.StartDeviceAuthorizationResponse, deadline: float) -> Prompt:
    complete = code.verification_uri_complete or code.verification_uri
    # Both are shown as links and opened: neither may be a script, a file or an option.
    if not (is_web_address(code.verification_uri) and is_web_address(complete)):
        raise ProtocolError("the sign-in service gave no link that can be opened")
    if not (0 < len(code.user_code) <= 64 and code.user_code.isprintable()):
        raise ProtocolError("the sign-in service gave no code that can be shown")
    return Prompt(code.user_code, code.verification_uri, complete, deadline)


def _login(answer: Answer, client: oidc.RegisterClientResponse, sent: float) -> Login:
    minted = oidc.read_token(answer)
    if not (minted.access_token and minted.refresh_token):
        raise ProtocolError("the sign-in service answered without a token")
    token = Token(minted.access_token, minted.refresh_token, sent + minted.expires_in)
    expires_at = float(client.client_secret_expires_at) or None
    return Login(token, client.client_id, client.client_secret, expires_at)


def _pace(answer: Answer | None, interval: float, failures: int) -> tuple[float, int]:
    """The interval from now on, and failures in a row; raises what ends the conversation."""
    if answer is None:
        return interval, failures + 1
    code, _ = oidc.read_error(answer)
    if code == "slow_down" or answer.status == 429:
        return interval + _SLOWER, 0
    if code == "authorization_pending" and answer.status < 500:
        return interval, 0
    if passes(answer):
        return interval, failures + 1
    raise _verdict(answer)


def _wait(answer: Answer | None, interval: float, failures: int) -> float:
    wanted = retry_after(answer) if answer is not None else None
    slower = min(interval * 2.0 ** min(failures, 8), _LONGEST_PAUSE)
    return max(interval, slower, min(wanted or 0.0, LONGEST_LIFE))


_ENDS: dict[oidc.OidcError, str] = {
    # upstream-protocol.md 5.3
    "expired_token": "nobody confirmed the code in time; start again",
    "access_denied": "access was denied; start again if that was a mistake",
    "invalid_grant": "the code is not valid any more; start again",
    "invalid_client": "the client registration is not valid any more; start again",
    "unauthorized_client": "the client registration may not sign anybody in",
}


def _verdict(answer: Answer) -> GatewayError:
    # The description is the endpoint's to word and could quote what was sent: it stays out.
    code, said = oidc.read_error(answer)[0], refusal(answer)
    if answer.status < 500 and code in _ENDS:
        return LoginRequired(f"{_ENDS[code]} ({said})")
    return UpstreamBroken(f"the sign-in service answered {said}", retry_after=retry_after(answer))


def _ask(oidc_url: str, path: str, request: object) -> Ask:
    headers = {"content-type": "application/json", "accept": "application/json"}
    return Ask(f"{oidc_url}/{path}", oidc.encode(request), headers)
