"""The list of accounts, in a file that people edit too.

Reading is cheap enough to be done for each request; changes block on the disk, so callers on
an event loop make them in a thread.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from . import document, files
from .accountfile import AccountFile
from .document import StoreBroken
from .errand import Errand
from .files import StorageFailed
from .model import Account, Entry
from .sealing import Seal

_Change: TypeAlias = Callable[[list[Entry]], list[Entry] | None]
_REST = 60.0  # seconds before sealing is tried again in a file that cannot be written
_PATIENCE = 5.0  # seconds that sealing may take while someone waits for its end
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
    settled: bool = True


class FileStore:
    """account.json. Safe to share between threads; other processes and people may edit it too.

    A change made elsewhere shows after *interval* seconds at most. While the file is broken
    the accounts it last held go on serving, and it is not written.

    With a seal, secrets are written sealed. Those that someone has put in plain are taken as they
    are, and sealed soon after by a thread.

    Args:
        environment: The account to use while the file is missing or lists none.
        seal: The key to keep secrets under.
        clock: Seconds, any origin; decides when to look at the file again.
        now: Unix time in seconds.
    """

    def __init__(
        self,
        path: Path,
        environment: Account | None = None,
        *,
        seal: Seal | None = None,
        interval: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._file, self._environment = AccountFile(path, seal), environment
        self._interval, self._clock, self._now = interval, clock, now
        self._view, self._next_look = _View(), float("-inf")
        self._looking = threading.Lock()
        self._settling = Errand(self.settle, rest=_REST, clock=clock)

    @property
    def problem(self) -> StoreBroken | None:
        self.accounts()
        return self._view.problem

    def accounts(self) -> tuple[Account, ...]:
        if self._clock() >= self._next_look:
            self._look()
            if not self._view.settled:
                self._settling.start()
        view = self._view
        # A broken file that was never whole stands for accounts we cannot know: to act as the
        # environment's account instead would spend someone else's seat.
        if view.listed or view.problem or self._environment is None:
            return view.listed
        return (self._environment,)

    def entries(self) -> list[Entry]:
        """What the file holds, members we do not know included, with all secrets in plain.

        Raises:
            StoreBroken, StorageFailed: it cannot be read.
        """
        try:
            return self._file.read().entries
        except OSError as exc:
            raise StorageFailed(f"{self._file.path.name} cannot be read: {exc.strerror}") from exc

    def add(self, fields: Mapping[str, Any]) -> Account:
        dated = {"created_at": self._moment(), **fields}
        return self._change(lambda now: document.added(now, dated))[-1]

    def add_all(self, entries: Sequence[Entry]) -> tuple[list[Account], list[tuple[str, str]]]:
        """Add several in one write, such as those of a bundle.

        Returns:
            The new accounts; of those passed over, what they are called and why.
        """
        moment, fresh, passed = self._moment(), list[str](), list[tuple[str, str]]()
        dated = [e if e.get("created_at") else e | {"created_at": moment} for e in entries]

        def change(now: list[Entry]) -> list[Entry] | None:
            nonlocal fresh, passed
            grown, fresh, passed = document.added_all(now, dated)
            return grown if fresh else None

        after = self._change(change)
        return [_pick(after, wanted) for wanted in fresh], passed

    def update(self, wanted: str, **changes: Any) -> Account:
        return _pick(self._change(lambda now: document.updated(now, wanted, changes)), wanted)

    def remove(self, wanted: str) -> None:
        self._change(lambda now: document.removed(now, wanted))

    def activate(self, wanted: str) -> Account:
        return _pick(self._change(lambda now: document.activated(now, wanted)), wanted)

    def rotate(self, wanted: str, *, spent: Collection[str], fresh: str) -> bool:
        after = self._change(lambda now: document.rotated(now, wanted, spent=spent, fresh=fresh))
        return any(a.id == wanted and a.refresh_token == fresh for a in after)

    def settle(self) -> None:
        """Write secrets as they ought to stand, if any does not. Raises as changes do."""
        try:
            self._file.settle()
        finally:
            self._look()

    def close(self) -> None:
        """Let sealing under way end, that nothing is written afterwards. May take five seconds."""
        self._settling.join(_PATIENCE)

    def _look(self) -> None:
        with self._looking:
            self._next_look = self._clock() + self._interval
            try:
                if (current := self._file.stamp()) == self._view.stamp:
                    return
                current, entries, rest = self._file.read()
                listed = document.accounts(entries)
                self._view = _View(self._trusted(current), listed, settled=rest.settled)
            except StoreBroken as exc:
                self._view = _View(current, self._view.listed, exc)
            except OSError as exc:
                unreadable = StoreBroken(f"{self._file.path.name} cannot be read: {exc.strerror}")
                self._view = _View(_NEVER, self._view.listed, unreadable)

    def _trusted(self, stamp: files.Stamp | None) -> files.Stamp | None:
        # A second edit within one tick of the file system's clock could leave the same stamp.
        # Ticks last up to two seconds (FAT).
        recent = stamp is not None and abs(self._now() - stamp[0] / 1e9) < 2.5
        return _NEVER if recent else stamp

    def _change(self, change: _Change) -> tuple[Account, ...]:
        try:
            return document.accounts(self._file.change(lambda now: change(now.entries)))
        finally:
            self._look()

    def _moment(self) -> str:
        moment = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")
        return moment.replace("+00:00", "Z")


def _pick(accounts: tuple[Account, ...], wanted: str) -> Account:
    return next(account for account in accounts if account.id == wanted)
