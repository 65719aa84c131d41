"""``amq2api rekey``: another key for the secrets at rest, the first one, or none."""

import secrets
import sys
from dataclasses import asdict
from typing import Annotated, BinaryIO

import typer

from amq2api.accounts.rekeying import Found, Rekeying
from amq2api.accounts.sealing import Seal

from .app import Complaint
from .encryption import SETTING, line_of, seal_in_force, typed
from .output import say_json
from .reading import settings_or_complain

_LEAST = 16  # as config.py has it


def command(
    new_key_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(metavar="FILE", help="File with the new key; - is standard input."),
    ] = None,
    generate: Annotated[
        bool, typer.Option("--generate", help="Make the new key, and show it once.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Store the secrets in plain from now on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Encrypt the secrets of the account file and the token cache under a new key.

    What is there is read with the key in force, AMQ2API_ENCRYPTION_KEY, if any. Without an
    option the new key is asked for. It is not put into the settings: that is yours to do.

    Stop running gateways before, or restart them right after. A crash half way loses nothing:
    leave the old key set, and give the same new one again.
    """
    settings = settings_or_complain()
    if sum((new_key_file is not None, generate, remove)) > 1:
        raise Complaint("--new-key-file, --generate and --remove exclude each other", 2)
    key = None
    if generate:
        key = secrets.token_urlsafe(32)
    elif not remove:
        key = _given(new_key_file)
    rekeying = Rekeying(
        settings.account_file,
        settings.token_cache,
        old=seal_in_force(settings),
        new=None if key is None else Seal(key),
    )
    found = rekeying.find()
    # The key is out before anything depends on it: whoever was to read it may be gone.
    _show(found, key, made=generate, as_json=as_json)
    sys.stdout.flush()
    rekeying.write()
    if not as_json:
        _tell(found, removed=remove)


def _given(file: BinaryIO | None) -> str:
    key = line_of(file) if file else typed("New key", "--new-key-file", twice=True)
    if len(key) < _LEAST:
        raise Complaint(f"a key has at least {_LEAST} characters; --generate makes a good one", 2)
    return key


def _show(found: Found, key: str | None, *, made: bool, as_json: bool) -> None:
    if as_json:
        say_json({"key": key if made else None, "encrypted": key is not None, **asdict(found)})
    elif made:
        typer.echo(f"The new key. It is shown only now:\n\n    {key}\n")


def _tell(found: Found, *, removed: bool) -> None:
    how = "in plain now" if removed else "encrypted under the new key"
    typer.echo(f"Accounts: {found.accounts}, cached tokens: {found.tokens}. They are stored {how}.")
    if found.unreadable:
        typer.echo(f"Cached tokens that neither key opens: {found.unreadable}. They were left.")
    change = f"Remove {SETTING} from the settings" if removed else f"Set {SETTING} to the new key"
    typer.echo(f"{change}, then restart the gateways that run.")
