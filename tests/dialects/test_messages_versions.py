"""What the two versions of the API take, each by its own rules."""

import pytest

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest
from dialects.requests import Json, assistant, body, document, image, result, text, user

OLDER, NEWER = "2023-06-01", "2026-10-21"
HI = user(text("hi"))
PAPER = document(type="text", data="x")
CITED = text("it says so") | {"citations": [{"type": "char_location", "cited_text": "so"}]}
UNCITED = text("x") | {"citations": []}
FOUND: Json = {"type": "search_result", "source": "s", "title": "t"}
EXTRA = "Extra inputs are not permitted"

ONLY_OLDER: dict[str, tuple[bytes, str]] = {
    "C-045 a temperature": (body(temperature=0.5), f"temperature: {EXTRA}"),
    "C-045 the default temperature": (body(temperature=1), f"temperature: {EXTRA}"),
    "C-047 top_p": (body(top_p=0.9), f"top_p: {EXTRA}"),
    "C-047 top_k": (body(top_k=40), f"top_k: {EXTRA}"),
    "a document of the assistant's": (
        body(HI, assistant(text("see"), PAPER), HI),
        "messages.1: `document` blocks can only be in `user` messages",
    ),
    "a cited text of the user's": (
        body(HI, assistant(text("a")), user(text("b"), CITED)),
        f"messages.2.content.1.text.citations: {EXTRA}",
    ),
    "a cited text in a search result": (
        body(user(text("a"), {**FOUND, "content": [text("b"), CITED]})),
        f"messages.0.content.1.search_result.content.1.citations: {EXTRA}",
    ),
    "a cited text in a tool's result": (
        body(user(result([text("a"), CITED]))),
        f"messages.0.content.0.tool_result.content.1.text.citations: {EXTRA}",
    ),
    "a cited text in a search result in a tool's result": (
        body(user(result([{**FOUND, "content": [CITED]}]))),
        f"messages.0.content.0.tool_result.content.0.search_result.content.0.citations: {EXTRA}",
    ),
    "a cited text in a document": (
        body(user(document(type="content", content=[CITED]))),
        f"messages.0.content.0.document.source.content.content.0.text.citations: {EXTRA}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "complaint"), ONLY_OLDER.values(), ids=ONLY_OLDER)
@pytest.mark.parametrize("version", [OLDER, NEWER, "", "2031-01-01", "2026-10-21 "])
def test_what_only_the_older_version_takes(data: bytes, complaint: str, version: str) -> None:
    if version != NEWER:
        assert isinstance(m.decode(data, version=version), m.Call)
        return
    with pytest.raises(BadRequest) as caught:
        m.decode(data, version=version)
    assert str(caught.value) == complaint


BOTH: dict[str, bytes] = {
    "an image": body(user(text("look"), image())),
    "C-053 sampling of null": body(temperature=None, top_p=None, top_k=None),
    "a document of the user's": body(user(PAPER)),
    "documents to be cited": body(user(PAPER | {"citations": {"enabled": True}})),
    "search results to be cited": body(
        user({**FOUND, "content": [text("x")], "citations": {"enabled": True}})
    ),
    "texts without citations": body(user(UNCITED, text("x") | {"citations": None})),
    "search results without citations": body(user({**FOUND, "content": [UNCITED]})),
    "results without citations": body(user(result([UNCITED, text("x")]))),
    "a cited text of the assistant's, echoed": body(HI, assistant(CITED), HI),
    "words, results and documents of every shape": body(
        {"role": "user", "content": "hi"}, assistant(CITED),
        user(result("x"), result(None), image(), PAPER, {**FOUND, "content": []}),
    ),
    "a cited system prompt": body(system=[CITED]),
}  # fmt: skip


@pytest.mark.parametrize("data", BOTH.values(), ids=BOTH)
@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_what_both_take(data: bytes, version: str) -> None:
    assert isinstance(m.decode(data, version=version), m.Call)


@pytest.mark.parametrize("version", [OLDER, NEWER])
def test_counting_goes_by_the_same_rules(version: str) -> None:
    data = body(max_tokens=..., temperature=0.5)
    if version == OLDER:
        assert m.decode(data, counting=True, version=version).temperature == 0.5
        return
    with pytest.raises(BadRequest):
        m.decode(data, counting=True, version=version)
