import base64
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amq2api.dialects.messages.media import dimensions, sniff

# The three WebP files are those of Google's detection snippets, decoded by every browser.
LOSSY = base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
LOSSLESS = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
EXTENDED = base64.b64decode(
    "UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0BKgEAAQA"
    "AAP4AAA3AAP7mtQAAAA=="
)
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x06\0\0\0"


def gif(width: int, height: int) -> bytes:
    return b"GIF87a" + struct.pack("<HH", width, height)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def frame(width: int, height: int) -> bytes:
    return b"\x08" + struct.pack(">HH", height, width) + b"\x03" + bytes(9)


JFIF = b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
DHT, EXIF = segment(0xC4, bytes(30)), segment(0xE1, b"Exif" + bytes(40_000))


def webp(chunk: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + chunk + b"\0\0\0\0" + body


def lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", width - 1 | (height - 1) << 14 | 1 << 28))


def extended(width: int, height: int) -> bytes:
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", b"\x10\0\0\0" + sizes)


def lossy(width: int, height: int) -> bytes:
    # The two highest bits of each ask for scaling and are no part of the size.
    return webp(
        b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width | 0x4000, height | 0xC000)
    )


SIZES: dict[str, tuple[bytes, str, tuple[int, int]]] = {
    "PNG": (png(1920, 1080), "png", (1920, 1080)),
    "GIF of 1987": (gif(320, 200), "gif", (320, 200)),
    "GIF of 1989": (GIF, "gif", (1, 1)),
    "JPEG, baseline": (JFIF + segment(0xC0, frame(640, 480)), "jpeg", (640, 480)),
    "JPEG, progressive": (JFIF + segment(0xC2, frame(8000, 6000)), "jpeg", (8000, 6000)),
    "JPEG, tables and photo data first": (
        JFIF + EXIF + DHT + segment(0xC0, frame(3, 5)), "jpeg", (3, 5),
    ),
    "JPEG, fill bytes": (JFIF + b"\xff\xff" + segment(0xC0, frame(3, 5)), "jpeg", (3, 5)),
    "JPEG, a marker without a body": (
        JFIF + b"\xff\x01\xff\xd0" + segment(0xC0, frame(3, 5)), "jpeg", (3, 5),
    ),
    "WebP, lossy": (lossy(1280, 720), "webp", (1280, 720)),
    "WebP, lossy, a real one": (LOSSY, "webp", (1, 1)),
    "WebP, lossless": (lossless(16384, 3), "webp", (16384, 3)),
    "WebP, lossless, a real one": (LOSSLESS, "webp", (1, 1)),
    "WebP, extended": (extended(70_000, 9), "webp", (70_000, 9)),
    "WebP, extended, a real one": (EXTENDED, "webp", (1, 1)),
}  # fmt: skip
SILENT: dict[str, tuple[bytes, str | None]] = {
    "nothing": (b"", None),
    "BMP": (b"BM" + bytes(60), None),
    "PDF": (b"%PDF-1.7\n", None),
    "a RIFF of sound": (b"RIFF\0\0\0\0WAVEfmt ", None),
    "PNG, cut": (png(9, 9)[:23], "png"),
    "PNG without a header": (b"\x89PNG\r\n\x1a\n\0\0\0\rIDAT" + bytes(9), "png"),
    "PNG without an area": (png(0, 9), "png"),
    "GIF, cut": (gif(9, 9)[:9], "gif"),
    "JPEG, cut before its size": (JFIF + EXIF[:500], "jpeg"),
    "JPEG, cut inside its size": (JFIF + segment(0xC0, frame(3, 5))[:8], "jpeg"),
    "JPEG, cut in fill bytes": (JFIF + b"\xff\xff", "jpeg"),
    "JPEG, then noise": (JFIF + bytes(20), "jpeg"),
    "JPEG, a segment shorter than its length": (JFIF + b"\xff\xe1\0\0\xff\xc0", "jpeg"),
    "JPEG, its size behind too much": (
        JFIF + segment(0xE1, b"") * 1024 + segment(0xC0, frame(3, 5)),
        "jpeg",
    ),
    "WebP, cut": (LOSSY[:29], "webp"),
    "WebP, lossless, cut": (LOSSLESS[:24], "webp"),
    "WebP, lossless, wrong mark": (webp(b"VP8L", b"\x30" + bytes(9)), "webp"),
    "WebP, extended, cut": (EXTENDED[:29], "webp"),
    "WebP, a frame that is none": (webp(b"VP8 ", bytes(10)), "webp"),
    "WebP, unheard-of": (webp(b"VP8?", bytes(10)), "webp"),
}


@pytest.mark.parametrize(("data", "format", "size"), SIZES.values(), ids=SIZES)
def test_images(data: bytes, format: str, size: tuple[int, int]) -> None:
    assert (sniff(data), dimensions(data)) == (format, size)


@pytest.mark.parametrize(("data", "format"), SILENT.values(), ids=SILENT)
def test_what_has_no_size(data: bytes, format: str | None) -> None:
    assert (sniff(data), dimensions(data)) == (format, None)


HEADS = st.sampled_from(
    [b"", *(data for data, *_ in SIZES.values()), *(d for d, _ in SILENT.values())]
)


@given(HEADS, st.integers(0, 60), st.binary())
@example(JFIF, 1000, b"\xff\xc0\x00")
def test_no_bytes_raise(head: bytes, kept: int, noise: bytes) -> None:
    data = head[:kept] + noise
    size = dimensions(data)
    assert size is None or (sniff(data) is not None and min(size) > 0)


@given(st.integers(1, 16383), st.integers(1, 16383))
def test_any_size_is_read(width: int, height: int) -> None:
    jpeg = JFIF + segment(0xC1, frame(width, height))
    made = [png, gif, lossy, lossless, extended]
    assert [dimensions(make(width, height)) for make in made] == [(width, height)] * 5
    assert dimensions(jpeg) == (width, height)
