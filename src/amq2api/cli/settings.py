"""``amq2api settings``."""

from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from amq2api.config import table, values

from .reading import settings_or_complain


def command(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List every setting with the value in force; of secrets only whether they are set."""
    in_force = values(settings_or_complain())
    rows = [{"name": row.env, "value": in_force[row.env], "default": row.default,
             "allowed": row.allowed, "help": row.help} for row in table()]  # fmt: skip
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
        return
    shown = Table("setting", "in force", "what it is for", box=SIMPLE, row_styles=("", "dim"))
    shown.columns[0].no_wrap = True
    shown.columns[1].overflow = "fold"
    for row in rows:
        # Text, because a value may look like markup: claude-sonnet-5[1m].
        shown.add_row(row["name"], Text(row["value"] or "-"),
                      f"{row['help']} Allowed: {row['allowed']}.")  # fmt: skip
    Console().print(shown)
