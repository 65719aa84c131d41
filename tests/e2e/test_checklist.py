"""The conformance checklist of claude-api.md 10, row by row; the ids are its numbers.

What a client's own loop shows better is in the tests of the clients.
"""

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.answers import Json, blocks, events
from e2e.asking import MODEL, THINKER, fetch, post, post_all, say
from e2e.conftest import KEY
from e2e.houses import House, opened
from e2e.pictures import image_block, png

pytestmark = pytest.mark.e2e

TOOL: Json = {"name": "look_up", "description": "d", "input_schema": {"type": "object"}}
WEATHER: Json = {
    "name": "get_weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}  # fmt: skip
SCHEMA: Json = {"type": "object", "required": ["title"], "additionalProperties": False,
                "properties": {"title": {"type": "string"}}}  # fmt: skip
CACHED: Json = {"cache_control": {"type": "ephemeral"}}
MANY_BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14, context-management-2025-06-27",
    "advanced-tool-use-2025-11-20",
    "nobody-knows-2031-01-01",
)
USED = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "found"}


def user(*content: Any) -> Json:
    return {"role": "user", "content": content[0] if len(content) == 1 else list(content)}


def assistant(*content: Any) -> Json:
    return {"role": "assistant", "content": list(content)}


def text(words: str, **members: Any) -> Json:
    return {"type": "text", "text": words, **members}


def loop(*results: Any) -> list[Json]:
    """A conversation in which a tool was called and has answered with *results*."""
    return [user("Look it up."), assistant(USED), {"role": "user", "content": list(results)}]


PARALLEL = [
    {"type": "tool_use", "id": f"toolu_{n}", "name": "look_up", "input": {}} for n in (1, 2)
]


# What else is in a request that has to be served.
TAKEN: dict[str, Json] = {
    "C-001 a valid body": {},
    "C-045 temperature": {"temperature": 0.5},
    "C-046 temperature and thinking": {
        "temperature": 1, "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 1024}},
    "C-046 another temperature and thinking": {
        "temperature": 0, "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 1024}},
    "C-047 sampling": {"top_p": 0.9, "top_k": 40},
    "C-049 stop sequences without a match": {"stop_sequences": ["\u2603"]},
    "C-050 metadata": {"metadata": {"user_id": '{"device_id":"d","session_id":"s"}'}},
    "C-051 service tier": {"service_tier": "auto"},
    "C-052 unknown fields": {
        "safeguards": {"a": 1}, "tags": ["x"], "context_hint": "h", "data_flow": None},
    "C-053 nulls": {
        "system": None, "tools": None, "thinking": None, "stop_sequences": None, "metadata": None},
    "C-054 a choice of no tool without tools": {"tool_choice": {"type": "none"}},
    "C-060 a schema without a type": {"tools": [{**TOOL, "input_schema": {"properties": {}}}]},
    "C-062 members of tools": {"tools": [
        {**TOOL, **CACHED, "strict": True, "eager_input_streaming": True,
         "input_examples": [{}], "allowed_callers": ["direct"]},
        {**WEATHER, "defer_loading": True}]},
    "C-063 custom tools": {"tools": [{**TOOL, "type": "custom"}, WEATHER]},
    "C-064 client tools": {"tools": [
        {"type": "bash_20250124", "name": "bash"},
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
        {"type": "memory_20250818", "name": "memory"}]},
    "C-066 adaptive thinking, tags": {"thinking": {"type": "adaptive"}, "max_tokens": 4096},
    "C-066 adaptive thinking, native": {
        "thinking": {"type": "adaptive"}, "max_tokens": 4096, "model": THINKER},
    "C-067 a budget": {
        "thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048},
    "C-070 no thinking": {"thinking": {"type": "disabled"}},
    "C-073 effort": {"output_config": {"effort": "max"}},
    "C-073 effort, native": {"output_config": {"effort": "low"}, "model": THINKER},
    "C-075 context management": {
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
    "C-076 cache control": {
        "system": [text("Be brief.", **CACHED)], "tools": [{**TOOL, **CACHED}],
        "messages": loop({**RESULT, **CACHED}, text("And?", **CACHED))},
    "C-077 cache control of it all": CACHED,
    "C-078 blocks": {"messages": [user([text("Hello.")])]},
    "C-079 two user messages": {"messages": [user("Hello."), user("Again.")]},
    "C-080 two assistant messages": {"messages": [
        user("Hello."), assistant(text("A.")), assistant(text("B.")), user("C.")]},
    "C-082 system in the middle": {"messages": [
        user("Hello."), {"role": "system", "content": [text("Be kind.")]}]},
    "C-083 system with members": {"messages": [
        user("Hello."),
        {"role": "system", "content": [text("Be kind.", **CACHED)],
         "output_config": {"effort": "medium"}}]},
    "C-083 system, empty": {"messages": [user("Hello."), {"role": "system", "content": []}]},
    "C-084 system after a result": {"tools": [TOOL], "messages": [
        *loop(RESULT), {"role": "system", "content": "Be kind."}]},
    "C-086 empty text": {"messages": [
        user(text(""), text("Hello.")), assistant(text("Hi.")), user("Bye.")]},
    "C-087 no content in the middle": {"messages": [
        user("Hello."), assistant(), user("Bye.")]},
    "C-088 a call without a result": {"tools": [TOOL], "messages": [
        user("Look it up."), assistant(USED), user("Never mind.")]},
    "C-089 a result without a call": {"messages": [user([RESULT])]},
    "C-090 result: text": {"tools": [TOOL], "messages": loop(RESULT)},
    "C-090 result: blocks": {"tools": [TOOL], "messages": loop(
        {**RESULT, "content": [text("a"), image_block(png())]})},
    "C-090 result: nothing": {"tools": [TOOL], "messages": loop(
        {"type": "tool_result", "tool_use_id": "toolu_1"})},
    "C-090 result: error": {"tools": [TOOL], "messages": loop({**RESULT, "is_error": True})},
    "C-091 tool references": {"tools": [TOOL, {**WEATHER, "defer_loading": True}],
                              "messages": loop({**RESULT, "content": [
                                  {"type": "tool_reference", "tool_name": "get_weather"}]})},
    "C-092 results in another order": {"tools": [TOOL], "messages": [
        user("Look twice."), assistant(*PARALLEL),
        user([{**RESULT, "tool_use_id": "toolu_2"}, RESULT])]},
    "C-093 text after a result": {"tools": [TOOL], "messages": loop(RESULT, text("Well?"))},
    "C-094 tools undeclared": {"messages": loop(RESULT)},
    "C-095 a foreign signature": {"messages": [
        user("Hello."),
        assistant({"type": "thinking", "thinking": "Hm.", "signature": "Zm9yZWlnbg=="},
                  text("Hi.")),
        user("Bye.")]},
    "C-096 blocks of servers": {"messages": [
        user("Hello."),
        assistant({"type": "redacted_thinking", "data": "Zm9v"},
                  {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
                   "input": {"query": "x"}},
                  {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
                  text("Hi.")),
        user("Bye.")]},
    "C-097 a prefill": {"messages": [user("Is 7 prime?"), assistant(text("The answer is ("))]},
    "C-098 a picture": {"messages": [user([image_block(png()), text("Describe it.")])]},
    "C-101 a document of text": {"messages": [user([
        {"type": "document", "title": "Letter", "source": {
            "type": "text", "media_type": "text/plain", "data": "Dear all"}}])]},
    "C-101 a document of content": {"messages": [user([
        {"type": "document", "source": {"type": "content", "content": [text("Dear all")]}}])]},
    "C-102 a search result": {"messages": [user([
        {"type": "search_result", "source": "https://example.com", "title": "Example",
         "content": [text("It is so.")]}])]},
    "C-103 odd characters": {"messages": [user("😀 漢字 \u2028 \u0000 \u0085 end")]},
    "C-104 100 000 characters": {"messages": [user("word " * 20_000)]},
    "C-106 more tokens wanted than are left": {
        "max_tokens": 190_000, "messages": [user("word " * 20_000)]},
    "C-166 a billing header": {"system": [
        text("x-anthropic-billing-header: cc_version=2.1.330.abc; cc_entrypoint=cli;"),
        text("Be brief.", **CACHED)]},
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_taken(house: House, name: str) -> None:
    asked = {**say("Hello."), **TAKEN[name]}
    whole, stream = post_all(house.url, [asked, asked | {"stream": True}])
    assert whole.outcome() == stream.outcome() == "end_turn"
    told = json.loads(whole.body)
    kinds = ("text", "thinking")
    assert told["content"] and all(block["type"] in kinds for block in told["content"])
    assert told["usage"]["service_tier"] == "standard"
    heard = [event for event in events(stream.body) if event["type"] != "ping"]
    assert blocks(heard[1:-2]) == [{**block} for block in told["content"]]


BAD = "400 invalid_request_error"
REFUSED: dict[str, tuple[Any, str, str]] = {
    "C-034 no JSON": (b"hello", BAD, "request body is not valid json"),
    "C-035 empty": (b"", BAD, ""),
    "C-035 a list": (b"[]", BAD, ""),
    "C-038 no model": ({"model": None}, BAD, "model"),
    "C-039 no messages": ({"messages": None}, BAD, "messages"),
    "C-039 empty messages": ({"messages": []}, BAD, "messages: at least one message is required"),
    "C-040 no max_tokens": ({"max_tokens": None}, BAD, "max_tokens: Field required"),
    "C-041 unknown model": ({"model": "claude-x-9"}, "404 not_found_error", "model: claude-x-9"),
    "C-054 a choice without tools": (
        {"tool_choice": {"type": "any"}}, BAD,
        "tool_choice may only be specified while providing tools."),
    "C-060 a schema that is no object": (
        {"tools": [{**TOOL, "input_schema": "string"}]}, BAD, "tools.0.custom.input_schema"),
    "C-061 the same name twice": ({"tools": [TOOL, TOOL]}, BAD, "unique"),
    "C-068 a small budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 100}}, BAD,
        "Input should be greater than or equal to 1024"),
    "C-069 a budget above max_tokens": (
        {"thinking": {"type": "enabled", "budget_tokens": 2048}}, BAD,
        "`max_tokens` must be greater than `thinking.budget_tokens`"),
    "C-081 an assistant that begins": (
        {"messages": [assistant(text("Hi.")), user("Hello.")]}, BAD,
        'messages: first message must use the "user" role'),
    "C-097 a prefill that ends in a space": (
        {"messages": [user("Hello."), assistant(text("Well, "))]}, BAD,
        "final assistant content cannot end with trailing whitespace"),
    "C-098 a bitmap": (
        {"messages": [user([image_block(b"BM", "image/bmp")])]}, BAD,
        "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"),
    "C-099 an image elsewhere": (
        {"messages": [user([{"type": "image", "source": {
            "type": "url", "url": "https://example.com/a.png"}}])]}, BAD, "image"),
    "C-100 a corrupt image": (
        {"messages": [user([image_block(b"no picture")])]}, BAD, "Could not process image"),
    "an unknown block": (
        {"messages": [user([{"type": "hologram"}])]}, BAD, "messages.0.content.0"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(house: House, name: str) -> None:
    change, outcome, words = REFUSED[name]
    if isinstance(change, dict):
        merged = {**say("Hello."), **change}
        change = {key: value for key, value in merged.items() if value is not None}
    answer = post(house.url, change)
    assert answer.outcome() == outcome
    # C-034 is matched in any case.
    assert words.lower() in json.loads(answer.body)["error"]["message"].lower()


PLACES: dict[str, tuple[str, str, int]] = {
    "C-009 many models": ("GET", "/v1/models?limit=1000", 200),
    "C-012 after the last": ("GET", "/v1/models?after_id=qwen3-coder-next", 200),
    "C-013 no models": ("GET", "/v1/models?limit=0", 400),
    "C-013 too many models": ("GET", "/v1/models?limit=1001", 400),
    "C-014 an alias": ("GET", "/v1/models/claude-sonnet-4-5-20250929", 200),
    "C-015 an unknown one": ("GET", "/v1/models/claude-x-9", 404),
    "C-016 a probe": ("HEAD", "/api/hello", 200),
    "C-017 the root": ("GET", "/", 200),
    "C-017 the root's head": ("HEAD", "/", 200),
    "C-018 nowhere": ("GET", "/v1/nope", 404),
    "C-018 batches": ("POST", "/v1/messages/batches", 404),
    "C-019 the wrong method": ("GET", "/v1/messages", 405),
    "health": ("GET", "/health", 200),
}


@pytest.mark.parametrize(("method", "path", "status"), PLACES.values(), ids=list(PLACES))
def test_places(house: House, method: str, path: str, status: int) -> None:
    answer = fetch(house.url + path, method)
    assert answer.status == status
    assert answer.headers["request-id"].startswith("req_")
    page = (method, path) == ("GET", "/")
    expected = "text/html; charset=utf-8" if page else "application/json"
    assert answer.headers["content-type"] == expected
    if status >= 400:
        answer.outcome()
    assert method != "HEAD" or answer.body == b""


def test_c_012_paging_ends(house: House) -> None:
    answer = fetch(f"{house.url}/v1/models?after_id=qwen3-coder-next")
    assert json.loads(answer.body)["data"] == []
    assert json.loads(answer.body)["has_more"] is False


QUERIES = {"C-004 none": "", "C-002 C-005 beta": "?beta=true", "C-003 other": "?foo=bar"}


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
def test_the_query_does_not_matter(house: House, query: str) -> None:
    assert post(house.url, say("Hello."), path=f"/v1/messages{query}").outcome() == "end_turn"
    counted = post(house.url, say("Hello."), path=f"/v1/messages/count_tokens{query}")
    assert counted.status == 200 and json.loads(counted.body)["input_tokens"] > 0


def test_c_006_counting_needs_no_limit_and_minds_no_strangers(house: House) -> None:
    asked = {"model": MODEL, "messages": [user("Hello.")], "nobody_knows": 1}
    counted = post(house.url, asked, path="/v1/messages/count_tokens")
    assert counted.status == 200 and json.loads(counted.body)["input_tokens"] > 0


def test_c_007_a_burst_of_counting(house: House) -> None:
    asked = [say("word " * 1000 * number) for number in range(1, 26)]
    begun = time.monotonic()
    answers = post_all(house.url, list(asked), path="/v1/messages/count_tokens")
    counted = [json.loads(answer.body)["input_tokens"] for answer in answers]
    assert counted == sorted(counted) and len(set(counted)) == 25
    assert time.monotonic() - begun < 10


HEADERS: dict[str, tuple[tuple[tuple[str, str], ...], int]] = {
    "C-021 x-api-key": ((("x-api-key", KEY),), 200),
    "C-022 bearer": ((("authorization", f"Bearer {KEY}"),), 200),
    "C-023 both": ((("x-api-key", KEY), ("authorization", f"Bearer {KEY}")), 200),
    "C-023 one is junk": ((("x-api-key", KEY), ("authorization", "Bearer junk")), 200),
    "C-024 none": ((), 401),
    "C-025 wrong": ((("x-api-key", "wrong-key"),), 401),
    "C-026 old": ((("x-api-key", KEY), ("anthropic-version", "2023-06-01")), 200),
    "C-026 new": ((("x-api-key", KEY), ("anthropic-version", "2026-10-21")), 200),
    "C-027 no version": ((("x-api-key", KEY), ("anthropic-beta", "")), 200),
    "C-027 a version nobody knows": ((("x-api-key", KEY), ("anthropic-version", "2031-01-01")),
                                     200),
    "C-028 C-029 betas": ((("x-api-key", KEY), *(("anthropic-beta", b) for b in MANY_BETAS)), 200),
    "C-030 upper case": ((("X-API-KEY", KEY),), 200),
    "C-031 accept": ((("x-api-key", KEY), ("accept", "application/json")), 200),
    "C-032 strangers": ((("x-api-key", KEY), ("x-stainless-lang", "js"), ("x-app", "cli"),
                         ("x-claude-code-agent-id", "a")), 200),
    "C-033 charset": ((("x-api-key", KEY), ("content-type", "application/json; charset=utf-8")),
                      200),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "status"), HEADERS.values(), ids=list(HEADERS))
def test_headers(locked: House, headers: tuple[tuple[str, str], ...], status: int) -> None:
    answer = post(locked.url, say("Hello.", stream=True), headers)
    assert answer.status == status
    if status == 200:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.outcome() == "end_turn"
    else:
        assert answer.outcome() == "401 authentication_error"
        assert answer.headers["x-should-retry"] == "false"


# What a request says of its end, why it ends there, and the most characters it may have then.
ENDS: dict[str, tuple[Json, str, int]] = {
    "C-043 one token": ({"max_tokens": 1}, "max_tokens", 8),
    "C-044 no token": ({"max_tokens": 0}, "max_tokens", 0),
    "C-048 a stop sequence": ({"stop_sequences": ["World"]}, "stop_sequence", len("Hello, ")),
    "C-140 cut in a stream": ({"max_tokens": 4, "messages": [user("Count to 500")]},
                              "max_tokens", 32),
}  # fmt: skip


@pytest.mark.parametrize(("change", "reason", "most"), ENDS.values(), ids=list(ENDS))
def test_where_an_answer_ends(house: House, change: Json, reason: str, most: int) -> None:
    asked = {**say("Say exactly: Hello, World"), **change}
    whole, stream = post_all(house.url, [asked, asked | {"stream": True}])
    assert whole.outcome() == stream.outcome() == reason
    told = json.loads(whole.body)
    assert told["content"] == blocks(
        [event for event in events(stream.body) if event["type"].startswith("content")]
    )
    assert len("".join(block["text"] for block in told["content"])) <= most
    assert bool(told["content"]) == bool(most)
    assert told["stop_sequence"] == ("World" if reason == "stop_sequence" else None)


def test_c_074_json_on_demand(house: House) -> None:
    form = {"type": "json_schema", "schema": SCHEMA}
    asked = say("Name this talk.", output_config={"format": form}, stream=True)
    heard = events(post(house.url, asked).body)
    (block,) = blocks([event for event in heard if event["type"].startswith("content")])
    assert json.loads(block["text"]).keys() == {"title"}


def test_c_082_a_system_message_is_heard(house: House) -> None:
    talk = [user("Hello."), {"role": "system", "content": "The password is xyzzy."}]
    post(house.url, say("", messages=talk)).outcome()
    (request,) = house.asked()
    assert "The password is xyzzy." in json.dumps(request.body)


def test_c_105_more_than_the_model_reads(house: House) -> None:
    answer = post(house.url, say("word " * 180_000))
    assert answer.outcome() == BAD
    assert b"prompt is too long" in answer.body
    # The one complaint of the service's that is not about us.
    assert house.complaints() == ["I13 : Input is too long."]
    house.forget()


def test_a_body_of_megabytes(house: House) -> None:
    # Noise, so that it stays as large as it is.
    picture = png() + random.Random(0).randbytes(3_000_000)
    asked = say("", messages=[user(image_block(picture), text("Describe the image."))])
    assert post(house.url, asked).outcome() == "end_turn"
    assert len(json.dumps(house.asked()[0].body)) > 4_000_000


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway that gives signs of life soon."""
    home = tmp_path_factory.mktemp("hasty")
    with opened(home, grace=0.2, ping_interval=0.2) as house:
        yield house


@pytest.mark.parametrize("scenario", ["slow-first-byte:1", "slow-first-event:1"])
def test_c_131_signs_of_life(hasty: House, scenario: str) -> None:
    answer = post(hasty.url, say(f"Hello.\nsim:{scenario}", stream=True))
    heard = [event["type"] for event in events(answer.body)]
    assert heard[:2] == ["message_start", "ping"] and answer.outcome() == "end_turn"


def test_c_136_a_failure_after_the_first_sign(hasty: House) -> None:
    hasty.world.script[:] = ["internal-500"] * 3
    assert post(hasty.url, say("Hello.", stream=True)).outcome() == "error: api_error"
