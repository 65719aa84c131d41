"""The token cache: what the service minted last for each account, across restarts.

::

    {"version": 1, "accounts": {"<id>": {"access_token": …, "refresh_token": …,
      "expires_at": 1760000000.0, "seed": "<sha256>", "spent": ["<sha256>", …]}}}
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from . import files
from .model import Account, Token, fingerprint

_VERSION = 1
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
    """One file for all accounts. Both methods block on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lock(self, account_id: str) -> files.Lock:
        """What a process holds while it refreshes this account. One lock each: a token endpoint
        that hangs in one region must not hold up an account of another.
        """
        target = self.path.resolve()
        return files.Lock(target.with_name(f"{target.name}.{fingerprint(account_id)[:8]}"))

    def read(self) -> dict[str, Minted]:
        """Everything that can be understood: a cache is never a reason to fail."""
        minted: dict[str, Minted] = {}
        for account_id, raw in self._rows().items():
            try:
                row = msgspec.convert(raw, _Row)
            except msgspec.ValidationError:
                continue
            token = Token(row.access_token, row.refresh_token, row.expires_at)
            minted[account_id] = Minted(token, row.seed, row.spent)
        return minted

    def put(self, account_id: str, minted: Minted) -> None:
        """On disk when this returns; other accounts' rows are kept. Raises OSError."""
        token = minted.token
        row = _Row(token.access, token.refresh, token.expires_at, minted.seed, minted.spent)
        with files.Lock(self.path):
            rows = {**self._rows(), account_id: row}
            files.replace(
                self.path, msgspec.json.encode({"version": _VERSION, "accounts": rows}) + b"\n"
            )

    def _rows(self) -> dict[str, Any]:
        try:
            _, raw = files.read(self.path)
            # A file of the older format, one token without an account, has no such member.
            whole = msgspec.json.decode(raw)
            rows = whole.get("accounts") if isinstance(whole, dict) else None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return {}
        return rows if isinstance(rows, dict) else {}
