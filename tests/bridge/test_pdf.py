"""PDFs of every kind: what they say is read, and whatever is wrong has the words clients know."""

import logging
import time
import zlib
from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from amq2api.bridge.pdf import NOT_VALID, TOO_LONG, Limits, PdfText, text
from amq2api.errors import BadRequest, ContextTooLong
from bridge.pdfs import locked, of_contents, of_objects, pdf, shown, stream

ALGORITHMS = ("RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256")
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PLAIN_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """pypdf says what it thinks of a broken file; relay/reading.py silences it, too."""
    logger = logging.getLogger("pypdf")
    before, logger.level = logger.level, logging.CRITICAL + 1
    yield
    logger.level = before


USUAL = Limits()


def told(data: bytes, limits: Limits = USUAL) -> str:
    try:
        return text(data, limits).text
    except BadRequest as refusal:
        return f"{type(refusal).__name__}: {refusal}"


def saved(writer: PdfWriter) -> bytes:
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


def by_pypdf(*texts: str) -> bytes:
    """A file as programs write them: packed, its objects in object streams."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf(*texts))))
    for page in writer.pages:
        page.compress_content_streams()
    return saved(writer)


def with_letters(codes: bytes, meanings: dict[int, str]) -> bytes:
    """A page whose font says itself what its codes mean."""
    lines = b"".join(
        b"<%02X> <%s>\n" % (code, meaning.encode("utf-16-be", "surrogatepass").hex().encode())
        for code, meaning in meanings.items()
    )
    meant = (
        b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"%d beginbfchar\n%sendbfchar endcmap" % (len(meanings), lines)
    )
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /X /ToUnicode 4 0 R >>"
    shows = b"BT /F 12 Tf <%s> Tj ET" % codes.hex().encode()
    return of_contents([shows], font=font, more=[stream(meant)])


def with_form(drawing: bytes, form: bytes) -> bytes:
    """A page that draws *drawing*, in which ``/X Do`` draws *form*."""
    resources = b"/Resources << /Font << /F 3 0 R >> /XObject << /X 6 0 R >> >>"
    return of_objects([
        CATALOG,
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        PLAIN_FONT,
        b"<< /Type /Page /Parent 2 0 R %s /Contents 5 0 R >>" % resources,
        stream(drawing),
        stream(form, packed=True, more=b" /Type /XObject /Subtype /Form " + resources),
    ])  # fmt: skip


def with_notes(*notes: bytes, drawn: bytes = b"", more: tuple[bytes, ...] = ()) -> bytes:
    """A page with these annotations; *more* objects are numbered from 5."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /Resources << /Font << /F << /Type /Font /Subtype /Type1"
        b" /BaseFont /Helvetica >> >> >> /Contents 4 0 R /Annots [%s] >>" % b" ".join(notes)
    )
    return of_objects([
        CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, stream(drawn), *more,
    ])  # fmt: skip


READ: dict[str, tuple[bytes, str]] = {
    "one line": (pdf("Hello there."), "Hello there.\n"),
    "lines": (pdf("One\nTwo"), "One\nTwo\n"),
    "pages": (pdf("One", "Two", "Three"), "One\n\n\nTwo\n\n\nThree\n"),
    "special characters": (pdf("a (b) \\ c"), "a (b) \\ c\n"),
    "accents": (pdf("Größe: 3 €"), "Größe: 3 €\n"),
    "packed": (of_contents([shown("Hello")], packed=True), "Hello\n"),
    "written by a program": (by_pypdf("Hello", "again"), "Hello\n\n\nagain\n"),
    "other letters": (with_letters(b"\1\2", {1: "日", 2: "本"}), "日本"),
    "letters beyond the first plane": (with_letters(b"\1", {1: "𝄞"}), "𝄞"),
    "a letter that stands for several": (with_letters(b"\1", {1: "ffi"}), "ffi"),
    "half of a character": (with_letters(b"a\1", {0x61: "a", 1: "\ud834"}), "a\ufffd"),
    "a glyph without a meaning": (with_letters(b"a\1", {0x61: "a", 1: "\0"}), "a"),
    "pages without text among others": (
        of_contents([b"", shown("Here"), b"0 0 9 9 re f"]), "Here\n",
    ),
    "a form in a page": (with_form(b"/X Do", shown("inside")), "inside\n"),
    "a form that was filled in": (
        with_notes(
            b"<< /Subtype /Widget /FT /Tx /V (Jane) >>", b"5 0 R", drawn=shown("Name, town:"),
            more=(b"<< /Subtype /Widget /FT /Tx /V 6 0 R >>", b"(Oslo)"),
        ), "Name, town:\n\nJane\nOslo",
    ),
    "a field in two places": (
        with_notes(
            b"<< /Subtype /Widget /Parent 5 0 R >>", b"<< /Subtype /Widget /Parent 5 0 R >>",
            more=(b"<< /FT /Tx /V (twice) >>",),
        ), "\ntwice\ntwice",
    ),
    "a remark on the page": (with_notes(b"<< /Subtype /FreeText /Contents (Look!) >>"), "\nLook!"),
    "what is not to be seen, not said, or not a text": (
        with_notes(
            b"<< /Subtype /FreeText /F 2 /Contents (hidden) >>",
            b"<< /Subtype /Widget /F 32 /FT /Tx /V (hidden) >>",
            b"<< /Subtype /Widget /FT /Tx /Ff 8192 /V (password) >>",
            b"<< /Subtype /Widget /FT /Btn /V /Yes >>", b"<< /Subtype /Widget /FT /Tx >>",
            b"<< /Subtype /Link /Contents (a link) >>", b"<< >>", b"7",
            b"<< /Subtype /Widget /Parent 5 0 R >>", drawn=shown("Hello"),
            more=(b"<< /Parent 5 0 R >>",),
        ), "Hello\n",
    ),
    "annotations that are broken": (
        with_notes(b"<< /Subtype /FreeText /Contents (a) >>", b"<< /F /x >>",
                   b"<< /Subtype /FreeText /Contents (b) >>", drawn=shown("Hello")), "Hello\n\na",
    ),
    "annotations that are none": (
        with_notes(drawn=shown("Hello")).replace(b"/Annots []", b"/Annots 9 "), "Hello\n",
    ),
    "noise before the header": (b"\r\n" * 9 + pdf("Hello"), "Hello\n"),
    "noise after the end": (pdf("Hello") + b"\0" * 500, "Hello\n"),
    "100 pages": (pdf(*["p"] * 100), "\n\n".join(["p\n"] * 100)),
    **{
        f"locked for changes only, {algorithm}": (
            locked(pdf("Hello"), "", algorithm=algorithm), "Hello\n",
        )
        for algorithm in ALGORITHMS
    },
}  # fmt: skip


@pytest.mark.parametrize(("data", "said"), READ.values(), ids=READ)
def test_what_a_pdf_says(data: bytes, said: str) -> None:
    assert told(data) == said


def test_pages_are_counted() -> None:
    assert text(pdf("One", "Two"), USUAL) == PdfText("One\n\n\nTwo\n", 2)


LOCKED = "BadRequest: The PDF specified is password protected."
BAD = f"BadRequest: {NOT_VALID}"
NO_TEXT = f"{BAD} Its pages hold no text that could be read; send them as images."
TOO_MUCH = f"{BAD} It unpacks to too much."
HELLO = pdf("Hello")
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "BadRequest: PDF cannot be empty"),
    "a web page": (b"<!DOCTYPE html><html>404</html>", BAD),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), BAD),
    "noise": (bytes(range(256)) * 40, BAD),
    "a header and nothing else": (b"%PDF-1.7\n", BAD),
    "its first half": (HELLO[: len(HELLO) // 2], BAD),
    "without its end": (HELLO[:-30], BAD),
    "its second half": (HELLO[len(HELLO) // 2 :], BAD),
    "a header too far in": (b" " * 2000 + HELLO, BAD),
    "no catalog": (of_objects([b"<< /Type /Nothing >>"]), BAD),
    "no pages": (of_objects([b"<< /Type /Catalog >>"]), BAD),
    "pages that are none": (of_objects([b"<< /Type /Catalog /Pages 7 >>"]), BAD),
    "not a single page": (
        of_objects([CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"]), NO_TEXT,
    ),
    "pages that contain themselves": (
        of_objects([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]), BAD,
    ),
    "an empty page": (of_contents([b""]), NO_TEXT),
    "a page of spaces": (pdf("   "), NO_TEXT),
    "a scanned page": (of_contents([b"q 612 0 0 792 0 0 cm /Im Do Q"]), NO_TEXT),
    "a count that lies": (
        of_objects([CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 999999999 >>",
                    b"<< /Type /Page /Parent 2 0 R >>"]), NO_TEXT,
    ),
    "101 pages": (pdf(*["p"] * 101), "BadRequest: A maximum of 100 PDF pages may be provided."),
    "one page ten thousand times": (
        of_objects([CATALOG, b"<< /Type /Pages /Kids [%s] /Count 1 >>" % (b"3 0 R " * 10_000),
                    b"<< /Type /Page /Parent 2 0 R >>"]), TOO_MUCH,
    ),
    "a tree of pages without end": (
        of_objects([CATALOG, *(b"<< /Type /Pages /Kids [%d 0 R] >>" % n for n in range(3, 4000)),
                    b"<< /Type /Page >>"]), TOO_MUCH,
    ),
    "dictionaries in dictionaries": (
        of_objects([b"<< /Type /Catalog /Pages " + b"<< /A " * 5000 + b">> " * 5001]), NO_TEXT,
    ),
    "a bomb": (of_contents([b" " * 50_000_000], packed=True), TOO_MUCH),
    "a bomb in a bomb": (
        of_contents([zlib.compress(b" " * 50_000_000, 9)], packed=True).replace(
            b"/Filter /FlateDecode", b"/Filter [/FlateDecode /FlateDecode]"
        ), TOO_MUCH,
    ),
    "a font that means too much": (
        of_contents([shown("a")], font=b"<< /Type /Font /Subtype /Type0 /BaseFont /X"
                    b" /Encoding /Identity-H /ToUnicode 4 0 R >>", more=[stream(
            b"begincmap 1 beginbfrange <00000000> <FFFFFFFF> <0000> endbfrange endcmap")]),
        TOO_MUCH,
    ),
    "a number without end": (of_contents([b"1" * 300_000 + b" Tf"]), TOO_MUCH),
    **{f"locked, {algorithm}": (locked(HELLO, "hush", algorithm=algorithm), LOCKED)
       for algorithm in ALGORITHMS},
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(data: bytes, words: str) -> None:
    assert told(data) == words


def test_a_file_may_not_be_too_large() -> None:
    small = Limits(bytes=len(HELLO))
    assert told(HELLO, small) == "Hello\n"
    assert told(HELLO + b"\n", small) == (
        f"BadRequest: PDF exceeds {len(HELLO)} bytes: {len(HELLO) + 1} bytes"
    )


def test_a_page_may_not_be_drawn_in_too_many_steps() -> None:
    page = of_contents([shown("Hello") + b" q Q" * 500], packed=True)
    assert told(page, Limits(operations=1100)) == "Hello\n"
    assert told(page, Limits(operations=900)) == TOO_MUCH


def test_more_text_than_a_model_reads_is_an_overflow() -> None:
    pages = pdf("four", "five!")
    assert told(pages, Limits(characters=11)) == "four\n\n\nfive!\n"
    with pytest.raises(ContextTooLong, match="more than 10 characters"):
        text(pages, Limits(characters=10))


def test_forms_that_draw_forms_without_end_have_one() -> None:
    began = time.monotonic()
    drawn = with_form(b"/X Do", b"/X Do /X Do " + shown("round"))
    # pypdf draws a form only once within itself.
    assert told(drawn).count("round") == 1
    assert time.monotonic() - began < 5


class Clock:
    """Time that is up after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


LONG: dict[str, bytes] = {
    "many pages": pdf(*["words"] * 100),
    "one page of many operations": pdf("\n".join(["words"] * 1000)),
    "a form drawn again and again": with_form(b"/X Do " * 500, shown("words")),
    "a page of many fonts": of_contents([shown("words")]).replace(
        b"/F 3 0 R", b" ".join(b"/F%d 3 0 R" % n for n in range(200))
    ),
}


@pytest.mark.parametrize("data", LONG.values(), ids=LONG)
@pytest.mark.parametrize("looks", [0, 1, 10, 100])
def test_reading_stops_when_time_is_up(data: bytes, looks: int) -> None:
    clock = Clock(looks)
    with pytest.raises(BadRequest, match="takes too long") as refusal:
        text(data, USUAL, clock)
    assert str(refusal.value) == TOO_LONG
    # Nothing goes on behind it.
    assert clock.left == -1


def test_one_page_s_memory_is_let_go_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    read = PdfReader.get_object

    def watched(self: PdfReader, reference: int) -> object:
        unpacked = [getattr(one, "decoded_self", None) for one in self.resolved_objects.values()]
        held.append(len([one for one in unpacked if one is not None]))
        return read(self, reference)

    monkeypatch.setattr(PdfReader, "get_object", watched)
    data = of_contents([shown("One"), shown("Two"), shown("Three"), shown("Four")], packed=True)
    assert told(data).split() == ["One", "Two", "Three", "Four"]
    assert len(held) > 8 and max(held) == 0


SEEDS = [data for data, _ in READ.values() if len(data) < 3000]


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_raise_anything_else(data: st.DataObject) -> None:
    seed = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(0, 8))):
        at = data.draw(st.integers(0, len(seed)))
        cut = data.draw(st.sampled_from([0, 0, 1, 1, 2, 20]))
        seed[at : at + cut] = data.draw(
            st.binary(max_size=6)
            | st.sampled_from([b"9999999999", b"-1", b"<<", b">>", b"[", b"(", b"0 R", b"2 0 R",
                               b"stream\n", b"/Length", b"endobj", b"/Filter", b"null"])
        )  # fmt: skip
    assert isinstance(told(bytes(seed)), str)


@given(st.lists(st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Zs"]),
                        min_size=1, max_size=40), min_size=1, max_size=4))  # fmt: skip
@settings(deadline=None)
def test_whatever_a_page_shows_is_read(pages: list[str]) -> None:
    said = text(pdf(*pages), USUAL)
    assert said == PdfText("\n\n".join(f"{page}\n" for page in pages), len(pages))


def test_the_answer_can_be_sent() -> None:
    said = told(with_letters(b"\1\2", {1: "\ud834", 2: "\udd1e"}))
    assert said.encode().decode() == said == "𝄞"
