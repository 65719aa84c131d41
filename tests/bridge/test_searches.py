"""Replies in which the model searches the web: what waits, what goes on, what is added up."""

from typing import Any

import msgspec
import pytest

from amq2api.bridge.amazonq.stream import StreamTranslator
from amq2api.bridge.backend import Progress, Search
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError
from bridge.replies import METERED, ended, terms, text, thought, told, tool, usage

RESULT = [m.WebSearchResult("http://x/", "X", "YW1xMmFwaTog")]
FAILED = m.WebSearchError("unavailable")


def search(key: str, **members: Any) -> bytes:
    return tool(key, "web_search", **members)


def whole(key: str, query: str) -> bytes:
    return search(key, input=msgspec.json.encode({"query": query}).decode(), stop=True)


def translator(progress: Progress | None = None, **changes: Any) -> StreamTranslator:
    return StreamTranslator(terms(**{"search": "web_search", **changes}), progress)


def answered(made: StreamTranslator, content: Any = RESULT) -> str:
    assert made.wanted is not None
    return told(made.answer(m.WebSearchToolResultBlock(made.wanted.id, content)))


def replayed(made: StreamTranslator, *chunks: bytes, content: Any = RESULT) -> str:
    """All that is heard of a reply whose searches are answered at once."""
    heard = []
    for chunk in chunks:
        heard.append(told(made.feed(chunk)))
        while made.wanted is not None:
            heard.append(answered(made, content))
    try:
        if made.failure is not None:
            raise made.failure
        heard.append(told(made.finish()))
        while made.wanted is not None:
            heard += [answered(made, content), told(made.finish())]
    except GatewayError as failure:
        heard.append(told(made.fail(failure)))
    return " ".join(filter(None, heard))


FOUND_1 = '+1search:srvtoolu_1 .{"query":"a"} -1 +2found:srvtoolu_1 -2'
REPLIES: dict[str, tuple[list[bytes], str]] = {
    "a search and nothing else": (
        [text("Wait"), whole("tooluse_1", "a"), ended("TOOL_USE")],
        f"start +0text .Wait -0 {FOUND_1}",
    ),
    "a search in fragments": (
        [text("Wait"), search("tooluse_1"), search("tooluse_1", input='{"query"'),
         search("tooluse_1", input=':"a"}'), search("tooluse_1", stop=True)],
        'start +0text .Wait -0 +1search:srvtoolu_1 .{"query" .:"a"} -1 +2found:srvtoolu_1 -2',
    ),
    "all of it in one read": (
        [text("Wait") + whole("tooluse_1", "a") + ended("TOOL_USE") + METERED],
        f"start +0text .Wait -0 {FOUND_1}",
    ),
    "text after a search comes after its result": (
        [text("Wait") + whole("tooluse_1", "a") + text("!")],
        f"start +0text .Wait -0 {FOUND_1} +3text .! -3",
    ),
    "two searches": (
        [text("Wait") + whole("tooluse_1", "a") + whole("tooluse_2", "b")],
        f"start +0text .Wait -0 {FOUND_1} "
        '+3search:srvtoolu_2 .{"query":"b"} -3 +4found:srvtoolu_2 -4',
    ),
    "two searches interleaved": (
        [text("Wait"), search("tooluse_1", input='{"query"'), whole("tooluse_2", "b"),
         search("tooluse_1", input=':"a"}', stop=True)],
        'start +0text .Wait -0 +1search:srvtoolu_1 .{"query" .:"a"} -1 +2found:srvtoolu_1 -2 '
        '+3search:srvtoolu_2 .{"query":"b"} -3 +4found:srvtoolu_2 -4',
    ),
    "a search and a tool of the client's": (
        [text("Wait") + whole("tooluse_1", "a") + tool("tooluse_2", stop=True)],
        f"start +0text .Wait -0 {FOUND_1} +3tool_use:toolu_2:ls -3 end(tool_use) stop",
    ),
    "a tool of the client's and a search": (
        [tool("tooluse_2", stop=True) + whole("tooluse_1", "a")],
        f"start +0tool_use:toolu_2:ls -0 {FOUND_1} end(tool_use) stop",
    ),
    "a search inside an open tool call waits for it": (
        [tool("tooluse_2"), whole("tooluse_1", "a"), tool("tooluse_2", stop=True)],
        f"start +0tool_use:toolu_2:ls -0 {FOUND_1} end(tool_use) stop",
    ),
    "its first frame repeated": (
        [text("Wait"), whole("tooluse_1", "a") + search("tooluse_1")],
        f"start +0text .Wait -0 {FOUND_1}",
    ),
    "the limit inside a search": (
        [search("tooluse_1", input='{"que'), ended("MAX_TOKENS")],
        'start +0search:srvtoolu_1 .{"que -0 end(max_tokens) stop',
    ),
    "the limit after a search": (
        [text("Wait"), whole("tooluse_1", "a"), text("b"), ended("MAX_TOKENS")],
        f"start +0text .Wait -0 {FOUND_1} +3text .b -3 end(max_tokens) stop",
    ),
    "a refusal after a search": (
        [text("Wait"), whole("tooluse_1", "a"), ended("CONTENT_FILTERED")],
        f"start +0text .Wait -0 {FOUND_1} end(refusal) stop",
    ),
    "a search that is cut": (
        [search("tooluse_1", input='{"que', stop=True)],
        'start +0search:srvtoolu_1 .{"que error(api_error)',
    ),
    "a failure after a search": (
        [text("Wait"), whole("tooluse_1", "a") + ended("MALFORMED_MODEL_OUTPUT")],
        f"start +0text .Wait -0 {FOUND_1} error(api_error)",
    ),
    "half an emoji before a search": (
        [text("Wait"), whole("tooluse_1", "a")], f"start +0text .Wait -0 {FOUND_1}",
    ),
    "thoughts before a search": (
        [thought(text="hm", signature="c2ln"), whole("tooluse_1", "a")],
        f"start +0thinking .hm ~c2ln -0 {FOUND_1}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "story"), REPLIES.values(), ids=REPLIES)
def test_replies(chunks: list[bytes], story: str) -> None:
    made = translator()
    assert replayed(made, *chunks) == story
    assert made.unfinished is not (story.endswith(("stop", "error(api_error)")))


@pytest.mark.parametrize(("chunks", "story"), REPLIES.values(), ids=REPLIES)
def test_replies_byte_by_byte(chunks: list[bytes], story: str) -> None:
    assert replayed(translator(), *(bytes([byte]) for byte in b"".join(chunks))) == story


def test_nothing_comes_before_the_answer() -> None:
    made = translator()
    made.feed(text("Wait") + whole("tooluse_1", "a") + text("!"))
    assert made.wanted == Search("srvtoolu_1", "a")
    assert made.feed(text("?") + ended("TOOL_USE")) == []
    assert made.finish() == []
    assert answered(made) == "+2found:srvtoolu_1 -2 +3text .! .?"
    assert told(made.finish()) == "-3"
    assert made.unfinished


QUERIES: dict[str, tuple[str, str | None]] = {
    "a query": ('{"query":"a"}', "a"),
    "none": ("", None),
    "none in the input": ('{"q":"a"}', None),
    "no text": ('{"query":3}', None),
}


@pytest.mark.parametrize(("text", "query"), QUERIES.values(), ids=QUERIES)
def test_what_is_searched_for(text: str, query: str | None) -> None:
    made = translator()
    made.feed(search("tooluse_1", input=text, stop=True))
    assert made.wanted == Search("srvtoolu_1", query)


def test_a_search_under_another_name_upstream() -> None:
    made = translator(names={"web_search_1": "web_search"})
    made.feed(tool("tooluse_1", "web_search_1", stop=True))
    assert made.wanted is not None


def test_a_clients_own_tool_of_that_name_is_the_clients() -> None:
    made = translator(search=None)
    assert replayed(made, whole("tooluse_1", "a")) == (
        'start +0tool_use:toolu_1:web_search .{"query":"a"} -0 end(tool_use) stop'
    )


def test_the_next_request_goes_on_with_the_message() -> None:
    first = translator(window=200_000)
    replayed(first, text("Wait"), whole("tooluse_1", "a"), usage(1), METERED)
    assert first.outcome.stop_reason == ""
    assert (first.progress.begun, first.progress.blocks, first.progress.searches) == (True, 3, 1)
    second = translator(first.progress, window=200_000)
    assert (second.begin(), second.answering) == ([], False)
    assert told(second.feed(text("Hi"))) == "+3text .Hi"
    second.feed(usage(2) + METERED)
    heard = second.finish()
    assert told(heard) == "-3 end(end_turn) stop"
    end = heard[-2]
    assert isinstance(end, m.MessageDelta)
    spent = first.progress
    assert end.usage == m.Usage(
        spent.input_tokens + 4000 - 1, 0, 0, spent.output_tokens + 1,
        server_tool_use=m.ServerToolUsage(1),
    )  # fmt: skip
    outcome = second.outcome
    assert (outcome.input_tokens, outcome.request_tokens) == (end.usage.input_tokens, 3999)
    assert outcome.credits == 0.5


def test_a_search_that_failed_is_not_counted() -> None:
    made = translator()
    replayed(made, whole("tooluse_1", "a"), content=FAILED)
    assert made.progress.searches == 0


def test_a_message_may_be_concluded_where_it_stands() -> None:
    made = translator()
    replayed(made, whole("tooluse_1", "a"))
    heard = made.conclude("pause_turn")
    assert told(heard) == "end(pause_turn) stop"
    assert made.outcome.stop_reason == "pause_turn"


def test_usage_speaks_of_searches_only_where_they_are_offered() -> None:
    for name, told_of in ("web_search", m.ServerToolUsage(0)), (None, msgspec.UNSET):
        made = translator(search=name)
        made.feed(text("a"))
        end = made.finish()[-2]
        assert isinstance(end, m.MessageDelta)
        assert end.usage.server_tool_use == told_of


def test_a_failure_counts_what_was_used_before() -> None:
    made = translator(Progress(begun=True, blocks=2, input_tokens=10, output_tokens=5))
    made.feed(text("abcd"))
    assert told(made.fail(GatewayError("m"))) == "-2 error(api_error)"
    assert (made.outcome.input_tokens, made.outcome.output_tokens) == (17, 6)


FORCED: dict[str, tuple[list[bytes], str, list[str]]] = {
    "text before the tool call is left out": (
        [text("Let me"), text(" look."), tool("tooluse_1", stop=True)],
        "start +0tool_use:toolu_1:ls -0 end(tool_use) stop", ["dropped:answer.text"],
    ),
    "text without any tool call is the answer": (
        [text("I"), text(" won't.")], "start +0text .I won't. -0 end(end_turn) stop", [],
    ),
    "text before a failure is not lost": (
        [text("I"), tool("tooluse_1", "")], "start +0text .I -0 error(api_error)", [],
    ),
    "thoughts are told at once": (
        [thought(text="hm", signature="sig"), text("I"), tool("tooluse_1", stop=True)],
        "start +0thinking .hm ~sig -0 +1tool_use:toolu_1:ls -1 end(tool_use) stop",
        ["dropped:answer.text"],
    ),
    "text after it stays": (
        [tool("tooluse_1", stop=True), text("a"), text("b")],
        "start +0tool_use:toolu_1:ls -0 +1text .a .b -1 end(tool_use) stop", [],
    ),
    "a search is a tool call": (
        [text("a"), whole("tooluse_1", "a"), text("b")],
        'start +0search:srvtoolu_1 .{"query":"a"} -0 +1found:srvtoolu_1 -1 +2text .b -2',
        ["dropped:answer.text"],
    ),
    "nothing but a trailer": ([text("a"), ended("END_TURN"), METERED],
                              "start +0text .a -0 end(end_turn) stop", []),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "story", "notes"), FORCED.values(), ids=FORCED)
def test_a_forced_tool_call_comes_first(chunks: list[bytes], story: str, notes: list[str]) -> None:
    made = translator(forced=True)
    assert replayed(made, *chunks) == story
    assert [str(note) for note in made.outcome.notes] == notes
