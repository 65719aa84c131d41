"""Sessions as cookies that nobody else can write: signed, and stored nowhere.

So they outlive a restart, and hold for every process that reads the same admin.json.
"""

import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

NAME, KNOWN = "amq2api_session", "amq2api_known"
"""The session, and the mark of a browser that has signed in once (lockout.py)."""

DAY = 86400.0
IDLE, LONGEST = 7 * DAY, 30 * DAY
"""Seconds after its last use, and after its beginning, at which a session is over."""

_RENEWED_AFTER = 3600.0  # seconds of use after which the cookie is written anew
_KNOWN_FOR = 365 * DAY
_MOST = 16  # cookies of one name that are looked at


@dataclass(frozen=True, slots=True)
class Session:
    """Times are Unix time in seconds."""

    id: str
    generation: int
    """Of the password that it was opened with."""
    began: float
    seen: float

    @property
    def ends(self) -> float:
        return min(self.began + LONGEST, self.seen + IDLE)

    def renewed(self, now: float) -> "Session | None":
        """The same, seen now; None if that is not worth a new cookie yet."""
        return replace(self, seen=now) if now - self.seen > _RENEWED_AFTER else None


def begun(generation: int, now: float) -> Session:
    return Session(secrets.token_urlsafe(16), generation, now, now)


def sealed(session: Session, secret: str) -> str:
    """The cookie's value."""
    told = f"{session.id}.{session.generation}.{int(session.began)}.{int(session.seen)}"
    return f"{told}.{_signature(NAME, told, secret)}"


def opened(value: str, secret: str) -> Session | None:
    """The session of a cookie's value; None if we did not write it. It may be over."""
    told, _, signature = value.rpartition(".")
    if not _is_signed(NAME, told, signature, secret):
        return None
    session_id, generation, began, seen = told.split(".")
    return Session(session_id, int(generation), float(began), float(seen))


def known(secret: str) -> str:
    """The value of a new :data:`KNOWN` cookie."""
    told = secrets.token_urlsafe(16)
    return f"{told}.{_signature(KNOWN, told, secret)}"


def known_as(value: str, secret: str) -> str | None:
    """The browser's own word; None if we did not write it."""
    told, _, signature = value.rpartition(".")
    return told if _is_signed(KNOWN, told, signature, secret) else None


def values(headers: Iterable[tuple[bytes, bytes]], name: str) -> Iterator[str]:
    """What cookies of this name hold. There can be several: those of other ports come along."""
    found = 0
    for key, line in headers:
        if key != b"cookie":
            continue
        for pair in line.decode("latin-1").split(";"):
            left, _, right = pair.partition("=")
            if left.strip() == name and found < _MOST:
                found += 1
                yield right.strip()


def cookie(session: Session, secret: str, *, now: float, secure: bool) -> str:
    """A ``Set-Cookie`` line."""
    return _line(NAME, sealed(session, secret), "/", session.ends - now, secure=secure)


def cookie_of_the_known(secret: str, *, secure: bool) -> str:
    return _line(KNOWN, known(secret), "/api", _KNOWN_FOR, secure=secure)


def no_cookie(*, secure: bool) -> str:
    """The line that takes a session's cookie away."""
    return _line(NAME, "", "/", 0, secure=secure)


def _line(name: str, value: str, path: str, age: float, *, secure: bool) -> str:
    line = f"{name}={value}; Path={path}; Max-Age={max(0, int(age))}; HttpOnly; SameSite=Strict"
    return f"{line}; Secure" if secure else line


def _signature(what: str, told: str, secret: str) -> str:
    # What it is for is signed too: one kind of cookie must not pass for another.
    return hmac.new(secret.encode(), f"{what}:{told}".encode(), "sha256").hexdigest()


def _is_signed(what: str, told: str, signature: str, secret: str) -> bool:
    right = _signature(what, told, secret)
    # As bytes, because only ASCII may be compared as text; without a secret all could sign.
    return bool(secret) and hmac.compare_digest(right.encode(), signature.encode())
