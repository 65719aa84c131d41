"""The encryption key and passphrases as commands take them: from a file, or from a terminal."""

import sys
from functools import lru_cache
from typing import BinaryIO

import typer

from amq2api.accounts.sealing import Seal
from amq2api.config import Settings

from .app import Complaint
from .output import visible

SETTING = "AMQ2API_ENCRYPTION_KEY"
_SHORTEST_PASSPHRASE, _LONGEST_PASSPHRASE = 8, 1024


def seal_in_force(settings: Settings) -> Seal | None:
    """The seal of :data:`SETTING`, if there is one."""
    key = settings.encryption_key
    return None if key is None else _seal(key.get_secret_value())


@lru_cache(maxsize=1)
def _seal(key: str) -> Seal:
    """The same one each time: to make its cipher takes a good part of a second."""
    return Seal(key)


def passphrase(file: BinaryIO | None, *, twice: bool = False) -> str:
    """The passphrase of a bundle: the line in *file*, or what is typed.

    Args:
        twice: Whether it must be typed again: one that is mistyped opens nothing, ever.

    Raises:
        Complaint: it is no good, or there is nobody to ask.
    """
    words = line_of(file) if file else typed("Passphrase", "--passphrase-file", twice=twice)
    if not _SHORTEST_PASSPHRASE <= len(words) <= _LONGEST_PASSPHRASE:
        raise Complaint(
            f"a passphrase has {_SHORTEST_PASSPHRASE} to {_LONGEST_PASSPHRASE} characters", 2
        )
    return words


def line_of(file: BinaryIO) -> str:
    """The one line that *file* holds, without the space around it.

    Raises:
        Complaint: it holds something else.
    """
    name = str(getattr(file, "name", "<stdin>"))
    called = "standard input" if name == "<stdin>" else visible(name)
    try:
        lines = file.read().decode("utf-8-sig").strip().splitlines()
    except UnicodeDecodeError as exc:
        raise Complaint(f"{called}: is not text", 2) from exc
    if len(lines) != 1:
        raise Complaint(f"{called}: must hold one line", 2)
    return lines[0]


def typed(what: str, otherwise: str, *, twice: bool) -> str:
    """What a person types, without echo, and without the space around it.

    Args:
        otherwise: The option for where there is no person.
    """
    if not sys.stdin.isatty():
        raise Complaint(f"nobody can be asked here: use {otherwise}", 2)
    return str(typer.prompt(what, hide_input=True, confirmation_prompt=twice, err=True)).strip()
