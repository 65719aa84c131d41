"""Answers for which the model searches: what the client hears, and the trail (see relaying.py)."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from amq2api.bridge.amazonq.words import TOOL_ANY
from amq2api.bridge.collect import Collector
from amq2api.dialects import messages as m
from amq2api.errors import (
    AccountSuspended,
    BadRequest,
    CredentialRefused,
    GatewayError,
    LoginRequired,
    NotEntitled,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamBusy,
)
from amq2api.relay.answering import reply_to
from amq2api.relay.searching import ROUNDS
from amq2api.wire.exchange import Answer, Ask
from bridge.replies import METERED, ended, exception, text, tool, usage
from relaying import World, call, events, hear

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
LS = {"name": "ls", "input_schema": {"type": "object", "properties": {}}}


def search(query: str | None = "rust", key: str = "s1", **members: Any) -> bytes:
    """The model asks for a search."""
    said = json.dumps({"query": query} if query is not None else members)
    return tool(key, "web_search", input=said, stop=True)


def pieces(key: str) -> list[bytes]:
    """The same as it comes in earnest."""
    inputs = [None, '{"que', 'ry":"rust"}']
    said = [{"input": part} if part else {} for part in inputs]
    return [*(tool(key, "web_search", **one) for one in said), tool(key, "web_search", stop=True)]


def asking(*replies: Sequence[bytes], **members: Any) -> tuple[World, m.Call]:
    world = World()
    world.replies = list(replies)
    return world, call(**{"tools": [SEARCH], **members})


def whole(world: World, asked: m.Call) -> m.WholeMessage:
    collector = Collector()
    collector.feed(asyncio.run(events(world, asked)))
    return collector.message()


def codes(message: m.WholeMessage) -> list[str]:
    """What each search gave: how many pages, or the error."""
    return [
        str(len(block.content)) if isinstance(block.content, list) else block.content.error_code
        for block in message.content
        if isinstance(block, m.WebSearchToolResultBlock)
    ]


def kinds(message: m.WholeMessage) -> str:
    return " ".join(str(block.__struct_config__.tag) for block in message.content)


DONE = (text("It is red."), METERED)


def test_a_search_and_what_the_model_makes_of_it() -> None:
    world, asked = asking([text("Let me see."), search()], DONE)
    message = whole(world, asked)
    assert kinds(message) == "text server_tool_use web_search_tool_result text"
    _, wanted, found, said = message.content
    assert isinstance(wanted, m.ServerToolUseBlock) and wanted.input == {"query": "rust"}
    assert isinstance(found, m.WebSearchToolResultBlock) and found.tool_use_id == wanted.id
    assert isinstance(found.content, list)
    assert [page.url for page in found.content] == ["https://a.example/p", "https://b.example/p"]
    assert said == m.TextBlock("It is red.")
    assert message.stop_reason == "end_turn" and world.queries == ["rust"]
    assert message.usage.server_tool_use == m.ServerToolUsage(1)
    assert world.diary == "?aa(a)a"


def test_the_model_goes_on_with_what_was_found() -> None:
    world, asked = asking([text("Let me see."), search()], DONE)
    whole(world, asked)
    (_, first), (_, second) = world.asks
    state = second["conversationState"]
    asked_first = first["conversationState"]["currentMessage"]["userInputMessage"]["content"]
    assert state["history"][0]["userInputMessage"]["content"] == asked_first == "hi"
    said = state["history"][1]["assistantResponseMessage"]
    assert said["content"] == "Let me see." and said["toolUses"][0]["input"] == {"query": "rust"}
    current = state["currentMessage"]["userInputMessage"]
    (result,) = current["userInputMessageContext"]["toolResults"]
    assert result["toolUseId"] == said["toolUses"][0]["toolUseId"]
    assert "all of a.example" in json.dumps(result) and "all of b.example" in json.dumps(result)


def test_a_client_that_sends_a_paused_answer_back_gets_it_continued() -> None:
    """What the client has is itself the request that goes on with the answer."""
    paused, asked = asking(*[[search(key=f"s{n}")] for n in range(ROUNDS)])
    message = whole(paused, asked)
    assert message.stop_reason == "pause_turn" and len(paused.asks) == ROUNDS
    assert kinds(message) == " ".join(["server_tool_use web_search_tool_result"] * ROUNDS)
    echo = {"role": "assistant", "content": msgspec.to_builtins(message.content)}
    resumed, again = asking(DONE, messages=[{"role": "user", "content": "hi"}, echo])
    assert whole(resumed, again).content == [m.TextBlock("It is red.")]
    longer, unpaused = asking(*[[search(key=f"s{n}")] for n in range(ROUNDS)])
    whole(longer, unpaused)
    before, after = (world.asks[-1][1]["conversationState"] for world in (longer, resumed))
    assert after["history"][: len(before["history"])] == before["history"]
    assert len(after["history"]) == len(before["history"]) + 2


FAULTS: dict[str, tuple[list[GatewayError | None], str, str]] = {
    # What searches meet, what the result is, and the trail.
    "well": ([None], "2", "?aa(a)a"),
    "busy, then well": ([UpstreamBusy("b"), None], "2", "?aa(a).(a)a"),
    "broken, then well": ([UpstreamBroken("b"), None], "2", "?aa(a).(a)a"),
    "broken for good": ([UpstreamBroken("b")] * 3, "unavailable", "?aa(a).(a).(a)a"),
    "too fast": ([RateLimited("r")], "too_many_requests", "?aa(a)a"),
    "a token that a refresh cures": ([CredentialRefused("c"), None], "2", "?aa(a)(A)a"),
    "a token that nothing cures": (
        [CredentialRefused("c")] * 4,
        "unavailable",
        "?aa(a)(A).(A).(A)a",
    ),
    "barred": ([NotEntitled("n")], "unavailable", "?aa(a)a"),
}


@pytest.mark.parametrize(("faults", "result", "diary"), FAULTS.values(), ids=FAULTS)
def test_a_search_that_fails(faults: list[GatewayError | None], result: str, diary: str) -> None:
    world, asked = asking([search()], DONE)
    world.searches = faults
    message = whole(world, asked)
    assert codes(message) == [result] and world.diary == diary
    assert message.content[-1] == m.TextBlock("It is red.") and message.stop_reason == "end_turn"
    searched = m.ServerToolUsage(1 if result == "2" else 0)
    assert message.usage.server_tool_use == searched


@pytest.mark.parametrize(("failure", "state"), [
    (AccountSuspended("s"), "suspended"), (QuotaExhausted("q"), "quota_used"),
    (RateLimited("r"), "ready"), (NotEntitled("n"), "ready"),
])  # fmt: skip
def test_what_a_failed_search_says_of_the_account(failure: GatewayError, state: str) -> None:
    """As long as no later request proves the contrary."""
    world, asked = asking([search(), tool("t1", "ls", stop=True)], tools=[SEARCH, LS])
    world.searches = [failure]
    asyncio.run(hear(world, asked))
    assert world.health.of(world.accounts()[0]).state == state


QUERIES: dict[str, tuple[bytes, str]] = {
    "of 200 characters": (search("é" * 200), "2"),
    "too long": (search("é" * 201), "query_too_long"),
    "blank": (search(" \n"), "invalid_tool_input"),
    "of another shape": (search(None, question="x"), "invalid_tool_input"),
    "no input at all": (tool("s1", "web_search", stop=True), "invalid_tool_input"),
}


@pytest.mark.parametrize(("asked_for", "result"), QUERIES.values(), ids=QUERIES)
def test_queries(asked_for: bytes, result: str) -> None:
    world, asked = asking([asked_for], DONE, max_tokens=4096)
    assert codes(whole(world, asked)) == [result]
    assert len(world.queries) == (result == "2")


def test_searches_are_limited_where_the_client_limits_them() -> None:
    limited = SEARCH | {"max_uses": 2}
    replies = [[search(key="s1"), search(key="s2")], [search(key="s3")], DONE]
    world, asked = asking(*replies, tools=[limited])
    message = whole(world, asked)
    assert codes(message) == ["2", "2", "max_uses_exceeded"]
    assert message.usage.server_tool_use == m.ServerToolUsage(2) and len(world.queries) == 2


DOMAINS: dict[str, tuple[dict[str, list[str]], str]] = {
    "any": ({}, "2"),
    "one allowed": ({"allowed_domains": ["a.example"]}, "1"),
    "one blocked": ({"blocked_domains": ["a.example"]}, "1"),
    "none left": ({"allowed_domains": ["c.example"]}, "0"),
}


@pytest.mark.parametrize(("limits", "pages"), DOMAINS.values(), ids=DOMAINS)
def test_domains(limits: dict[str, list[str]], pages: str) -> None:
    world, asked = asking([search()], DONE, tools=[SEARCH | limits])
    assert codes(whole(world, asked)) == [pages]


TURNS: dict[str, tuple[list[Sequence[bytes]], str, str, str]] = {
    # What the service answers, what the client hears in short, its end, and the trail.
    "no search": ([DONE], "text", "end_turn", "?aa"),
    "two searches at once": (
        [[search(), search("go", "s2")], DONE],
        "server_tool_use web_search_tool_result server_tool_use web_search_tool_result text",
        "end_turn", "?aa(a)(a)a",
    ),
    "two searches at once, in pieces": (
        [[b"".join(pieces("s1") + pieces("s2")), METERED], DONE],
        "server_tool_use web_search_tool_result server_tool_use web_search_tool_result text",
        "end_turn", "?aa(a)(a)a",
    ),
    "two searches in pieces that mingle": (
        [[b"".join(x for both in zip(pieces("s1"), pieces("s2"), strict=True) for x in both),
          METERED], DONE],
        "server_tool_use web_search_tool_result server_tool_use web_search_tool_result text",
        "end_turn", "?aa(a)(a)a",
    ),
    "one after the other": (
        [[search()], [search("go", "s2")], DONE],
        "server_tool_use web_search_tool_result server_tool_use web_search_tool_result text",
        "end_turn", "?aa(a)a(a)a",
    ),
    "a search and a tool of the client's": (
        [[search(), tool("t1", "ls", stop=True)]],
        "server_tool_use web_search_tool_result tool_use", "tool_use", "?aa(a)",
    ),
    "a tool of the client's and a search": (
        [[tool("t1", "ls", stop=True), search()]],
        "tool_use server_tool_use web_search_tool_result", "tool_use", "?aa(a)",
    ),
    "a search, then a tool": (
        [[search()], [tool("t1", "ls", stop=True)]],
        "server_tool_use web_search_tool_result tool_use", "tool_use", "?aa(a)a",
    ),
    "a refusal": ([[search()], [text("No."), ended("CONTENT_FILTERED")]],
                  "server_tool_use web_search_tool_result text", "refusal", "?aa(a)a"),
    "the window is full": (
        [[search()], [text("So"), ended("MODEL_CONTEXT_WINDOW_EXCEEDED")]],
        "server_tool_use web_search_tool_result text", "model_context_window_exceeded", "?aa(a)a",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("replies", "heard", "end", "diary"), TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("cut", [False, True], ids=["at once", "byte by byte"])
def test_turns(replies: list[Sequence[bytes]], heard: str, end: str, diary: str, cut: bool) -> None:
    if cut:
        replies = [[bytes([byte]) for read in reply for byte in read] for reply in replies]
    world, asked = asking(*replies, tools=[SEARCH, LS])
    message = whole(world, asked)
    assert (kinds(message), message.stop_reason, world.diary) == (heard, end, diary)


SEARCHED = "start +0search:"
BUSY, DENIED, SPENT = UpstreamBusy("b"), CredentialRefused("d"), QuotaExhausted("q")
GOOD = "end(end_turn) stop"

LATER: dict[str, tuple[list[GatewayError | None], str, str, str]] = {
    # What requests meet, the routing, the trail, and how it ends.
    "busy, then well": ([None, BUSY, None], "active", "?aa(a)a.a", GOOD),
    "busy for too long": ([None, BUSY, BUSY, BUSY], "active", "?aa(a)a.a.a",
                          "error(overloaded_error)"),
    "a spent token": ([None, DENIED, None], "active", "?aa(a)aA", GOOD),
    "used up, and nobody else": ([None, SPENT], "active", "?aa(a)a", "error(rate_limit_error)"),
    "used up, and somebody else": ([None, SPENT, None], "failover", "?aa(a)ab", GOOD),
}  # fmt: skip


@pytest.mark.parametrize(("script", "routing", "diary", "end"), LATER.values(), ids=LATER)
def test_a_later_request_that_fails(
    script: list[GatewayError | None], routing: Any, diary: str, end: str
) -> None:
    world = World(*script, routing=routing)
    world.replies = [[search()], DONE]
    heard = asyncio.run(hear(world, call(tools=[SEARCH])))
    assert heard.startswith(SEARCHED) and heard.endswith(end) and world.diary == diary
    (record,) = world.relay.records.recent()
    assert record.ok == (end == GOOD) and record.attempts == len(script)


@pytest.mark.parametrize("routing", ["active", "failover"])
def test_an_account_that_must_sign_in_meanwhile(routing: str) -> None:
    world = World(routing=routing)
    world.replies, search_tool = [[search()], DONE], world.tool

    def sign_out(body: Any, token: str) -> Answer:
        world.no_token |= {"a"} if body["method"] == "tools/call" else set()
        return search_tool(body, token)

    world.tool = sign_out  # type: ignore[method-assign]
    heard = asyncio.run(hear(world, call(tools=[SEARCH])))
    assert heard.endswith("-1 error(api_error)" if routing == "active" else GOOD)
    (record,) = world.relay.records.recent()
    assert record.outcome == ("LoginRequired" if routing == "active" else "end_turn")
    assert record.output_tokens > 0, "what was given out counts"


def test_a_later_answer_that_breaks_off() -> None:
    failure = exception("ThrottlingException", message="m", reason="INSUFFICIENT_MODEL_CAPACITY")
    world, asked = asking([search()], [text("It "), failure])
    heard = asyncio.run(hear(world, asked))
    assert heard.endswith("+2text .It  -2 error(overloaded_error)")


def test_an_account_without_searches_is_told_in_words_that_clients_know() -> None:
    world, asked = asking(DONE, tools=[LS, SEARCH])
    world.tools = []
    with pytest.raises(
        BadRequest, match=r"^tools\.1: web search is not enabled for this organization"
    ):
        asyncio.run(events(world, asked))
    assert world.diary == "?a", "and nothing is asked of the model"
    (record,) = world.relay.records.recent()
    assert (record.outcome, record.ok) == ("BadRequest", False)
    assert world.health.of(world.accounts()[0]).state == "ready"


CHECKS: dict[str, tuple[list[Answer | GatewayError], str]] = {
    "barred": ([NotEntitled("n")], "BadRequest"),
    "not even known": ([Answer(200, b'{"jsonrpc":"2.0","id":"","error":{"code":-32602}}')],
                       "BadRequest"),
    "busy for too long": ([UpstreamBusy("b")] * 3, "UpstreamBusy"),
    "nobody signed in": ([CredentialRefused("c"), LoginRequired("l")], "LoginRequired"),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "refusal"), CHECKS.values(), ids=CHECKS)
def test_whether_there_are_searches_cannot_be_found_out(
    answers: list[Answer | GatewayError], refusal: str
) -> None:
    world, asked = asking(DONE)

    async def ask(one: Ask) -> Answer:
        if not one.url.endswith("/mcp"):
            return await world.ask(one)
        answer = answers.pop(0)
        if isinstance(answer, GatewayError):
            raise answer
        return answer

    object.__setattr__(world.relay.service, "ask", ask)
    assert asyncio.run(hear(world, asked)) == refusal


def test_an_account_is_asked_once_whether_it_searches() -> None:
    async def story() -> str:
        world = World()
        for _ in range(3):
            await hear(world, call(tools=[SEARCH]))
        return world.diary

    assert asyncio.run(story()) == "?aaaa"


@pytest.mark.parametrize("choice", [
    {"type": "any"}, {"type": "tool", "name": "web_search"},
    {"type": "tool", "name": "web_search", "disable_parallel_tool_use": True},
])  # fmt: skip
def test_after_a_search_nothing_is_forced_any_more(choice: dict[str, Any]) -> None:
    world, asked = asking([search()], DONE, tool_choice=choice)
    message = whole(world, asked)
    assert kinds(message) == "server_tool_use web_search_tool_result text"
    first, second = (json.dumps(body) for _, body in world.asks)
    demand = TOOL_ANY.partition(" with")[0]
    assert demand in first and demand not in second


def test_a_limit_is_for_the_whole_answer() -> None:
    # The model cannot be limited natively here: what is beyond is cut.
    world, asked = asking([text("one two three "), search()], [text("word " * 200)], max_tokens=40)
    message = whole(world, asked)
    assert message.stop_reason == "max_tokens" and message.usage.output_tokens <= 41
    long = search(" ".join(map(str, range(60))))
    world, asked = asking([text("one two "), long], DONE, max_tokens=40)
    assert whole(world, asked).stop_reason == "max_tokens"


def test_one_record_tells_of_all_requests() -> None:
    world, asked = asking(
        [search(), usage(1.0), METERED], [text("It is red."), usage(2.0), METERED], stream=True
    )
    message = whole(world, asked)
    (record,) = world.relay.records.recent()
    assert (record.attempts, record.outcome, record.ok) == (2, "end_turn", True)
    assert record.credits == 0.5 and record.output_tokens == message.usage.output_tokens
    assert record.input_tokens == message.usage.input_tokens
    window = 200_000
    assert abs(record.input_tokens + record.output_tokens - 0.03 * window) < 100


def test_a_trailer_is_expected_of_each_request_once_it_was_seen() -> None:
    world, asked = asking([search(), METERED], [text("It is red.")])
    assert asyncio.run(hear(world, asked)).endswith("-2 error(api_error)")


def test_a_client_that_leaves_during_a_search_takes_all_with_it() -> None:
    async def story() -> None:
        world, asked = asking([search(), *DONE], DONE)
        searching, given_up = asyncio.Event(), asyncio.Event()

        async def ask(one: Ask) -> Answer:
            if not one.url.endswith("/mcp") or b"tools/list" in one.body:
                return await world.ask(one)
            searching.set()
            try:
                await asyncio.sleep(60)
            finally:
                given_up.set()
            raise AssertionError

        object.__setattr__(world.relay.service, "ask", ask)
        reply = reply_to(world.relay, asked, "req_1")
        await reply.open()
        await reply.read()
        reading = asyncio.ensure_future(_read_all(reply.read))
        await searching.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        reply.close()
        assert given_up.is_set() and world.live == 0
        (record,) = world.relay.records.recent()
        assert (record.outcome, record.ok) == ("abandoned", False)

    asyncio.run(story())


async def _read_all(read: Any) -> None:
    while True:
        await read()
