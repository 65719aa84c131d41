"""``amq2api export``: the accounts, for another installation or a drawer."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from amq2api.accounts import bundle, files
from amq2api.accounts.store import FileStore

from .app import Complaint
from .encryption import passphrase, seal_in_force
from .output import say_json, visible
from .reading import settings_or_complain

_STDOUT = Path("-")


def command(
    file: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="Where to write; standard output if left out.")
    ] = _STDOUT,
    passphrase_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(metavar="FILE", help="File with the passphrase; - is standard input."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a FILE that is there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Tell programs what was written to FILE.")
    ] = False,
) -> None:
    """Write all accounts of the account file into a bundle, encrypted with a passphrase.

    `amq2api import FILE` adds them elsewhere. Two installations that use the same login at the
    same time can invalidate each other's: the bundle is for moving, and for safe keeping.
    """
    settings = settings_or_complain()
    store = FileStore(settings.account_file, seal=seal_in_force(settings))
    entries = store.entries()
    if not entries:
        raise Complaint(f"{settings.account_file}: there is no account to export")
    to_stdout = file == _STDOUT
    if not (to_stdout or force) and file.exists():
        raise _there(file)
    packed = bundle.pack(entries, passphrase(passphrase_file, twice=True), now=time.time())
    if to_stdout:
        say_json(packed)
        return
    _write(file, packed, force=force)
    if as_json:
        say_json({"file": str(file), "accounts": len(entries)})
    else:
        typer.echo(f"Accounts: {len(entries)}, written to {visible(str(file))}.")


def _write(file: Path, packed: dict[str, Any], *, force: bool) -> None:
    raw = json.dumps(packed, indent=2).encode() + b"\n"
    try:
        if not files.replace(file, raw, unless=lambda: file.exists() and not force):
            raise _there(file)
    except OSError as exc:
        raise Complaint(f"{visible(str(file))} cannot be written: {exc.strerror}") from exc


def _there(file: Path) -> Complaint:
    return Complaint(f"{visible(str(file))} is there already; --force writes over it", 2)
