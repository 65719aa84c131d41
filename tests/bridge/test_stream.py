"""Replies told as tables: what Q sent on the left, what the client hears on the right."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq.fidelity import TABLE
from amq2api.bridge.amazonq.stream import StreamTranslator
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, UpstreamBusy
from bridge.replies import (
    BEGIN,
    METERED,
    ended,
    exception,
    frame,
    raw_frame,
    replay,
    terms,
    text,
    thought,
    told,
    tool,
    usage,
)  # fmt: skip

END = "end(end_turn) stop"
TOOL_END = "end(tool_use) stop"
LS = b'{"toolUseId":"tooluse_1","name":"ls","input":'

REPLIES: dict[str, tuple[list[bytes], str]] = {
    "a classic reply": ([BEGIN, text("Hi"), text(" you")], f"start +0text .Hi . you -0 {END}"),
    "a reply with its trailer": (
        [text("OK"), ended("END_TURN"), usage(4.3), METERED],
        f"start +0text .OK -0 {END}",
    ),
    "equal fragments are both kept": ([text("ha"), text("ha")], f"start +0text .ha .ha -0 {END}"),
    "an event that only names the model": (
        [frame("assistantResponseEvent", modelId="x"), text("a")],
        f"start +0text .a -0 {END}",
    ),
    "an empty text is no block": ([text(""), text("a")], f"start +0text .a -0 {END}"),
    "a tool call in fragments": (
        [tool("tooluse_1"), tool("tooluse_1", input='{"a"'), tool("tooluse_1", input=":1}"),
         tool("tooluse_1", stop=True), ended("TOOL_USE")],
        f'start +0tool_use:toolu_1:ls .{{"a" .:1}} -0 {TOOL_END}',
    ),
    "a tool call without arguments": (
        [tool("tooluse_1"), tool("tooluse_1", stop=True)],
        f"start +0tool_use:toolu_1:ls -0 {TOOL_END}",
    ),
    "a tool call in one frame": (
        [tool("tooluse_1", input="{}", stop=True)],
        f"start +0tool_use:toolu_1:ls .{{}} -0 {TOOL_END}",
    ),
    "its first frame repeated, before and after": (
        [tool("tooluse_1"), tool("tooluse_1"), tool("tooluse_1", stop=True), tool("tooluse_1")],
        f"start +0tool_use:toolu_1:ls -0 {TOOL_END}",
    ),
    "END_TURN after a tool call": (
        [tool("tooluse_1", stop=True), ended("END_TURN")],
        f"start +0tool_use:toolu_1:ls -0 {TOOL_END}",
    ),
    "TOOL_USE without a tool call": (
        [text("a"), ended("TOOL_USE")], f"start +0text .a -0 {END}",
    ),
    "text around a tool call": (
        [text("a"), tool("tooluse_1", stop=True), text("b")],
        f"start +0text .a -0 +1tool_use:toolu_1:ls -1 +2text .b -2 {TOOL_END}",
    ),
    "interleaved tool calls follow one another": (
        [tool("tooluse_1"), tool("tooluse_2", "cat"), tool("tooluse_1", input="{"),
         tool("tooluse_2", "cat", input='{"b":2}'), tool("tooluse_1", input="}"), text("x"),
         tool("tooluse_2", "cat", stop=True), tool("tooluse_1", stop=True)],
        "start +0tool_use:toolu_1:ls .{ .} -0 "
        f'+1tool_use:toolu_2:cat .{{"b":2}} -1 +2text .x -2 {TOOL_END}',
    ),
    "three lanes": (
        [tool("tooluse_1"), tool("tooluse_2"), tool("tooluse_3"), tool("tooluse_3", stop=True),
         tool("tooluse_2", stop=True), tool("tooluse_1", stop=True)],
        "start +0tool_use:toolu_1:ls -0 +1tool_use:toolu_2:ls -1 "
        f"+2tool_use:toolu_3:ls -2 {TOOL_END}",
    ),
    "signed reasoning": (
        [thought(text="hm"), thought(text="!"), thought(signature="sig"), text("42")],
        f"start +0thinking .hm .! ~sig -0 +1text .42 -1 {END}",
    ),
    "reasoning with its signature in one event": (
        [thought(text="hm", signature="sig"), text("a")],
        f"start +0thinking .hm ~sig -0 +1text .a -1 {END}",
    ),
    "unsigned reasoning gets our marker": (
        [thought(text="hm"), text("a")], f"start +0thinking .hm ~ours -0 +1text .a -1 {END}",
    ),
    "only a signature": (
        [thought(signature="sig"), text("a")], f"start +0thinking ~sig -0 +1text .a -1 {END}",
    ),
    "reasoning that nobody may read": (
        [text("a"), thought(redactedContent="LktU")],
        f"start +0text .a -0 +1redacted:LktU -1 {END}",
    ),
    "half an emoji at the end of an event": (
        [raw_frame("assistantResponseEvent", rb'{"content":"a\ud83d"}'),
         raw_frame("assistantResponseEvent", rb'{"content":"\ude00b"}')],
        f"start +0text .a .\U0001f600b -0 {END}",
    ),
    "half an emoji and never the other": (
        [raw_frame("assistantResponseEvent", rb'{"content":"a\ud83d"}'),
         tool("tooluse_1", stop=True)],
        f"start +0text .a -0 +1tool_use:toolu_1:ls -1 +2text .\ufffd -2 {TOOL_END}",
    ),
    "a tool call between the halves of an emoji": (
        [raw_frame("assistantResponseEvent", rb'{"content":"a\ud83d"}'),
         tool("tooluse_1", stop=True),
         raw_frame("assistantResponseEvent", rb'{"content":"\ude00"}')],
        f"start +0text .a -0 +1tool_use:toolu_1:ls -1 +2text .\U0001f600 -2 {TOOL_END}",
    ),
    "half an emoji and the end": (
        [raw_frame("assistantResponseEvent", rb'{"content":"a\ud83d"}')],
        f"start +0text .a .\ufffd -0 {END}",
    ),
    "half an emoji in a tool's input": (
        [raw_frame("toolUseEvent", LS + rb'"{\"a\":\"\ud83d"}'),
         raw_frame("toolUseEvent", LS + rb'"\ude00\"}","stop":true}')],
        f'start +0tool_use:toolu_1:ls .{{"a":" .\U0001f600"}} -0 {TOOL_END}',
    ),
    "an id that is not alphanumeric": (
        [tool("tooluse_a-b_c", stop=True)],
        f"start +0tool_use:toolu_15c8f95cc002e922fcfefbc7:ls -0 {TOOL_END}",
    ),
    "unknown and foreign events are silent": (
        [frame("newEvent", a=1), frame("codeReferenceEvent", references=[]), text("x"),
         frame("messageMetadataEvent", conversationId="c")],
        f"start +0text .x -0 {END}",
    ),
    "the service refuses the content": (
        [text("I"), ended("CONTENT_FILTERED")], "start +0text .I -0 end(refusal) stop",
    ),
    "the window is full": (
        [text("a"), ended("MODEL_CONTEXT_WINDOW_EXCEEDED"), usage(100)],
        "start +0text .a -0 end(model_context_window_exceeded) stop",
    ),
    "the window is full, says only the percentage": (
        [text("a"), usage(100)], "start +0text .a -0 end(model_context_window_exceeded) stop",
    ),
    "the limit, in lower case": (
        [text("a"), ended("max_tokens")], "start +0text .a -0 end(max_tokens) stop",
    ),
    "the limit inside a tool call": (
        [tool("tooluse_1", input='{"a'), ended("MAX_TOKENS")],
        'start +0tool_use:toolu_1:ls .{"a -0 end(max_tokens) stop',
    ),
    "the limit inside the first of two lanes": (
        [tool("tooluse_1", input='{"a'), tool("tooluse_2", input="{}", stop=True),
         ended("MAX_TOKENS")],
        'start +0tool_use:toolu_1:ls .{"a -0 +1tool_use:toolu_2:ls .{} -1 end(max_tokens) stop',
    ),
    "a pause after a tool call": (
        [tool("tooluse_1", stop=True), ended("PAUSE_TURN")],
        f"start +0tool_use:toolu_1:ls -0 {TOOL_END}",
    ),
    "a stop sequence that nobody asked for": (
        [text("a"), ended("STOP_SEQUENCE")], f"start +0text .a -0 {END}",
    ),
    "blanks before a tool's input": (
        [tool("tooluse_1", input=" "), tool("tooluse_1", input="\n{ "),
         tool("tooluse_1", input="}", stop=True)],
        f"start +0tool_use:toolu_1:ls .{{  .}} -0 {TOOL_END}",
    ),
    "blanks for a tool's input": (
        [tool("tooluse_1", input=" \t"), tool("tooluse_1", input="\n", stop=True)],
        f"start +0tool_use:toolu_1:ls -0 {TOOL_END}",
    ),
    "the window is full after a tool call, says only the percentage": (
        [tool("tooluse_1", stop=True), usage(100)], f"start +0tool_use:toolu_1:ls -0 {TOOL_END}",
    ),
    "the window is full inside a tool call": (
        [tool("tooluse_1", stop=True), tool("tooluse_2", input='{"a'), usage(100)],
        'start +0tool_use:toolu_1:ls -0 +1tool_use:toolu_2:ls .{"a -1 '
        "end(model_context_window_exceeded) stop",
    ),
    "the limit before a tool call has any input": (
        [tool("tooluse_1"), ended("MAX_TOKENS")],
        "start +0tool_use:toolu_1:ls .{ -0 end(max_tokens) stop",
    ),
    "the limit after a whole tool call": (
        [tool("tooluse_1", stop=True), text("a"), ended("MAX_TOKENS")],
        "start +0tool_use:toolu_1:ls -0 +1text .a -1 end(max_tokens) stop",
    ),
    "the limit inside a thought": (
        [thought(text="hm"), ended("MAX_TOKENS")],
        "start +0thinking .hm ~ours -0 end(max_tokens) stop",
    ),
    "a refusal inside a tool call": (
        [tool("tooluse_1", input='{"a'), ended("CONTENT_FILTERED")],
        'start +0tool_use:toolu_1:ls .{"a -0 end(refusal) stop',
    ),
    "a refusal without a word": ([ended("GUARDRAIL_INTERVENED")], "start end(refusal) stop"),
    "a refusal after a tool call": (
        [tool("tooluse_1", stop=True), ended("CONTENT_FILTERED")],
        "start +0tool_use:toolu_1:ls -0 end(refusal) stop",
    ),
    "a reason that nobody knows": ([text("a"), ended("BORED")], f"start +0text .a -0 {END}"),
    "thoughts between tools": (
        [thought(text="hm", signature="s"), tool("tooluse_1", stop=True),
         thought(text="so", signature="t"), tool("tooluse_2", stop=True)],
        "start +0thinking .hm ~s -0 +1tool_use:toolu_1:ls -1 +2thinking .so ~t -2 "
        f"+3tool_use:toolu_2:ls -3 {TOOL_END}",
    ),
    "a thought inside a tool call waits for it": (
        [tool("tooluse_1"), thought(text="hm", signature="s"), tool("tooluse_1", stop=True)],
        f"start +0tool_use:toolu_1:ls -0 +1thinking .hm ~s -1 {TOOL_END}",
    ),
    "equal calls are both made": (
        [tool("tooluse_1", input="{}", stop=True), tool("tooluse_2", input="{}", stop=True)],
        "start +0tool_use:toolu_1:ls .{} -0 +1tool_use:toolu_2:ls .{} -1 " + TOOL_END,
    ),
    "equal thoughts are both kept": (
        [thought(text="ha"), thought(text="ha"), thought(signature="s")],
        f"start +0thinking .ha .ha ~s -0 {END}",
    ),
    "a pause": ([text("a"), ended("PAUSE_TURN")], "start +0text .a -0 end(pause_turn) stop"),
    "nothing to say, and says so": ([ended("END_TURN"), METERED], f"start {END}"),
}  # fmt: skip

BROKEN: dict[str, tuple[list[bytes], str]] = {
    "nothing at all": ([], "start error(api_error)"),
    "only the head": ([BEGIN], "start error(api_error)"),
    "a lone context usage": ([BEGIN, usage(3)], "start error(api_error)"),
    "a tool call that never closes": (
        [tool("tooluse_1", input='{"a":1}')],
        'start +0tool_use:toolu_1:ls .{"a":1} error(api_error)',
    ),
    "a tool call that never closes, yet all is said to be well": (
        [tool("tooluse_1", input='{"a":1}'), ended("TOOL_USE")],
        'start +0tool_use:toolu_1:ls .{"a":1} error(api_error)',
    ),
    "a closed tool call with half its input": (
        [tool("tooluse_1", input='{"a'), tool("tooluse_1", stop=True)],
        'start +0tool_use:toolu_1:ls .{"a error(api_error)',
    ),
    "a tool call whose input is no object": (
        [tool("tooluse_1", input="[1]", stop=True)],
        "start +0tool_use:toolu_1:ls .[1] error(api_error)",
    ),
    "a tool call that goes on after its end": (
        [tool("tooluse_1", stop=True), tool("tooluse_1", input="{}")],
        "start +0tool_use:toolu_1:ls -0 error(api_error)",
    ),
    "a tool call without a name": ([tool("tooluse_1", "")], "start error(api_error)"),
    "a malformed tool call": (
        [text("a"), ended("MALFORMED_TOOL_USE")], "start +0text .a -0 error(api_error)",
    ),
    "a malformed tool call that is open": (
        [tool("tooluse_1", input='{"a'), ended("MALFORMED_TOOL_USE")],
        'start +0tool_use:toolu_1:ls .{"a error(api_error)',
    ),
    "malformed output": (
        [thought(text="hm"), ended("MALFORMED_MODEL_OUTPUT")],
        "start +0thinking .hm ~ours -0 error(api_error)",
    ),
    "a pause inside a tool call": (
        [tool("tooluse_1", input='{"a'), ended("PAUSE_TURN")],
        'start +0tool_use:toolu_1:ls .{"a error(api_error)',
    ),
    "an exception after text": (
        [text("a"), exception("ThrottlingException", message="m",
                              reason="USER_REQUEST_RATE_EXCEEDED")],
        "start +0text .a -0 error(overloaded_error)",
    ),
    "an exception in the same read as text": (
        [text("a") + exception("InternalServerException", message="m")],
        "start +0text .a -0 error(api_error)",
    ),
    "an invalid state": (
        [text("a"), frame("invalidStateEvent", reason="STALE", message="m")],
        "start +0text .a -0 error(api_error)",
    ),
    "an event of the wrong shape": (
        [text("a"), frame("assistantResponseEvent", content=3)],
        "start +0text .a -0 error(api_error)",
    ),
    "a flipped bit after good frames": (
        [text("a") + text("b")[:-1] + b"\0"], "start +0text .a -0 error(api_error)",
    ),
    "a cut frame": ([text("a") + text("b")[:-1]], "start +0text .a -0 error(api_error)"),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "story"), [*REPLIES.values(), *BROKEN.values()],
                         ids=[*REPLIES, *BROKEN])  # fmt: skip
def test_replies(chunks: list[bytes], story: str) -> None:
    assert told(replay(chunks)[1]) == story


@pytest.mark.parametrize(("chunks", "story"), [*REPLIES.values(), *BROKEN.values()],
                         ids=[*REPLIES, *BROKEN])  # fmt: skip
def test_replies_byte_by_byte(chunks: list[bytes], story: str) -> None:
    stream = b"".join(chunks)
    assert told(replay([bytes([byte]) for byte in stream])[1]) == story


TERMS: dict[str, tuple[dict[str, Any], list[bytes], str]] = {
    "a stop sequence across events": (
        {"stop_sequences": ("STOP",)}, [text("abST"), text("OPcd")],
        "start +0text .ab -0 end(stop_sequence=STOP) stop",
    ),
    "almost a stop sequence": (
        {"stop_sequences": ("STOP",)}, [text("abST"), text("ART")],
        f"start +0text .ab .START -0 {END}",
    ),
    "almost a stop sequence, then the end": (
        {"stop_sequences": ("STOP",)}, [text("abSTO")], f"start +0text .ab .STO -0 {END}",
    ),
    "almost a stop sequence, then a tool": (
        {"stop_sequences": ("STOP",)}, [text("abST"), tool("tooluse_1", stop=True)],
        f"start +0text .ab .ST -0 +1tool_use:toolu_1:ls -1 {TOOL_END}",
    ),
    "almost a stop sequence, then a failure": (
        {"stop_sequences": ("STOP",)}, [text("abST"), exception("error", message="m")],
        "start +0text .ab .ST -0 error(api_error)",
    ),
    "the answer is the stop sequence": (
        {"stop_sequences": ("STOP",)}, [text("STOP")], "start end(stop_sequence=STOP) stop",
    ),
    "a stop sequence with a thought of nothing in it": (
        {"stop_sequences": ("STOP",)}, [text("aST"), thought(), text("OP")],
        "start +0text .a -0 end(stop_sequence=STOP) stop",
    ),
    "a stop sequence with a thought that nobody hears in it": (
        {"stop_sequences": ("STOP",), "want_thinking": False},
        [text("aST"), thought(text="hm", signature="sig"), text("OP")],
        "start +0text .a -0 end(stop_sequence=STOP) stop",
    ),
    "a stop sequence in a tool's input is none": (
        {"stop_sequences": ("a",)}, [tool("tooluse_1", input='{"a":1}', stop=True)],
        f'start +0tool_use:toolu_1:ls .{{"a":1}} -0 {TOOL_END}',
    ),
    "a stop sequence broken by a tool call is none": (
        {"stop_sequences": ("STOP",)},
        [text("ST"), tool("tooluse_1", stop=True), text("OP"), text(".")],
        f"start +0text .ST -0 +1tool_use:toolu_1:ls -1 +2text .OP .. -2 {TOOL_END}",
    ),
    "a stop sequence at the very end": (
        {"stop_sequences": ("STOP",)}, [text("abSTOP"), ended("END_TURN")],
        "start +0text .ab -0 end(stop_sequence=STOP) stop",
    ),
    "a stop sequence after a tool call": (
        {"stop_sequences": ("STOP",)}, [tool("tooluse_1", stop=True), text("aSTOP")],
        "start +0tool_use:toolu_1:ls -0 +1text .a -1 end(stop_sequence=STOP) stop",
    ),
    "a stop sequence letter by letter": (
        {"stop_sequences": ("\n\n", "END")}, [text(c) for c in "a\nEN\n\nb"],
        "start +0text .a .\n .EN -0 end(stop_sequence=\n\n) stop",
    ),
    "a limit before a tool call's input": (
        {"max_tokens": 1}, [text("ab"), tool("tooluse_1"), tool("tooluse_1", input='{"a":1}')],
        "start +0text .ab -0 +1tool_use:toolu_1:ls .{ -1 end(max_tokens) stop",
    ),
    "a prefill repeated": (
        {"prefill": "Once upon a time"}, [text("Once upon"), text(" a time there"), text(" was")],
        f"start +0text . there . was -0 {END}",
    ),
    "a prefill half repeated, then a tool call": (
        {"prefill": "Once upon a time"}, [text("Once upon"), tool("tooluse_1", stop=True)],
        f"start +0text .Once upon -0 +1tool_use:toolu_1:ls -1 {TOOL_END}",
    ),
    "a prefill repeated up to a stop sequence": (
        {"prefill": "Once upon a time", "stop_sequences": ("time", "was")},
        [text("Once upon a time there was")],
        "start +0text . there  -0 end(stop_sequence=was) stop",
    ),
    "no tool at all": (
        {"no_tools": True}, [text("a"), tool("tooluse_1"), text("b"), tool("tooluse_1", stop=True)],
        f"start +0text .a .b -0 {END}",
    ),
    "no tool at all, and nothing else comes": (
        {"no_tools": True}, [tool("tooluse_1", input="{}", stop=True)], f"start {END}",
    ),
    "one tool only, of two at once": (
        {"one_tool": True},
        [tool("tooluse_1"), tool("tooluse_2", input="{}", stop=True),
         tool("tooluse_1", input="{}", stop=True)],
        f"start +0tool_use:toolu_1:ls .{{}} -0 {TOOL_END}",
    ),
    "one tool only, and text before it": (
        {"one_tool": True}, [text("a"), tool("tooluse_1", stop=True), text("b")],
        f"start +0text .a -0 +1tool_use:toolu_1:ls -1 {TOOL_END}",
    ),
    "a limit of one": (
        {"max_tokens": 1}, [text("Hello there")], "start +0text .He -0 end(max_tokens) stop",
    ),
    "a limit of one that is enough": (
        {"max_tokens": 1}, [text("ok")], f"start +0text .ok -0 {END}",
    ),
    "a limit of nothing": ({"max_tokens": 0}, [text("a")], "start end(max_tokens) stop"),
    "one tool only": (
        {"one_tool": True}, [tool("tooluse_1", stop=True), tool("tooluse_2", stop=True)],
        f"start +0tool_use:toolu_1:ls -0 {TOOL_END}",
    ),
    "a name restored": (
        {"names": {"ls": "my.long.name"}}, [tool("tooluse_1", stop=True)],
        f"start +0tool_use:toolu_1:my.long.name -0 {TOOL_END}",
    ),
    "thinking tags": (
        {"thinking_tags": True},
        [text("<thin"), text("king>a</"), text("b</thinking>\n\nc"), text("d")],
        f"start +0thinking .a .</b ~ours -0 +1text .c .d -1 {END}",
    ),
    "thinking tags, cut in the answer": (
        {"thinking_tags": True}, [text(" <thinking>a</thinking>"), tool("tooluse_1", stop=True)],
        f"start +0thinking .a ~ours -0 +1tool_use:toolu_1:ls -1 {TOOL_END}",
    ),
    "no thinking tags after all": (
        {"thinking_tags": True}, [text("<"), text("b> <thinking>")],
        f"start +0text .<b> <thinking> -0 {END}",
    ),
    "a lone angle bracket": ({"thinking_tags": True}, [text("<")], f"start +0text .< -0 {END}"),
    "tags that nobody asked for are text": (
        {}, [text("<thinking>a</thinking>b")],
        f"start +0text .<thinking>a</thinking>b -0 {END}",
    ),
    "thinking omitted": (
        {"show_thinking": False}, [thought(signature="sig"), text("a")],
        f"start +0thinking ~sig -0 +1text .a -1 {END}",
    ),
    # The signature would be refused under a text that is not the one it was made for.
    "thinking omitted only here": (
        {"show_thinking": False},
        [thought(text="hm"), thought(signature="sig"), thought(signature="sig2"), text("a")],
        f"start +0thinking ~ours -0 +1thinking ~sig2 -1 +2text .a -2 {END}",
    ),
    "thinking disabled": (
        {"want_thinking": False}, [thought(text="hm"), thought(signature="sig"), text("a")],
        f"start +0text .a -0 {END}",
    ),
    "almost a stop sequence, then a trailer that does not come": (
        {"stop_sequences": ("STOP",), "expects_trailer": True}, [text("abST")],
        "start +0text .ab .ST -0 error(api_error)",
    ),
    "almost a stop sequence, then output that cannot be read": (
        {"stop_sequences": ("STOP",)}, [text("abST"), ended("MALFORMED_MODEL_OUTPUT")],
        "start +0text .ab .ST -0 error(api_error)",
    ),
    "a trailer that does not come": (
        {"expects_trailer": True}, [text("a")], "start +0text .a -0 error(api_error)",
    ),
    "a trailer that comes": (
        {"expects_trailer": True}, [text("a"), METERED], f"start +0text .a -0 {END}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "chunks", "story"), TERMS.values(), ids=TERMS)
def test_terms(changes: dict[str, Any], chunks: list[bytes], story: str) -> None:
    assert told(replay(chunks, **changes)[1]) == story


@pytest.mark.parametrize("make", [text, lambda s: tool("tooluse_1", input=s)], ids=["text", "tool"])
def test_max_tokens_cuts_and_counts(make: Any) -> None:
    _, heard = replay([make("word " * 50), make("never heard")], max_tokens=5)
    deltas = [event.delta for event in heard if isinstance(event, m.ContentBlockDelta)]
    assert 0 < sum(len(str(msgspec.structs.astuple(delta)[0])) for delta in deltas) < 60
    end = heard[-2]
    assert isinstance(end, m.MessageDelta)
    assert (end.delta.stop_reason, end.usage.output_tokens) == ("max_tokens", 5)


USAGES: dict[str, tuple[list[bytes], int | None, tuple[int, int, int, int], str]] = {
    "told by the service": (
        [text("a"), ended("END_TURN", tokenUsage={
            "uncachedInputTokens": 5, "outputTokens": 6, "totalTokens": 20,
            "cacheReadInputTokens": 7, "cacheWriteInputTokens": 2})],
        200_000, (5, 2, 7, 6), "service",
    ),
    "from the context percentage": (
        [text("abcd"), usage(1.0)], 200_000, (1999, 0, 0, 1), "context",
    ),
    "a percentage of nothing known": ([text("abcd"), usage(1.0)], None, (7, 0, 0, 1), "estimate"),
    "estimated": ([text("abcd")], 200_000, (7, 0, 0, 1), "estimate"),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "window", "numbers", "source"), USAGES.values(), ids=USAGES)
def test_usage(
    chunks: list[bytes], window: int | None, numbers: tuple[int, int, int, int], source: str
) -> None:
    translator, heard = replay(chunks, window=window)
    end = heard[-2]
    assert isinstance(end, m.MessageDelta)
    assert msgspec.structs.astuple(end.usage)[:4] == numbers
    assert translator.outcome.usage_source == source
    assert translator.outcome.input_tokens == sum(numbers[:3])


def test_credits_and_strangers_are_reported() -> None:
    translator, _ = replay([text("a"), frame("newEvent"), frame("newEvent"), METERED])
    assert translator.outcome.credits == 0.25
    assert translator.outcome.unknown_events == ["newEvent"]
    assert translator.trailer


NOTED: dict[str, tuple[dict[str, Any], list[bytes], list[str]]] = {
    "nothing": ({}, [text("a"), thought(text="a", signature="s")], []),
    "events of other front ends": (
        {}, [frame("codeReferenceEvent", references=[]), frame("newEvent"), text("a")],
        ["dropped:answer.events"],
    ),
    "a signature of ours": ({}, [thought(text="a"), text("b")], ["approximated:answer.signature"]),
    "a forbidden tool call": (
        {"no_tools": True}, [text("a"), tool("tooluse_1", stop=True)], ["dropped:answer.tool_use"],
    ),
    "a prefill repeated": (
        {"prefill": "Once upon a time"}, [text("Once upon a time"), text("a")],
        ["repaired:prefill"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "chunks", "notes"), NOTED.values(), ids=NOTED)
def test_what_only_the_reply_shows_is_noted(
    changes: dict[str, Any], chunks: list[bytes], notes: list[str]
) -> None:
    translator, _ = replay(chunks, **changes)
    assert [str(note) for note in translator.outcome.notes] == notes
    assert all(note.subject in TABLE for note in translator.outcome.notes)


def test_what_a_broken_reply_cost_is_reported() -> None:
    chunks = [text("abcd"), ended("MALFORMED_MODEL_OUTPUT"), usage(1.0), METERED]
    outcome = replay(chunks, window=200_000)[0].outcome
    assert (outcome.stop_reason, outcome.credits) == ("error", 0.25)
    assert (outcome.input_tokens, outcome.usage_source) == (1999, "context")


def test_refusal_says_why() -> None:
    details = {"refusal": {"category": "cyber", "explanation": "no"}}
    _, heard = replay([ended("CONTENT_FILTERED", stopDetails=details)])
    end = heard[-2]
    assert isinstance(end, m.MessageDelta)
    assert end.delta.stop_details == {"type": "refusal", "category": "cyber", "explanation": "no"}


def test_a_stream_may_begin_before_the_service_does() -> None:
    translator = StreamTranslator(terms())
    assert told(translator.begin()) == "start"
    assert translator.begin() == [] and not translator.answering
    assert told(translator.feed(text("a"))) == "+0text .a"
    assert translator.answering


def test_failure_before_anything() -> None:
    assert (
        told(StreamTranslator(terms()).fail(UpstreamBusy("m"))) == "start error(overloaded_error)"
    )


def test_many_interleaved_calls_do_not_exhaust_the_stack() -> None:
    keys = [f"tooluse_{n}" for n in range(3000)]
    opened, closed = [tool(key) for key in keys], [tool(key, stop=True) for key in keys[::-1]]
    _, heard = replay([b"".join([*opened, *closed])])
    assert told(heard).endswith(f"-2999 {TOOL_END}")


IDS = st.sampled_from(["tooluse_1", "tooluse_2", "tooluse_3"])
FRAMES = st.one_of(
    st.builds(text, st.text(max_size=3)),
    st.builds(lambda s: thought(text=s), st.text(max_size=3)),
    st.builds(lambda s: thought(signature=s), st.text(min_size=1, max_size=3)),
    st.builds(
        lambda key, stop, input_: tool(key, input=input_, stop=stop),
        IDS, st.booleans(), st.sampled_from(["", "{", "}", "{}"]),
    ),
    st.sampled_from([
        ended("END_TURN"), ended("MAX_TOKENS"), usage(3), usage(100), METERED,
        frame("newEvent"), exception("ThrottlingException", message="m"),
    ]),
)  # fmt: skip
LEGAL: dict[str, dict[type[m.StreamEvent], str]] = {
    "new": {m.MessageStart: "idle"},
    "idle": {m.ContentBlockStart: "block", m.MessageDelta: "closing", m.StreamError: "done"},
    "block": {
        m.ContentBlockDelta: "block", m.ContentBlockStop: "idle", m.StreamError: "done",
    },
    "closing": {m.MessageStop: "done"},
    "done": {},
}  # fmt: skip


@given(st.lists(FRAMES), st.fixed_dictionaries({
    "stop_sequences": st.sampled_from([(), ("ab", "b")]),
    "max_tokens": st.sampled_from([None, 0, 1, 3]),
    "thinking_tags": st.booleans(), "show_thinking": st.booleans(), "one_tool": st.booleans(),
}))  # fmt: skip
def test_any_reply_makes_a_legal_stream(chunks: list[bytes], changes: dict[str, Any]) -> None:
    heard = replay(chunks, **changes)[1]
    state, index = "new", -1
    for event in heard:
        state = LEGAL[state][type(event)]
        if isinstance(event, m.ContentBlockStart):
            index += 1
        if isinstance(event, m.ContentBlockStart | m.ContentBlockDelta | m.ContentBlockStop):
            assert event.index == index
    assert state == "done"


@given(
    st.lists(FRAMES | st.builds(text, st.text()) | st.just(tool("tooluse_1", input=" ,1"))),
    st.integers(1, 300),
    st.fixed_dictionaries({
        "stop_sequences": st.sampled_from([(), ("ab", "b")]),
        "max_tokens": st.sampled_from([None, 1, 3, 9]),
        "show_thinking": st.booleans(), "want_thinking": st.booleans(),
    }),
)  # fmt: skip
def test_how_a_reply_is_cut_into_reads_changes_nothing(
    chunks: list[bytes], size: int, changes: dict[str, Any]
) -> None:
    whole = b"".join(chunks)
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    (one, heard), others = (
        replay(chunks, **changes),
        (replay([whole], **changes), replay(pieces, **changes)),
    )
    for other, also_heard in others:
        assert also_heard == heard
        assert other.outcome == one.outcome


@given(st.lists(FRAMES))
def test_a_call_that_is_told_as_whole_is_whole(chunks: list[bytes]) -> None:
    heard = replay(chunks)[1]
    end = heard[-2]
    if not isinstance(end, m.MessageDelta) or end.delta.stop_reason != "tool_use":
        return
    inputs: dict[int, str] = {}
    for event in heard:
        if isinstance(event, m.ContentBlockStart) and isinstance(
            event.content_block, m.ToolUseBlock
        ):
            inputs[event.index] = ""
        if isinstance(event, m.ContentBlockDelta) and isinstance(event.delta, m.InputJsonDelta):
            inputs[event.index] += event.delta.partial_json
    assert inputs
    assert all(isinstance(msgspec.json.decode(text or "{}"), dict) for text in inputs.values())


@given(st.lists(st.text(), min_size=1), st.data())
def test_no_text_is_lost_however_it_is_cut(texts: list[str], data: st.DataObject) -> None:
    stream = b"".join(map(text, texts)) + ended("END_TURN")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    heard = replay(pieces)[1]
    deltas = [event.delta for event in heard if isinstance(event, m.ContentBlockDelta)]
    assert "".join(d.text for d in deltas if isinstance(d, m.TextDelta)) == "".join(texts)


@given(st.binary(max_size=200))
def test_noise_never_raises(noise: bytes) -> None:
    translator = StreamTranslator(terms())
    translator.feed(text("a"))
    translator.feed(noise)
    with contextlib.suppress(GatewayError):
        translator.finish()
