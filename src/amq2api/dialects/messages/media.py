"""Images by their first bytes: which of the four formats, and how large.

Sources: PNG 5.2 and 11.2.1, GIF89a 17 and 18, JPEG (ITU T.81) annex B, RFC 9649 (WebP).
Nothing here raises on any bytes.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

__all__ = ["ImageFormat", "dimensions", "sniff"]

ImageFormat: TypeAlias = Literal["png", "jpeg", "gif", "webp"]
_Size: TypeAlias = tuple[int, int]

SNIFFED = 16
"""As many bytes as ``sniff`` looks at."""

# Real files hold some dozens before the one with the size; a hostile one of 10 MB could
# hold millions.
_MOST_SEGMENTS = 1024
# Start of frame, any coding: C0 to CF without DHT (C4), JPG (C8) and DAC (CC).
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0 to RST7, SOI


def sniff(data: bytes) -> ImageFormat | None:
    """The format that the first bytes announce; None for anything but the four."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data.startswith(b"RIFF") and data[8:15] == b"WEBPVP8":
        return "webp"
    return None


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None if the bytes given do not tell.

    The head of a file suffices, but a JPEG may carry hundreds of kilobytes before its size.
    """
    kind = sniff(data)
    size = _READERS[kind](data) if kind is not None else None
    return size if size is not None and all(size) else None


def _png(data: bytes) -> _Size | None:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif(data: bytes) -> _Size | None:
    if len(data) < 10:
        return None
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _jpeg(data: bytes) -> _Size | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if data[at : at + 1] != b"\xff":
            return None
        # Any number of fill bytes may stand before a marker: B.1.1.2.
        while data[at : at + 1] == b"\xff":
            at += 1
        marker, at = data[at : at + 1], at + 1
        if not marker:
            return None
        if marker[0] in _WITHOUT_LENGTH:
            continue
        if marker[0] in _SOF:
            return _frame(data[at : at + 7])
        at += int.from_bytes(data[at : at + 2], "big")
    return None


def _frame(head: bytes) -> _Size | None:
    if len(head) < 7:
        return None
    return int.from_bytes(head[5:7], "big"), int.from_bytes(head[3:5], "big")


def _webp(data: bytes) -> _Size | None:
    chunk, body = data[12:16], data[20:30]
    if chunk == b"VP8X" and len(body) == 10:
        return _uint24(body[4:7]) + 1, _uint24(body[7:10]) + 1
    if chunk == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and len(body) == 10 and body[3:6] == b"\x9d\x01\x2a":
        return _uint14(body[6:8]), _uint14(body[8:10])
    return None


def _uint24(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _uint14(raw: bytes) -> int:
    return int.from_bytes(raw, "little") & 0x3FFF  # the two bits above hold a scale


_READERS: dict[ImageFormat, Callable[[bytes], _Size | None]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "webp": _webp,
}
