"""``amq2api decode``: a captured body of the service, frame by frame."""

import base64
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from amq2api.errors import ProtocolError
from amq2api.wire.eventstream import Decoder, Frame, HeaderValue, Sized, Timestamp

from .output import visible


class Piece(NamedTuple):
    """A frame and where in the body it stood."""

    offset: int
    size: int
    frame: Frame


class Broken(Exception):
    """The body cannot be read from *offset* on."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(f"broken at byte {offset}: {why}")
        self.offset, self.why = offset, why


def command(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="FILE", help="The body; - is standard input.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
) -> None:
    """Show the event-stream frames of a captured answer of Amazon Q.

    Of a broken body the good frames are shown, then where it breaks; the exit status is 1.
    """
    show = _as_json if as_json else _as_line
    try:
        for piece in pieces(file.read()):
            typer.echo(show(piece))
    except Broken as exc:
        if as_json:
            typer.echo(msgspec.json.encode({"offset": exc.offset, "error": exc.why}))
        else:
            typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc


def pieces(body: bytes) -> Iterator[Piece]:
    """Every good frame in order; raises :exc:`Broken` after the last one if more follows."""
    decoder, at = Decoder(), 0
    try:
        for frame in decoder.feed(body):
            size = int.from_bytes(body[at : at + 4], "big")
            yield Piece(at, size, frame)
            at += size
        decoder.finish()
    except ProtocolError as exc:
        raise Broken(at, str(exc)) from exc


def _as_line(piece: Piece) -> str:
    headers = piece.frame.headers
    kind, name = str(headers.get(":message-type", "?")), _name(headers)
    payload = piece.frame.payload.decode("utf-8", "backslashreplace")
    return f"{piece.offset:>8} {piece.size:>6} {kind} {name} {visible(payload)}"


def _name(headers: Mapping[str, HeaderValue]) -> str:
    return str(headers.get(":event-type") or headers.get(":exception-type") or "?")


def _as_json(piece: Piece) -> bytes:
    headers = {name: _plain(value) for name, value in piece.frame.headers.items()}
    return msgspec.json.encode(
        {"offset": piece.offset, "size": piece.size, "headers": headers}
        | _payload(piece.frame.payload)
    )


def _payload(raw: bytes) -> dict[str, Any]:
    try:
        return {"payload": msgspec.json.decode(raw)}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"payload_base64": base64.b64encode(raw).decode()}


def _plain(value: HeaderValue) -> Any:
    match value:
        case Sized(number, _):
            return number
        case Timestamp(milliseconds):
            return milliseconds
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value
