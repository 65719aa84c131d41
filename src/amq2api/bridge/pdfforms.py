"""What was typed on a page of a PDF and is no part of its drawing: fields of forms, remarks.

Source: ISO 32000-1, 12.5 (annotations) and 12.7 (forms).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject

__all__ = ["BROKEN", "typed"]

# pypdf says that broken files may make it raise anything; this is what its parts do raise.
BROKEN = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError,
    StopIteration, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip

_UNSEEN = 0x02 | 0x20  # flags of an annotation: hidden, not to be viewed (table 165)
_SECRET = 0x2000  # flag of a field that holds a password (table 228)
_MOST_PARENTS = 8


def typed(page: "PageObject") -> Iterator[str]:
    """The texts, in the order of the file; those before the first that is broken."""
    from pypdf.errors import PyPdfError  # with the first PDF: see pdf.py
    from pypdf.generic import DictionaryObject

    try:
        for reference in page.annotations or ():
            note = reference.get_object()
            if isinstance(note, DictionaryObject) and (words := _words(note)):
                yield words
    except (PyPdfError, *BROKEN):
        return  # what is drawn is worth more than that


def _words(note: dict[Any, Any]) -> str:
    if (_at(note, "/F") or 0) & _UNSEEN:
        return ""
    match _at(note, "/Subtype"):
        case "/FreeText":
            return _string(note, "/Contents")
        case "/Widget":
            return _value(note)
    return ""


def _value(field: dict[Any, Any]) -> str:
    # A field that stands in several places has its value once, above them.
    for _ in range(_MOST_PARENTS):
        if (_at(field, "/Ff") or 0) & _SECRET:
            return ""
        if "/V" in field or "/Parent" not in field:
            break
        field = _at(field, "/Parent")
    return _string(field, "/V")


def _string(holder: dict[Any, Any], name: str) -> str:
    from pypdf.generic import TextStringObject

    value = _at(holder, name)
    return str(value) if isinstance(value, TextStringObject) else ""


def _at(holder: dict[Any, Any], name: str) -> Any:
    """What *name* refers to, if anything."""
    found = holder.get(name)
    return None if found is None else found.get_object()
