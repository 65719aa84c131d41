"""``amq2api import``: accounts from a bundle, or from what other programs keep."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from amq2api.accounts import bundle, files, foreign
from amq2api.accounts.candidate import Candidate
from amq2api.accounts.model import Account
from amq2api.accounts.store import FileStore

from .app import Complaint
from .asking import agree
from .encryption import passphrase, seal_in_force
from .naming import label
from .output import say_json, visible
from .reading import settings_or_complain

_WARNING = (
    "Two programs that use one login can invalidate each other's: whoever renews it first may"
    " leave the other signed out. `amq2api login` makes a login of its own instead."
)


def command(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A bundle made by `amq2api export`."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="amazon-q-cli, kiro-cli or aws-sso-cache: copy the logins found there.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    passphrase_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(metavar="FILE", help="File with the passphrase; - is standard input."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Add accounts from a bundle, or the logins of other programs on this machine.

    Without FILE and --from it lists where logins may be; nothing of them is read. Other programs'
    files are only ever read, and only with your consent.
    """  # fmt: skip
    if file is not None and source is not None:
        raise Complaint("FILE and --from exclude each other", 2)
    if file is None and source is None:
        _list(as_json=as_json)
        return
    settings = settings_or_complain()
    store = FileStore(settings.account_file, seal=seal_in_force(settings))
    if file is not None:
        found = _of_bundle(_bundle(file), passphrase(passphrase_file))
    else:
        found = _consented(source or "", yes=yes)
    added, skipped = store.add_all([dict(c.fields) for c in found if c.fields is not None])
    useless = [(c.label, c.why_not) for c in found if c.fields is None]
    doubts = {str(c.fields.get("refresh_token")): c.doubt for c in found if c.fields is not None}
    _tell(added, [*skipped, *useless], doubts, as_json=as_json)
    if not added:
        raise Complaint("no account was added", kind="nothing_added")


def _list(*, as_json: bool) -> None:
    sources = foreign.sources()
    if as_json:
        say_json([{"source": s.id, "path": s.path, "exists": s.exists} for s in sources])
        return
    table = Table("source", "where", "there", box=SIMPLE)
    for found in sources:
        table.add_row(found.id, Text(visible(found.path)), "yes" if found.exists else "no")
    Console().print(table)
    typer.echo("`amq2api import --from SOURCE` copies the logins of one of them.")


def _consented(source: str, *, yes: bool) -> Sequence[Candidate]:
    known = [place.id for place in foreign.sources()]
    if source not in known:
        raise Complaint(f"--from: {visible(source)!r} is none of {', '.join(known)}", 2)
    typer.echo(_WARNING, err=True)
    if not yes:
        agree("Copy the logins?")
    return foreign.read(source)


def _of_bundle(packed: object, secret: str) -> Sequence[Candidate]:
    entries = bundle.unpack(packed, secret)
    return [Candidate(str(entry.get("name") or ""), entry) for entry in entries]


def _bundle(file: Path) -> Any:
    try:
        stamp, raw = files.read(file)
    except OSError as exc:
        raise Complaint(f"{visible(str(file))} cannot be read: {exc.strerror}", 2) from exc
    if stamp is None:
        raise Complaint(f"{visible(str(file))} is not there", 2)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise Complaint(f"{visible(str(file))} is no bundle of amq2api export", 2) from exc


def _tell(
    added: Sequence[Account],
    skipped: Sequence[tuple[str, str]],
    doubts: Mapping[str, str],
    *,
    as_json: bool,
) -> None:
    if as_json:
        say_json({
            "added": [{"id": a.id, "name": a.name, "doubt": doubts.get(a.refresh_token, "")}
                      for a in added],
            "skipped": [{"name": name, "reason": reason} for name, reason in skipped],
        })  # fmt: skip
        return
    for account in added:
        doubt = doubts.get(account.refresh_token, "")
        typer.echo(f"Added: {label(account)}" + (f" ({doubt})" if doubt else ""))
    for name, reason in skipped:
        typer.echo(f"Not added: {visible(name)}: {visible(reason)}")
