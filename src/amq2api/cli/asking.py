"""Secrets from where only their owner sees them: a terminal without echo, or a file."""

import json
import sys
from typing import Any, BinaryIO

import typer

from .app import Complaint
from .encryption import typed
from .output import visible

SECRETS = {
    "refresh_token": "Refresh token",
    "client_id": "Client id",
    "client_secret": "Client secret",
}
_MEMBERS = (*SECRETS, "name", "profile_arn", "region", "start_url")
# Letters at which terminals cut a line, silently: on macOS and on Linux.
_CUT = (1023, 1024, 4095, 4096)


def credentials(file: BinaryIO | None) -> dict[str, Any]:
    """All that makes an account: the members of *file*, or the three secrets, asked for.

    Raises:
        Complaint: one is missing, or there is nobody to ask.
    """
    if file is None:
        return _prompted()
    fields = members(file)
    for name in SECRETS:
        if not fields.get(name):
            raise Complaint(f"{_called(file)}: {name} is missing", 2)
    return fields


def members(file: BinaryIO | None) -> dict[str, Any]:
    """Members of an account from a JSON object; none without a file.

    Raises:
        Complaint: it holds something else. No value is repeated.
    """
    if file is None:
        return {}
    try:
        fields = json.loads(file.read())
    except (ValueError, RecursionError) as exc:
        raise Complaint(f"{_called(file)}: is not JSON", 2) from exc
    if not isinstance(fields, dict):
        raise Complaint(f"{_called(file)}: must hold one JSON object", 2)
    if unknown := sorted(fields.keys() - set(_MEMBERS)):
        raise Complaint(
            f"{_called(file)}: {visible(unknown[0])!r} is none of {', '.join(_MEMBERS)}", 2
        )
    return fields


def agree(question: str) -> None:
    """Ask for a yes.

    Raises:
        Complaint: nobody can answer, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise Complaint("say --yes: nobody can be asked here", 2)
    if not typer.confirm(question, err=True):
        raise Complaint("nothing was done")


def _prompted() -> dict[str, Any]:
    given = {
        name: typed(words, "--json-file FILE, or - for standard input", twice=False)
        for name, words in SECRETS.items()
    }
    for name, value in given.items():
        if len(value) in _CUT:
            raise Complaint(f"{name}: the terminal may have cut it; use --json-file FILE", 2)
    return given


def _called(file: BinaryIO) -> str:
    name = getattr(file, "name", "<stdin>")  # what stands in for standard input may have none
    return "standard input" if name == "<stdin>" else visible(str(name))
