"""The list of accounts, in a file that people edit too.

Reading is cheap enough to be done for each request; changes block on the disk, so callers on
an event loop make them in a thread.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from . import document, files
from .document import StoreBroken
from .files import BeingEdited, StorageFailed
from .model import Account, Entry

_Change: TypeAlias = Callable[[list[Entry]], list[Entry] | None]
_TRIES = 5
# The stamp of no file, so that one which could not be read is tried again at each look.
_NEVER: files.Stamp = (-1, -1, -1)


class AccountStore(Protocol):
    """Where accounts live. Changes raise NotFound, BadRequest, StoreBroken or StorageFailed."""

    @property
    def problem(self) -> StoreBroken | None:
        """Why the list may be out of date, if it may."""

    def accounts(self) -> tuple[Account, ...]:
        """All of them, in order."""

    def add(self, fields: Mapping[str, Any]) -> Account: ...

    def update(self, wanted: str, **changes: Any) -> Account: ...

    def remove(self, wanted: str) -> None: ...

    def activate(self, wanted: str) -> Account: ...

    def rotate(self, wanted: str, *, spent: Collection[str], fresh: str) -> bool:
        """Write down a rotated refresh token, unless someone has put in another one."""


@dataclass(frozen=True, slots=True)
class _View:
    """What the file was when last looked at."""

    stamp: files.Stamp | None = None
    listed: tuple[Account, ...] = ()
    problem: StoreBroken | None = None


class FileStore:
    """account.json. Safe to share between threads; other processes and people may edit it too.

    A change made elsewhere shows after *interval* seconds at most. While the file is broken
    the accounts it last held go on serving, and it is not written.

    Args:
        environment: The account to use while the file is missing or lists none.
        clock: Seconds, any origin; decides when to look at the file again.
        now: Unix time in seconds.
    """

    def __init__(
        self,
        path: Path,
        environment: Account | None = None,
        *,
        interval: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._environment = path, environment
        self._interval, self._clock, self._now = interval, clock, now
        self._view, self._next_look = _View(), float("-inf")
        self._looking = threading.Lock()

    @property
    def problem(self) -> StoreBroken | None:
        self.accounts()
        return self._view.problem

    def accounts(self) -> tuple[Account, ...]:
        if self._clock() >= self._next_look:
            self._look()
        view = self._view
        # A broken file that was never whole stands for accounts we cannot know: to act as the
        # environment's account instead would spend someone else's seat.
        if view.listed or view.problem or self._environment is None:
            return view.listed
        return (self._environment,)

    def add(self, fields: Mapping[str, Any]) -> Account:
        moment = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")
        dated = {"created_at": moment.replace("+00:00", "Z"), **fields}
        return self._change(lambda entries: document.added(entries, dated))[-1]

    def update(self, wanted: str, **changes: Any) -> Account:
        return _pick(self._change(lambda e: document.updated(e, wanted, changes)), wanted)

    def remove(self, wanted: str) -> None:
        self._change(lambda entries: document.removed(entries, wanted))

    def activate(self, wanted: str) -> Account:
        return _pick(self._change(lambda e: document.activated(e, wanted)), wanted)

    def rotate(self, wanted: str, *, spent: Collection[str], fresh: str) -> bool:
        after = self._change(lambda e: document.rotated(e, wanted, spent=spent, fresh=fresh))
        return any(a.id == wanted and a.refresh_token == fresh for a in after)

    def _look(self) -> None:
        with self._looking:
            self._next_look = self._clock() + self._interval
            try:
                if (current := files.stamp(self._path)) == self._view.stamp:
                    return
                current, entries = self._read()
                self._view = _View(self._trusted(current), document.accounts(entries))
            except StoreBroken as exc:
                self._view = _View(current, self._view.listed, exc)
            except OSError as exc:
                unreadable = StoreBroken(f"{self._path.name} cannot be read: {exc.strerror}")
                self._view = _View(_NEVER, self._view.listed, unreadable)

    def _trusted(self, stamp: files.Stamp | None) -> files.Stamp | None:
        # A second edit within one tick of the file system's clock could leave the same stamp.
        # Ticks last up to two seconds (FAT).
        recent = stamp is not None and abs(self._now() - stamp[0] / 1e9) < 2.5
        return _NEVER if recent else stamp

    def _read(self) -> tuple[files.Stamp | None, list[Entry]]:
        stamp, raw = files.read(self._path)
        if stamp is not None and not raw.strip() and self._view.listed:
            # An editor that saves in place empties the file first; a list is emptied with [].
            raise StoreBroken(f"{self._path.name}: is empty; a list without accounts is []")
        return stamp, document.parse(raw, name=self._path.name)

    def _change(self, change: _Change) -> tuple[Account, ...]:
        """Read, change and write under the lock; None from *change* leaves the file alone.

        The bytes are read anew and the stamp compared again at the last moment, so that an
        edit by hand is built upon, not lost.
        """
        try:
            with files.Lock(self._path):
                for _ in range(_TRIES):
                    stamp, entries = self._read()
                    after = change(entries)
                    if after is None:
                        return document.accounts(entries)
                    if self._write(document.render(after), stamp):
                        return document.accounts(after)
        except OSError as exc:
            raise StorageFailed(f"{self._path.name} cannot be written: {exc.strerror}") from exc
        finally:
            self._look()
        raise BeingEdited(f"{self._path.name} is being edited by someone else; try again")

    def _write(self, raw: bytes, stamp: files.Stamp | None) -> bool:
        return files.replace(self._path, raw, unless=lambda: files.stamp(self._path) != stamp)


def _pick(accounts: tuple[Account, ...], wanted: str) -> Account:
    return next(account for account in accounts if account.id == wanted)
