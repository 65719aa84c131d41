"""``amq2api translate``: what would be sent, without sending it."""

import asyncio
from typing import Annotated, Any

import msgspec
import typer
from rich.highlighter import JSONHighlighter
from rich.text import Text

from amq2api.bridge.amazonq.fidelity import TABLE
from amq2api.bridge.backend import Note
from amq2api.dialects import amazonq as q
from amq2api.relay.material import Material
from amq2api.relay.translating import Translation, translated

from .output import visible
from .reading import settings_or_complain
from .tables import beside, cell, show, table
from .terms import manner

_SHOWN = 40  # characters of an image or a file that a person is shown
_CODED = frozenset({"data", "bytes", "encrypted_content", "signature"})


def command(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(metavar="FILE", help="The request's body; - is standard input."),
    ],
    as_json: Annotated[
        bool,
        typer.Option("--json", help='{"call": …, "request": …, "notes": […]}, for programs.'),
    ] = False,
) -> None:
    """Show a Messages request beside what Amazon Q would be sent for it, and what was changed.

    Models are the built-in ones, and nothing is sent. docs/fidelity.md explains every note.
    """
    body = file.read()
    settings = settings_or_complain()
    made = asyncio.run(
        translated(
            body, q.BUILT_IN, settings.model_map, manner(settings), Material(),
            profile_arn=settings.profile_arn or "",
        )
    )  # fmt: skip
    if as_json:
        typer.echo(_for_programs(body, made))
    else:
        _show(body, made)


def _for_programs(body: bytes, made: Translation) -> bytes:
    whole = {
        "call": msgspec.Raw(body),
        "request": msgspec.Raw(made.request),
        "notes": [str(note) for note in made.notes],
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2)


def _show(body: bytes, made: Translation) -> None:
    beside(
        ("Claude Messages request", _readable(body)),
        ("Amazon Q request", _readable(made.request)),
    )
    changed = table("changed", "how")
    for note in made.notes:
        changed.add_row(cell(str(note)), cell(_how(note)))
    show(changed)


def _how(note: Note) -> str:
    row = TABLE.get(note.subject)
    return row.how if row else "Nobody here knows these members: they are ignored."


def _readable(json: bytes) -> Text:
    """Indented, and what is no text for people only begun."""
    short = msgspec.json.encode(_short(msgspec.json.decode(json)))
    lines = msgspec.json.format(short, indent=2).decode().split("\n")
    return JSONHighlighter()("\n".join(map(visible, lines)))


def _short(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            return {key: _short(inner, key) for key, inner in value.items()}
        case list():
            return [_short(inner, name) for inner in value]
        case str() if name in _CODED and len(value) > _SHOWN:
            return f"{value[:_SHOWN]}… ({len(value)} characters)"
    return value
