"""Another key for everything that is kept under one."""

from dataclasses import dataclass
from pathlib import Path

from amq2api.errors import GatewayError

from .accountfile import AccountFile
from .cachefile import CacheFile
from .files import StorageFailed
from .sealing import Seal


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to be kept under another key."""

    accounts: int
    tokens: int
    unreadable: int
    """Rows of the token cache that no key opens. They stay as they are."""


class Rekeying:
    """From *old* to *new*; None stands for no key at all.

    It can be done again: what the new key has sealed already is left as it is. Each of the two
    files is replaced whole, and at every moment each value in them opens with one of the two
    keys. So a crash in between loses nothing: done again, with the old key still set, it goes on
    where it ended.

    The token cache comes first. After a crash between the two the old key then still opens
    account.json, which tells aloud when it cannot be opened; the cache does without what it
    cannot open, and keeps it.

    A gateway that still runs with the old key may write rows under it afterwards. Doing it again
    takes care of them, too.
    """

    def __init__(self, accounts: Path, cache: Path, *, old: Seal | None, new: Seal | None) -> None:
        self._accounts = AccountFile(accounts, new, earlier=old)
        self._cache = CacheFile(cache, new, earlier=old)
        self._undone = CacheFile(cache, old, earlier=new)

    def find(self) -> Found:
        """Look at both files; nothing is written.

        Raises:
            StoreBroken: account.json cannot be understood, or neither key opens it.
            StorageFailed: one of the files cannot be read.
        """
        path = self._accounts.path
        try:
            accounts = len(self._accounts.read().entries)
            path = self._cache.path
            rows, unreadable = self._cache.census()
        except OSError as exc:
            raise StorageFailed(f"{path.name} cannot be read: {exc.strerror}") from exc
        return Found(accounts, rows - unreadable, unreadable)

    def write(self) -> None:
        """Write both files, or neither.

        Raises:
            StoreBroken, StorageFailed: it cannot be done; the old key is still the right one.
        """
        _settle(self._cache)
        try:
            self._accounts.settle()
        except GatewayError:
            _settle(self._undone)
            raise


def _settle(cache: CacheFile) -> None:
    try:
        cache.settle()
    except OSError as exc:
        raise StorageFailed(f"{cache.path.name} cannot be written: {exc.strerror}") from exc
