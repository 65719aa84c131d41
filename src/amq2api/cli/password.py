"""``amq2api password``: the way in for who can write the file, whatever has been forgotten."""

from typing import Annotated, BinaryIO

import typer

from amq2api.accounts.adminfile import AdminFile
from amq2api.admin import passwords
from amq2api.config import Settings
from amq2api.errors import BadRequest

from .app import Complaint
from .encryption import line_of, typed
from .output import say_json
from .reading import settings_or_complain


def command(
    remove: Annotated[bool, typer.Option("--remove", help="Have no password from now on.")] = False,
    password_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(metavar="FILE", help="File with the new password; - is standard input."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Set, change or remove the admin password of the page and its API.

    The old one is not asked for: whoever may write the admin file may do this. A running gateway
    takes the new one at once, and every browser has to sign in again. Without an option the
    password is asked for without being shown.
    """
    settings = settings_or_complain()
    if remove and password_file is not None:
        raise Complaint("--remove and --password-file exclude each other", 2)
    kept = None if remove else _hash_of(password_file)
    file = AdminFile(settings.admin_file)
    file.change(lambda found: found.with_password(kept))
    if as_json:
        say_json({"password_set": kept is not None, "file": str(file.path)})
        return
    typer.echo(_words(settings, removed=remove))


def _hash_of(file: BinaryIO | None) -> str:
    password = line_of(file) if file else typed("New password", "--password-file", twice=True)
    try:
        return passwords.hashed(password)
    except BadRequest as exc:
        raise Complaint(str(exc), 2) from exc


def _words(settings: Settings, *, removed: bool) -> str:
    if not removed:
        return f"The password is set. Its hash is in {settings.admin_file}."
    if settings.public or settings.allowed_hosts:
        return (
            "The password is removed. Without one nobody gets in: restart the gateway, which prints"
            " a setup token, or run this again."
        )
    return "The password is removed. Whoever can reach the port may use the page."
