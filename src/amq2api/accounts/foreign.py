"""Where other programs keep their logins, and reading it without leaving a trace.

Nothing is ever written there, not even the files that SQLite likes to put beside a database.
Everything here blocks on the disk.
"""

import os
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import quote

from amq2api.errors import BadRequest

from . import files
from .candidate import Candidate
from .imports import PROFILE_KEY, REGISTRATION_KEYS, TOKEN_KEYS, from_cache, from_cli

SourceId: TypeAlias = Literal["amazon-q-cli", "kiro-cli", "aws-sso-cache"]
_LINUX, _MAC = ".local/share", "Library/Application Support"
_PROGRAMS: Mapping[SourceId, tuple[str, str]] = {
    # upstream-protocol.md 5.6
    "amazon-q-cli": ("Amazon Q CLI", "amazon-q/data.sqlite3"),
    "kiro-cli": ("Kiro CLI", "kiro-cli/data.sqlite3"),
}
_CACHE = ".aws/sso/cache"
_SOURCES: tuple[SourceId, ...] = ("amazon-q-cli", "kiro-cli", "aws-sso-cache")

_PATIENCE = 5.0  # seconds to wait for whoever is writing
_LONGEST = 10.0  # seconds that a query may take: the database holds conversations, too
_STEPS = 10_000  # of SQLite's machine between two looks at the clock
_MOST_FILES, _LARGEST = 500, 64 * 1024  # of the cache, and bytes of one value or file
_LEFT_OPEN = "{} did not close its database; start it once, then try again"
_AS_IT_STANDS = "&immutable=1"
_WAL = b"\x02\x02"  # the header's two versions of a database with a write-ahead log


class Unreadable(BadRequest):
    """Another program's logins cannot be read. The words say why, never what is there."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place where a program may keep logins; *path* begins with ``~``."""

    id: SourceId
    path: str
    exists: bool


def sources(home: Path | None = None) -> list[Source]:
    """All places that are known. Nothing of them is read."""
    home = home or _home()
    found = []
    for source_id in _SOURCES:
        path = _path(source_id, home)
        shown = f"~/{path.relative_to(home).as_posix()}"
        found.append(Source(source_id, shown, os.access(path, os.F_OK)))
    return found


def read(source_id: str, home: Path | None = None, *, now: float | None = None) -> list[Candidate]:
    """The logins that are kept there, those that cannot be used included.

    Args:
        now: Unix time in seconds; registrations that have expired by then are of no use.

    Raises:
        Unreadable: there are none to be read.
    """
    home, now = home or _home(), time.time() if now is None else now
    if source_id == "aws-sso-cache":
        return from_cache(_texts(home / _CACHE), now)
    for known, (program, _) in _PROGRAMS.items():
        if source_id == known:
            rows, profile = _rows(_path(known, home), program)
            return from_cli(program, rows, profile, now)
    raise Unreadable("source: must be amazon-q-cli, kiro-cli or aws-sso-cache", field="source")


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as exc:
        raise Unreadable("there is no home directory to look into") from exc


def _path(source_id: SourceId, home: Path) -> Path:
    """The place on this system, or on the other one if only that exists."""
    if source_id == "aws-sso-cache":
        return home / _CACHE
    inside = _PROGRAMS[source_id][1]
    bases = (_MAC, _LINUX) if sys.platform == "darwin" else (_LINUX, _MAC)
    paths = [home / base / inside for base in bases]
    return next((path for path in paths if os.access(path, os.F_OK)), paths[0])


def _texts(cache: Path) -> dict[str, str]:
    try:
        names = sorted(name for name in os.listdir(cache) if name.endswith(".json"))
    except FileNotFoundError:
        names = []
    except OSError as exc:
        raise Unreadable(f"the AWS SSO cache cannot be read: {exc.strerror}") from exc
    texts = {name: _text(cache / name) for name in names[:_MOST_FILES]}
    found = {name: text for name, text in texts.items() if text is not None}
    if not found:
        raise Unreadable("the AWS SSO cache holds no logins")
    return found


def _text(path: Path) -> str | None:
    """None for what is no login's file; empty for one that cannot be read."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return None
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:  # removed in this moment
        return None
    except OSError:
        return ""


def _rows(path: Path, program: str) -> tuple[dict[str, str], str]:
    """The rows of interest of the table of logins, and the value of the profile's."""
    try:
        before = files.stamp(path)
        address = _address(path, program)
        with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as database:
            database.set_progress_handler(_hourglass(), _STEPS)
            tables = _tables(database)
            if "auth_kv" not in tables:
                raise Unreadable(f"{program} keeps its logins in a way that is not known here")
            rows = dict(_values(database, "auth_kv", (*TOKEN_KEYS, *REGISTRATION_KEYS)))
            state = dict(_values(database, "state", (PROFILE_KEY,))) if "state" in tables else {}
        if address.endswith(_AS_IT_STANDS) and files.stamp(path) != before:
            raise Unreadable(f"{program} was writing just now; try again")
    except FileNotFoundError as exc:
        raise Unreadable(f"{program} has no database here") from exc
    except OSError as exc:
        raise Unreadable(f"the database of {program} cannot be read: {exc.strerror}") from exc
    except sqlite3.Error as exc:
        raise Unreadable(_words(program, exc)) from exc
    if not any(key in rows for key in TOKEN_KEYS):
        raise Unreadable(f"nobody is signed in to {program}")
    return rows, state.get(PROFILE_KEY, "")


def _address(path: Path, program: str) -> str:
    """How to open the database so that nothing is written, whatever state it is in.

    A database with a write-ahead log makes SQLite create an index beside it even with
    ``mode=ro``. It must use the one that is there, or take the database as it stands: that is
    right where the log is empty too, and the file's stamp afterwards tells if it still was.
    """
    with path.open("rb") as file:
        is_wal = file.read(20)[18:] == _WAL
    address = f"file:{quote(str(path))}?mode=ro"
    if not is_wal or path.with_name(f"{path.name}-shm").exists():
        return f"{address}&readonly_shm=1"
    log = files.stamp(path.with_name(f"{path.name}-wal"))
    if log is not None and log[1] > 0:
        raise Unreadable(_LEFT_OPEN.format(program))
    return address + _AS_IT_STANDS


def _tables(database: sqlite3.Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    return {name for (name,) in database.execute(query)}


def _values(
    database: sqlite3.Connection, table: Literal["auth_kv", "state"], keys: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    marks = ",".join("?" * len(keys))
    query = (
        f"SELECT key, CAST(value AS BLOB) FROM {table}"
        f" WHERE key IN ({marks}) AND length(value) <= {_LARGEST}"
    )
    for key, value in database.execute(query, keys):
        if isinstance(value, bytes):
            yield key, value.decode(errors="replace")


def _hourglass() -> Callable[[], bool]:
    """True, which interrupts, once the time is over."""
    end = time.monotonic() + _LONGEST
    return lambda: time.monotonic() > end


def _words(program: str, exc: sqlite3.Error) -> str:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{program} is using its database; close it, then try again"
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return f"the database of {program} is damaged, or no database"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return _LEFT_OPEN.format(program)  # with work half done, which only it can undo
        case sqlite3.SQLITE_INTERRUPT:
            return f"the database of {program} takes too long to search"
        case sqlite3.SQLITE_ERROR:
            return f"{program} keeps its logins in a way that is not known here"
    return f"the database of {program} cannot be read ({type(exc).__name__})"
