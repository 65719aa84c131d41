"""Images: counts of the documentation and of published measurements, and how a size is found."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.patches import HIGH, STANDARD, Tier, of_image, patches
from bridge.pictures import jpeg, png

SIZES: dict[tuple[int, int], tuple[int, int]] = {
    # claude-api.md 8.3; standard tier, high tier
    (1000, 1000): (1296, 1296),
    (1920, 1080): (1560, 2691),
    # The vision page's table.
    (200, 200): (64, 64),
    (1092, 1092): (1521, 1521),
    # Measured by others through the API, less the rest of the request.
    (256, 256): (100, 100),
    (512, 512): (361, 361),
    (768, 768): (784, 784),
    (1024, 1024): (1369, 1369),
    (1280, 720): (1196, 1196),
    (1080, 1920): (1560, 2691),
    # By the rule alone.
    (1, 1): (1, 1),
    (100_000, 1): (56, 92),
    (4032, 3024): (1564, 4740),
}


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_sizes(size: tuple[int, int]) -> None:
    assert (patches(*size, STANDARD), patches(*size, HIGH)) == SIZES[size]


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from([STANDARD, HIGH]))
def test_no_image_costs_more_than_its_tier_allows_nor_nothing(
    width: int, height: int, tier: Tier
) -> None:
    cost = patches(width, height, tier)
    assert 1 <= cost <= tier.most_patches
    assert cost == patches(height, width, tier)


IMAGES: dict[str, tuple[bytes, int]] = {
    "a thousand pixels square": (png(1000, 1000), 1296),
    "metadata before the size": (jpeg(200, 200, 60_000), 64),
    "a size that is not told": (b"GIF89a", 1568),
}


@pytest.mark.parametrize(("data", "count"), IMAGES.values(), ids=IMAGES)
def test_the_size_is_read_from_the_data(data: bytes, count: int) -> None:
    assert of_image(base64.b64encode(data + bytes(200)).decode(), STANDARD) == count


@pytest.mark.parametrize(("tier", "most"), [(STANDARD, 1568), (HIGH, 4784)])
def test_what_is_no_base64_costs_as_much_as_an_image_can(tier: Tier, most: int) -> None:
    assert of_image("=a", tier) == most
    assert of_image("", tier) == most
