"""Files that must outlive a crash: replaced whole, readable by their owner only, and locked
between processes.
"""

import contextlib
import errno
import fcntl
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from amq2api.errors import GatewayError

_PRIVATE = 0o600
# Nothing can be created beside the file, which itself may yet be writable: a single file
# mounted into a container whose file system is read-only.
_CLOSED_DIRECTORY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# A file mounted by itself cannot be renamed over.
_MOUNT_POINT = frozenset({errno.EBUSY, errno.EXDEV})

Stamp: TypeAlias = tuple[int, int, int]
"""Changes whenever the file does: time of change in nanoseconds, size, inode."""


class StorageFailed(GatewayError):
    """A file of ours could not be read or written."""


class BeingEdited(StorageFailed):
    """Somebody else keeps changing the file; what they do is not to be overwritten."""


def stamp(path: Path) -> Stamp | None:
    """None where there is no file."""
    try:
        return _stamp(path.stat())
    except FileNotFoundError:
        return None


def read(path: Path) -> tuple[Stamp | None, bytes]:
    """The bytes and the stamp they had, taken before them: a later change shows."""
    try:
        with path.open("rb") as file:
            return _stamp(os.fstat(file.fileno())), file.read()
    except FileNotFoundError:
        return None, b""


def replace(path: Path, raw: bytes, *, unless: Callable[[], bool] = lambda: False) -> bool:
    """Put *raw* in the place of the file, on disk when this returns. Call it under a lock.

    Whoever reads meanwhile, and whoever comes after a crash, sees the old bytes or the new.
    A symbolic link stays one: what it points to is replaced. A file that cannot be renamed
    over, because it is a mount point or nothing can be created beside it, is overwritten in
    place; a crash in that moment can tear it, but leaves the new bytes beside it as ``.tmp``
    where that was possible.

    Args:
        unless: Asked last, when the new bytes are on disk; True leaves the file alone.

    Returns:
        Whether the file was replaced.

    Raises:
        OSError: it could not be; the old bytes are still there.
    """
    target = path.resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # One name for all, so that a process killed here leaves one file, which the next reuses.
    beside = target.with_name(f".{target.name}.tmp")
    try:
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _PRIVATE)
    except OSError as exc:
        if exc.errno not in _CLOSED_DIRECTORY or not target.exists():
            raise
        return _overwrite(target, raw, unless)
    try:
        _fill(fd, raw, like=target)
        if unless():
            return False
        try:
            os.replace(beside, target)
        except OSError as exc:
            if exc.errno not in _MOUNT_POINT:
                raise
            return _overwrite(target, raw, unless)
        _sync_directory(target.parent)
    finally:
        beside.unlink(missing_ok=True)
    return True


class Lock:
    """Exclusion between processes, and between tasks and threads of one process.

    The kernel releases it when its holder dies, however it dies. The file it stands on is
    never removed: that would let two holders in.
    """

    def __init__(self, path: Path) -> None:
        """*path* is the file to protect; the lock stands on a file beside it, if it can."""
        self._path = path.resolve()
        self._fd: int | None = None

    def try_acquire(self) -> bool:
        """Raise OSError where there is nothing to stand on."""
        return self._acquire(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> "Lock":
        self._acquire(fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _acquire(self, how: int) -> bool:
        if self._fd is None:
            self._fd = self._open()
        try:
            fcntl.flock(self._fd, how)
        except BlockingIOError:
            return False
        except OSError:
            self.release()
            raise
        return True

    def _open(self) -> int:
        beside = self._path.with_name(f"{self._path.name}.lock")
        try:
            beside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(beside, os.O_RDWR | os.O_CREAT, _PRIVATE)
        except OSError as exc:
            if exc.errno not in _CLOSED_DIRECTORY or not self._path.exists():
                raise
            # Sound here, and only here: such a file is overwritten, so its inode stays.
            return os.open(self._path, os.O_RDONLY)


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _fill(fd: int, raw: bytes, *, like: Path) -> None:
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, _PRIVATE)
        with contextlib.suppress(OSError):
            # A file edited by its owner and written by a service run as root stays the owner's.
            old = like.stat()
            os.fchown(fd, old.st_uid, old.st_gid)
        file.write(raw)
        file.flush()
        os.fsync(fd)


def _overwrite(target: Path, raw: bytes, unless: Callable[[], bool]) -> bool:
    if unless():
        return False
    with target.open("r+b", buffering=0) as file:
        with contextlib.suppress(OSError):
            os.fchmod(file.fileno(), _PRIVATE)
        old = file.read()
        try:
            # Space at the end means nothing, the end of a longer text would mean anything: who is
            # killed before the file is cut leaves it whole.
            _put(file, raw.ljust(len(old)))
            file.truncate(len(raw))
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                _put(file, old)
                file.truncate(len(old))
            raise
    return True


def _put(file: io.FileIO, raw: bytes) -> None:
    at = 0
    while at < len(raw):
        # On a disk that fills up a part is written, and only the next call fails.
        at += os.pwrite(file.fileno(), raw[at:], at)


def _sync_directory(directory: Path) -> None:
    """Without this a rename may not survive a power cut. Some file systems have no such call."""
    with contextlib.suppress(OSError):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
