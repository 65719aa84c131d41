"""Image and other base64 members (upstream-protocol.md 2.7)."""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .problems import Problem
from .shapes import Shape

MAX_BYTES = 10_000_000  # since September 2025; 1 500 000 in April of that year

_HEADS: tuple[tuple[str, bytes, int], ...] = (
    ("png", b"\x89PNG\r\n\x1a\n", 0),
    ("jpeg", b"\xff\xd8\xff", 0),
    ("gif", b"GIF87a", 0),
    ("gif", b"GIF89a", 0),
    ("webp", b"WEBP", 8),
)
_ENOUGH = 32  # characters of base64 that hold every head above


@dataclass(frozen=True, slots=True)
class Base64(Shape):
    """Non-empty base64 without a ``data:`` prefix."""

    def problems(self, value: object, where: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not value:
            yield Problem("malformed", "2.7", where)
            return
        try:
            raw = binascii.a2b_base64(value, strict_mode=True)
        except ValueError:
            yield Problem("malformed", "2.7", where)
            return
        if not 0 < len(raw) <= MAX_BYTES:
            yield Problem("malformed", "2.7", where)


def mismatch(image: Any, where: str) -> Iterator[Problem]:
    """An image whose first bytes are not of the format it declares. Its shape is known good."""
    declared = image["format"]
    found = kind(binascii.a2b_base64(image["source"]["bytes"][:_ENOUGH]))
    if found != declared:
        seen = f"appears to be a image/{found} image" if found else "has no known format"
        message = (
            f"The image was specified using the image/{declared} media type, but the image {seen}"
        )
        yield Problem("image format", "2.7", where, message)


def kind(head: bytes) -> str | None:
    """The format that an image's first bytes tell."""
    for name, magic, at in _HEADS:
        if head[at : at + len(magic)] == magic:
            return name
    return None
