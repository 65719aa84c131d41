"""The text of a PDF: whatever the file holds, an answer or a refusal in the API's words.

Source of the words: claude-api.md 3.3; ``PDF cannot be empty`` as seen in public logs of calls.
What a page only shows as a picture has no text here.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from amq2api.errors import BadRequest, ContextTooLong

from .pdfforms import BROKEN, typed

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

__all__ = ["MOST_BYTES", "MOST_CHARACTERS", "NOT_VALID", "TOO_LONG", "Limits", "PdfText", "text"]

MOST_BYTES = 32 * 1024 * 1024
"""Of a file: the API's own limit for a whole request (claude-api.md 4, 16)."""

MOST_CHARACTERS = 4_000_000
"""Of text: about the million tokens that no model here exceeds."""

NOT_VALID = "The PDF specified was not valid."
TOO_LONG = f"{NOT_VALID} Reading it takes too long."
_PASSWORD = "The PDF specified is password protected."  # noqa: S105  (words, not a password)
_EMPTY = "PDF cannot be empty"

_HEADER = b"%PDF-"
_SEARCHED = 1024  # bytes in which readers look for the header (ISO 32000-1, annex H.3.4.1)
_BETWEEN_PAGES = "\n\n"


class Limits(NamedTuple):
    """How far reading goes for one file."""

    pages: int = 100
    bytes: int = MOST_BYTES
    characters: int = MOST_CHARACTERS
    unpacked: int = 16 * 1024 * 1024
    """Bytes that any one of a file's streams may unpack to."""
    operations: int = 1_000_000
    """Drawing operations of one page, with what they are given."""


class PdfText(NamedTuple):
    text: str
    pages: int


class _OutOfTime(BaseException):
    """No Exception, since pypdf goes on after any of these where it can."""


def text(data: bytes, limits: Limits, expired: Callable[[], bool] = lambda: False) -> PdfText:
    """Everything that *data* says in letters.

    Args:
        expired: Whether time is up; asked at every page, drawing operation and object looked up.

    Raises:
        ContextTooLong: it says more than any model reads.
        BadRequest: it is no PDF, is locked, has too many pages, or takes too long.
    """
    _check(data, limits)
    # pypdf is loaded with the first PDF: that takes 100 ms and 25 MB, and most calls hold none.
    from pypdf import apply_configuration
    from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

    try:
        with apply_configuration(**_configuration(limits)):
            return _read(data, limits, expired)
    except _OutOfTime:
        raise BadRequest(TOO_LONG) from None
    except LimitReachedError:
        raise BadRequest(f"{NOT_VALID} It unpacks to too much.") from None
    except (PyPdfError, DependencyError, *BROKEN):
        raise BadRequest(NOT_VALID) from None


def _check(data: bytes, limits: Limits) -> None:
    if not data:
        raise BadRequest(_EMPTY)
    if len(data) > limits.bytes:
        raise BadRequest(f"PDF exceeds {limits.bytes} bytes: {len(data)} bytes")
    if _HEADER not in data[:_SEARCHED]:
        raise BadRequest(NOT_VALID)


def _configuration(limits: Limits) -> dict[str, Any]:
    """pypdf's own limits, lowered: its usual ones suit a program that reads one file at a time."""
    most = limits.unpacked
    return {
        "maximum_declared_stream_length": limits.bytes,
        "array_based_stream_maximum_output_length": most,
        "lzw_maximum_output_length": most,
        "run_length_maximum_output_length": most,
        "zlib_maximum_output_length": most,
        "brotli_maximum_output_length": most,
        "stream_decoding_work_maximum_length": 2 * most,
        "stream_filters_maximum_length": 4,
        "stream_parsing_work_maximum_count": limits.operations,
        "page_tree_maximum_entries": 20 * limits.pages,
        "page_tree_maximum_page_entries": 1000 * limits.pages,
        # Programs of this machine are none of a stranger's file's business.
        "jbig2dec_binary": None,
        "disable_legacy_handling": True,
    }


def _read(data: bytes, limits: Limits, expired: Callable[[], bool]) -> PdfText:
    from pypdf import PasswordType

    def watch(*_: object) -> None:
        if expired():
            raise _OutOfTime

    reader = _reader(data, watch)
    # A file that only its owner may change opens with no password at all.
    if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
        raise BadRequest(_PASSWORD)
    pages = list(reader.pages)
    if len(pages) > limits.pages:
        raise BadRequest(f"A maximum of {limits.pages} PDF pages may be provided.")
    said = _BETWEEN_PAGES.join(_said(reader, pages, limits, watch))
    if not said:
        raise BadRequest(
            f"{NOT_VALID} Its pages hold no text that could be read; send them as images."
        )
    return PdfText(said, len(pages))


def _reader(data: bytes, watch: Callable[[], None]) -> "PdfReader":
    from pypdf import PdfReader
    from pypdf.generic import IndirectObject, PdfObject

    class Watched(PdfReader):
        """Everything that a file refers to passes here: fonts, pages, streams."""

        def get_object(self, indirect_reference: int | IndirectObject) -> PdfObject | None:
            watch()
            return super().get_object(indirect_reference)

    return Watched(
        BytesIO(data), root_object_recovery_limit=1000, xref_stream_maximum_entries=200_000
    )


def _said(
    reader: "PdfReader", pages: "list[PageObject]", limits: Limits, watch: Callable[..., None]
) -> Iterator[str]:
    left = limits.characters
    for page in pages:
        watch()
        drawn = page.extract_text(visitor_operand_before=watch)
        said = _clean("\n".join([drawn, *typed(page)]))
        left -= len(said)
        if left < 0:
            raise ContextTooLong(f"a PDF holds more than {limits.characters} characters")
        _forget(reader)
        if said and not said.isspace():
            yield said


def _clean(said: str) -> str:
    """Without what no JSON can hold (halves of surrogate pairs) and what stands for no glyph."""
    whole = said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")


def _forget(reader: "PdfReader") -> None:
    """Let go of what a page was unpacked to, or a hundred of them would be held at once."""
    for held in reader.resolved_objects.values():
        if getattr(held, "decoded_self", None) is not None:
            held.decoded_self = None  # type: ignore[union-attr]
