"""What is wrong with an account and what to do about it: one row per kind of failure."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from amq2api import errors
from amq2api.accounts.document import StoreBroken
from amq2api.accounts.files import StorageFailed

Code: TypeAlias = Literal[
    "", "sign_in", "wait", "contact_support", "check_plan", "check_credentials",
    "check_network", "check_files", "try_later", "report",
]  # fmt: skip
"""What to do, for programs and translators; empty where nothing is wrong."""


class Remedy(NamedTuple):
    """A sentence each on what is wrong and on what to do."""

    wrong: str
    todo: str
    code: Code


NONE = Remedy("The account works.", "", "")

REMEDIES: Mapping[type[errors.GatewayError], Remedy] = {
    errors.LoginRequired: Remedy(
        "The sign-in has ended: its refresh token is not accepted any more.",
        "Sign in again; the account keeps its name and its place.",
        "sign_in",
    ),
    errors.CredentialRefused: Remedy(
        "The service does not accept the access token it was just given.",
        "Check that the profile ARN belongs to this sign-in, or sign in again.",
        "check_credentials",
    ),
    errors.AccountSuspended: Remedy(
        "The service has suspended this account.",
        "Stop using it and contact AWS support; once it is restored, test it again.",
        "contact_support",
    ),
    errors.NotEntitled: Remedy(
        "The account may not use Amazon Q in this way.",
        "Check its subscription and its profile ARN, or ask the administrator who assigned it.",
        "check_plan",
    ),
    errors.QuotaExhausted: Remedy(
        "The allowance of this period is used up.",
        "Wait until it is renewed, or switch to another account.",
        "wait",
    ),
    errors.RateLimited: Remedy(
        "The service asks this account to slow down.",
        "Wait a little before the next request.",
        "wait",
    ),
    errors.UpstreamBusy: Remedy(
        "The service is out of capacity; the account itself may be fine.",
        "Try again in a few minutes.",
        "try_later",
    ),
    errors.UpstreamTimeout: Remedy(
        "The service did not answer in time.",
        "Check the network and the proxy settings, then try again.",
        "check_network",
    ),
    errors.ProtocolError: Remedy(
        "The service answered in a way that is not understood.",
        "Check AMAZONQ_API_ENDPOINT and AMAZONQ_TOKEN_ENDPOINT; if they are right, try later.",
        "try_later",
    ),
    errors.UpstreamBroken: Remedy(
        "The service, or the way to it, failed.",
        "Check the network and the proxy settings, then try again.",
        "check_network",
    ),
    errors.BadRequest: Remedy(
        "The service found the question malformed.",
        "Check the profile ARN and the settings; if they are right, this is a defect to report.",
        "report",
    ),
    StorageFailed: Remedy(
        "A renewed token cannot be kept on disk, so it is not used.",
        "Make the token cache and the account file writable, then test again.",
        "check_files",
    ),
    StoreBroken: Remedy(
        "The account file cannot be read.",
        "Mend it at the place named above, then test again.",
        "check_files",
    ),
    errors.GatewayError: Remedy(
        "The test failed for a reason that no table foresees.",
        "Look into the log, then try again.",
        "report",
    ),
}


def remedy(failure: errors.GatewayError) -> Remedy:
    """The row of the nearest class that has one; GatewayError's row ends every search."""
    return next(REMEDIES[kind] for kind in type(failure).__mro__ if kind in REMEDIES)
