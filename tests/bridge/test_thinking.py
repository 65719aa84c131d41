"""Thoughts in tags: told apart at the beginning of an answer, and nowhere else."""

import pytest

from amq2api.bridge.amazonq.thinking import Piece, ThoughtSplitter
from amq2api.bridge.amazonq.words import MARKER_SIGNATURE
from amq2api.dialects import messages as m
from bridge.replies import ended, exception, replay, text, thought, told, tool

END = "end(end_turn) stop"


def split(*pieces: str) -> list[Piece]:
    """What becomes of a text in pieces, equal kinds joined."""
    splitter = ThoughtSplitter()
    out: list[Piece] = []
    for kind, said in [p for one in pieces for p in splitter.feed(one)] + splitter.finish():
        if out and out[-1][0] == kind:
            said = out.pop()[1] + said
        out.append((kind, said))
    return out


TEXTS: dict[str, tuple[str, list[Piece]]] = {
    "a thought and an answer": (
        "<thinking>a</thinking>\n\nb", [("thinking", "a"), ("text", "b")],
    ),
    "blank space around the tags": (
        " \n<thinking>\na\n</thinking> \n b ", [("thinking", "\na\n"), ("text", "b ")],
    ),
    "only an answer": ("b", [("text", "b")]),
    "only a thought": ("<thinking>a</thinking>", [("thinking", "a")]),
    "only a thought and blank space": ("<thinking>a</thinking>\n\n", [("thinking", "a")]),
    "a thought that is never closed": ("<thinking>a", [("thinking", "a")]),
    "a thought that is closed by half": ("<thinking>a</think", [("thinking", "a</think")]),
    "an empty thought": ("<thinking></thinking>b", [("text", "b")]),
    "half a tag and the end": ("<thin", [("text", "<thin")]),
    "almost the tag": ("<thinker>b", [("text", "<thinker>b")]),
    "the tag in capitals": ("<Thinking>b", [("text", "<Thinking>b")]),
    "the tag in the middle": (
        "b <thinking>c</thinking>", [("text", "b <thinking>c</thinking>")],
    ),
    "the tag in code": (
        "```xml\n<thinking>c</thinking>\n```", [("text", "```xml\n<thinking>c</thinking>\n```")],
    ),
    "a second thought is text": (
        "<thinking>a</thinking>b<thinking>c</thinking>",
        [("thinking", "a"), ("text", "b<thinking>c</thinking>")],
    ),
    "a closing tag in the answer": (
        "<thinking>a</thinking>b</thinking>", [("thinking", "a"), ("text", "b</thinking>")],
    ),
    "an opening tag in the thought": (
        "<thinking>a<thinking>b</thinking>c", [("thinking", "a<thinking>b"), ("text", "c")],
    ),
    "angle brackets in the thought": (
        "<thinking>a < b </t> </thinking >c</thinking>d",
        [("thinking", "a < b </t> </thinking >c"), ("text", "d")],
    ),
    "blank space alone": (" \n", [("text", " \n")]),
    "nothing": ("", []),
}  # fmt: skip


@pytest.mark.parametrize(("whole", "pieces"), TEXTS.values(), ids=TEXTS)
def test_texts(whole: str, pieces: list[Piece]) -> None:
    assert split(whole) == pieces
    assert split(*whole) == pieces
    for at in range(len(whole)):
        assert split(whole[:at], whole[at:]) == pieces


REPLIES: dict[str, tuple[list[bytes], str, str]] = {
    "a tool call in the middle of a thought": (
        [text("<thinking>a"), tool("tooluse_1", stop=True), text("b</thinking>c")],
        "start +0thinking .a ~ours -0 +1tool_use:toolu_1:ls -1 +2thinking .b ~ours -2 "
        "+3text .c -3 end(tool_use) stop", "approximated:answer.signature",
    ),
    "a tool call right after a thought": (
        [text("<thinking>a</thinking>\n"), tool("tooluse_1", stop=True)],
        "start +0thinking .a ~ours -0 +1tool_use:toolu_1:ls -1 end(tool_use) stop",
        "approximated:answer.signature",
    ),
    "the tag after a tool call is text": (
        [tool("tooluse_1", stop=True), text("<thinking>a</thinking>")],
        "start +0tool_use:toolu_1:ls -0 +1text .<thinking>a</thinking> -1 end(tool_use) stop", "",
    ),
    "half a tag, then a tool call": (
        [text("<thin"), tool("tooluse_1", stop=True), text("king>a")],
        "start +0text .<thin -0 +1tool_use:toolu_1:ls -1 +2text .king>a -2 end(tool_use) stop", "",
    ),
    "a reply that is all thought": (
        [text("<thinking>a</thinking>"), ended("END_TURN")],
        f"start +0thinking .a ~ours -0 {END}", "approximated:answer.signature",
    ),
    "a thought that is never closed": (
        [text("<thinking>a"), ended("END_TURN")], f"start +0thinking .a ~ours -0 {END}",
        "repaired:answer.thinking approximated:answer.signature",
    ),
    "the service's own thoughts beside the tags": (
        [thought(text="x", signature="sig"), text("<thinking>a</thinking>b")],
        "start +0thinking .x ~sig -0 +1text .<thinking>a</thinking>b -1 " + END, "",
    ),
    "a failure in the middle of a thought": (
        [text("<thinking>a</thi"), exception("error", message="m")],
        "start +0thinking .a .</thi ~ours -0 error(api_error)",
        "repaired:answer.thinking approximated:answer.signature",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "story", "notes"), REPLIES.values(), ids=REPLIES)
def test_replies_with_tags(chunks: list[bytes], story: str, notes: str) -> None:
    translator, heard = replay(chunks, thinking_tags=True)
    assert told(heard) == story
    assert " ".join(map(str, translator.outcome.notes)) == notes


def test_thoughts_in_tags_may_be_omitted() -> None:
    chunks = [text("<thinking>a</thinking>b")]
    assert told(replay(chunks, thinking_tags=True, show_thinking=False)[1]) == (
        f"start +0thinking ~ours -0 +1text .b -1 {END}"
    )


def test_a_disabled_model_that_thinks_in_text_is_taken_at_its_word() -> None:
    """Nobody asked for tags, so these are the answer's."""
    translator, heard = replay([text("<thinking>a</thinking>b")], want_thinking=False)
    assert told(heard) == f"start +0text .<thinking>a</thinking>b -0 {END}"
    assert translator.outcome.notes == []


@pytest.mark.parametrize("event", [
    thought(text="hm"), thought(signature="sig"), thought(redactedContent="LktU"),
], ids=["text", "signature", "redacted"])  # fmt: skip
def test_what_a_disabled_model_thinks_natively_is_left_out(event: bytes) -> None:
    translator, heard = replay([event, text("a")], want_thinking=False)
    assert told(heard) == f"start +0text .a -0 {END}"
    assert [str(note) for note in translator.outcome.notes] == ["dropped:answer.thinking"]


def test_no_thought_is_ever_without_a_signature() -> None:
    for chunks in [thought(text="a")], [thought(text="a"), thought(signature="")]:
        deltas = [e.delta for e in replay(chunks)[1] if isinstance(e, m.ContentBlockDelta)]
        assert deltas[-1] == m.SignatureDelta(MARKER_SIGNATURE)


def test_a_limit_inside_a_thought() -> None:
    heard = replay([thought(text="word " * 100), thought(signature="s")], max_tokens=5)[1]
    assert told(heard[-4:]) == "~ours -0 end(max_tokens) stop"


def test_a_stop_sequence_inside_a_thought_is_none() -> None:
    for chunks in [thought(text="STOP"), text("a")], [text("<thinking>STOP</thinking>a")]:
        heard = replay(chunks, stop_sequences=("STOP",), thinking_tags=True)[1]
        assert told(heard) == f"start +0thinking .STOP ~ours -0 +1text .a -1 {END}"
