"""Whatever a service does over whatever number of requests: what the client hears is legal.

Judged by the grammar of laws/grammar.py, which was not written from the program.
"""

import asyncio
import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import messages as m
from amq2api.errors import (
    AccountSuspended,
    CredentialRefused,
    GatewayError,
    LoginRequired,
    NotEntitled,
    QuotaExhausted,
    RateLimited,
    ReasoningRefused,
    RequestRefused,
    UpstreamBroken,
    UpstreamBusy,
)
from amq2api.relay.answering import reply_to
from amq2api.sim.validator import validate
from bridge.replies import METERED, ended, exception, text, thought, tool, usage
from laws.grammar import Judge
from relaying import NO_PAUSES, World, call, drain

LS = {"name": "ls", "input_schema": {"type": "object", "properties": {}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}

TEXTS = st.sampled_from(["So ", '{"a":1}', '{"a":"x"}', "{", "```\n", " "])
REASONS = st.sampled_from(
    ["END_TURN", "TOOL_USE", "MAX_TOKENS", "CONTENT_FILTERED", "MALFORMED_TOOL_USE"]
)
FAILURES: st.SearchStrategy[GatewayError] = st.builds(
    lambda kind: kind("x"),
    st.sampled_from([
        UpstreamBusy, UpstreamBroken, RateLimited, CredentialRefused, QuotaExhausted, NotEntitled,
        AccountSuspended, LoginRequired, RequestRefused, ReasoningRefused,
    ]),
)  # fmt: skip


def often(well: Any, failures: st.SearchStrategy[GatewayError]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(well), st.just(well), st.just(well), failures)


@st.composite
def pieces(draw: st.DrawFn, request: int) -> list[bytes]:
    """Something a model may say, in the frames it takes. Ids are never used again."""
    key = f"k{request}x{draw(st.integers(0, 3))}"
    match draw(st.integers(0, 5)):
        case 0 | 1:
            return [text(draw(TEXTS))]
        case 2:
            return [thought(text="hm"), thought(signature="c2lnbmVk")]
        case 3:
            return [tool(key, "ls"), tool(key, "ls", input="{}"), tool(key, "ls", stop=True)]
        case _:
            said = json.dumps(draw(st.sampled_from([{"query": "x"}, {"query": "y" * 201}, {}])))
            parts: list[dict[str, Any]] = [
                {}, {"input": said[:3]}, {"input": said[3:]}, {"stop": True},
            ]  # fmt: skip
            return [tool(f"s{key}", "web_search", **part) for part in parts]


@st.composite
def replies(draw: st.DrawFn, request: int) -> list[bytes]:
    """One request's answer, in reads."""
    frames = [frame for said in draw(st.lists(pieces(request), max_size=4)) for frame in said]
    frames += [usage(1.0)] if draw(st.booleans()) else []
    match draw(st.integers(0, 7)):
        case 0:
            frames.append(ended(draw(REASONS)))
        case 1:
            frames.append(exception("ThrottlingException", message="m"))
        case 2:
            frames = frames[:-1] + [frame[:-2] for frame in frames[-1:]]
        case _:
            frames.append(METERED)
    if draw(st.booleans()):
        frames = [b"".join(frames)] if frames else []
    return frames


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World(
        *draw(st.lists(often(None, FAILURES), max_size=6)),
        routing=draw(st.sampled_from(["active", "failover"])),
    )
    world.replies = [draw(replies(request)) for request in range(draw(st.integers(1, 12)))]
    world.searches = draw(st.lists(often(None, FAILURES), max_size=4))
    return world


@st.composite
def calls(draw: st.DrawFn) -> m.Call:
    members: dict[str, Any] = {"max_tokens": draw(st.sampled_from([1, 20, 4096]))}
    members["tools"] = [LS, SEARCH] if draw(st.integers(0, 3)) else [LS]
    if draw(st.booleans()):
        members["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
    if draw(st.booleans()):
        members["tool_choice"] = {"type": "any"}
    if draw(st.booleans()):
        members["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        members["max_tokens"] = 4096
        members.pop("tool_choice", None)
    return call(**members)


async def heard(
    world: World, asked: m.Call, pauses: Iterator[bool] = NO_PAUSES
) -> tuple[Judge, str]:
    """The stream, judged, and its failure if it is one."""
    judge, failure = Judge(), ""

    def hear(events: list[m.StreamEvent]) -> None:
        judge.feed(m.render(events))
        assert judge.settled

    reply = reply_to(world.relay, asked, "req_1")
    try:
        await reply.open()
        await drain(reply, hear, pauses)
    except GatewayError as refused:
        assert judge.state == "new", "a refusal comes before anything else"
        failure = type(refused).__name__
    finally:
        reply.close()
    if reply.failure is not None:
        failure = type(reply.failure).__name__
    return judge, failure


PAUSES = st.lists(st.booleans(), min_size=1, max_size=5).map(cycle)
"""When the client is slow."""


@given(worlds(), calls(), PAUSES)
def test_any_answers_make_a_legal_stream(
    world: World, asked: m.Call, pauses: Iterator[bool]
) -> None:
    judge, failure = asyncio.run(heard(world, asked, pauses))
    assert judge.state == (("failed" if judge.head else "new") if failure else "stopped")
    assert world.live == 0, "every stream is let go"
    (record,) = world.relay.records.recent()
    reason = failure or judge.whole()["stop_reason"]
    assert (record.outcome, record.ok) == (reason, not failure)


@given(worlds(), calls())
def test_the_service_takes_every_request(world: World, asked: m.Call) -> None:
    asyncio.run(heard(world, asked))
    for _, body in world.asks:
        assert validate(body) is None


@given(worlds(), calls())
def test_the_end_of_a_turn_is_a_document_where_one_is_asked_for(
    world: World, asked: m.Call
) -> None:
    judge, failure = asyncio.run(heard(world, asked))
    if failure or asked.output_config is None or judge.whole()["stop_reason"] != "end_turn":
        return
    texts = [block["text"] for block in judge.content if block["type"] == "text"]
    assert [set(json.loads(said)) for said in texts] == [{"a"}]


@given(worlds(), calls())
def test_every_search_has_its_result_and_is_counted(world: World, asked: m.Call) -> None:
    judge, failure = asyncio.run(heard(world, asked))
    if failure:
        return
    message = judge.whole()
    found = [block for block in message["content"] if block["type"] == "web_search_tool_result"]
    called = [block["id"] for block in message["content"] if block["type"] == "server_tool_use"]
    assert [block["tool_use_id"] for block in found] == called
    pages = [block for block in found if isinstance(block["content"], list)]
    offered = any(tool.type for tool in asked.tools or ())
    told = message["usage"].get("server_tool_use")
    assert told == ({"web_search_requests": len(pages)} if offered else None)
    assert len(pages) == len(world.queries) <= 3
