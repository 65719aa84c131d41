"""Passwords and one-time tokens: what of them is kept, and how they are compared with it."""

import asyncio
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from amq2api.accounts.adminfile import AdminFileBroken
from amq2api.errors import BadRequest, RateLimited

SHORTEST, LONGEST = 10, 1024
"""Characters a password may have."""

_AT_ONCE, _MOST_WAITING = 1, 20  # each takes 64 MiB, and all cores for 50 to 100 ms
_hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106 for little memory


def checked(password: str) -> str:
    """A new password as it may be used.

    Raises:
        BadRequest: it is too short, too long, or not text.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadRequest(
            f"password: must have {SHORTEST} to {LONGEST} characters", field="password"
        )
    if _raw(password) is None:
        raise BadRequest("password: is not text", field="password")
    return password


def hashed(password: str) -> str:
    """What is kept of a password; raises as :func:`checked`. Takes about 0.1 s."""
    return _hasher.hash(_raw(checked(password)) or b"")


class Passwords:
    """The same in threads, a few at a time: on the event loop each would halt every stream."""

    def __init__(self) -> None:
        self._slots, self._waiting = asyncio.Semaphore(_AT_ONCE), 0

    async def hashed(self, password: str) -> str:
        async with self._slot():
            return await asyncio.to_thread(hashed, password)

    async def fits(self, password: str, kept: str) -> bool:
        """Whether *kept* was made of this password.

        Raises:
            AdminFileBroken: *kept* is no hash.
            RateLimited: too many are waiting already.
        """
        async with self._slot():
            return await asyncio.to_thread(_fits, password, kept)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if self._waiting >= _MOST_WAITING:
            raise RateLimited("too many passwords are being checked", retry_after=5)
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1


def new_token() -> str:
    """One that nobody guesses, in letters that survive copying from a terminal."""
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    """What is kept of a token. Nothing slow is needed: it holds 192 random bits."""
    return hashlib.sha256(token.strip().encode("utf-8", "replace")).hexdigest()


def token_fits(token: str, kept: str) -> bool:
    return hmac.compare_digest(token_hash(token).encode(), kept.encode("utf-8", "replace"))


def _fits(password: str, kept: str) -> bool:
    if len(password) > LONGEST:
        return False
    # Space around it is often copied along, and the command line takes it off.
    return any(_is(shown, kept) for shown in dict.fromkeys((password, password.strip())))


def _is(password: str, kept: str) -> bool:
    raw = _raw(password)
    try:
        return raw is not None and _hasher.verify(kept, raw)
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError) as exc:
        raise AdminFileBroken("the password in the admin file is not a hash") from exc


def _raw(password: str) -> bytes | None:
    """The same bytes whichever way a keyboard composes letters; None for half a surrogate pair."""
    try:
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None
