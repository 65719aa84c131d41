"""The token cache: what the service minted last for each account, across restarts.

::

    {"version": 1, "accounts": {"<id>": {"access_token": …, "refresh_token": …,
      "expires_at": 1760000000.0, "seed": "<sha256>", "spent": ["<sha256>", …]}}}

Under a key the two tokens are sealed. A row that no key opens is as good as none, but is kept.

What a process was killed too early to write here stands in notes beside the file (``pending.py``),
and is read as if it stood here.
"""

import contextlib
import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from . import files
from .minted import Minted
from .model import Token, fingerprint
from .pending import Pending
from .sealing import Custody, Seal, SealBroken
from .secret import plain

_VERSION = 1
_SECRETS = ("access_token", "refresh_token")
_NOTE = ".note"
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


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
        return files.Lock(self._beside(account_id, ""))

    def read(self) -> dict[str, Minted]:
        """Everything that can be understood: a cache is never a reason to fail."""
        minted: dict[str, Minted] = {}
        with contextlib.suppress(OSError):
            for account_id, raw in self._rows().items():
                if (row := self._minted(raw)) is not None:
                    minted[account_id] = row
        return minted | {name: note for name, note in self._noted() if _adds(minted, name, note)}

    def pending(self, account_id: str) -> Pending:
        """The note of a refresh of this account."""
        return Pending(self._beside(account_id, _NOTE))

    def encoded(self, account_id: str, minted: Minted) -> bytes:
        """The second line of a note."""
        row = msgspec.to_builtins(self._row(minted))
        return msgspec.json.encode({"account": account_id, **row})

    def put(self, account_id: str, minted: Minted) -> None:
        """On disk when this returns; other accounts' rows are kept. Raises OSError."""
        row = self._row(minted)
        with files.Lock(self.path):
            self._write({**self._settled(self._rows()), account_id: row})

    def drop(self, account_id: str) -> None:
        """Forget an account's tokens; on disk when this returns. Raises OSError."""
        self.pending(account_id).remove()
        if account_id not in self._rows():
            return
        with files.Lock(self.path):
            rows = self._settled(self._rows())
            if rows.pop(account_id, None) is not None:
                self._write(rows)

    def settle(self) -> None:
        """Write tokens as they ought to stand, those of notes too, if any does not.

        Raises OSError.
        """
        if self._complete(rows := self._rows()) != rows:
            with files.Lock(self.path):
                self._write(self._complete(self._rows()))
        for account_id, _ in self._noted():
            self._wipe(account_id)

    def census(self) -> tuple[int, int]:
        """How many rows there are, and how many of them hold a token that no key opens.

        Raises OSError.
        """
        rows = self._rows()
        return len(rows), sum(self._is_locked(raw) for raw in rows.values())

    def _row(self, minted: Minted) -> _Row:
        token = minted.token
        access = self._custody.closed(plain(token.access), "access_token")
        refresh = self._custody.closed(plain(token.refresh), "refresh_token")
        return _Row(access, refresh, token.expires_at, minted.seed, minted.spent)

    def _minted(self, raw: Any) -> Minted | None:
        """None where it is no row, or one that no key opens."""
        try:
            row = msgspec.convert(raw, _Row)
            access = self._custody.opened(row.access_token, "access_token").plain
            refresh = self._custody.opened(row.refresh_token, "refresh_token").plain
        except (msgspec.ValidationError, SealBroken):
            return None
        return Minted(Token(access, refresh, row.expires_at), row.seed, row.spent)

    def _wipe(self, account_id: str) -> None:
        """Empty a note that says nothing new, unless somebody is at work on it."""
        lock = self.lock(account_id)
        if not lock.try_acquire():
            return
        try:
            known = self._minted(self._rows().get(account_id))
            left = [note for name, note in self._noted() if name == account_id]
            if known is not None and not any(note.is_newer(known) for note in left):
                self.pending(account_id).end()
        finally:
            lock.release()

    def _beside(self, account_id: str, suffix: str) -> Path:
        target = self.path.resolve()
        return target.with_name(f"{target.name}.{fingerprint(account_id)[:8]}{suffix}")

    def _noted(self) -> Iterator[tuple[str, Minted]]:
        """What stands in notes that can be understood; a torn one is as good as none."""
        target = self.path.resolve()
        for path in target.parent.glob(f"{glob.escape(target.name)}.????????{_NOTE}"):
            with contextlib.suppress(OSError, *_UNREADABLE):
                row = msgspec.json.decode(Pending(path).read()[1])
                name = row.get("account") if isinstance(row, dict) else None
                if isinstance(name, str) and (minted := self._minted(row)) is not None:
                    yield name, minted

    def _complete(self, rows: dict[str, Any]) -> dict[str, Any]:
        known = {name: row for name, raw in rows.items() if (row := self._minted(raw)) is not None}
        missing = {
            name: msgspec.to_builtins(self._row(note))
            for name, note in self._noted()
            if _adds(known, name, note)
        }
        return self._settled(rows) | missing

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
        except _UNREADABLE:
            return {}
        return rows if isinstance(rows, dict) else {}

    def _write(self, rows: dict[str, Any]) -> None:
        whole = {"version": _VERSION, "accounts": rows}
        files.replace(self.path, msgspec.json.encode(whole) + b"\n")


def _adds(known: Mapping[str, Minted], account_id: str, note: Minted) -> bool:
    return account_id not in known or note.is_newer(known[account_id])


def _tokens(raw: Any) -> list[tuple[str, str]]:
    row = raw if isinstance(raw, dict) else {}
    return [(key, row[key]) for key in _SECRETS if isinstance(row.get(key), str)]
