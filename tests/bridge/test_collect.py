"""Whole replies: the same stories as in streams, folded."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.collect import Collector
from amq2api.dialects import messages as m
from amq2api.errors import UpstreamBroken
from bridge.replies import METERED, ended, replay, text, thought, tool

REPLIES: dict[str, tuple[list[bytes], list[dict[str, Any]], str]] = {
    "text": ([text("a"), text("b")], [{"type": "text", "text": "ab"}], "end_turn"),
    "reasoning, text and a tool": (
        [thought(text="hm"), thought(signature="s"), text("x"),
         tool("tooluse_1", input='{"a":'), tool("tooluse_1", input="[1]}", stop=True)],
        [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "x"},
         {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {"a": [1]}}],
        "tool_use",
    ),
    "a tool without arguments": (
        [tool("tooluse_1", stop=True)],
        [{"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {}}], "tool_use",
    ),
    "redacted": (
        [thought(redactedContent="x"), text("a")],
        [{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "a"}], "end_turn",
    ),
    "half a tool call is left out": (
        [text("a"), tool("tooluse_1", input='{"a'), ended("MAX_TOKENS")],
        [{"type": "text", "text": "a"}], "max_tokens",
    ),
    "nothing": ([ended("END_TURN"), METERED], [], "end_turn"),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "content", "reason"), REPLIES.values(), ids=REPLIES)
def test_replies(chunks: list[bytes], content: list[dict[str, Any]], reason: str) -> None:
    collector = Collector()
    collector.feed(replay(chunks)[1])
    message = msgspec.to_builtins(collector.message())
    assert (message["content"], message["stop_reason"]) == (content, reason)
    assert {"id", "type", "role", "model", "stop_sequence", "usage"} <= message.keys()


def test_half_a_stream_is_no_message() -> None:
    collector = Collector()
    collector.feed(replay([text("a"), tool("tooluse_1", input="{")])[1])
    with pytest.raises(UpstreamBroken):
        collector.message()


@given(st.lists(st.text(min_size=1), min_size=1))
def test_whole_and_streamed_text_agree(texts: list[str]) -> None:
    heard = replay([text(piece) for piece in texts])[1]
    collector = Collector()
    collector.feed(heard)
    (block,) = collector.message().content
    assert block == m.TextBlock("".join(texts))
