"""The token cache: what the service minted last for each account, across restarts.

::

    {"version": 1, "accounts": {"<id>": {"access_token": …, "refresh_token": …,
      "expires_at": 1760000000.0, "seed": "<sha256>", "spent": ["<sha256>", …]}}}

Under a key the two tokens are sealed. A row that no key opens is as good as none, but is kept.
"""

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from . import files
from .model import Account, Token, fingerprint
from .sealing import Custody, Seal, SealBroken

_VERSION = 1
_SECRETS = ("access_token", "refresh_token")
_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Minted:
    """A token, and which configured refresh token it descends from."""

    token: Token
    seed: str
    """Fingerprint of the refresh token as configured when this was minted."""
    spent: tuple[str, ...] = field(default=(), repr=False)
    """Fingerprints of earlier refresh tokens of the line, newest last. A call that read the
    configuration just before a rotation still holds one of them; without this it would be
    taken for an edit by hand and spend a dead token."""

    def serves(self, account: Account) -> bool:
        """Whether it descends from the refresh token configured now: one put in by hand wins."""
        configured = fingerprint(account.refresh_token)
        return configured in (self.seed, fingerprint(self.token.refresh), *self.spent)

    def followed_by(self, token: Token, account: Account) -> "Minted":
        line = [*self.spent, self.seed, fingerprint(self.token.refresh)]
        return replace(first(token, account), spent=tuple(dict.fromkeys(line))[-_REMEMBERED:])


def first(token: Token, account: Account) -> Minted:
    """The first of a line, or one that has just been written into the configuration."""
    return Minted(token, fingerprint(account.refresh_token))


class _Row(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    expires_at: float
    seed: str
    spent: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "_Row(…)"


class CacheFile:
    """One file for all accounts. Its methods block on the disk.

    Args:
        seal: The key to keep tokens under.
        earlier: What they were kept under before: opens, too (``rekeying.py``).
    """

    def __init__(
        self, path: Path, seal: Seal | None = None, *, earlier: Seal | None = None
    ) -> None:
        self.path, self._custody = path, Custody(seal, earlier)

    def lock(self, account_id: str) -> files.Lock:
        """What a process holds while it refreshes this account. One lock each: a token endpoint
        that hangs in one region must not hold up an account of another.
        """
        target = self.path.resolve()
        return files.Lock(target.with_name(f"{target.name}.{fingerprint(account_id)[:8]}"))

    def read(self) -> dict[str, Minted]:
        """Everything that can be understood: a cache is never a reason to fail."""
        minted: dict[str, Minted] = {}
        try:
            rows = self._rows()
        except OSError:
            return minted
        for account_id, raw in rows.items():
            with contextlib.suppress(msgspec.ValidationError, SealBroken):
                minted[account_id] = self._minted(msgspec.convert(raw, _Row))
        return minted

    def put(self, account_id: str, minted: Minted) -> None:
        """On disk when this returns; other accounts' rows are kept. Raises OSError."""
        token = minted.token
        access = self._custody.closed(token.access, "access_token")
        refresh = self._custody.closed(token.refresh, "refresh_token")
        row = _Row(access, refresh, token.expires_at, minted.seed, minted.spent)
        with files.Lock(self.path):
            self._write({**self._settled(self._rows()), account_id: row})

    def drop(self, account_id: str) -> None:
        """Forget an account's tokens; on disk when this returns. Raises OSError."""
        if account_id not in self._rows():
            return
        with files.Lock(self.path):
            rows = self._settled(self._rows())
            if rows.pop(account_id, None) is not None:
                self._write(rows)

    def settle(self) -> None:
        """Write tokens as they ought to stand, if any does not. Raises OSError."""
        rows = self._rows()
        if self._settled(rows) == rows:
            return
        with files.Lock(self.path):
            self._write(self._settled(self._rows()))

    def census(self) -> tuple[int, int]:
        """How many rows there are, and how many of them hold a token that no key opens.

        Raises OSError.
        """
        rows = self._rows()
        return len(rows), sum(self._is_locked(raw) for raw in rows.values())

    def _minted(self, row: _Row) -> Minted:
        access = self._custody.opened(row.access_token, "access_token").plain
        refresh = self._custody.opened(row.refresh_token, "refresh_token").plain
        return Minted(Token(access, refresh, row.expires_at), row.seed, row.spent)

    def _settled(self, rows: dict[str, Any]) -> dict[str, Any]:
        """The rows, whatever is in them, with their tokens as they ought to stand."""
        return {
            account_id: raw | {key: self._right(text, key) for key, text in _tokens(raw)}
            if isinstance(raw, dict)
            else raw
            for account_id, raw in rows.items()
        }

    def _is_locked(self, raw: Any) -> bool:
        try:
            for key, text in _tokens(raw):
                self._custody.opened(text, key)
        except SealBroken:
            return True
        return False

    def _right(self, text: str, key: str) -> str:
        try:
            plain, settled = self._custody.opened(text, key)
        except SealBroken:
            return text
        return text if settled else self._custody.closed(plain, key)

    def _rows(self) -> dict[str, Any]:
        # Whoever writes must not take a file that cannot be read for an empty one.
        _, raw = files.read(self.path)
        try:
            # A file of the older format, one token without an account, has no such member.
            whole = msgspec.json.decode(raw)
            rows = whole.get("accounts") if isinstance(whole, dict) else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return {}
        return rows if isinstance(rows, dict) else {}

    def _write(self, rows: dict[str, Any]) -> None:
        whole = {"version": _VERSION, "accounts": rows}
        files.replace(self.path, msgspec.json.encode(whole) + b"\n")


def _tokens(raw: Any) -> list[tuple[str, str]]:
    row = raw if isinstance(raw, dict) else {}
    return [(key, row[key]) for key in _SECRETS if isinstance(row.get(key), str)]
