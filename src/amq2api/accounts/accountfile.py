"""account.json on the disk: read whole, and changed without losing what others write."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from . import document, files
from .atrest import AtRest
from .document import StoreBroken
from .files import BeingEdited, StorageFailed
from .model import Entry
from .sealing import Custody, Seal

_TRIES = 5


class Sheet(NamedTuple):
    """The file as read once."""

    stamp: files.Stamp | None
    entries: list[Entry]
    """Secrets are in plain."""
    rest: AtRest


class AccountFile:
    """Its methods block on the disk. Safe to share between threads.

    Args:
        seal: The key to keep secrets under.
        earlier: What they were kept under before: opens, too (``rekeying.py``).
    """

    def __init__(
        self, path: Path, seal: Seal | None = None, *, earlier: Seal | None = None
    ) -> None:
        self.path, self._custody = path, Custody(seal, earlier)
        self._held = False

    def stamp(self) -> files.Stamp | None:
        return files.stamp(self.path)

    def read(self) -> Sheet:
        """Raise StoreBroken where it cannot be understood, OSError where it cannot be read."""
        stamp, raw = files.read(self.path)
        if stamp is not None and not raw.strip() and self._held:
            # An editor that saves in place empties the file first; a list is emptied with [].
            raise StoreBroken(f"{self.path.name}: is empty; a list without accounts is []")
        rest = AtRest(self._custody)
        entries = document.parse(raw, name=self.path.name, opened=rest.opened)
        self._held = bool(entries)
        return Sheet(stamp, entries, rest)

    def change(self, change: Callable[[Sheet], list[Entry] | None]) -> list[Entry]:
        """Read, change and write under the lock; None from *change* leaves the file alone.

        The bytes are read anew and the stamp compared again at the last moment, so that an
        edit by hand is built upon, not lost.

        Returns:
            The entries as they are now.

        Raises:
            StoreBroken, StorageFailed: the file cannot be understood, or not be written.
        """
        try:
            with files.Lock(self.path):
                for _ in range(_TRIES):
                    now = self.read()
                    after = change(now)
                    if after is None:
                        return now.entries
                    if self._write(document.render(now.rest.closed(after)), now.stamp):
                        return after
        except OSError as exc:
            raise StorageFailed(f"{self.path.name} cannot be written: {exc.strerror}") from exc
        raise BeingEdited(f"{self.path.name} is being edited by someone else; try again")

    def settle(self) -> None:
        """Write secrets as they ought to stand, if any does not. Raises as :meth:`change`."""
        self.change(lambda now: None if now.rest.settled else now.entries)

    def _write(self, raw: bytes, stamp: files.Stamp | None) -> bool:
        return files.replace(self.path, raw, unless=lambda: self.stamp() != stamp)
