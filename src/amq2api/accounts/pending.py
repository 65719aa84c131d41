"""A refresh under way, noted beside the cache file, so that a process killed in it takes nothing
along.

The service burns the refresh token spent when it mints another, so its answer is the only copy
there is. It goes here first, by one write into room that was taken beforehand: the cache file,
which has to be locked, read and replaced, takes thousands of times longer, and on a full disk
there is no room for it.

::

    {"account": "<id>", "spends": "<sha256>", "since": 1760000000.0}
    {"access_token": …}

The second line is as a row of the cache file, and is wiped when it stands there.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

_PRIVATE = 0o600
_HEAD, _ROOM = 1024, 16384  # bytes: of the first line, and of both


class Intent(msgspec.Struct, frozen=True):
    """What a process was about to do."""

    account: str
    spends: str
    """Fingerprint of the refresh token."""
    since: float
    """Unix time in seconds: of the first such attempt that was never answered."""


@dataclass(frozen=True, slots=True)
class Pending:
    """One account's note. Methods block on the disk, if only for a moment, and raise OSError.

    Whoever writes holds the account's lock.
    """

    path: Path

    def begin(self, intent: Intent) -> int:
        """Before the service is asked. What an earlier refresh left stays readable.

        Returns:
            The file, for :func:`answered`; the caller closes it.
        """
        head = msgspec.json.encode(intent) + b"\n"
        fd = self._open(os.O_CREAT)
        try:
            # Written, not declared: some file systems have no other way to take room.
            if (size := os.fstat(fd).st_size) < _ROOM:
                _put(fd, b" " * (_ROOM - size), size)
            _put(fd, head.ljust(_HEAD), 0)
        except OSError:
            os.close(fd)
            raise
        return fd

    def sync(self) -> None:
        """What was answered survives a power cut, too, when this returns."""
        fd = self._open()
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def end(self) -> None:
        """Wipe it, since everything stands elsewhere; the room is kept for the next time."""
        fd = self._open()
        try:
            _put(fd, b" " * _ROOM, 0)
        finally:
            os.close(fd)

    def read(self) -> tuple[Intent | None, bytes]:
        """What was intended, if anything, and what was answered, if it was."""
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return None, b""
        head, row = raw[:_HEAD], raw[_HEAD:].partition(b"\n")[0].strip()
        try:
            return msgspec.json.decode(head, type=Intent), row
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None, row

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def _open(self, how: int = 0) -> int:
        return os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | how, _PRIVATE)


def answered(fd: int, row: bytes) -> None:
    """At once when the service has answered. Safe from a kill, not yet from a power cut."""
    _put(fd, (row + b"\n").ljust(_ROOM - _HEAD), _HEAD)


def withdrawn(fd: int) -> None:
    """The service has refused to answer: nothing was spent."""
    _put(fd, b" " * _HEAD, 0)


def _put(fd: int, raw: bytes, at: int) -> None:
    while raw:
        # On a disk that fills up a part is written, and only the next call fails.
        written = os.pwrite(fd, raw, at)
        raw, at = raw[written:], at + written
