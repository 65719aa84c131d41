"""What a whole call costs: every part of it, by model, and what does not count."""

import base64
from typing import Any

import msgspec
import pytest

from amq2api.bridge import tokens
from amq2api.bridge.amazonq.words import MARK
from amq2api.dialects import messages as m
from bridge.conversations import (
    Json,
    assistant,
    decoded,
    request,
    result,
    thinking,
    tool,
    use,
    user,
)

OLDER, NEWER = "claude-sonnet-4.5", "claude-opus-4.8"
LETTERS = "a" * 400  # 96 tokens of the older tokenizer
PAGE = {
    "type": "web_search_result", "title": LETTERS, "url": LETTERS, "page_age": LETTERS,
    "encrypted_content": base64.b64encode(MARK + LETTERS.encode()).decode(),
}  # fmt: skip


def counted(*messages: Json, model: str = OLDER, **members: Any) -> tokens.Size:
    return tokens.size(decoded(request(*messages, **members)), model)


BLOCKS: dict[str, tuple[Json, float]] = {
    "text": (user(LETTERS), 100),
    "a string and a list of one": (user({"type": "text", "text": LETTERS}), 100),
    "tool use": (assistant(use("t", "x" * 100, a="y" * 300)), 4 + 48 + 96 + 3.69),
    "thought of this turn": (assistant(thinking(LETTERS, "s")), 100),
    "sealed thought": (assistant({"type": "redacted_thinking", "data": LETTERS}), 4),
    "result": (user(result("t", LETTERS)), 106),
    "empty result": (user(result("t")), 10),
    "result of blocks": (
        user(result("t", LETTERS, {"type": "tool_reference", "tool_name": "x" * 100})), 130,
    ),
    "document": (
        user({"type": "document", "title": LETTERS, "context": LETTERS, "source": {
            "type": "text", "media_type": "text/plain", "data": LETTERS}}), 4 + 12 + 288,
    ),
    "document of parts": (
        user({"type": "document", "source": {"type": "content", "content": [
            {"type": "text", "text": LETTERS}]}}), 4 + 12 + 96,
    ),
    "search result": (
        user({"type": "search_result", "source": LETTERS, "title": LETTERS,
              "content": [{"type": "text", "text": LETTERS}]}), 4 + 12 + 288,
    ),
    "search of the web": (
        assistant({"type": "server_tool_use", "id": "s", "name": "x" * 100,
                   "input": {"query": "y" * 300}}), 4 + 48 + 96 + 5 * 0.24 + 3.45,
    ),
    "pages found, with our own snippet": (
        assistant({"type": "web_search_tool_result", "tool_use_id": "s", "content": [PAGE]}),
        4 + 6 + 4 * 96,
    ),
    "pages found, another's snippet": (
        assistant({"type": "web_search_tool_result", "tool_use_id": "s",
                   "content": [PAGE | {"encrypted_content": LETTERS}, "what is this"]}),
        4 + 6 + 3 * 96,
    ),
    "a snippet that is no base64": (
        assistant({"type": "web_search_tool_result", "tool_use_id": "s",
                   "content": [PAGE | {"encrypted_content": "=a"}]}), 4 + 6 + 3 * 96,
    ),
    "a search that failed": (
        assistant({"type": "web_search_tool_result", "tool_use_id": "s",
                   "content": {"type": "web_search_tool_result_error", "error_code": "x" * 100}}),
        4 + 6 + 24,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("message", "count"), BLOCKS.values(), ids=BLOCKS)
def test_blocks(message: Json, count: float) -> None:
    # Nothing but results: a further turn of the user would end the turn of a thought.
    first = counted(user("x"))
    assert counted(user("x"), message).text - first.text == pytest.approx(count)


def test_escapes_in_json_weigh_what_they_stand_for() -> None:
    def weight(text: bytes) -> float:
        call = m.ToolUse("t", "f", msgspec.Raw(b'{"a":"' + text + b'"}'))
        return tokens.size(
            m.Call(model=OLDER, messages=[m.Message("assistant", [call])]), OLDER
        ).text

    assert weight(rb"\u6e2f\u53e3\u5f88\u65e9" * 50) == weight("港口很早".encode() * 50)
    assert weight(rb"\u6e2f" * 200_000) > 200_000  # so many are not read


def test_json_that_cannot_be_read_counts_as_it_stands() -> None:
    call = m.ToolUse("t", "f", msgspec.Raw(rb'{"a":"\u6e2f'))
    message = m.Message("assistant", [call])
    assert tokens.size(m.Call(model=OLDER, messages=[message]), OLDER).text > 55


def test_a_block_without_a_rule_counts_by_its_json() -> None:
    mcp = {"type": "mcp_tool_result", "tool_use_id": "t", "content": LETTERS}
    assert counted(user("x"), assistant(mcp)).text - counted(user("x")).text > 96


def test_images_are_apart_from_text_and_cost_more_where_more_is_looked_at() -> None:
    unknown = m.Image(m.Base64Source("image/png", "????"))
    call = m.Call(model="m", messages=[m.Message("user", [unknown])])
    assert tokens.size(call, OLDER) == tokens.Size(7, 1568)
    assert tokens.size(call, NEWER) == tokens.Size(7, 4784)


def test_documents_that_cannot_be_read_cost_their_label() -> None:
    source = m.UrlSource("https://x")
    message = m.Message("user", [m.Document(source, title=LETTERS), m.Image(source)])
    size = tokens.size(m.Call(model="m", messages=[message]), OLDER)
    assert (size.text, size.images) == pytest.approx((7 + 12 + 96, 1568))


PARTS: dict[str, tuple[dict[str, Any], float]] = {
    "system": ({"system": LETTERS}, 96),
    "system blocks": ({"system": [{"type": "text", "text": LETTERS}]}, 96),
    "schema": (
        {"output_config": {"format": {"type": "json_schema", "schema": {"p": "y" * 399}}}},
        96 + 3.45,
    ),
    "schema, the old way": (
        {"output_format": {"type": "json_schema", "schema": {"p": "y" * 399}}}, 96 + 3.45,
    ),
    "effort": ({"output_config": {"effort": "low"}}, 0),
    "a budget for thinking": ({"thinking": {"type": "enabled", "budget_tokens": 2000},
                               "max_tokens": 4000}, 28),
    "adaptive thinking": ({"thinking": {"type": "adaptive"}}, 0),
    "a tool": ({"tools": [tool("x" * 100, {"p": "y" * 299}) | {"description": LETTERS}]},
               496 + 14 + 24 + 96 + 72 + 3.45),
    "a tool that must be called": (
        {"tools": [tool("x" * 100, {})], "tool_choice": {"type": "any"}}, 588 + 14 + 24 + 1.85,
    ),
    "one tool that must be called": (
        {"tools": [tool("x" * 100, {})], "tool_choice": {"type": "tool", "name": "x" * 100}},
        588 + 14 + 24 + 1.85,
    ),
    "a tool that may not be called": (
        {"tools": [tool("x" * 100, {})], "tool_choice": {"type": "none"}}, 496 + 14 + 24 + 1.85,
    ),
    "no tools": ({"tools": []}, 0),
    "the API's own tool": ({"tools": [{"type": "bash_20250124", "name": "bash"}]},
                           496 + 245 + 4 * 0.24),
    "web search": ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
                   496 + 120 + 9 * 0.24 + 0.65),
    "a tool that waits, beside one": (
        {"tools": [tool("x" * 100, {}), tool("y" * 100, {}) | {"defer_loading": True}]},
        496 + 14 + 24 + 1.85,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("members", "count"), PARTS.values(), ids=PARTS)
def test_parts_of_the_call(members: dict[str, Any], count: float) -> None:
    alone = counted(user(LETTERS))
    assert counted(user(LETTERS), **members).text - alone.text == pytest.approx(count)


def test_a_tool_that_waits_counts_once_it_was_referred_to() -> None:
    tools = [tool("a", {}), tool("b" * 100, {}) | {"defer_loading": True}]
    talk = [user("x"), assistant(use("t", "a")), user(result("t"))]
    brought = [*talk[:2], user(result("t", {"type": "tool_reference", "tool_name": "b" * 100}))]
    more = counted(*brought, tools=tools).text - counted(*talk, tools=tools).text
    assert more == pytest.approx(24 + 14 + 24 + 1.85)


PROMPTS: dict[str, tuple[int, int]] = {
    # claude-api.md 8.3: auto and none, any and tool
    "claude-opus-5": (286, 406),
    "claude-sonnet-5": (354, 474),
    "claude-haiku-5.5": (354, 474),
    "claude-opus-4.8": (290, 410),
    "claude-opus-4.7": (675, 804),
    "claude-sonnet-4.6": (497, 589),
    "claude-haiku-4.5": (496, 588),
    "claude-sonnet-4": (313, 315),
    "claude-3-7-sonnet-20250219": (313, 315),
    "auto": (286, 406),
}


@pytest.mark.parametrize("model", PROMPTS)
def test_what_models_are_told_about_tools(model: str) -> None:
    bash = {"type": "bash_20250124", "name": "bash"}
    plain = counted(user("x"), model=model).text + 245 + tokens.weigh(
        "bash", tokens.tokenizer_of(model)
    )  # fmt: skip
    free = counted(user("x"), model=model, tools=[bash]).text
    forced = counted(user("x"), model=model, tools=[bash], tool_choice={"type": "any"}).text
    assert (free - plain, forced - plain) == pytest.approx(PROMPTS[model])


def test_thoughts_count_until_the_users_next_turn() -> None:
    thought = assistant(thinking(LETTERS, "s"), use("t"))
    talk = [user("x"), thought, user(result("t")), assistant("b"), user("c")]
    for many, counts in ((2, True), (3, True), (5, False)):
        said = [*talk[:many]]
        without = [assistant(use("t")) if one is thought else one for one in said]
        more = counted(*said).text - counted(*without).text
        assert more == pytest.approx(96 if counts else 0)


def test_a_tool_loop_never_costs_less_than_before() -> None:
    talk = [user("x")]
    before = counted(*talk).text
    for turn in range(20):
        talk += [assistant(thinking("b" * turn, "s"), use(f"t{turn}")), user(result(f"t{turn}"))]
        now = counted(*talk, tools=[tool("f")]).text
        assert now > before
        before = now


def test_the_same_call_costs_more_with_the_newer_tokenizer() -> None:
    assert counted(user(LETTERS), model=NEWER).text > counted(user(LETTERS)).text


def test_a_message_without_content_is_hardly_anything() -> None:
    call = m.Call(model=OLDER, messages=[m.Message("system", msgspec.UNSET)])
    assert tokens.estimate(call) == 7


def test_an_estimate_is_rounded_up() -> None:
    assert tokens.PLAIN.count(tokens.Size(10.2, 3.0), OLDER) == 14
