"""As much of an image as tells its size."""


def png(width: int, height: int) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size


def jpeg(width: int, height: int, before: int) -> bytes:
    """With so many bytes of metadata before the size."""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    segment = b"\xff\xe1" + (before + 2).to_bytes(2, "big") + bytes(before)
    return b"\xff\xd8" + segment + b"\xff\xc0\0\x11\x08" + size + b"\x03"
