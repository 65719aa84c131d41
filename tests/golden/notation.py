"""The notation of golden exchanges: one file of text a case, read here and written again.

A file begins with a title and why the case matters. Sections follow, each under ``--- NAME``:

``given``
    What the gateway knows before the call, a line each: ``trailers`` (this account's answers
    end with one).
``call``
    Headers that matter, a line each, an empty line, and the body as the client sends it.
``upstream``
    The body of a request to the service. ``conversation-1`` stands for a fresh UUID.
``frames``
    What it is answered with, a line each: ``EVENT JSON`` is an event; ``! NAME JSON`` an
    exception frame; ``? CODE MESSAGE`` an error frame; ``cut 9`` takes so many bytes from the
    end of the frame before; ``damaged`` flips a bit of it; ``lost`` breaks the connection; and
    ``HTTP 429 JSON`` refuses the request, ``HTTP 429 retry-after=3 JSON`` with a header.
``ask`` and ``told``
    Any other operation of the service with its body, and what it is answered with.
``stream``
    What a client hears that asks for a stream: the status, then an event a line, its name and
    its data without the ``type`` that repeats it.
``whole``
    What a client hears that asks for no stream: the status and the body. In both, members of
    the message that have their usual value are left out: its id, type and role, nulls at its
    end, no cached tokens, the standard tier. Where the service tells no count, a call
    weighs 100 tokens.
``notes``
    What was changed, as the log tells it.

``given``, ``call``, ``frames`` and ``told`` are the case, all else is what comes of it. What nobody
would read is short in every section:

- ``⟪ab × 300⟫`` is ``ab``, three hundred times
- ``⟪red.png⟫`` is the file of that name, in base64
- ``⟪quoted …⟫`` is a JSON string that holds this text
- ``⟪id⟫`` is the id of the request that is answered
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.pdfs import pdf
from e2e.pictures import png

__all__ = ["CASES", "Case", "expanded", "pretty", "read", "written"]

CASES = Path(__file__).parent / "cases"
_WIDTH = 98
_RUN = re.compile(r"([^⟪⟫]{1,12}?)\1{99,}")
_QUOTED = re.compile(r"⟪quoted (.*?)⟫", re.DOTALL)
_MACRO = re.compile(r"⟪([^⟪⟫]*) × (\d+)⟫")
FILES: Mapping[str, str] = {
    "red.png": base64.b64encode(png(2, 2)).decode(),
    "green.png": base64.b64encode(png(2, 2, (30, 200, 30))).decode(),
    "letter.pdf": base64.b64encode(pdf("Dear all,\nthe moon is round.", "Yours, A.")).decode(),
    "broken.pdf": base64.b64encode(b"%PDF-1.7\nand no more").decode(),
    "huge.png": base64.b64encode(png(9000, 2)).decode(),
}
"""Small enough that a case shows no more than their names."""


@dataclass(frozen=True, slots=True)
class Case:
    """*sections* in the order of the file; a name may stand there more than once."""

    head: str
    sections: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [text for kind, text in self.sections if kind == name]

    def one(self, name: str) -> str:
        found = self.all(name)
        assert len(found) <= 1, f"more than one section {name}"
        return found[0] if found else ""


def read(text: str) -> Case:
    head, *rest = re.split(r"(?m)^--- ", text)
    sections = []
    for part in rest:
        name, _, body = part.partition("\n")
        sections.append((name.strip(), body.strip("\n")))
    return Case(head.strip("\n"), tuple(sections))


def written(case: Case) -> str:
    parts = [case.head, *(f"--- {name}\n{text}" for name, text in case.sections)]
    return "\n\n".join(parts) + "\n"


def expanded(text: str) -> str:
    """The text with what ``⟪…⟫`` stands for."""
    for name, data in FILES.items():
        text = text.replace(f"⟪{name}⟫", data)
    text = _QUOTED.sub(lambda match: json.dumps(match[1]), text)
    return _MACRO.sub(lambda match: match[1] * int(match[2]), text)


def shortened(text: str) -> str:
    """The opposite of :func:`expanded`."""
    for name, data in FILES.items():
        text = text.replace(data, f"⟪{name}⟫")
    return _RUN.sub(lambda run: f"⟪{run[1]} × {len(run[0]) // len(run[1])}⟫", text)


def pretty(value: Any) -> str:
    """JSON that a person can read: what fits into a line stands in one."""
    return "\n".join(_lines(value, "", ""))


def _lines(value: Any, before: str, after: str) -> Iterator[str]:
    flat = before + compact(value) + after
    indent = " " * (len(before) - len(before.lstrip()))
    if len(flat) <= _WIDTH or not isinstance(value, dict | list) or not value:
        yield flat
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield before + opening
    inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    for at, (key, part) in enumerate(inner):
        name = f"{compact(key)}: " if isinstance(value, dict) else ""
        yield from _lines(part, f"{indent}  {name}", "," if at < len(inner) - 1 else "")
    yield indent + closing + after


def compact(value: Any) -> str:
    said = json.dumps(value, ensure_ascii=False)
    # What an editor may take for the end of a line is shown as what it is.
    for raw in "\u2028\u2029\u0085\u007f":
        said = said.replace(raw, f"\\u{ord(raw):04x}")
    return shortened(said)
