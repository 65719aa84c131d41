"""Documents, search results and citations as the service gets to read them."""

from typing import Any

import msgspec
import pytest

from amq2api.bridge.amazonq.content import Piece, Reader
from amq2api.bridge.amazonq.fidelity import Ledger
from amq2api.bridge.amazonq.names import Names
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest

Json = dict[str, Any]
CITED = [{"type": "char_location", "cited_text": "so", "document_index": 0}]


def text(words: str, **members: Any) -> Json:
    return {"type": "text", "text": words, **members}


def doc(source: Json, **members: Any) -> Json:
    return {"type": "document", "source": source, **members}


def of_text(words: str, **members: Any) -> Json:
    return doc({"type": "text", "media_type": "text/plain", "data": words}, **members)


def of_parts(*parts: Json, **members: Any) -> Json:
    return doc({"type": "content", "content": list(parts)}, **members)


def found(*parts: Json, **members: Any) -> Json:
    return {"type": "search_result", "source": "S", "title": "T", "content": list(parts), **members}


PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}
ONE = "approximated:document"
READ: dict[str, tuple[Json, list[str], str]] = {
    "a document": (of_text("D"), ["D"], ONE),
    "a title and a context": (of_text("D", title="T", context="C"), ["T\nC\nD"], ONE),
    "an empty title": (of_text("D", title="", context=None), ["D"], ONE),
    "a title of spaces, byte for byte": (of_text("D", title=" "), [" \nD"], ONE),
    "a text that looks like a title": (of_text("\nD\n", title="T"), ["T\n\nD\n"], ONE),
    "an empty document with a title": (of_text("", title="T"), ["T\n"], ONE),
    "one string": (doc({"type": "content", "content": "D"}, title="T"), ["T\nD"], ONE),
    "parts": (of_parts(text("a"), PICTURE, text("b"), title="T"), ["T", "a", "#", "b"], ONE),
    "parts without a title": (of_parts(text("a")), ["a"], ONE),
    "no parts": (of_parts(title="T"), ["T"], ONE),
    "to be cited": (of_text("D", citations={"enabled": True}), ["D"], f"{ONE} dropped:citations"),
    "not to be cited": (of_text("D", citations={"enabled": False}), ["D"], ONE),
    "a part with citations": (
        of_parts(text("a", citations=CITED)), ["a"], f"{ONE} dropped:citations",
    ),
    "a search result": (found(text("a"), text("b")), ["T\nS\na\nb"], "approximated:search_result"),
    "a search result without a title": (
        found(text("a"), title=""), ["S\na"], "approximated:search_result",
    ),
    "a search result without a source": (
        found(text("a"), source=""), ["T\na"], "approximated:search_result",
    ),
    "a search result without content": (found(), ["T\nS"], "approximated:search_result"),
    "a search result to be cited": (
        found(text("a", citations=CITED), citations={"enabled": True}), ["T\nS\na"],
        "approximated:search_result dropped:citations=2",
    ),
    "a text with citations": (text("a", citations=CITED), ["a"], "dropped:citations"),
    "a text with an empty list of them": (text("a", citations=[]), ["a"], ""),
    "a text": (text("a"), ["a"], ""),
}  # fmt: skip


def told(piece: Piece) -> str:
    return piece if isinstance(piece, str) else "#"


@pytest.mark.parametrize(("block", "pieces", "notes"), READ.values(), ids=READ)
def test_blocks(block: Json, pieces: list[str], notes: str) -> None:
    ledger = Ledger()
    blocks = msgspec.convert([block], list[m.Block])
    read = Reader(Names(), ledger).pieces(blocks)
    assert [told(piece) for piece in read] == pieces
    assert " ".join(map(str, ledger.notes())) == notes


@pytest.mark.parametrize("source", [
    {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
    {"type": "url", "url": "https://w.example/x"},
])  # fmt: skip
def test_what_was_not_made_ready_does_not_get_through(source: Json) -> None:
    blocks = msgspec.convert([doc(source)], list[m.Block])
    with pytest.raises(BadRequest, match=r"^document\.source: .* only when the call is made"):
        list(Reader(Names(), Ledger()).pieces(blocks))
