import pytest

from amq2api.dialects import messages as m
from dialects.requests import Json, assistant, body, document, image, result, text, tool, user

PDF = document(type="base64", media_type="application/pdf", data="JVBERi0=")
FROM_THE_WEB: Json = {"type": "image", "source": {"type": "url", "url": "https://x.example/"}}
LINKED = document(type="url", url="https://x.example/")
SEARCH: Json = {"type": "web_search_20250305", "name": "web_search"}

MATERIAL: dict[str, tuple[Json, bool]] = {
    "words": (text("x"), False),
    "an image": (image(), False),
    "a text document": (document(type="text", data="x"), False),
    "a document of parts": (document(type="content", content=[text("x"), image()]), False),
    "a result": (result([text("x"), image()]), False),
    "a result in words": (result("x"), False),
    "a PDF": (PDF, True),
    "a PDF in a result": (result([text("x"), PDF]), True),
    "a linked PDF": (LINKED, True),
    "a linked image": (FROM_THE_WEB, True),
    "a linked image in a result": (result([FROM_THE_WEB]), True),
    "a linked image in a document": (document(type="content", content=[FROM_THE_WEB]), True),
}


@pytest.mark.parametrize(("block", "needed"), MATERIAL.values(), ids=MATERIAL)
def test_what_has_to_be_fetched_or_read_first(block: Json, needed: bool) -> None:
    call = m.decode(body(user(text("hi")), assistant(text("yes")), user(text("look"), block)))
    assert m.needs_material(call) is needed


def test_words_alone_need_nothing() -> None:
    assert not m.needs_material(m.decode(body()))


def test_the_web_search_tool_is_found_by_its_type() -> None:
    found = m.web_search(m.decode(body(tools=[tool(), SEARCH | {"max_uses": 3}])))
    assert found is not None and (found.name, found.max_uses) == ("web_search", 3)
    assert m.web_search(m.decode(body(tools=[tool("web_search")]))) is None
    assert m.web_search(m.decode(body())) is None


def test_a_web_search_tool_without_a_name_gets_its_only_one() -> None:
    call = m.decode(body(tools=[{"type": "web_search_20260318"}]))
    assert call.tools is not None and call.tools[0].name == m.WEB_SEARCH
