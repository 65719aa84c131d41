"""The files: there or not, whole or broken, closed to others, under the right key."""

import json
import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amq2api.accounts.adminfile import AdminFile, AdminFileBroken
from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.sealing import is_sealed
from amq2api.accounts.store import FileStore
from amq2api.cli.encryption import seal_in_force
from amq2api.config import Settings

from .check import Check

_ACCOUNTS, _CACHE, _ADMIN, _PLACES = "account_file", "token_cache", "admin_file", "directories"
_SECRETS = ("refresh_token", "client_id", "client_secret")
_ENCRYPT = "The gateway does it with its next change; `amq2api rekey` does it now."


def checks(settings: Settings, store: FileStore) -> Iterator[Check]:
    yield _account_file(settings, store)
    yield _token_cache(settings)
    if settings.admin:
        yield _admin_file(settings.admin_file)
    if settings.api_key_file is not None and settings.api_key_file.exists():
        path = settings.api_key_file
        yield _flaw("api_key_file", path) or Check(
            "api_key_file", "ok", "It is there, and closed to others.", about=_place(path)
        )
    yield _directories(settings)


def _account_file(settings: Settings, store: FileStore) -> Check:
    path, problem = settings.account_file, store.problem
    about = _place(path)
    if not path.exists():
        return Check(_ACCOUNTS, "ok", "There is none yet; the first account makes it.", about=about)
    if problem is not None:
        return Check(
            _ACCOUNTS, "problem", str(problem),
            "Mend it there; until then it is not written, and nothing in it is lost.", about,
        )  # fmt: skip
    if flaw := _flaw(_ACCOUNTS, path):
        return flaw
    entries = _json(path) or []
    secrets = [entry.get(key) for entry in entries for key in _SECRETS]
    sealed = sum(isinstance(secret, str) and is_sealed(secret) for secret in secrets)
    count = f"{len(entries)} account{'' if len(entries) == 1 else 's'}"
    return _protected(
        _ACCOUNTS, f"It holds {count}.", sealed=sealed, plain=len(secrets) - sealed,
        has_key=settings.encryption_key is not None, about=about,
    )  # fmt: skip


def _token_cache(settings: Settings) -> Check:
    path = settings.token_cache
    about = _place(path)
    if not path.exists():
        return Check(_CACHE, "ok", "There is none yet; the first token makes it.", about=about)
    if flaw := _flaw(_CACHE, path):
        return flaw
    if not isinstance(_json(path), dict):
        return Check(
            _CACHE, "note", "It cannot be understood, and is made anew with the next token.",
            "Nothing, unless an account then has to sign in again.", about,
        )  # fmt: skip
    rows, locked = CacheFile(path, seal_in_force(settings)).census()
    if locked:
        return Check(
            _CACHE, "problem", f"{locked} of {rows} tokens are encrypted with another key.",
            "Set AMQ2API_ENCRYPTION_KEY to the key they were encrypted with; without it those"
            " accounts may have to sign in again.", about,
        )  # fmt: skip
    sealed = path.read_text(errors="replace").count('"enc:')
    return _protected(
        _CACHE, f"It holds tokens of {rows} account{'' if rows == 1 else 's'}.", sealed=sealed,
        plain=2 * rows - sealed, has_key=settings.encryption_key is not None, about=about,
    )  # fmt: skip


def _admin_file(path: Path) -> Check:
    about = _place(path)
    if not path.exists():
        return Check(_ADMIN, "ok", "There is none: no admin password is set.", about=about)
    if flaw := _flaw(_ADMIN, path):
        return flaw
    try:
        has_password = AdminFile(path).read().password is not None
    except AdminFileBroken as exc:
        return Check(
            _ADMIN, "problem", str(exc),
            "Until it is mended nobody gets in; `amq2api password` sets a new password after you"
            " have moved it away.", about,
        )  # fmt: skip
    words = "An admin password is set." if has_password else "No admin password is set yet."
    return Check(_ADMIN, "ok", words, about=about)


def _protected(
    name: str, words: str, *, sealed: int, plain: int, has_key: bool, about: str
) -> Check:
    """How the secrets in a file that was read without trouble are kept."""
    if plain and has_key:
        return Check(
            name, "note", f"{words} {plain} secrets are not encrypted yet.", _ENCRYPT, about
        )
    if sealed:
        return Check(
            name, "ok", f"{words} Its secrets are encrypted, and the key fits.", about=about
        )
    if plain:
        return Check(
            name, "ok", f"{words} Its secrets are in the open, for its owner's eyes only.",
            about=about,
        )  # fmt: skip
    return Check(name, "ok", words, about=about)


def _flaw(name: str, path: Path) -> Check | None:
    """What is wrong with a file before anyone looks into it."""
    about, quoted = _place(path), shlex.quote(_place(path))
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return Check(name, "problem", "It is no file.", "Name a file in the settings.", about)
    if not os.access(path, os.R_OK | os.W_OK):
        return Check(
            name, "problem", "This user may not read and write it.",
            f"Give it to the user the gateway runs as: chown USER {quoted}", about,
        )  # fmt: skip
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        return Check(
            name, "problem", f"Others than its owner may use it (mode {mode:04o}).",
            f"chmod 600 {quoted}", about,
        )  # fmt: skip
    if found.st_uid != os.geteuid():
        return Check(
            name, "note", f"It belongs to another user (number {found.st_uid}).",
            "Fine if the gateway runs as that user, or as root.", about,
        )  # fmt: skip
    return None


def _directories(settings: Settings) -> Check:
    files = [settings.account_file, settings.token_cache]
    if settings.admin:
        files.append(settings.admin_file)
    closed = sorted({_place(path.parent) for path in files if not _is_open(path.parent)})
    if closed:
        return Check(
            _PLACES, "problem", "Nothing can be written where files are kept.",
            "Make it writable for the user the gateway runs as, or name other files in the"
            " settings.", ", ".join(closed),
        )  # fmt: skip
    return Check(_PLACES, "ok", "Files can be written where they are kept.")


def _is_open(directory: Path) -> bool:
    """Whether files can be made there, or the directory itself where it will be."""
    nearest = next((path for path in (directory, *directory.parents) if path.exists()), directory)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _place(path: Path) -> str:
    return str(path.absolute())
