"""Content blocks of every type of claude-api.md 3.3, with whatever they may hold."""

import base64
from itertools import chain
from typing import Any

from hypothesis import strategies as st

from amq2api.bridge.amazonq.words import MARKER_SIGNATURE
from amq2api.sim.catalogue import MODELS
from amq2api.sim.signing import SIGNER
from bridge.conversations import Json, image, text, thinking
from laws.texts import INPUTS, TEXTS, VALUES

__all__ = [
    "ASSISTANT_DOCUMENTS",
    "CITED",
    "CONTENT",
    "IDS",
    "NAMES",
    "RESULTS",
    "TEXT_BLOCKS",
    "UNDECLARED",
    "USES",
]

IDS = st.sampled_from(["t1", "t2", "t1 ", "τ", "tool:" + "x" * 80, "toolu_01" + "A" * 60])
NAMES = st.sampled_from([
    "ls", "a.b", "a_b", "a_b_72a1a9b5", "列出", "mcp__" + "x" * 70, "x" * 128, "x" * 64, "Ls", " ",
    "🎉", "a b", "DeferredToolPlaceholder", "-", "web_search_", "\0", "é", "e\u0301",
])  # fmt: skip
"""Some fit, some do not, some come to be the same where strange letters become underscores."""
UNDECLARED = st.sampled_from(["幽霊", "gone", "a.b"])

_HEADS = ("png", "jpeg", "gif", "webp")
IMAGES = st.builds(image, st.sampled_from(_HEADS), st.binary(max_size=3))
_CACHED = st.sampled_from([None, {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])
TEXT_BLOCKS = TEXTS.map(text) | st.builds(
    lambda said, cache: {**text(said), "cache_control": cache, "citations": None}, TEXTS, _CACHED
)
CITED = st.builds(
    lambda said, cited: {**text(said), "citations": [cited]},
    TEXTS,
    st.builds(lambda said: {"type": "char_location", "cited_text": said}, TEXTS),
)
"""A text that quotes, as ``2023-06-01`` takes it everywhere and ``2026-10-21`` from assistants."""

SOURCES = st.one_of(
    st.builds(lambda data: {"type": "text", "media_type": "text/plain", "data": data}, TEXTS),
    st.builds(
        lambda content: {"type": "content", "content": content},
        TEXTS | st.lists(TEXT_BLOCKS | IMAGES, max_size=2),
    ),
    # The text of a PDF as it comes to the bridge: pages after pages.
    st.builds(lambda pages: {"type": "text", "media_type": "text/plain",
                             "data": "\n\n\f".join(pages)}, st.lists(TEXTS, max_size=3)),
)  # fmt: skip
DOCUMENTS = st.fixed_dictionaries(
    {"type": st.just("document"), "source": SOURCES},
    optional={"title": st.none() | TEXTS, "context": st.none() | TEXTS,
              "citations": st.just({"enabled": True}), "cache_control": _CACHED},
)  # fmt: skip
ASSISTANT_DOCUMENTS = st.builds(
    lambda data, title: {"type": "document", "title": title,
                         "source": {"type": "text", "media_type": "text/plain", "data": data}},
    TEXTS, TEXTS,
)  # fmt: skip
"""Without images: the service has none in an assistant's messages, and that is a refusal."""
SEARCH_RESULTS = st.fixed_dictionaries(
    {"type": st.just("search_result"), "source": TEXTS, "title": TEXTS,
     "content": st.lists(TEXT_BLOCKS, max_size=2)},
    optional={"citations": st.just({"enabled": False})},
)  # fmt: skip
_REFERENCES = st.builds(lambda name: {"type": "tool_reference", "tool_name": name}, NAMES)
_STATES = st.builds(lambda value: {"type": "browser_state", "content": value}, VALUES)
_INNER = TEXT_BLOCKS | IMAGES | DOCUMENTS | SEARCH_RESULTS | _REFERENCES | _STATES
RESULTS = st.fixed_dictionaries(
    {"type": st.just("tool_result"), "tool_use_id": IDS},
    optional={"content": st.none() | TEXTS | st.lists(_INNER, max_size=3),
              "is_error": st.none() | st.booleans(), "cache_control": _CACHED},
)  # fmt: skip
USES = st.builds(
    lambda id, name, input: {"type": "tool_use", "id": id, "name": name, "input": input},
    IDS,
    NAMES | UNDECLARED,
    INPUTS,
)

_SEALED = st.sampled_from([
    base64.b64encode(b"amq2api: " + "δ: β\u2028".encode()).decode(), "EqgfCioIARgBIiQ3", "", "αβ",
    base64.b64encode(b"amq2api: \xff").decode(),
])  # fmt: skip
_PAGES = st.fixed_dictionaries(
    {"type": st.just("web_search_result"), "url": TEXTS, "title": TEXTS,
     "encrypted_content": _SEALED},
    optional={"page_age": st.none() | TEXTS},
)  # fmt: skip
_FOUND = st.one_of(
    st.lists(_PAGES, max_size=2),
    st.just({"type": "web_search_tool_result_error", "error_code": "unavailable"}),
    VALUES,
)
SEARCH_IDS = st.sampled_from(["srvtoolu_1", "srvtoolu_2", "t1"])


@st.composite
def _searches(draw: st.DrawFn) -> list[Json]:
    """A search of the web as the API shows it, whole or in parts, with text around it or not."""
    id = draw(SEARCH_IDS)
    use = {"type": "server_tool_use", "id": id, "name": "web_search",
           "input": draw(INPUTS | TEXTS.map(lambda said: {"query": said}))}  # fmt: skip
    found = {"type": "web_search_tool_result", "tool_use_id": id, "content": draw(_FOUND)}
    between = draw(st.lists(TEXT_BLOCKS, max_size=1))
    shapes: list[list[Json]] = [[use, found], [use, found], [use, *between, found], [use],
                                [found], [found, use], [use, found, found]]  # fmt: skip
    return [dict(part) for part in draw(st.sampled_from(shapes))]


_OTHER_RESULTS = st.sampled_from([
    "web_fetch_tool_result", "code_execution_tool_result", "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result", "advisor_tool_result", "mcp_tool_result",
    "compaction",
])  # fmt: skip
_OTHER_USES = st.sampled_from([
    ("server_tool_use", "web_fetch"), ("server_tool_use", "code_execution"),
    ("server_tool_use", "tool_search_tool_regex"), ("mcp_tool_use", "α"),
])  # fmt: skip
ECHOES = st.one_of(
    st.builds(lambda kind, value: {"type": kind, "tool_use_id": "srvtoolu_9", "content": value},
              _OTHER_RESULTS, VALUES),
    st.builds(lambda use, input: {"type": use[0], "id": "srvtoolu_9", "name": use[1],
                                  "input": input}, _OTHER_USES, INPUTS),
    st.builds(
        lambda names: {"type": "tool_search_tool_result", "tool_use_id": "srvtoolu_9", "content": {
            "type": "tool_search_tool_search_result",
            "tool_references": [{"type": "tool_reference", "tool_name": name} for name in names]}},
        st.lists(NAMES, max_size=2)),
    st.builds(lambda value: {"type": "mcp_tool_listing", "server_name": "α", "tools": [value]},
              VALUES),
    st.just({"type": "container_upload", "file_id": "file_1"}),
    st.just({"type": "fallback"}),
)  # fmt: skip


def _signed(thought: str, model: str) -> Json:
    return thinking(thought, SIGNER.sign(thought, model))


THOUGHTS = st.one_of(
    st.builds(_signed, TEXTS, st.sampled_from(sorted(MODELS))),
    st.builds(_signed, TEXTS, st.just("claude-sonnet-4.6")),
    st.builds(thinking, TEXTS, st.sampled_from(["", MARKER_SIGNATURE, "EqQBCkgIBRABGAIiQ", "né"])),
    st.builds(
        lambda data: {"type": "redacted_thinking", "data": base64.b64encode(data).decode()},
        st.binary(max_size=4),
    ),
    st.just({"type": "redacted_thinking", "data": "no base64"}),
)


def _changed(kind: str, tool: Any) -> Json:
    return {"type": kind, "tool": tool}


CHANGES = st.one_of(
    st.builds(
        _changed,
        st.sampled_from(["tool_addition", "tool_removal"]),
        st.builds(lambda name: {"type": "tool_reference", "name": name}, NAMES),
    ),
    st.builds(
        lambda name, said: _changed("tool_addition", {"type": "tool_definition", "definition": {
            "name": name, "description": said, "input_schema": {"type": "object"}}}),
        NAMES, TEXTS),
    st.builds(_changed, st.just("tool_addition"), VALUES),
)  # fmt: skip


def _one(block: st.SearchStrategy[Json]) -> st.SearchStrategy[list[Json]]:
    return block.map(lambda block: [block])


@st.composite
def _several(draw: st.DrawFn, *kinds: st.SearchStrategy[list[Json]]) -> list[Json]:
    some = draw(st.lists(st.sampled_from(range(len(kinds))), max_size=4))
    return list(chain.from_iterable(draw(kinds[kind]) for kind in some))


CONTENT = {
    "user": _several(*map(_one, (TEXT_BLOCKS, TEXT_BLOCKS, IMAGES, RESULTS, RESULTS, DOCUMENTS,
                                 SEARCH_RESULTS))),
    "assistant": _several(*map(_one, (TEXT_BLOCKS, TEXT_BLOCKS, CITED, USES, USES, THOUGHTS,
                                      THOUGHTS, ECHOES)), _searches(), _searches()),
    "system": _several(*map(_one, (TEXT_BLOCKS, CHANGES))),
}  # fmt: skip
