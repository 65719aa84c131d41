import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import messages as m
from amq2api.wire import sse

USAGE = m.Usage(25, 3, 4, 1)
COUNTS = (
    '"usage":{"input_tokens":25,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,'
    '"output_tokens":1,"service_tier":"standard"}'
)
# claude-api.md 6.2 and 6.3
GOLDEN: dict[str, tuple[m.StreamEvent, str, str]] = {
    "start": (
        m.MessageStart(m.MessageHead("msg_1", "claude-x", USAGE)),
        "message_start",
        '{"type":"message_start","message":{"type":"message","id":"msg_1","model":"claude-x",'
        + COUNTS
        + ',"role":"assistant","content":[],"stop_reason":null,"stop_sequence":null}}',
    ),
    "text opens": (
        m.ContentBlockStart(0, m.TextBlock()),
        "content_block_start",
        '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
    ),
    "thinking opens": (
        m.ContentBlockStart(1, m.ThinkingBlock()),
        "content_block_start",
        '{"type":"content_block_start","index":1,'
        '"content_block":{"type":"thinking","thinking":"","signature":""}}',
    ),
    "redacted thinking": (
        m.ContentBlockStart(2, m.RedactedThinkingBlock("abc")),
        "content_block_start",
        '{"type":"content_block_start","index":2,'
        '"content_block":{"type":"redacted_thinking","data":"abc"}}',
    ),
    "a tool call opens": (
        m.ContentBlockStart(12, m.ToolUseBlock("toolu_1", "ls")),
        "content_block_start",
        '{"type":"content_block_start","index":12,'
        '"content_block":{"type":"tool_use","id":"toolu_1","name":"ls","input":{}}}',
    ),
    "a search opens": (
        m.ContentBlockStart(1, m.ServerToolUseBlock("srvtoolu_1", "web_search")),
        "content_block_start",
        '{"type":"content_block_start","index":1,"content_block":'
        '{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}',
    ),
    "what a search found": (
        m.ContentBlockStart(
            2,
            m.WebSearchToolResultBlock(
                "srvtoolu_1", [m.WebSearchResult("https://example.org/", "Example", "eA==")]
            ),
        ),
        "content_block_start",
        '{"type":"content_block_start","index":2,"content_block":'
        '{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":'
        '[{"type":"web_search_result","url":"https://example.org/","title":"Example",'
        '"encrypted_content":"eA==","page_age":null}]}}',
    ),
    "text": (
        m.ContentBlockDelta(0, m.TextDelta('a "b"\n日本\u2028')),
        "content_block_delta",
        '{"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"a \\"b\\"\\n日本\\u2028"}}',
    ),
    "thinking": (
        m.ContentBlockDelta(1, m.ThinkingDelta("hm")),
        "content_block_delta",
        '{"type":"content_block_delta","index":1,'
        '"delta":{"type":"thinking_delta","thinking":"hm"}}',
    ),
    "signature": (
        m.ContentBlockDelta(1, m.SignatureDelta("c2ln")),
        "content_block_delta",
        '{"type":"content_block_delta","index":1,'
        '"delta":{"type":"signature_delta","signature":"c2ln"}}',
    ),
    "tool input": (
        m.ContentBlockDelta(12, m.InputJsonDelta('{"a":')),
        "content_block_delta",
        '{"type":"content_block_delta","index":12,'
        '"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":"}}',
    ),
    "a block closes": (
        m.ContentBlockStop(12),
        "content_block_stop",
        '{"type":"content_block_stop","index":12}',
    ),
    "how it ended": (
        m.MessageDelta(m.EndOfMessage("stop_sequence", "STOP"), USAGE),
        "message_delta",
        '{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"STOP",'
        '"stop_details":null},' + COUNTS + "}",
    ),
    "stop": (m.MessageStop(), "message_stop", '{"type":"message_stop"}'),
    "ping": (m.Ping(), "ping", '{"type":"ping"}'),
    "error of a request that nobody has named": (
        m.StreamError({"type": "api_error", "message": "m"}),
        "error",
        '{"type":"error","error":{"type":"api_error","message":"m"}}',
    ),
    "error": (
        m.StreamError({"type": "overloaded_error", "message": "Overloaded"}, "req_1"),
        "error",
        '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},'
        '"request_id":"req_1"}',
    ),
}


@pytest.mark.parametrize(("event", "name", "data"), GOLDEN.values(), ids=GOLDEN)
def test_events_on_the_wire(event: m.StreamEvent, name: str, data: str) -> None:
    assert m.name(event) == name
    assert m.render([event]) == f"event: {name}\ndata: {data}\n\n".encode()


def test_every_event_block_and_delta_is_shown_above() -> None:
    events = [event for event, _, _ in GOLDEN.values()]
    deltas = {type(e.delta) for e in events if isinstance(e, m.ContentBlockDelta)}
    blocks = {type(e.content_block) for e in events if isinstance(e, m.ContentBlockStart)}
    runs = {m.ContentBlockDeltas}  # no event, but several: see below
    assert {type(event) for event in events} | runs == set(get_args(m.StreamEvent))
    assert deltas == set(get_args(m.Delta))
    assert blocks == set(get_args(m.ContentBlock))


def test_nothing_to_say() -> None:
    assert m.render([]) == b""


def test_a_whole_message() -> None:
    whole = m.WholeMessage(
        "msg_1", "x", [m.ToolUseBlock("t", "n", {"a": 1})], "tool_use", None, USAGE
    )
    assert msgspec.to_builtins(whole) == {
        "type": "message",
        "id": "msg_1",
        "model": "x",
        "content": [{"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}}],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": msgspec.to_builtins(USAGE),
        "role": "assistant",
        "stop_details": None,
    }


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


KINDS = st.sampled_from([m.TextDelta, m.ThinkingDelta, m.InputJsonDelta])
RUNS = st.builds(m.ContentBlockDeltas, st.integers(0, 10**6), KINDS, st.lists(TEXTS, min_size=1))


@given(RUNS)
def test_a_run_of_deltas_says_what_each_of_them_would(run: m.ContentBlockDeltas) -> None:
    alone = [m.ContentBlockDelta(run.index, run.kind(text)) for text in run.texts]
    plain = b"".join(sse.encode("content_block_delta", msgspec.json.encode(one)) for one in alone)
    assert list(m.apart([run])) == alone
    assert m.render([run]) == m.render(alone) == sse.without_line_breaks(plain)


DELTAS: st.SearchStrategy[m.Delta] = st.one_of(
    st.builds(m.TextDelta, TEXTS),
    st.builds(m.ThinkingDelta, TEXTS),
    st.builds(m.InputJsonDelta, TEXTS),
)
EVENTS: st.SearchStrategy[m.StreamEvent] = st.one_of(
    st.sampled_from([event for event, _, _ in GOLDEN.values()]),
    st.builds(m.ContentBlockDelta, st.integers(0, 99), DELTAS),
    RUNS,
)


@given(st.lists(EVENTS))
def test_a_client_reads_what_was_meant(events: list[m.StreamEvent]) -> None:
    decoder = sse.Decoder()
    heard = decoder.feed(m.render(events))
    decoder.finish()
    meant = msgspec.to_builtins(list(m.apart(events)))
    assert [json.loads(event.data) for event in heard] == meant
    assert all(json.loads(event.data)["type"] == event.name for event in heard)
    assert all(len(event.data.splitlines()) == 1 for event in heard)
