"""What images and documents must satisfy. Source: claude-api.md 3.3 and 4.

PDFs and links pass: what they hold is judged by who reads or fetches it.
"""

from binascii import a2b_base64
from collections.abc import Iterable

from amq2api.errors import BadRequest

from .blocks import Base64Source, BrowserState, ContentSource, Document, FileSource, Image
from .media import SNIFFED, ImageFormat, dimensions, sniff
from .objects import check_depth

__all__ = ["check_document", "check_image", "check_media", "check_picture"]

MOST_IMAGE_BYTES = 10_000_000
"""What the service takes; the API itself takes 10 MiB."""
MOST_PIXELS = 8000  # of either side

_FORMATS: dict[str, ImageFormat] = {
    "image/jpeg": "jpeg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
}  # fmt: skip
_MEDIA_TYPES = "'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
_PDF = "application/pdf"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# Characters of base64 that hold the size: of all but JPEG the first bytes do, a JPEG may have
# its camera's notes before it.
_HEADS = {"jpeg": (2**16, 2**26)}
_SHORT = (64,)


def check_media(place: str, blocks: Iterable[object]) -> None:
    """The images and documents among blocks that are part of another one."""
    for k, block in enumerate(blocks):
        if isinstance(block, Image):
            check_image(f"{place}.{k}", block)
        elif isinstance(block, Document):
            check_document(f"{place}.{k}", block)
        elif isinstance(block, BrowserState):
            for name in "content", "tabs", "state_changes":
                check_depth(f"{place}.{k}.browser_state.{name}", getattr(block, name))


def check_document(place: str, block: Document) -> None:
    source = f"{place}.document.source"
    match block.source:
        case FileSource():
            raise _no_files(f"{source}.file")
        case Base64Source(media_type=other) if other != _PDF:
            raise BadRequest(f"{source}.base64.media_type: Input should be '{_PDF}'")
        case Base64Source(data=""):
            raise BadRequest(f"{source}.base64: PDF cannot be empty")
        case ContentSource(content=list(inner)):
            check_media(f"{source}.content.content", inner)


def check_image(place: str, block: Image) -> None:
    source = f"{place}.image.source"
    match block.source:
        case Base64Source() as given:
            check_picture(f"{source}.base64", given)
        case FileSource():
            raise _no_files(f"{source}.file")


def check_picture(place: str, source: Base64Source) -> None:
    """Refuse what is no image of its type, or too large; *place* is the source's."""
    kind = _FORMATS.get(source.media_type)
    if kind is None:
        raise BadRequest(f"{place}.media_type: Input should be {_MEDIA_TYPES}")
    data = source.data
    if not data:
        raise BadRequest(f"{place}: image cannot be empty")
    size = len(data) // 4 * 3 - data[-2:].count("=")
    if size > MOST_IMAGE_BYTES:
        raise BadRequest(
            f"{place}: image exceeds 10 MB maximum: {size} bytes > {MOST_IMAGE_BYTES} bytes"
        )
    found = sniff(_head(data)) if _is_base64(data) else None
    if found is None:
        raise BadRequest(f"{place}: Could not process image")
    if found != kind:
        raise BadRequest(
            f"{place}: Image does not match the provided media type {source.media_type}: "
            f"it is image/{found}"
        )
    # Where its first bytes do not tell, the service will judge.
    if max(_sides(kind, data)) > MOST_PIXELS:
        raise BadRequest(
            f"{place}.data: At least one of the image dimensions exceed max allowed size: "
            f"{MOST_PIXELS} pixels"
        )


def _no_files(place: str) -> BadRequest:
    return BadRequest(f"{place}: there is no file store here; send the content itself")


def _is_base64(data: str) -> bool:
    # A third of the time that decoding takes, and an image may have ten megabytes.
    if len(data) % 4 or not data.isascii():
        return False
    padding = data.encode().translate(None, _BASE64).decode()
    return padding in ("", "=", "==") and data.endswith(padding)


def _head(data: str) -> bytes:
    return a2b_base64(data[: -(-SNIFFED // 3) * 4])


def _sides(kind: ImageFormat, data: str) -> tuple[int, int]:
    """Width and height in pixels; zero where they cannot be found."""
    for head in _HEADS.get(kind, _SHORT):
        found = dimensions(a2b_base64(data[:head]))
        if found is not None:
            return found
    return 0, 0
