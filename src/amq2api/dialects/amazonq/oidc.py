"""AWS SSO OIDC: registration, device authorization and tokens.

Members are camelCase in both directions; snake case earns a misleading ``invalid_client``.
Source: upstream-protocol.md 5; CreateToken, StartDeviceAuthorization and RegisterClient in
https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/
"""

from typing import Literal, TypeAlias

import msgspec

from amq2api.errors import ProtocolError
from amq2api.wire.exchange import Answer

__all__ = [
    "BUILDER_ID_START_URL", "CLIENT_NAME", "DEVICE_GRANT", "REFRESH_GRANT", "SCOPES",
    "CreateTokenRequest", "CreateTokenResponse", "OidcError", "RegisterClientRequest",
    "RegisterClientResponse", "StartDeviceAuthorizationRequest",
    "StartDeviceAuthorizationResponse", "encode", "read_authorization", "read_error",
    "read_registration", "read_token",
]  # fmt: skip

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT = "refresh_token"
BUILDER_ID_START_URL = "https://view.awsapps.com/start"
CLIENT_NAME = "amq2api"
SCOPES = (
    "codewhisperer:completions",
    "codewhisperer:analysis",
    "codewhisperer:conversations",
)


class _Wire(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Snake case here, camel case on the wire. Requests and responses hold secrets: no repr."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class RegisterClientRequest(_Wire, frozen=True):
    client_name: str
    client_type: str
    scopes: list[str]


class RegisterClientResponse(_Wire, frozen=True):
    """*client_secret_expires_at* is Unix time in seconds."""

    client_id: str
    client_secret: str
    client_id_issued_at: int = 0
    client_secret_expires_at: int = 0


class StartDeviceAuthorizationRequest(_Wire, frozen=True):
    client_id: str
    client_secret: str
    start_url: str


class StartDeviceAuthorizationResponse(_Wire, frozen=True):
    """*expires_in* and *interval* are seconds; no interval means five (RFC 8628, 3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None = None
    expires_in: int = 600
    interval: int = 5


class CreateTokenRequest(_Wire, frozen=True):
    client_id: str
    client_secret: str
    grant_type: str
    refresh_token: str = ""
    device_code: str = ""


class CreateTokenResponse(_Wire, frozen=True):
    """*expires_in* is seconds. No *refresh_token*, or an empty one: keep the old."""

    access_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  (the scheme, not a secret)
    refresh_token: str | None = None


OidcError: TypeAlias = Literal[
    "authorization_pending", "slow_down", "expired_token", "access_denied", "invalid_grant",
    "invalid_request", "invalid_scope", "invalid_client", "unauthorized_client",
    "unsupported_grant_type", "server_error", "unknown",
]  # fmt: skip
_ERRORS: dict[str, OidcError] = {
    "authorization_pending": "authorization_pending", "slow_down": "slow_down",
    "expired_token": "expired_token", "access_denied": "access_denied",
    "invalid_grant": "invalid_grant", "invalid_request": "invalid_request",
    "invalid_scope": "invalid_scope", "invalid_client": "invalid_client",
    "unauthorized_client": "unauthorized_client",
    "unsupported_grant_type": "unsupported_grant_type", "server_error": "server_error",
}  # fmt: skip


class _ErrorBody(msgspec.Struct, frozen=True):
    error: str = ""
    error_description: str = ""


_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

encode = msgspec.json.Encoder().encode
_registration = msgspec.json.Decoder(RegisterClientResponse).decode
_authorization = msgspec.json.Decoder(StartDeviceAuthorizationResponse).decode
_token = msgspec.json.Decoder(CreateTokenResponse).decode
_error = msgspec.json.Decoder(_ErrorBody).decode


def read_registration(answer: Answer) -> RegisterClientResponse:
    """Read a successful RegisterClient; raises as :func:`read_token` does."""
    try:
        return _registration(answer.body)
    except _UNREADABLE as exc:
        raise ProtocolError("the registration was answered in an unknown shape") from exc


def read_authorization(answer: Answer) -> StartDeviceAuthorizationResponse:
    """Read a successful StartDeviceAuthorization; raises as :func:`read_token` does."""
    try:
        return _authorization(answer.body)
    except _UNREADABLE as exc:
        raise ProtocolError("the sign-in service answered in an unknown shape") from exc


def read_token(answer: Answer) -> CreateTokenResponse:
    """Read a successful CreateToken.

    Raises:
        ProtocolError: it is not of the documented shape. The words hold nothing of the body.
    """
    try:
        return _token(answer.body)
    except _UNREADABLE as exc:
        raise ProtocolError("the token endpoint answered in an unknown shape") from exc


def read_error(answer: Answer) -> tuple[OidcError, str]:
    """The error code of a refusal, ``unknown`` if it names none of ours, and its description."""
    try:
        body = _error(answer.body)
    except _UNREADABLE:
        return "unknown", ""
    return _ERRORS.get(body.error, "unknown"), body.error_description
