"""Settings and client keys as the commands need them."""

import secrets
from pathlib import Path
from typing import Any

import typer

from amq2api.accounts import files
from amq2api.config import BadSetting, Settings, load

from .app import Complaint

_PREFIX = "sk-amq-"
_FILE, _LIST = "AMQ2API_API_KEY_FILE", "AMQ2API_API_KEYS"


def settings_or_complain(**overrides: Any) -> Settings:
    """The settings in force; nonsense among them ends the command."""
    try:
        return load(**overrides)
    except BadSetting as exc:
        raise Complaint(str(exc), 2) from exc


def client_keys(settings: Settings) -> tuple[str, ...]:
    """The keys that clients may show, those of the file included, if there is one."""
    listed = tuple(key.get_secret_value() for key in settings.api_keys)
    return listed + (_read(settings.api_key_file) if settings.api_key_file else ())


def keys_to_serve(settings: Settings) -> tuple[str, ...]:
    """As :func:`client_keys`, but makes the file, and refuses to be open to everyone."""
    path = settings.api_key_file
    if path is not None and not path.exists():
        _make(path)
    keys = client_keys(settings)
    if settings.public and not keys:
        raise Complaint(
            f"AMQ2API_HOST: {settings.host} can be reached from other machines, and there is no"
            f" client key; set {_LIST}, or {_FILE} to a file that is made with a fresh key",
            2,
        )
    return keys


def _make(path: Path) -> None:
    key = _PREFIX + secrets.token_urlsafe(32)
    try:
        files.replace(path, f"{key}\n".encode())
    except OSError as exc:
        raise _unusable(path, exc.strerror or "cannot be written") from exc
    typer.echo(f"A client key was made. It is shown only now and kept in {path}:\n\n    {key}\n",
               err=True)  # fmt: skip


def _read(path: Path) -> tuple[str, ...]:
    try:
        stamp, raw = files.read(path)
        lines = [line.strip() for line in raw.decode().splitlines()]
    except OSError as exc:
        raise _unusable(path, exc.strerror or "cannot be read") from exc
    except UnicodeDecodeError as exc:
        raise _unusable(path, "is not text") from exc
    if stamp is None:
        return ()
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys:
        raise _unusable(path, "holds no key")
    if any(" " in key for key in keys):
        raise _unusable(path, "holds a key that has a space")
    return keys


def _unusable(path: Path, why: str) -> Complaint:
    return Complaint(f"{_FILE}: {path}: {why}; allowed: a file with one key a line", 2)
