"""Tables, bars and waiting, as people see them; plain text where nobody is looking."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from .output import visible

_ANY_WIDTH = 10_000
_PAGE = 160  # characters, where nobody's screen says
_BAR = 20  # cells
_NEARLY = 80.0  # percent of an allowance


def table(*columns: str) -> Table:
    """An empty table; cells are Text, because a name may look like markup."""
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def cell(text: str, style: str = "") -> Text:
    """*text* of whatever making."""
    return Text(visible(text), style)


def show(*things: Table | Text) -> None:
    """Print to standard output. In a pipe a line is never broken: programs read lines."""
    console = Console(highlight=False)
    for thing in things:
        if not console.is_terminal:
            console.width = max(_needed(console, thing), 1)
        _print(console, thing)


def beside(*columns: tuple[str, Text]) -> None:
    """Print texts side by side, each under its title and wrapped into its share of the width."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PAGE
    made = table()
    made.expand = True
    for title, _ in columns:
        made.add_column(title, overflow="fold", ratio=1)
    made.add_row(*(text for _, text in columns))
    _print(console, made)


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Say what takes so long, on a terminal, until the block ends."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(Text(words)):
        yield


def bar(percent: float | None) -> Text:
    """How much of an allowance is used; its colour warns before its end."""
    if percent is None:
        return Text("?")
    used = min(max(percent, 0.0), 100.0)
    style = "red" if percent >= 100 else "yellow" if percent >= _NEARLY else "green"
    full = round(used * _BAR / 100)
    # Something used shows, and so does something left.
    full = 0 if used == 0 else _BAR if used == 100 else min(max(full, 1), _BAR - 1)
    return Text.assemble(("█" * full, style), ("░" * (_BAR - full), "dim"))


def amount(value: float | None) -> str:
    """A count of requests or credits."""
    if value is None:
        return "?"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def day(moment: float | None) -> str:
    """The date of a Unix time, here."""
    return "" if moment is None else f"{_local(moment):%Y-%m-%d}"


def span(seconds: float) -> str:
    """A length of time, as exact as a person wants it."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def _print(console: Console, thing: Table | Text) -> None:
    if console.is_terminal:
        console.print(thing)
        return
    with console.capture() as printed:
        console.print(thing)
    for line in printed.get().splitlines():
        typer.echo(line.rstrip())


def _local(moment: float) -> datetime:
    return datetime.fromtimestamp(moment).astimezone()


def _needed(console: Console, thing: Table | Text) -> int:
    return Measurement.get(console, console.options.update(width=_ANY_WIDTH), thing).maximum
