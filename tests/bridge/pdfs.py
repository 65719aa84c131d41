"""Real PDFs, written here object by object, so that a test can put anything into them."""

import zlib
from collections.abc import Sequence
from io import BytesIO

from pypdf import PdfReader, PdfWriter

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_RESOURCES = b"/Resources << /Font << /F 3 0 R >> >>"


def pdf(*pages: str) -> bytes:
    """A file whose pages show these texts, a line of the file for a line of the text."""
    return of_contents([shown(page) for page in pages])


def shown(text: str) -> bytes:
    """The drawing operations that show *text*."""
    lines = [line.encode("cp1252") for line in text.split("\n")]
    escaped = [_escaped(line) for line in lines]
    return b"BT /F 12 Tf 14 TL 72 720 Td " + b" ".join(b"(%s) Tj T*" % e for e in escaped) + b" ET"


def _escaped(line: bytes) -> bytes:
    for special in (b"\\", b"(", b")"):
        line = line.replace(special, b"\\" + special)
    return line


def of_contents(
    contents: Sequence[bytes],
    *,
    packed: bool = False,
    font: bytes = _FONT,
    more: Sequence[bytes] = (),
) -> bytes:
    """A file with a page for each of *contents*; those that are the same object share a stream.

    Args:
        more: Further objects, numbered from 4.
    """
    streams = {id(content): content for content in contents}
    first = 4 + len(more)
    at = {key: first + number for number, key in enumerate(streams)}
    pages = range(first + len(streams), first + len(streams) + len(contents))
    kids = b" ".join(b"%d 0 R" % page for page in pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(contents)),
        font,
        *more,
        *(stream(content, packed=packed) for content in streams.values()),
        *(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] %s /Contents %d 0 R >>"
            % (_RESOURCES, at[id(content)])
            for content in contents
        ),
    ]
    return of_objects(objects)


def stream(data: bytes, *, packed: bool = False, more: bytes = b"") -> bytes:
    if packed:
        data, more = zlib.compress(data, 9), more + b" /Filter /FlateDecode"
    return b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(data), more, data)


def of_objects(objects: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from 1, the first of which is its catalog."""
    whole, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(whole)
    whole += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    whole += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return bytes(whole + b"startxref\n%d\n%%%%EOF\n" % start)


def locked(data: bytes, password: str, *, algorithm: str = "AES-256") -> bytes:
    """*data* encrypted; without a *password* for readers it opens, but is still encrypted."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    writer.encrypt(password, "the owner's", algorithm=algorithm)
    made = BytesIO()
    writer.write(made)
    return made.getvalue()
