"""An account and its tokens as values, and how one entry of account.json is read.

Keys are those of the account.json people already have; design.md 7.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal, TypeAlias

from .secret import hide

DEFAULT_TOKEN_URL = "https://oidc.us-east-1.amazonaws.com/token"  # noqa: S105  (an address)

Entry: TypeAlias = dict[str, Any]
"""One object of account.json, as it stands there."""
Source: TypeAlias = Literal["file", "environment"]

SECRETS = ("refresh_token", "client_id", "client_secret")
"""Members that are nobody else's business, and that every entry has."""
_TEXTS = ("profile_arn", "name", "region", "start_url", "auth")
_KNOWN = frozenset({
    *SECRETS, *_TEXTS, "id", "is_active", "created_at", "enabled", "registration_expires_at",
})  # fmt: skip
_LAST = 253_402_300_800  # the end of the year 9999, which is as far as dates go
# A region becomes part of a host name, so nothing but a region may pass.
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")


class EntryProblem(ValueError):
    """An entry cannot be read. Names the place, never the value: that may be a secret.

    Args:
        index: The entry's place in the list, the first being 1.
        key: The member at fault; empty when it is the entry itself.
    """

    def __init__(self, index: int, key: str, what: str) -> None:
        super().__init__(f"entry {index}: {key + ' ' if key else ''}{what}")
        self.index, self.key = index, key


@dataclass(frozen=True, slots=True)
class Credential:
    """What buys an access token. The three belong together: upstream-protocol.md 5.5.

    Here and below, what opens a door is held as a :class:`Secret`, however it came.
    """

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    def __post_init__(self) -> None:
        hide(self, "client_id", "client_secret", "refresh_token")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token with the refresh token that must replace the one just spent."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: float
    """Unix time, seconds."""

    def __post_init__(self) -> None:
        hide(self, "access", "refresh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One seat of Amazon Q, as configured."""

    id: str
    refresh_token: str = field(repr=False)
    """As configured; the service may have rotated it since (tokens.py)."""
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    name: str = ""
    profile_arn: str = ""
    is_active: bool = False
    created_at: str | float | None = None
    region: str = ""
    """Of the identity provider; the service's own follows from the profile."""
    start_url: str = ""
    auth: str = ""
    enabled: bool = True
    registration_expires_at: float | None = None
    """Unix time, seconds: when the client registration ends, and only a new login helps."""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    """Members of the entry that mean nothing to us."""
    source: Source = "file"

    def __post_init__(self) -> None:
        hide(self, *SECRETS)

    @property
    def api_region(self) -> str | None:
        """The region of the profile decides the service's host (upstream-protocol.md 1.5)."""
        parts = self.profile_arn.split(":")
        return parts[3] if len(parts) > 5 and REGION.fullmatch(parts[3]) else None

    def token_url(self, configured: str = DEFAULT_TOKEN_URL) -> str:
        """Where this account's tokens are renewed; an address the operator chose always wins."""
        if self.region and configured == DEFAULT_TOKEN_URL:
            return f"https://oidc.{self.region}.amazonaws.com/token"
        return configured

    def credential(self, refresh_token: str) -> Credential:
        """*refresh_token* is the newest known, which need not be the configured one."""
        return Credential(self.client_id, self.client_secret, refresh_token)


@lru_cache(maxsize=256)  # asked for with every call
def fingerprint(secret: str) -> str:
    """Tells secrets apart without holding them; a refresh token is too long to be guessed."""
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()


def derived_id(refresh_token: str) -> str:
    """The id of an entry that has none: the same at every start."""
    return f"account-{fingerprint(refresh_token)[:12]}"


def from_environment(
    *,
    refresh_token: str,
    client_id: str,
    client_secret: str,
    profile_arn: str = "",
    region: str = "",
) -> Account:
    """The account that ``AMAZONQ_*`` variables describe.

    Its id follows the token, so that two installations of one user, who share the default
    token cache, do not overwrite each other's entry.

    Raises:
        EntryProblem: a value is missing or unusable.
    """
    entry = {
        "id": f"environment-{fingerprint(refresh_token.strip())[:12]}", "name": "environment",
        "refresh_token": refresh_token, "client_id": client_id, "client_secret": client_secret,
        "profile_arn": profile_arn, "region": region, "is_active": True,
    }  # fmt: skip
    return read_entry(entry, 1, source="environment")


def read_entry(entry: object, index: int, *, source: Source = "file") -> Account:
    """Read one entry of account.json; null stands for absent, space around text is ignored.

    Raises:
        EntryProblem: it misses a member or has one of the wrong kind.
    """
    if not isinstance(entry, dict):
        raise EntryProblem(index, "", "is not an object")
    text = {key: _text(entry, key, index) for key in (*SECRETS, *_TEXTS)}
    for key in SECRETS:
        if not text[key]:
            raise EntryProblem(index, key, "is missing")
    if text["region"] and not REGION.fullmatch(text["region"]):
        raise EntryProblem(index, "region", "is not the name of an AWS region")
    return Account(
        **text,
        id=_id(entry, index) or derived_id(text["refresh_token"]),
        is_active=_flag(entry, "is_active", index, default=False),
        enabled=_flag(entry, "enabled", index, default=True),
        created_at=_moment(entry, index),
        registration_expires_at=_seconds(entry, "registration_expires_at", index),
        extra={key: value for key, value in entry.items() if key not in _KNOWN},
        source=source,
    )


def _text(entry: Entry, key: str, index: int) -> str:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise EntryProblem(index, key, "must be a string")
    return (value or "").strip()


def _id(entry: Entry, index: int) -> str:
    value = entry.get("id")
    # People number their entries; a number is as good a name.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(entry, "id", index)


def _flag(entry: Entry, key: str, index: int, *, default: bool) -> bool:
    value = entry.get(key)
    if value is None:
        return default
    if value not in (0, 1):  # which are equal to False and True
        raise EntryProblem(index, key, "must be true or false")
    return bool(value)


def _moment(entry: Entry, index: int) -> str | float | None:
    value = entry.get("created_at")
    if value is not None and not isinstance(value, str | int | float):
        raise EntryProblem(index, "created_at", "must be a string or a number")
    return value


def _seconds(entry: Entry, key: str, index: int) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and 0 <= value < _LAST):  # NaN is not, either
        raise EntryProblem(index, key, "must be a time in Unix seconds")
    return float(value) or None  # 0 stands for never (RFC 7591, 3.2.1)
