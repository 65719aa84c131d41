"""Estimates: of the right size, never smaller for more, and cheap."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge import tokens
from amq2api.dialects import messages as m
from bridge.conversations import (
    Json,
    assistant,
    decoded,
    image,
    request,
    result,
    thinking,
    tool,
    use,
    user,
)

TEXTS: dict[str, tuple[str, int]] = {
    "nothing": ("", 0),
    "one letter": ("a", 1),
    "English": ("a" * 360, 100),
    "Chinese, a token a character": ("字" * 100, 100),
    "Russian, less": ("я" * 100, 64),
    "emoji, more": ("🎉" * 100, 137),
    "half a character": ("\ud83d", 1),
}


@pytest.mark.parametrize(("text", "count"), TEXTS.values(), ids=TEXTS)
def test_texts(text: str, count: int) -> None:
    assert tokens.of_text(text) == count


@given(st.text(), st.text())
def test_pieces_weigh_what_the_whole_does(a: str, b: str) -> None:
    assert tokens.weigh(a) + tokens.weigh(b) == pytest.approx(tokens.weigh(a + b))


def png(width: int, height: int) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size


def jpeg(width: int, height: int, before: int) -> bytes:
    """With so many bytes of metadata before the size."""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    segment = b"\xff\xe1" + (before + 2).to_bytes(2, "big") + bytes(before)
    return b"\xff\xd8" + segment + b"\xff\xc0\0\x11\x08" + size + b"\x03"


IMAGES: dict[str, tuple[bytes, int]] = {
    # claude-api.md 8.3, standard tier
    "1000 x 1000": (png(1000, 1000), 1296),
    "200 x 200": (png(200, 200), 64),
    "one pixel": (png(1, 1), 1),
    "as large as may be": (png(1092, 1092), 1521),
    "a line": (png(100_000, 1), 56),
    "metadata first": (jpeg(200, 200, 60_000), 64),
    "unknown size": (b"GIF89a", 1568),
}


@pytest.mark.parametrize(("data", "count"), IMAGES.values(), ids=IMAGES)
def test_images(data: bytes, count: int) -> None:
    assert tokens.of_image(base64.b64encode(data + bytes(200)).decode()) == count


def test_an_image_that_has_to_shrink_costs_about_what_the_api_says() -> None:
    data = base64.b64encode(png(1920, 1080)).decode()
    assert tokens.of_image(data) == pytest.approx(1560, rel=0.01)


def test_what_is_no_base64_costs_as_much_as_an_image_can() -> None:
    assert tokens.of_image("=a") == 1568


BLOCKS: dict[str, tuple[Json, int]] = {
    "text": (user("a" * 360), 104),
    "a string and a list of one": (user({"type": "text", "text": "a" * 360}), 104),
    "tool use": (assistant(use("t", "x" * 36, a="y" * 352)), 118),
    "thought": (assistant(thinking("a" * 360, "s")), 104),
    "sealed thought": (assistant({"type": "redacted_thinking", "data": "a" * 360}), 4),
    "image": (user(image()), 1572),
    "result": (user(result("t", "a" * 360)), 108),
    "empty result": (user(result("t")), 8),
    "result of blocks": (
        user(result("t", "a" * 360, {"type": "tool_reference", "tool_name": "x" * 36})), 118,
    ),
    "document": (
        user({"type": "document", "title": "t" * 36, "context": "c" * 36, "source": {
            "type": "text", "media_type": "text/plain", "data": "a" * 360}}), 124,
    ),
    "document of parts": (
        user({"type": "document", "source": {"type": "content", "content": [
            {"type": "text", "text": "a" * 360}]}}), 104,
    ),
    "search result": (
        user({"type": "search_result", "source": "", "title": "a" * 360, "content": []}), 120,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("message", "count"), BLOCKS.values(), ids=BLOCKS)
def test_blocks(message: Json, count: int) -> None:
    first = tokens.estimate(decoded(request(user("x"))))
    assert tokens.estimate(decoded(request(user("x"), message))) - first == count


def test_documents_that_cannot_be_read_cost_their_label() -> None:
    source = m.UrlSource("https://x")
    message = m.Message("user", [m.Document(source, title="t" * 360), m.Image(source)])
    assert tokens.estimate(m.Call(model="m", messages=[message])) == 4 + 100 + 1568


PARTS: dict[str, tuple[dict[str, Any], int]] = {
    "system": ({"system": "a" * 360}, 100),
    "system blocks": ({"system": [{"type": "text", "text": "a" * 360}]}, 100),
    "tools": ({"tools": [tool("x" * 36, {"p": "y" * 353}) | {"description": "a" * 360}]}, 721),
    "schema": (
        {"output_config": {"format": {"type": "json_schema", "schema": {"p": "y" * 352}}}}, 100,
    ),
    "schema, the old way": (
        {"output_format": {"type": "json_schema", "schema": {"p": "y" * 352}}}, 100,
    ),
    "effort": ({"output_config": {"effort": "low"}}, 0),
}  # fmt: skip


@pytest.mark.parametrize(("members", "count"), PARTS.values(), ids=PARTS)
def test_parts_of_the_call(members: dict[str, Any], count: int) -> None:
    alone = tokens.estimate(decoded(request(user("a" * 360))))
    assert tokens.estimate(decoded(request(user("a" * 360), **members))) - alone == count


def test_a_message_without_content_is_hardly_anything() -> None:
    call = m.Call(model="m", messages=[m.Message("system", msgspec.UNSET)])
    assert tokens.estimate(call) == 4
