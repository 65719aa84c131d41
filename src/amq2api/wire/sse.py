"""Server-sent events, both sides: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

from typing import NamedTuple

from amq2api.errors import ProtocolError

MAX_EVENT = 64 * 1024 * 1024  # bytes of one event; a reader has to stop somewhere

# Some clients split lines where str.splitlines does (clients.md 4, litellm) and so tear an
# event whose JSON holds one of these raw. Inside JSON they can only stand in strings, where
# the escape means the same.
_LINE_BREAKS = {
    "\N{LINE SEPARATOR}": rb"\u2028",
    "\N{PARAGRAPH SEPARATOR}": rb"\u2029",
    "\N{NEXT LINE}": rb"\u0085",
}
_RAW = [(character.encode(), escape) for character, escape in _LINE_BREAKS.items()]


class Event(NamedTuple):
    """One event as received; *name* is ``message`` when the sender gave none."""

    name: str
    data: str


def encode(name: str, data: bytes) -> bytes:
    """Frame one event. *data* is one line of JSON, so it holds no newline."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def without_line_breaks(stream: bytes) -> bytes:
    """Escape, in framed JSON events, the characters that some clients take for line ends."""
    if stream.isascii():
        return stream
    for raw, escape in _RAW:
        if raw in stream:
            stream = stream.replace(raw, escape)
    return stream


def breaks_lines(text: str) -> bool:
    """Whether any of these characters is in *text*."""
    return not text.isascii() and any(character in text for character in _LINE_BREAKS)


class Decoder:
    """Cut a byte stream into events. ``feed`` raises :exc:`ProtocolError` and nothing else."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._after_cr = False
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes; return every event they complete, in order."""
        if not data:
            return []
        if self._after_cr and data[:1] == b"\n":
            # A CR LF pair that was cut between two reads is one line end.
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        self._size += len(data)
        if self._size > MAX_EVENT:
            raise ProtocolError(f"an event of more than {MAX_EVENT} bytes")
        *lines, rest = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        events: list[Event] = []
        for line in lines:
            whole = b"".join([*self._line, line]) if self._line else line
            self._line = []
            if (event := self._take(whole)) is not None:
                events.append(event)
        if rest:
            self._line.append(rest)
        return events

    def finish(self) -> None:
        """Declare the end of input; an event that was not closed by a blank line is cut."""
        if self._line or self._data or self._name:
            raise ProtocolError("the stream ended inside an event")

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatch()
        try:
            field, _, value = line.decode().partition(":")
        except UnicodeDecodeError as exc:
            raise ProtocolError(f"an event is not UTF-8: {exc}") from exc
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        return None

    def _dispatch(self) -> Event | None:
        name, data = self._name or "message", self._data
        self._name, self._data, self._size = "", [], 0
        return Event(name, "\n".join(data)) if data else None
