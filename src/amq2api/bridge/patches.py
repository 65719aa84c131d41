"""What an image costs: patches of 28 by 28 pixels, after it was made to fit (claude-api.md 8.3)."""

import binascii
from typing import NamedTuple

from amq2api.dialects.messages.media import dimensions

__all__ = ["HIGH", "STANDARD", "Tier", "of_image", "patches"]

_PATCH = 28
# Base64 characters that hold the size: a PNG, GIF or WebP tells it at once, a JPEG after its
# metadata, which is at most 64 KB a piece.
_HEADS = (256, 131_072)


class Tier(NamedTuple):
    """How large an image a model looks at."""

    longest_edge: int
    most_patches: int


STANDARD = Tier(1_568, 1_568)
HIGH = Tier(2_576, 4_784)


def of_image(data: str, tier: Tier) -> int:
    """Tokens of an image in base64; as many as one can cost where its size is not told."""
    size = _dimensions(data)
    return tier.most_patches if size is None else patches(*size, tier)


def patches(width: int, height: int, tier: Tier) -> int:
    """Of the largest size of the same shape that fits *tier*."""
    longer, shorter = max(width, height), min(width, height)
    fits, too_long = 1, min(longer, tier.longest_edge) + 1
    # As the API does: the largest length that fits is searched for. A shorter one never has
    # more patches.
    if _patches(too_long - 1, longer, shorter) <= tier.most_patches:
        return _patches(too_long - 1, longer, shorter)
    while too_long - fits > 1:
        length = (fits + too_long) // 2
        if _patches(length, longer, shorter) <= tier.most_patches:
            fits = length
        else:
            too_long = length
    return _patches(fits, longer, shorter)


def _patches(length: int, longer: int, shorter: int) -> int:
    """Of an image of that shape whose longer edge was made *length*."""
    across = max(1, round(length * shorter / longer))
    return -(-length // _PATCH) * -(-across // _PATCH)


def _dimensions(data: str) -> tuple[int, int] | None:
    for head in _HEADS:
        try:
            found = dimensions(binascii.a2b_base64(data[:head]))
        except ValueError:  # binascii.Error: cut or broken base64
            continue
        if found is not None:
            return found
    return None
