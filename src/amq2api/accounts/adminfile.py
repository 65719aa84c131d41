"""admin.json: how the operator proves to be the operator.

::

    {"version": 1, "password": "$argon2id$…" | null, "setup_token": "<sha256>" | null,
     "session_secret": "…", "generation": 3, "signed_out": {"<session>": 1760000000.0}}

Only a file that was never there means "no password yet". One that cannot be read or understood
is an error: to go on without it would open the door that it closes.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from amq2api.errors import GatewayError

from . import files
from .files import StorageFailed

_VERSION = 1
_HASH = "$argon2"
_SHORTEST_SECRET = 32  # characters; with a guessable one anyone could sign session cookies


class AdminFileBroken(GatewayError):
    """admin.json cannot be read or understood; until someone mends it nobody gets in."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What others are kept out with. Neither the password nor the token is in it, only hashes."""

    password: str | None = field(default=None, repr=False)
    """As argon2 writes it, salt and parameters included."""
    setup_token: str | None = field(default=None, repr=False)
    """SHA-256, in hexadecimal, of the token with which the first password may be set."""
    session_secret: str = field(default="", repr=False)
    """Signs session cookies; empty only where there is no file yet."""
    generation: int = 0
    """Grows with each change of the password: sessions of an earlier one are void."""
    signed_out: Mapping[str, float] = field(default_factory=dict, repr=False)
    """Sessions that were ended before their time: id, and when they would have ended."""

    def with_password(self, password: str | None) -> "Credentials":
        """With another password hash or none; whatever the one before opened is void."""
        return replace(
            self, password=password, setup_token=None, generation=self.generation + 1, signed_out={}
        )


class _Row(msgspec.Struct, frozen=True):
    """No member may be absent: a mistyped "password" must not count as none."""

    version: int
    password: str | None
    setup_token: str | None
    session_secret: str
    generation: int
    signed_out: dict[str, float]

    def __repr__(self) -> str:
        return "_Row(…)"


Change: TypeAlias = Callable[[Credentials], Credentials]


class AdminFile:
    """The file, read anew at each look: other processes change it too. Blocks on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._was_there = False

    def read(self) -> Credentials:
        """What it holds now, which is nothing if there never was a file.

        Raises:
            AdminFileBroken: it cannot be understood, or it was there and is gone.
        """
        return self._read()[1]

    def change(self, change: Change) -> Credentials:
        """Write what *change* makes of it; members that are not ours are kept.

        Raises:
            AdminFileBroken: as in :meth:`read`; nothing is written then.
            StorageFailed: it cannot be written; what was there still holds.
        """
        try:
            with files.Lock(self.path):
                members, before = self._read()
                after = change(before)
                if not after.session_secret:
                    after = replace(after, session_secret=secrets.token_urlsafe(32))
                files.replace(self.path, _rendered(members, after))
        except OSError as exc:
            name = self.path.name
            raise StorageFailed(f"{name} cannot be written: {exc.strerror}") from exc
        self._was_there = True
        return after

    def _read(self) -> tuple[dict[str, Any], Credentials]:
        try:
            stamp, raw = files.read(self.path)
        except OSError as exc:
            raise self._broken(f"cannot be read: {exc.strerror}") from exc
        if stamp is None:
            if self._was_there:
                raise self._broken("is gone; restart the gateway to begin without it")
            return {}, Credentials()
        self._was_there = True
        try:
            members = json.loads(raw)
            row = msgspec.convert(members, _Row)
        except msgspec.ValidationError as exc:
            # Its words name a member and types, never a value.
            raise self._broken(f"cannot be understood: {exc}") from None
        except (ValueError, RecursionError):
            raise self._broken("is not JSON") from None
        if what := _wrong(row):
            raise self._broken(what)
        return members, Credentials(
            row.password, row.setup_token, row.session_secret, row.generation, row.signed_out
        )

    def _broken(self, what: str) -> AdminFileBroken:
        return AdminFileBroken(f"{self.path.name} {what}")


def _wrong(row: _Row) -> str | None:
    if row.version != _VERSION:
        return f"is of version {row.version}, which this program does not know"
    if len(row.session_secret) < _SHORTEST_SECRET:
        return "has a session_secret that is too short"
    if row.password is not None and not row.password.startswith(_HASH):
        return "has a password that is not a hash; `amq2api password` writes one"
    return None


def _rendered(members: dict[str, Any], credentials: Credentials) -> bytes:
    row = _Row(
        version=_VERSION,
        password=credentials.password,
        setup_token=credentials.setup_token,
        session_secret=credentials.session_secret,
        generation=credentials.generation,
        signed_out=dict(credentials.signed_out),
    )
    whole = members | msgspec.to_builtins(row)
    return (json.dumps(whole, indent=2) + "\n").encode()
