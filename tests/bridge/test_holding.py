"""What passes while the text of an answer is judged, and that what comes out is a stream."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.collect import Collector
from amq2api.bridge.holding import TextHold
from amq2api.dialects import messages as m
from bridge.replies import told

USAGE = m.Usage(7, 0, 0, 3)
HEAD = m.MessageStart(m.MessageHead("msg_1", "m", USAGE))
FOUND = m.WebSearchToolResultBlock("srvtoolu_1", m.WebSearchError("unavailable"))


def block(index: int, kind: str, said: str) -> list[m.StreamEvent]:
    """One block of an answer, as a translator gives it."""
    made: dict[str, tuple[m.ContentBlock, m.Delta | None]] = {
        "text": (m.TextBlock(), m.TextDelta(said)),
        "thinking": (m.ThinkingBlock(), m.ThinkingDelta(said)),
        "tool": (m.ToolUseBlock("toolu_1", "ls"), m.InputJsonDelta("{}")),
        "search": (m.ServerToolUseBlock("srvtoolu_1", "web_search"), m.InputJsonDelta("{}")),
        "found": (FOUND, None),
    }
    start, delta = made[kind]
    deltas: list[m.StreamEvent] = [m.ContentBlockDelta(index, delta)] if delta else []
    return [m.ContentBlockStart(index, start), *deltas, m.ContentBlockStop(index)]


def answer(*blocks: tuple[str, str], end: Any = "end_turn") -> list[m.StreamEvent]:
    events: list[m.StreamEvent] = [HEAD]
    for index, (kind, said) in enumerate(blocks):
        events += block(index, kind, said)
    return [*events, m.MessageDelta(m.EndOfMessage(end), USAGE), m.MessageStop()]


HELD: dict[str, tuple[list[tuple[str, str]], str, str, str]] = {
    # An answer, what passes of it, what is held, and what a judgement gives out.
    "text": ([("text", "a")], "start", "a", "+0text .A -0"),
    "nothing": ([], "start", "", "+0text .A -0"),
    "thinking first": (
        [("thinking", "hm"), ("text", "a")], "start +0thinking .hm -0", "a", "+1text .A -1",
    ),
    "text on both sides": (
        [("text", "a"), ("thinking", "hm"), ("text", "b")],
        "start +0thinking .hm -0", "ab", "+1text .A -1",
    ),
    "a search": (
        [("text", "a"), ("search", ""), ("found", ""), ("text", "b")],
        "start +0search:srvtoolu_1 .{} -0 +1found:srvtoolu_1 -1", "ab", "+2text .A -2",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("blocks", "passed", "held", "given"), HELD.values(), ids=HELD)
def test_text_waits(blocks: list[tuple[str, str]], passed: str, held: str, given: str) -> None:
    hold = TextHold()
    assert told(hold.feed(answer(*blocks))) == passed
    assert hold.text == held and hold.end is not None
    assert told(hold.release("A")) == f"{given} end(end_turn) stop"
    assert hold.end is None


UNJUDGED: dict[str, tuple[list[tuple[str, str]], str, str]] = {
    "a tool call": ([("tool", "")], "tool_use", "+0tool_use:toolu_1:ls .{} -0"),
    "text and a tool call": ([("text", "a"), ("thinking", "hm"), ("tool", ""), ("text", "b")],
                             "tool_use",
                             "+0thinking .hm -0 +1text .a -1 +2tool_use:toolu_1:ls .{} -2"
                             " +3text .b -3"),
    "a refusal": ([("text", "a")], "refusal", "+0text .a -0"),
    "a refusal without words": ([], "refusal", ""),
    "cut short": ([("text", "a"), ("thinking", "h")], "max_tokens",
                  "+0thinking .h -0 +1text .a -1"),
    "a stop sequence": ([("text", "a")], "stop_sequence", "+0text .a -0"),
}  # fmt: skip


@pytest.mark.parametrize(("blocks", "end", "heard"), UNJUDGED.values(), ids=UNJUDGED)
def test_what_is_not_judged_passes(blocks: list[tuple[str, str]], end: str, heard: str) -> None:
    hold = TextHold()
    said = " ".join(filter(None, ["start", heard, f"end({end})", "stop"]))
    assert told(hold.feed(answer(*blocks, end=end))) == said
    assert hold.end is None


def test_another_answer_takes_the_place_of_one_that_was_no_good() -> None:
    hold = TextHold()
    heard = hold.feed(answer(("thinking", "hm"), ("text", "a")))
    hold.forget()
    assert (hold.text, hold.end) == ("", None)
    more = [*block(2, "thinking", "oh"), *block(3, "text", "b")]
    heard += hold.feed([*more, m.MessageDelta(m.EndOfMessage("end_turn"), USAGE), m.MessageStop()])
    heard += hold.release(hold.text)
    assert told(heard) == (
        "start +0thinking .hm -0 +1thinking .oh -1 +2text .b -2 end(end_turn) stop"
    )


def test_an_answer_that_breaks_off_keeps_what_was_not_judged() -> None:
    hold = TextHold()
    hold.feed([HEAD, *block(0, "text", "a")[:2]])
    broken: list[m.StreamEvent] = [m.ContentBlockStop(0), m.StreamError({"type": "api_error"})]
    assert told(hold.feed(broken)) == "error(api_error)"


BLOCKS = st.lists(st.tuples(st.sampled_from(["text", "thinking", "search", "found", "tool"]),
                            st.text(max_size=3)), max_size=6)  # fmt: skip
ENDS = st.sampled_from(["end_turn", "max_tokens", "refusal", "stop_sequence"])


@given(BLOCKS, ENDS, st.integers(1, 5))
def test_held_or_not_nothing_is_lost_and_blocks_are_in_order(
    blocks: list[tuple[str, str]], end: str, pieces: int
) -> None:
    hold, events = TextHold(), answer(*blocks, end=end)
    heard: list[m.StreamEvent] = []
    for at in range(0, len(events), pieces):
        heard += hold.feed(events[at : at + pieces])
    if hold.end is not None:
        heard += hold.release(hold.text)
    indices = [event.index for event in heard if isinstance(event, m.ContentBlockStart)]
    assert indices == list(range(len(indices)))
    before, after = _message(events), _message(heard)
    assert _texts(after) == _texts(before) and _others(after) == _others(before)
    assert (after.stop_reason, after.usage) == (before.stop_reason, before.usage)


def _message(events: list[m.StreamEvent]) -> m.WholeMessage:
    collector = Collector()
    collector.feed(events)
    return collector.message()


def _texts(message: m.WholeMessage) -> str:
    return "".join(block.text for block in message.content if isinstance(block, m.TextBlock))


def _others(message: m.WholeMessage) -> list[m.ContentBlock]:
    return [block for block in message.content if not isinstance(block, m.TextBlock)]
