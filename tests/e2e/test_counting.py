"""Counting tokens all the way: as the usage has it, without a network, beside other calls."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

from amq2api.bridge import tokens
from amq2api.dialects import messages as m
from bridge.pdfs import pdf
from bridge.replies import METERED, ended, text, usage
from e2e.answers import Json
from e2e.asking import MODEL, post, post_all, say
from e2e.houses import House, opened
from gateways import Gateway, Service, answer, running, stream

pytestmark = pytest.mark.e2e

COUNT = "/v1/messages/count_tokens"
WORDS = "The harbour froze early that year, and nobody left before the thaw. " * 30
TOOL: Json = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}  # fmt: skip


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[House]:
    """A gateway that has learned nothing."""
    with opened(tmp_path) as house:
        yield house


def counted(house: House, body: Json) -> int:
    told: int = json.loads(post(house.url, body, path=COUNT).body)["input_tokens"]
    return told


def started(house: House, body: Json) -> Json:
    """The usage with which a stream begins."""
    heard = post(house.url, body | {"stream": True}).body.decode()
    first = next(line for line in heard.splitlines() if line.startswith("data: "))
    return dict(json.loads(first.removeprefix("data: "))["message"]["usage"])


CALLS: dict[str, Json] = {
    "words": say(WORDS),
    "system and tools": say(WORDS, system=WORDS, tools=[TOOL]),
    "thinking": say(WORDS, thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2048),
    "another model": say(WORDS, model="claude-opus-4-6"),
    "a model by another name": say(WORDS, model="anthropic/claude-sonnet-4-5@20250929"),
}


@pytest.mark.parametrize("body", CALLS.values(), ids=CALLS)
def test_a_count_is_what_a_message_begins_with(fresh: House, body: Json) -> None:
    told = started(fresh, body)
    assert told["input_tokens"] == counted(fresh, body) > 300
    assert (told["cache_creation_input_tokens"], told["cache_read_input_tokens"]) == (0, 0)


def test_the_newer_tokenizer_counts_more(fresh: House) -> None:
    older, newer = (
        counted(fresh, say(WORDS, model=model))
        for model in ("claude-sonnet-4-5", "claude-opus-4-8")
    )
    assert 1.3 < newer / older < 1.6


def test_the_count_of_a_pdf_is_that_of_its_text(fresh: House) -> None:
    data = base64.b64encode(pdf("\n".join(WORDS[at : at + 70] for at in range(0, 700, 70))))
    source = {"type": "base64", "media_type": "application/pdf", "data": data.decode()}
    blocks = [{"type": "document", "source": source}, {"type": "text", "text": "?"}]
    body = say("?", messages=[{"role": "user", "content": blocks}])
    assert counted(fresh, body) == started(fresh, body)["input_tokens"]
    assert counted(fresh, body) - counted(fresh, say("?")) == pytest.approx(12 + 150, rel=0.15)


def test_links_are_not_followed_for_a_count(fresh: House) -> None:
    blocks = [{"type": "image", "source": {"type": "url", "url": "http://127.0.0.1:1/a.png"}}]
    body = say("?", messages=[{"role": "user", "content": blocks}])
    assert counted(fresh, body) == 7 + 1568


def test_a_broken_pdf_is_refused(fresh: House) -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    blocks = [{"type": "document", "source": source}]
    told = post(fresh.url, say("?", messages=[{"role": "user", "content": blocks}]), path=COUNT)
    assert told.outcome() == "400 invalid_request_error"


def test_with_context_management_the_original_count_is_told_too(house: House) -> None:
    edits = {"edits": [{"type": "clear_tool_uses_20250919"}]}
    headers = {"anthropic-beta": "context-management-2025-06-27"}
    told = post(house.url, say(WORDS, context_management=edits), headers, path=COUNT)
    count = json.loads(told.body)
    assert count == {
        "input_tokens": count["input_tokens"],
        "context_management": {"original_input_tokens": count["input_tokens"]},
    }


def test_the_sdk_reads_it(house: House) -> None:
    with anthropic.Anthropic(api_key="k", base_url=house.url, max_retries=0) as client:
        messages: list[Any] = [{"role": "user", "content": WORDS}]
        plain = client.messages.count_tokens(model=MODEL, messages=messages)
        tools: Any = [TOOL]
        more = client.messages.count_tokens(model=MODEL, messages=messages, tools=tools)
    assert more.input_tokens > plain.input_tokens + 300


def test_twenty_five_at_once_as_claude_code_asks_for_its_context(house: House) -> None:
    bodies = [say("foo", tools=[TOOL | {"description": "x" * 40 * at}]) for at in range(1, 26)]
    told = post_all(house.url, bodies, path=COUNT)
    counts = [json.loads(each.body)["input_tokens"] for each in told]
    assert counts == sorted(set(counts))
    assert house.asked() == []


def test_without_an_account_it_counts_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[]")
    with opened(tmp_path, account_file=tmp_path / "empty.json") as house:
        assert counted(house, say(WORDS)) > 300


def test_large_calls_are_counted_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    size = tokens.size

    def noted(call: m.Call, model_id: str) -> tokens.Size:
        threads.append(threading.get_ident())
        return size(call, model_id)

    monkeypatch.setattr(tokens, "size", noted)

    async def story() -> None:
        async with running(tmp_path) as gateway:
            for words in (WORDS, WORDS * 200):
                status, _, body = await gateway.post(say(words), COUNT)
                assert status == 200 and json.loads(body)["input_tokens"] > len(words) / 6

    asyncio.run(story())
    small, large = threads
    assert small == threading.get_ident() != large


def reply(taken: float) -> Service:
    """A service whose every reply says that it took so many tokens of 200,000."""
    turn = stream(text("Fine."), ended("END_TURN"), usage(taken / 2_000), METERED)
    model = {"modelId": "claude-sonnet-4.5", "tokenLimits": {"maxInputTokens": 200_000}}
    return Service([turn] * 9, models=[model])


async def count(gateway: Gateway) -> int:
    told: int = json.loads((await gateway.post(say(WORDS), COUNT))[2])["input_tokens"]
    return told


def test_counts_follow_what_replies_say_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, reply(5_000)) as gateway:
            before = await count(gateway)
            for _ in range(4):
                assert (await gateway.post(say(WORDS)))[0] == 200
            learned = await count(gateway)
            assert before < 1_000 and learned == pytest.approx(5_000, rel=0.1)
        async with running(tmp_path, reply(5_000)) as gateway:
            # Nothing was asked yet, but which model is meant is known by its name.
            assert await count(gateway) == pytest.approx(learned, rel=0.01)
            (known,) = gateway.relay.gauge.report()
            assert (known.model, known.samples) == ("claude-sonnet-4.5", 4)

    asyncio.run(story())


def test_replies_that_tell_nothing_teach_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        busy = answer(400, {"__type": "ValidationException", "message": "no"})
        service = Service([busy, stream(text("a"), None), stream(text("a"), ended("END_TURN"))])
        async with running(tmp_path, service, attempts=1) as gateway:
            for _ in range(3):
                await gateway.post(say(WORDS))
            assert gateway.relay.gauge.report() == []

    asyncio.run(story())


def test_a_file_broken_by_hand_does_not_stop_the_gateway(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text("{ this is no JSON")

    async def story() -> None:
        async with running(tmp_path, reply(5_000)) as gateway:
            assert (await gateway.post(say(WORDS)))[0] == 200

    asyncio.run(story())
    assert (tmp_path / "calibration.json.broken").read_text() == "{ this is no JSON"
    assert "claude-sonnet-4.5" in (tmp_path / "calibration.json").read_text()


def test_two_gateways_share_what_they_learn(tmp_path: Path) -> None:
    shared = tmp_path / "shared.json"

    async def story() -> None:
        async with (
            running(tmp_path / "a", reply(5_000), calibration_file=shared) as one,
            running(tmp_path / "b", reply(5_000), calibration_file=shared) as other,
        ):
            for gateway in (one, other):
                for _ in range(2):
                    assert (await gateway.post(say(WORDS)))[0] == 200
        async with running(tmp_path / "c", calibration_file=shared) as later:
            assert later.relay.gauge.report()[0].samples == 4

    for name in "abc":
        (tmp_path / name).mkdir()
    asyncio.run(story())


def test_the_usage_of_a_tool_loop_grows_on_estimates_alone(tmp_path: Path) -> None:
    async def story() -> list[int]:
        turns = [stream(text("Go on."), ended("END_TURN")) for _ in range(6)]
        grown = []
        talk: list[Json] = [{"role": "user", "content": "What is the weather?"}]
        async with running(tmp_path, Service(turns)) as gateway:
            for turn in range(6):
                _, _, body = await gateway.post(say("", messages=talk, tools=[TOOL]))
                grown.append(json.loads(body)["usage"]["input_tokens"])
                use = {"type": "tool_use", "id": f"t{turn}", "name": "get_weather", "input": {}}
                result = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": "Snow."}
                talk += [{"role": "assistant", "content": [use]},
                         {"role": "user", "content": [result]}]  # fmt: skip
        return grown

    grown = asyncio.run(story())
    assert grown == sorted(set(grown)) and grown[0] > 300
