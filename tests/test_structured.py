"""Answers in a prescribed form: what the client hears, and the trail (see relaying.py)."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from amq2api.accounts.health import Health
from amq2api.bridge.amazonq.words import JSON_AGAIN, JSON_REPAIR
from amq2api.bridge.collect import Collector
from amq2api.dialects import messages as m
from amq2api.errors import (
    BadRequest,
    CredentialRefused,
    GatewayError,
    QuotaExhausted,
    UpstreamBroken,
    UpstreamBusy,
)
from amq2api.relay.answering import reply_to
from amq2api.wire.exchange import Answer, Ask
from bridge.replies import METERED, ended, text, thought, tool, usage
from relaying import Reads, World, call, events, hear

TITLE = {
    "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"],
    "additionalProperties": False,
}  # fmt: skip
LS = {"name": "ls", "input_schema": {"type": "object", "properties": {}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def wanting(schema: Any = TITLE) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def asking(*replies: Sequence[bytes], **members: Any) -> tuple[World, m.Call]:
    world = World()
    world.replies = list(replies)
    return world, call(**{**wanting(), **members})


GOOD, BAD = '{"title":"x"}', '{"name":"x"}'
FINE = f"start +0text .{GOOD} -0 end(end_turn) stop"

ANSWERS: dict[str, tuple[list[Sequence[bytes]], str, str]] = {
    # What the service answers, what the client hears, and the trail.
    "at once": ([[text(GOOD), METERED]], FINE, "a"),
    "in pieces": ([[text('{"tit'), text('le":"x"}'), METERED]], FINE, "a"),
    "in a fence": ([[text(f"```json\n{GOOD}\n```"), METERED]], FINE, "a"),
    "with chatter": ([[text(f"Here you are: {GOOD} Anything else?"), METERED]], FINE, "a"),
    "at the second try": ([[text(BAD), METERED], [text(GOOD), METERED]], FINE, "aa"),
    "first no JSON at all": ([[text("Sure!"), METERED], [text(GOOD), METERED]], FINE, "aa"),
    "first nothing at all": ([[ended("END_TURN")], [text(GOOD), METERED]], FINE, "aa"),
    "never": ([[text(BAD), METERED], [text("Sorry."), METERED]], "start error(api_error)", "aa"),
    "thinking aloud": (
        [[thought(text="hm"), thought(signature="s"), text(BAD), METERED],
         [thought(text="oh"), thought(signature="t"), text(GOOD), METERED]],
        f"start +0thinking .hm ~s -0 +1thinking .oh ~t -1 +2text .{GOOD} -2 end(end_turn) stop",
        "aa",
    ),
    "between thoughts": (
        [[text('{"title":'), thought(text="hm", signature="s"), text('"x"}'), METERED]],
        f"start +0thinking .hm ~s -0 +1text .{GOOD} -1 end(end_turn) stop", "a",
    ),
    "a refusal": ([[text("No."), ended("CONTENT_FILTERED")]],
                  "start +0text .No. -0 end(refusal) stop", "a"),
    "cut short": ([[text('{"tit'), ended("MAX_TOKENS")]],
                  'start +0text .{"tit -0 end(max_tokens) stop', "a"),
    "a tool instead": (
        [[text("Let me look."), tool("t1", "ls", stop=True), METERED]],
        "start +0text .Let me look. -0 +1tool_use:toolu_t1:ls -1 end(tool_use) stop", "a",
    ),
    "a refusal at the second try": (
        [[text(BAD), METERED], [text("No."), ended("CONTENT_FILTERED")]],
        "start +0text .No. -0 end(refusal) stop", "aa",
    ),
    "broken off": ([[text(GOOD[:5]), text(GOOD)[:-3]]], "start error(api_error)", "a"),
}  # fmt: skip


@pytest.mark.parametrize(("replies", "heard", "diary"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("cut", [False, True], ids=["at once", "byte by byte"])
def test_answers(replies: list[Sequence[bytes]], heard: str, diary: str, cut: bool) -> None:
    if cut:
        replies = [[bytes([byte]) for read in reply for byte in read] for reply in replies]
    world, asked = asking(*replies, tools=[LS])
    got = asyncio.run(hear(world, asked))
    assert _without_ids(got) == _without_ids(heard) and world.diary == diary


def _without_ids(heard: str) -> str:
    return " ".join(word.rpartition("tool_use:")[0] or word for word in heard.split(" "))


def test_what_is_no_answer_yet_does_not_wait_for_it() -> None:
    """The head and the thinking are out before the text has even come."""
    world, asked = asking([thought(text="hm"), text(GOOD), METERED])
    heard: list[list[m.StreamEvent]] = []

    async def story() -> None:
        reply = reply_to(world.relay, asked, "req_1")
        await reply.open()
        while not reply.over:
            heard.append(await reply.read())
        reply.close()

    asyncio.run(story())
    assert [type(event) for event in heard[0]][:2] == [m.MessageStart, m.ContentBlockStart]
    assert len(heard) > 1


REPAIRS: dict[str, tuple[Sequence[bytes], str]] = {
    # The first answer, and what the model is told about it.
    "a member too few": (
        [text("{}"), METERED], JSON_REPAIR.format(place="$", rule='{"required": ["title"]}'),
    ),
    "of another type": (
        [text('{"title":5}'), METERED],
        JSON_REPAIR.format(place="$.title", rule='{"type": "string"}'),
    ),
    "no JSON": ([text("Sure!"), METERED], JSON_AGAIN),
    "broken JSON": ([text('{"title":"x",}'), METERED], JSON_AGAIN),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "told"), REPAIRS.values(), ids=REPAIRS)
def test_the_model_is_told_what_is_wrong(reply: Sequence[bytes], told: str) -> None:
    world, asked = asking(reply, [text(GOOD), METERED])
    assert asyncio.run(hear(world, asked)) == FINE
    first, second = (body["conversationState"] for _, body in world.asks)
    said = second["history"][1]["assistantResponseMessage"]["content"]
    assert text(said) == reply[0], "what it said, as it said it"
    current = second["currentMessage"]["userInputMessage"]["content"]
    schema = json.dumps(TITLE, separators=(",", ":"))
    assert current.startswith(told) and schema in current.replace(" ", "").replace("\n", "")
    assert schema in first["currentMessage"]["userInputMessage"]["content"].replace(" ", "")


NOTES: dict[str, tuple[list[Sequence[bytes]], bool]] = {
    "at once": ([[text(GOOD), METERED]], False),
    "with a line's end": ([[text(f"{GOOD}\n"), METERED]], False),
    "with chatter": ([[text(f"Here: {GOOD}"), METERED]], True),
    "at the second try": ([[text(BAD), METERED], [text(GOOD), METERED]], True),
    "at the second try, with chatter": ([[text(BAD), METERED], [text(f": {GOOD}"), METERED]], True),
}


@pytest.mark.parametrize(("replies", "repaired"), NOTES.values(), ids=NOTES)
def test_what_was_mended_is_noted_once(replies: list[Sequence[bytes]], repaired: bool) -> None:
    world, asked = asking(*replies)
    asyncio.run(hear(world, asked))
    (record,) = world.relay.records.recent()
    assert record.notes.count("repaired:output_config.format") == repaired
    assert record.notes.count("approximated:output_config.format") == 1


def test_one_record_tells_of_both_tries() -> None:
    replies = [text(BAD), usage(1.0), METERED], [text(GOOD), usage(2.0), METERED]
    world, asked = asking(*replies)
    collector = Collector()
    collector.feed(asyncio.run(events(world, asked)))
    told = collector.message().usage
    (record,) = world.relay.records.recent()
    assert (record.attempts, record.outcome, record.ok) == (2, "end_turn", True)
    assert (record.input_tokens, record.output_tokens) == (told.input_tokens, told.output_tokens)
    assert record.credits == 0.5 and record.input_tokens + record.output_tokens == 6_000


def test_an_answer_that_never_fits_is_the_models_failure_and_not_the_accounts() -> None:
    world, asked = asking([text(BAD), METERED], [text(BAD), METERED], [text(GOOD), METERED])
    asyncio.run(hear(world, asked))
    (record,) = world.relay.records.recent()
    assert (record.outcome, record.ok) == ("AnswerUnfit", False)
    assert record.error == (
        "the model's answer does not satisfy output_config.format: it breaks the rule `required`"
    )
    assert world.health.of(world.accounts()[0]) == Health("ready")


BUSY, DENIED, SPENT = UpstreamBusy("b"), CredentialRefused("d"), QuotaExhausted("q")

SECOND: dict[str, tuple[list[GatewayError | None], str, str]] = {
    # What requests meet, the trail, and what the client hears.
    "busy, then well": ([None, BUSY, None], "aa.a", FINE),
    "busy for too long": ([None, BUSY, BUSY, BUSY], "aa.a.a", "start error(overloaded_error)"),
    "a spent token": ([None, DENIED, None], "aaA", FINE),
    "used up": ([None, SPENT], "aa", "start error(rate_limit_error)"),
}


@pytest.mark.parametrize(("script", "diary", "heard"), SECOND.values(), ids=SECOND)
def test_a_second_try_that_fails(script: list[GatewayError | None], diary: str, heard: str) -> None:
    world = World(*script)
    world.replies = [[text(BAD), METERED], [text(GOOD), METERED]]
    assert asyncio.run(hear(world, call(**wanting()))) == heard
    assert world.diary == diary


def test_where_no_room_is_left_nobody_tries_again() -> None:
    used = {"uncachedInputTokens": 9, "outputTokens": 50, "totalTokens": 59}
    world, asked = asking([text(BAD), ended("END_TURN", tokenUsage=used)], max_tokens=50)
    assert asyncio.run(hear(world, asked)) == "start error(api_error)"
    assert world.diary == "a"


def test_the_older_name_of_the_member() -> None:
    world = World()
    world.replies = [[text(BAD), METERED], [text(GOOD), METERED]]
    older = call(output_format={"type": "json_schema", "schema": TITLE})
    assert asyncio.run(hear(world, older)) == FINE


SCHEMAS: dict[str, tuple[Any, str]] = {
    "of no type there is": ({"type": "objekt"}, "JSON schema is invalid: 'objekt' is not valid"),
    "from elsewhere": ({"$ref": "https://example.com/s"}, "leads nowhere"),
    "round and round": ({"$ref": "#"}, "Schema is too complex for compilation."),
}


@pytest.mark.parametrize(("schema", "words"), SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_that_is_none(schema: Any, words: str) -> None:
    world = World()
    with pytest.raises(BadRequest) as caught:
        asyncio.run(events(world, call(**wanting(schema))))
    assert str(caught.value).startswith("output_config.format.schema: ")
    assert words in str(caught.value) and world.diary == ""
    (record,) = world.relay.records.recent()
    assert (record.outcome, record.ok, record.error) == ("BadRequest", False, "")


HALVES: dict[str, tuple[Any, str]] = {
    "a prefill": ('{"title":', "BadRequest"),
    "a prefill in a block": ([{"type": "text", "text": '{"title":'}], "BadRequest"),
    "nothing": ("", FINE),
    "a search": (
        [{"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
          "input": {"query": "x"}},
         {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}],
        FINE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "heard"), HALVES.values(), ids=HALVES)
def test_half_an_answer_cannot_be_judged(content: Any, heard: str) -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": content}]
    world, asked = asking([text(GOOD), METERED], messages=messages)
    assert asyncio.run(hear(world, asked)) == heard


def test_a_search_and_then_a_document() -> None:
    search = tool("s1", "web_search", input='{"query":"x"}', stop=True)
    world, asked = asking(
        [text("I will look."), search], [text(BAD), METERED], [text(GOOD), METERED], tools=[SEARCH]
    )
    collector = Collector()
    collector.feed(asyncio.run(events(world, asked)))
    message = collector.message()
    kinds = [str(block.__struct_config__.tag) for block in message.content]
    assert kinds == ["server_tool_use", "web_search_tool_result", "text"]
    assert message.content[-1] == m.TextBlock(GOOD) and message.stop_reason == "end_turn"
    assert world.diary == "?aa(a)aa"
    assert message.usage.server_tool_use == m.ServerToolUsage(1)


def test_a_client_that_leaves_while_its_answer_is_judged() -> None:
    async def story() -> None:
        world, asked = asking([text(BAD), METERED])
        reply = reply_to(world.relay, asked, "req_1")
        await reply.open()
        await reply.read()
        silent = asyncio.Event()

        async def never(ask: Ask, verdict: Callable[[Answer], GatewayError]) -> Reads:
            silent.set()
            await asyncio.sleep(60)
            raise AssertionError

        world.open = never  # type: ignore[method-assign]
        reading = asyncio.ensure_future(_rest(reply.read))
        await silent.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        reply.close()
        (record,) = world.relay.records.recent()
        assert (record.outcome, record.ok, world.live) == ("abandoned", False, 0)

    asyncio.run(story())


async def _rest(read: Any) -> None:
    while True:
        await read()


def test_a_failure_before_anything_is_out_is_a_refusal() -> None:
    world = World(UpstreamBroken("b"), UpstreamBroken("b"), UpstreamBroken("b"))
    assert asyncio.run(hear(world, call(**wanting()))) == "UpstreamBroken"
