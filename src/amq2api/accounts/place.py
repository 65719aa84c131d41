"""Where people sign in, and what their accounts are called. Source: upstream-protocol.md 5.1."""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

from amq2api.dialects.amazonq import oidc
from amq2api.errors import BadRequest

from .model import DEFAULT_TOKEN_URL, REGION, Account

Kind: TypeAlias = Literal["builder-id", "identity-center"]
BUILDER_ID_REGION = "us-east-1"
_BUILDER_ID_HOST = "view.awsapps.com"

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?([/?#][!-~]*)?"
)
_LONGEST_ADDRESS = 2048


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody signs in. Made by :func:`place`."""

    kind: Kind
    start_url: str
    region: str

    @property
    def alias(self) -> str:
        """What people call it; empty where the start URL holds only what a machine made up."""
        match = _ADDRESS.fullmatch(self.start_url)
        name, _, rest = match["host"].partition(".") if match else ("", "", "")
        return name if rest == "awsapps.com" and not name.startswith("d-") else ""

    def oidc_url(self, token_url: str = DEFAULT_TOKEN_URL) -> str:
        """The sign-in service's address, without a slash at its end.

        Args:
            token_url: The setting; one that the operator chose says where everything is.

        Raises:
            BadRequest: it does not.
        """
        if token_url == DEFAULT_TOKEN_URL:
            return f"https://oidc.{self.region}.amazonaws.com"
        base = token_url.removesuffix("/token")
        if base == token_url:
            raise BadRequest(
                "AMAZONQ_TOKEN_ENDPOINT does not end in /token, so it does not say where to sign in"
            )
        return base


def place(kind: str, start_url: str = "", region: str = "") -> Place:
    """Check where somebody wants to sign in.

    Raises:
        BadRequest: the member that makes no sense is named.
    """
    start_url, region = start_url.strip().partition("#")[0], region.strip()
    if kind == "identity-center" and is_builder_id(start_url):
        kind = "builder-id"
    if kind == "builder-id":
        return _builder_id(start_url, region)
    if kind != "identity-center":
        raise BadRequest("kind: must be builder-id or identity-center", field="kind")
    if not start_url:
        raise BadRequest("start_url: is missing; it looks like https://example.awsapps.com/start",
                         field="start_url")  # fmt: skip
    if not is_web_address(start_url):
        raise BadRequest("start_url: must be an https address", field="start_url")
    if not region:
        raise BadRequest("region: is missing; it is that of IAM Identity Center, such as us-east-1",
                         field="region")  # fmt: skip
    if not REGION.fullmatch(region):
        raise BadRequest("region: is not the name of an AWS region", field="region")
    return Place("identity-center", start_url, region)


def of_account(account: Account) -> Place:
    """Where *account* was signed in, as far as it is known.

    Raises:
        BadRequest: it is not.
    """
    if account.auth == "identity-center" or account.start_url or account.profile_arn:
        return place("identity-center", account.start_url, account.region)
    return place("builder-id")


def is_builder_id(start_url: str) -> bool:
    match = _ADDRESS.fullmatch(start_url)
    return match is not None and match["host"] == _BUILDER_ID_HOST


def is_web_address(text: str) -> bool:
    """Whether a browser may be sent there: https, or this machine."""
    match = _ADDRESS.fullmatch(text)
    if match is None or len(text) > _LONGEST_ADDRESS:
        return False
    return match["scheme"] == "https" or _is_loopback(match["host"].strip("[]"))


def distinct(name: str, taken: Collection[str]) -> str:
    """*name*, with a number behind it where another account has it already."""
    numbered, number = name, 1
    while numbered in taken:
        number += 1
        numbered = f"{name} {number}"
    return numbered


def _builder_id(start_url: str, region: str) -> Place:
    if start_url and not is_builder_id(start_url):
        raise BadRequest("start_url: Builder ID has one of its own", field="start_url")
    if region not in ("", BUILDER_ID_REGION):
        raise BadRequest(f"region: Builder ID lives in {BUILDER_ID_REGION}", field="region")
    return Place("builder-id", oidc.BUILDER_ID_START_URL, BUILDER_ID_REGION)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
