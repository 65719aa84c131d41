"""InvokeMCP's words: what is asked, and how strictly an answer is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import amazonq as q
from amq2api.errors import GatewayError, ProtocolError, RequestRefused, UpstreamBroken

HIT = {
    "title": "Rust 1.90", "url": "https://a.example/1", "snippet": "Released.", "id": "1",
    "publishedDate": 1_750_000_000_000, "domain": "a.example", "maxVerbatimWordLimit": 30,
    "publicDomain": False,
}  # fmt: skip
FOUND = {"results": [HIT], "totalResults": 1, "query": "rust", "error": None}


def enveloped(**members: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": "7", **members}).encode()


def called(text: Any, **members: Any) -> bytes:
    said = text if isinstance(text, str) else json.dumps(text)
    result = {"content": [{"type": "text", "text": said}], "isError": False, **members}
    return enveloped(result=result)


def test_what_is_asked() -> None:
    assert json.loads(q.list_tools("7")) == {
        "id": "7", "jsonrpc": "2.0", "method": "tools/list", "params": {},
    }  # fmt: skip
    assert json.loads(q.call_tool("8", q.WEB_SEARCH, {"query": "rust"})) == {
        "id": "8", "jsonrpc": "2.0", "method": "tools/call",
        "params": {"name": "web_search", "arguments": {"query": "rust"}},
    }  # fmt: skip


def test_a_documented_answer() -> None:
    found = q.read_search(called(FOUND), "7")
    assert found.results == [
        q.SearchHit("Rust 1.90", "https://a.example/1", "Released.", 1_750_000_000_000, "a.example")
    ]
    assert (found.total_results, found.query) == (1, "rust")


def test_a_page_needs_a_title_and_an_address_only() -> None:
    bare = {"title": "", "url": "u", "snippet": None, "publishedDate": None, "domain": None}
    for hit in ({"title": "", "url": "u"}, bare):
        assert q.read_search(called({"results": [hit]}), "7").results == [q.SearchHit("", "u")]


@pytest.mark.parametrize(
    "cut", ['"half \\\\ud83d"', '"half \\ud83d"'], ids=["in the text", "around the text"]
)
def test_half_a_character_becomes_a_replacement_character(cut: str) -> None:
    text = json.dumps(json.dumps({"results": [{**HIT, "snippet": "HERE"}]}))
    body = enveloped(result={"content": [{"type": "text", "text": "TEXT"}]}).decode()
    inner = text.replace('\\"HERE\\"', cut.replace('"', '\\"'))
    raw = body.replace('"TEXT"', inner).encode()
    assert q.read_search(raw, "7").results[0].snippet == "half \N{REPLACEMENT CHARACTER}"


def test_tools_are_known_by_their_names() -> None:
    tools = [{"name": "web_search", "inputSchema": {}}, {"name": "b"}]
    assert q.read_tools(enveloped(result={"tools": tools}), "7") == ["web_search", "b"]


def failed(code: object) -> bytes:
    return enveloped(error={"code": code, "message": "about the query", "data": "rust"}, id=None)


FAILURES: dict[str, tuple[bytes, type[GatewayError]]] = {
    "no JSON": (b"<html>", ProtocolError),
    "no object": (b"[]", ProtocolError),
    "not UTF-8": (b'{"jsonrpc":"\xff"}', ProtocolError),
    "nested without end": (b'{"jsonrpc":"2.0","x":' + b"[" * 100_000, ProtocolError),
    "no version": (b'{"id":"7","result":{}}', ProtocolError),
    "another version": (enveloped(jsonrpc="1.0", result={}), ProtocolError),
    "somebody else's": (enveloped(id="8", result=json.loads(called(FOUND))["result"]),
                        ProtocolError),
    "nobody's": (enveloped(id=None, result=json.loads(called(FOUND))["result"]), ProtocolError),
    "no result": (enveloped(), ProtocolError),
    "an empty result": (enveloped(result=None), ProtocolError),
    "a result without content": (enveloped(result={"isError": False}), ProtocolError),
    "content that is no list": (enveloped(result={"content": "x"}), ProtocolError),
    "no content": (enveloped(result={"content": []}), ProtocolError),
    "an image": (enveloped(result={"content": [{"type": "image", "data": ""}]}), ProtocolError),
    "a text without text": (enveloped(result={"content": [{"type": "text"}]}), ProtocolError),
    "an object in place of its text": (
        enveloped(result={"content": [{"type": "text", "text": FOUND}]}), ProtocolError),
    "a text that is no JSON": (called("sorry"), ProtocolError),
    "results that are no list": (called({"results": {}}), ProtocolError),
    "no results at all": (called({"totalResults": 0}), ProtocolError),
    "isError of another kind": (called(FOUND, isError="no"), ProtocolError),
    "isError": (called(FOUND, isError=True), UpstreamBroken),
    "isError without JSON": (called("sorry", isError=True), UpstreamBroken),
    "a search that failed": (called({**FOUND, "error": "rust"}), UpstreamBroken),
    "an unknown tool": (failed(-32602), RequestRefused),
    "an internal error": (failed(-32603), UpstreamBroken),
    "an error without a code": (failed(None), UpstreamBroken),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind"), FAILURES.values(), ids=FAILURES)
def test_anything_else_is_an_error_that_quotes_nothing(
    body: bytes, kind: type[GatewayError]
) -> None:
    with pytest.raises(GatewayError) as told:
        q.read_search(body, "7")
    assert type(told.value) is kind
    assert "rust" not in str(told.value) and "query" not in str(told.value)


@given(st.binary())
def test_no_answer_breaks_the_reader(body: bytes) -> None:
    for read in (q.read_search, q.read_tools):
        with pytest.raises(GatewayError):
            read(body, "7")


@given(st.text(), st.text(max_size=200))
def test_a_query_travels_as_it_is(request_id: str, query: str) -> None:
    body = json.loads(q.call_tool(request_id, q.WEB_SEARCH, {"query": query}))
    assert (body["id"], body["params"]["arguments"]["query"]) == (request_id, query)
