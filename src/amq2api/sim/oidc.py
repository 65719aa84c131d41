"""The sign-in service: RegisterClient, StartDeviceAuthorization, CreateToken.

Members are camelCase both ways, a snake_case body earns ``invalid_client``. Source:
upstream-protocol.md 5.1 to 5.5.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from .asgi import Incoming, Reply, json_reply
from .identity import Account, Client, Device, Kind
from .world import World

__all__ = ["OPERATIONS", "masked"]

Body: TypeAlias = Mapping[str, Any]

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT = "refresh_token"
_BUILDER_ID_HOST, _BUILDER_ID_REGION = "view.awsapps.com", "us-east-1"
_JITTER = 0.1  # seconds by which a poll may come early
_SECRETS = frozenset({"clientSecret", "refreshToken", "deviceCode", "code", "codeVerifier"})

_ERRORS: Mapping[str, tuple[int, str, str]] = {
    # error -> status, exception, description (5.3)
    "authorization_pending": (400, "AuthorizationPendingException",
                              "Authorization is still pending"),
    "slow_down": (400, "SlowDownException", "Slow down"),
    "expired_token": (400, "ExpiredTokenException", "The device code has expired"),
    "access_denied": (400, "AccessDeniedException", "Access denied"),
    "invalid_grant": (400, "InvalidGrantException", "Invalid refresh token provided"),
    "invalid_request": (400, "InvalidRequestException", "Invalid request"),
    "invalid_scope": (400, "InvalidScopeException", "Invalid scope"),
    "invalid_client_metadata": (400, "InvalidClientMetadataException", "Invalid client metadata"),
    "unauthorized_client": (400, "UnauthorizedClientException", "Unauthorized client"),
    "unsupported_grant_type": (400, "UnsupportedGrantTypeException", "Unsupported grant type"),
    "invalid_client": (401, "InvalidClientException", "Invalid client"),
    "server_error": (500, "InternalServerException", "Internal server error"),
}  # fmt: skip
_CORAL = "http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"


def refused(error: str, description: str | None = None) -> Reply:
    """A refusal in the words of the sign-in service."""
    status, exception, usual = _ERRORS[error]
    body = {"error": error, "error_description": description or usual}
    return json_reply(status, body, {"x-amzn-errortype": f"{exception}:{_CORAL}"})


def masked(body: object) -> object:
    """A request's body without its secrets."""
    if not isinstance(body, dict):
        return None
    return {name: "***" if name in _SECRETS else value for name, value in body.items()}


def register(world: World, incoming: Incoming, body: Body) -> Reply:
    scopes = body.get("scopes", [])
    if not isinstance(body.get("clientName"), str) or body.get("clientType") != "public":
        return refused("invalid_client_metadata")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        return refused("invalid_scope")
    if "issuerUrl" in body and _kind(body["issuerUrl"], incoming.region) is None:
        return refused("invalid_request", "Invalid issuerUrl")
    client = world.identities.register(world.client_lifetime)
    return json_reply(200, {
        "clientId": client.client_id,
        "clientSecret": client.client_secret,
        "clientIdIssuedAt": int(world.clock()),
        "clientSecretExpiresAt": int(client.expires_at),
        "authorizationEndpoint": None,
        "tokenEndpoint": None,
    })  # fmt: skip


def authorize(world: World, incoming: Incoming, body: Body) -> Reply:
    client = _client(world, body)
    if client is None:
        return refused("invalid_client")
    kind = _kind(body.get("startUrl"), incoming.region)
    if kind is None:
        return refused("invalid_request", "Invalid startUrl")
    device = world.identities.begin(client, kind, world.device_lifetime, world.poll_interval)
    page = f"{incoming.base}/device"
    return json_reply(200, {
        "deviceCode": device.device_code,
        "userCode": device.user_code,
        "verificationUri": page,
        "verificationUriComplete": f"{page}?user_code={device.user_code}",
        "expiresIn": int(world.device_lifetime),
        "interval": int(world.poll_interval),
    })  # fmt: skip


def _kind(start_url: object, region: str | None) -> Kind | None:
    """Whose sign-in *start_url* begins; None if it is no start URL, or not one of *region*."""
    try:
        parts = urlsplit(start_url if isinstance(start_url, str) else "")
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname:
        return None
    if parts.hostname != _BUILDER_ID_HOST:
        return "idc"
    # Builder ID lives in one region (5.1).
    return "builder-id" if region in (None, _BUILDER_ID_REGION) else None


def create_token(world: World, incoming: Incoming, body: Body) -> Reply:
    if (fault := _fault(world)) is not None:
        return fault
    client = _client(world, body)
    if client is None:
        return refused("invalid_client")
    grant = body.get("grantType")
    if not isinstance(grant, str):
        return refused("invalid_request")
    if (exchange := _GRANTS.get(grant)) is None:
        return refused("unsupported_grant_type")
    reply = exchange(world, client, body)
    if reply.status == 200:
        world.counts[grant] += 1
    return reply


def _client(world: World, body: Body) -> Client | None:
    client_id, secret = body.get("clientId"), body.get("clientSecret")
    client = world.identities.clients.get(client_id) if isinstance(client_id, str) else None
    if client is None or client.client_secret != secret or client.expires_at <= world.clock():
        return None
    return client


def _by_device(world: World, client: Client, body: Body) -> Reply:
    code = body.get("deviceCode")
    device = world.identities.devices.get(code) if isinstance(code, str) else None
    if device is None or device.client is not client:
        return refused("invalid_grant", "Invalid device code provided")
    if (verdict := _patience(world, device)) is not None:
        return refused(verdict)
    if device.account is None:
        return refused("authorization_pending")
    # A device code is good for one sign-in.
    del world.identities.devices[device.device_code]
    return _minted(world, device.account, device.account.refresh_token)


def _patience(world: World, device: Device) -> str | None:
    now, last = world.clock(), device.last_poll
    device.last_poll = now
    if now >= device.expires_at:
        return "expired_token"
    if device.denied:
        return "access_denied"
    too_fast = last is not None and now - last < device.interval - _JITTER
    return "slow_down" if too_fast and device.account is None else None


def _by_refresh(world: World, client: Client, body: Body) -> Reply:
    token = body.get("refreshToken")
    account = world.identities.owner_of(token) if isinstance(token, str) else None
    if account is None:
        return refused("invalid_grant")
    if account.client is not client:
        # A refresh needs the registration that made the token (5.5).
        return refused("invalid_client")
    if not world.keep_old_access:
        world.expire_tokens(account)
    return _minted(world, account, _rotated(world, account))


def _rotated(world: World, account: Account) -> str | None:
    return world.identities.new_refresh_token(account) if world.rotate else None


def _minted(world: World, account: Account, refresh_token: str | None) -> Reply:
    access = world.identities.new_access_token(account, world.token_lifetime, world.propagation)
    body: dict[str, Any] = {
        "accessToken": access,
        "tokenType": "Bearer",
        "expiresIn": int(world.token_lifetime),
        "idToken": None,
    }
    if refresh_token is not None:
        body["refreshToken"] = refresh_token
    return json_reply(200, body)


def _fault(world: World) -> Reply | None:
    if not world.token_faults:
        return None
    name = world.token_faults.pop(0)
    if name in _ERRORS:
        return refused(name)
    if name == "cut":
        return Reply(200, broken=True)
    if name == "garbage":
        return Reply(200, b"{")
    if name == "html":
        return Reply(503, b"<html><body>Service Unavailable</body></html>", "text/html")
    return Reply(int(name), b'{"message":null}')


_GRANTS: Mapping[str, Callable[[World, Client, Body], Reply]] = {
    DEVICE_GRANT: _by_device,
    REFRESH_GRANT: _by_refresh,
}

OPERATIONS: Mapping[str, tuple[str, Callable[[World, Incoming, Body], Reply]]] = {
    "/client/register": ("RegisterClient", register),
    "/device_authorization": ("StartDeviceAuthorization", authorize),
    "/token": ("CreateToken", create_token),
}
