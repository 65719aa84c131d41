"""How the admin API says that something worked or did not: one row per kind of failure."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from amq2api import errors
from amq2api.accounts.adminfile import AdminFileBroken
from amq2api.accounts.document import StoreBroken
from amq2api.accounts.files import BeingEdited, StorageFailed
from amq2api.wire import sse

from .barred import LockedOut, PassphraseRefused, SetupRefused, WrongPassword

JSON = "application/json"


class Row(NamedTuple):
    """HTTP status and ``error.type`` of one kind of failure."""

    status: int
    type: str


ROWS: Mapping[type[errors.GatewayError], Row] = {
    errors.BadRequest: Row(400, "invalid_request"),
    errors.Conflict: Row(409, "conflict"),
    errors.RequestTooLarge: Row(413, "request_too_large"),
    errors.NotFound: Row(404, "not_found"),
    errors.WrongMethod: Row(405, "method_not_allowed"),
    errors.KeyRefused: Row(401, "not_signed_in"),
    WrongPassword: Row(401, "wrong_password"),
    errors.OriginRefused: Row(403, "origin_refused"),
    PassphraseRefused: Row(403, "passphrase_refused"),
    SetupRefused: Row(403, "setup_refused"),
    LockedOut: Row(429, "locked_out"),
    AdminFileBroken: Row(503, "admin_file_broken"),
    StoreBroken: Row(503, "store_broken"),
    StorageFailed: Row(503, "storage_failed"),
    BeingEdited: Row(409, "store_being_edited"),
    # An account that cannot serve is a state of what was asked for, and no failure of ours.
    errors.AccountFailure: Row(409, "account_failed"),
    errors.NoAccount: Row(409, "no_account"),
    errors.CredentialRefused: Row(409, "credential_refused"),
    errors.LoginRequired: Row(409, "login_required"),
    errors.AccountSuspended: Row(409, "account_suspended"),
    errors.NotEntitled: Row(409, "not_entitled"),
    errors.QuotaExhausted: Row(409, "quota_used"),
    errors.RequestRefused: Row(502, "service_refused"),
    errors.RateLimited: Row(429, "too_many_requests"),
    errors.AtCapacity: Row(503, "at_capacity"),
    errors.Stopping: Row(503, "stopping"),
    errors.UpstreamBusy: Row(502, "service_busy"),
    errors.UpstreamBroken: Row(502, "service_failed"),
    errors.UpstreamTimeout: Row(504, "service_timeout"),
    errors.GatewayError: Row(500, "internal_error"),
}

_encode = msgspec.json.Encoder().encode


class Refusal(NamedTuple):
    """A failure as an HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def row(error: errors.GatewayError) -> Row:
    """The row of the nearest class that has one; GatewayError's row ends every search."""
    return next(ROWS[kind] for kind in type(error).__mro__ if kind in ROWS)


def refuse(error: errors.GatewayError, request_id: str) -> Refusal:
    """The whole HTTP answer to a request that failed."""
    found = row(error)
    told = {
        "type": found.type,
        "message": str(error) or found.type.replace("_", " "),
        "field": error.field if isinstance(error, errors.BadRequest) else None,
        "request_id": request_id,
    }
    headers = {"content-type": JSON}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    return Refusal(found.status, headers, encode({"success": False, "error": told}))


def done(data: Any) -> dict[str, Any]:
    """What a request that worked is answered with."""
    return {"success": True, "data": data}


def encode(value: Any) -> bytes:
    """JSON in one line, whatever people have written into names."""
    try:
        return sse.without_line_breaks(_encode(value))
    except UnicodeEncodeError:  # half a surrogate pair has no place in UTF-8
        return json.dumps(value).encode()
