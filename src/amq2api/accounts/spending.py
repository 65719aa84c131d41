"""One refresh token on its way to the service."""

import contextlib
import os

import msgspec

from .cachefile import CacheFile
from .minted import Minted
from .pending import Intent, answered, withdrawn


class Spending:
    """Writes down how it goes, so that a process killed in it takes nothing along."""

    def __init__(self, file: CacheFile, intent: Intent) -> None:
        self._file, self._intent = file, intent
        self._fd: int | None = None
        self.unanswered: float | None = None
        """Since when, in Unix time, a process may have spent the token without hearing of it."""

    def begin(self) -> None:
        """Blocks on the disk. Raises OSError."""
        pending = self._file.pending(self._intent.account)
        earlier, _ = pending.read()
        if earlier is not None and earlier.spends == self._intent.spends:
            self.unanswered = earlier.since
            self._intent = msgspec.structs.replace(self._intent, since=earlier.since)
        self._fd = pending.begin(self._intent)

    def answered(self, minted: Minted) -> None:
        """The service has answered: secure it from a kill, now. Blocks for microseconds."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                answered(self._fd, self._file.encoded(self._intent.account, minted))

    def refused(self) -> None:
        """The service has refused. What an earlier process began stays as unanswered as it was."""
        if self._fd is not None and self.unanswered is None:
            with contextlib.suppress(OSError):
                withdrawn(self._fd)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
