"""One login of another program, and whether it can be used here.

Source: upstream-protocol.md 5.6, 1.5.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from amq2api.dialects.amazonq.oidc import BUILDER_ID_START_URL

from .model import EntryProblem, read_entry
from .place import BUILDER_ID_REGION, is_builder_id, is_web_address

Object: TypeAlias = Mapping[str, Any]
_LONGEST_NAME = 200

NO_REFRESH_TOKEN = "it holds no refresh token"  # noqa: S105  (words)
SOCIAL = "a Kiro sign-in with a social account belongs to Kiro alone; sign in here instead"
NO_REGISTRATION = "the client registration that belongs to it is missing"
EXPIRED = "its client registration has expired; sign in here instead"
ELSEWHERE = "it was made for another AWS service"
UNREADABLE = "it cannot be understood"
_UNTOLD = "what it may be used for is not told; if it is not for Amazon Q, calls will be refused"
_ALIKE = "its client registration was found by likeness; if it is another one, it cannot be renewed"
_NO_PROFILE = "no profile is told; if calls are refused, sign in here and choose one"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A login that was found: *fields* for ``AccountStore.add``, or None and why not."""

    label: str
    fields: Mapping[str, Any] | None = field(default=None, repr=False)
    why_not: str = ""
    doubt: str = ""
    """What may yet be wrong with it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A token and what belongs to it, members in snake case whoever kept it."""

    source: str
    token: Object = field(repr=False)
    client: Object = field(repr=False)
    """The client registration; empty if there is none."""
    profile_arn: str = ""
    for_amazon_q: bool = True
    """Whether nobody but users of Amazon Q has such a token."""
    place: str = ""
    """Which of several it is."""
    alike: bool = False
    """Whether the registration is a guess."""

    @property
    def auth(self) -> str:
        """How it was signed in, empty if that is not told."""
        start_url, provider = text(self.token, "start_url"), text(self.token, "provider").lower()
        if start_url:
            return "builder-id" if is_builder_id(start_url) else "identity-center"
        if provider == "enterprise":
            return "identity-center"
        return "builder-id" if provider == "builderid" or self.for_amazon_q else ""

    @property
    def name(self) -> str:
        told = text(self.token, "start_url") or text(self.token, "provider") or "of unknown origin"
        return f"{self.source}: {'Builder ID' if self.auth == 'builder-id' else told}"

    @property
    def label(self) -> str:
        return f"{self.name} ({self.place})" if self.place else self.name


def judged(found: Found, now: float) -> Candidate:
    """What can be done with it; *now* is Unix time in seconds."""
    token, client = found.token, found.client
    expires_at, scopes = _moment(client.get("client_secret_expires_at")), _scopes(token, client)
    why_not = ""
    if not text(token, "refresh_token"):
        why_not = NO_REFRESH_TOKEN
    elif scopes and not any(scope.startswith("codewhisperer:") for scope in scopes):
        why_not = ELSEWHERE
    elif not (text(client, "client_id") and text(client, "client_secret")):
        why_not = NO_REGISTRATION
    elif expires_at is not None and expires_at <= now:
        why_not = EXPIRED
    elif (fields := _fields(found, expires_at)) is None:
        why_not = UNREADABLE
    else:
        doubts = {
            _UNTOLD: not (found.for_amazon_q or scopes),
            _ALIKE: found.alike,
            _NO_PROFILE: not (found.auth == "builder-id" or found.profile_arn),
        }
        doubt = "; ".join(words for words, applies in doubts.items() if applies)
        return Candidate(found.label, fields, doubt=doubt)
    return Candidate(found.label, why_not=why_not)


def _fields(found: Found, expires_at: float | None) -> Mapping[str, Any] | None:
    token, client, builder_id = found.token, found.client, found.auth == "builder-id"
    start_url = text(token, "start_url") or (BUILDER_ID_START_URL if builder_id else "")
    fields = {
        "name": found.name[:_LONGEST_NAME], "refresh_token": text(token, "refresh_token"),
        "client_id": text(client, "client_id"), "client_secret": text(client, "client_secret"),
        # Builder IDs have no profile; one that is kept is left from another login (1.5).
        "profile_arn": "" if builder_id else found.profile_arn,
        "auth": found.auth,
        "region": text(token, "region") or (BUILDER_ID_REGION if builder_id else ""),
        "start_url": start_url,
        "registration_expires_at": expires_at,
    }  # fmt: skip
    known = {key: value for key, value in fields.items() if value not in ("", None)}
    if start_url and not is_web_address(start_url):
        return None
    try:
        read_entry(known, 1)
    except EntryProblem:
        return None
    return known


def _scopes(*places: Object) -> list[str]:
    """The scopes that the first of *places* tells; none if none does."""
    for place in places:
        if isinstance(told := place.get("scopes"), list) and told:
            return [scope for scope in told if isinstance(scope, str)]
    return []


def text(found: Object, key: str) -> str:
    """A member that is a string; anything else is empty."""
    value = found.get(key)
    return value.strip() if isinstance(value, str) else ""


def _moment(value: object) -> float | None:
    """Unix time, from seconds or from RFC 3339; without a zone it is UTC."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, int | float) and math.isfinite(value):
            return float(value)
    except (ValueError, OverflowError):
        pass
    return None
