"""The requests that go on with an answer: the client's call, and what was answered so far."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq.words import JSON_AGAIN, JSON_REPAIR
from amq2api.bridge.continuing import continued, corrected
from amq2api.bridge.structured import Misfit
from amq2api.dialects import messages as m

PAGE = m.WebSearchResult("https://a.example", "A", "c2VhbGVk", "June 1, 2026")
SAID: list[m.ContentBlock] = [
    m.ThinkingBlock("hm", "c2lnbmVk"),
    m.RedactedThinkingBlock("c2VjcmV0"),
    m.TextBlock("Let me look."),
    m.ServerToolUseBlock("srvtoolu_1", "web_search", {"query": "a"}),
    m.WebSearchToolResultBlock("srvtoolu_1", [PAGE]),
    m.ServerToolUseBlock("srvtoolu_2", "web_search", {}),
    m.WebSearchToolResultBlock("srvtoolu_2", m.WebSearchError("unavailable")),
    m.ToolUseBlock("toolu_1", "ls", {"path": ["a", 1.5, None]}),
]


def call(**members: Any) -> m.Call:
    whole = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return m.decode(msgspec.json.encode({**whole, **members}))


def test_blocks_go_back_as_a_client_would_send_them() -> None:
    asked = call()
    again = continued(asked, SAID)
    echo = {"role": "assistant", "content": msgspec.to_builtins(SAID)}
    sent = call(messages=[{"role": "user", "content": "hi"}, echo])
    assert again == sent and len(asked.messages) == 1


TOOLS = [{"name": "ls", "input_schema": {"type": "object"}}]
CHOICES: dict[str, tuple[Any, m.ToolChoice | None]] = {
    "none said": (None, None),
    "auto": ({"type": "auto"}, m.AutoTool()),
    "none": ({"type": "none"}, m.NoTool()),
    "any": ({"type": "any"}, m.AutoTool()),
    "one": ({"type": "tool", "name": "ls"}, m.AutoTool()),
    "one at a time": ({"type": "any", "disable_parallel_tool_use": True},
                      m.AutoTool(disable_parallel_tool_use=True)),
}  # fmt: skip


@pytest.mark.parametrize(("choice", "left"), CHOICES.values(), ids=CHOICES)
def test_nothing_is_forced_any_more(choice: Any, left: m.ToolChoice | None) -> None:
    asked = call(tools=TOOLS, **({"tool_choice": choice} if choice else {}))
    for again in (continued(asked, SAID), corrected(asked, SAID, Misfit("$", ""))):
        assert again.tool_choice == left and again.tools == asked.tools


MISFITS: dict[str, tuple[Misfit, str]] = {
    "no document": (Misfit("$", ""), JSON_AGAIN),
    "a rule": (Misfit("$.a", "type", '{"type":"string"}'),
               JSON_REPAIR.format(place="$.a", rule='{"type":"string"}')),
    "braces in a rule": (Misfit("$.{a}", "enum", '{"enum":["{place}"]}'),
                         'The previous answer does not satisfy the JSON schema: $.{a} breaks the'
                         ' rule {"enum":["{place}"]}. Give the whole answer again.'),
}  # fmt: skip


@pytest.mark.parametrize(("misfit", "words"), MISFITS.values(), ids=MISFITS)
def test_a_correction_follows_the_answer(misfit: Misfit, words: str) -> None:
    *_, said, told = corrected(call(), [m.TextBlock("x")], misfit).messages
    assert said == m.Message("assistant", [m.Text("x")]) and told == m.Message("user", words)
    *_, before, told = corrected(call(), [], misfit).messages
    assert before == m.Message("user", "hi") and told == m.Message("user", words)


@given(st.text(), st.dictionaries(st.text(), st.integers() | st.text()))
def test_what_was_said_comes_back_unchanged(text: str, value: dict[str, Any]) -> None:
    said: list[m.ContentBlock] = [m.TextBlock(text), m.ToolUseBlock("toolu_1", "ls", value)]
    content = continued(call(), said).messages[-1].content
    assert isinstance(content, list)
    first, second = content
    assert isinstance(first, m.Text) and first.text == text
    assert isinstance(second, m.ToolUse) and msgspec.json.decode(second.input) == value
