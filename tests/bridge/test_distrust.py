"""Thoughts that were refused once are not sent again, and no others are held back."""

from typing import Any

import msgspec

from amq2api.bridge.distrust import Distrust
from amq2api.dialects import messages as m


def thought(signature: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": "hm", "signature": signature}


def sealed(data: str) -> dict[str, Any]:
    return {"type": "redacted_thinking", "data": data}


def call(*blocks: dict[str, Any], model: str = "opus") -> m.Call:
    said = [*blocks, {"type": "text", "text": "Hi."}]
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": said},
        {"role": "user", "content": [{"type": "text", "text": "more"}]},
    ]
    body = {"model": model, "max_tokens": 9, "messages": messages}
    return m.decode(msgspec.json.encode(body))


def proofs(call: m.Call) -> list[str | None]:
    content = call.messages[1].content
    assert isinstance(content, list)
    return [
        block.signature if isinstance(block, m.Thinking) else block.data
        for block in content
        if isinstance(block, m.Thinking | m.RedactedThinking)
    ]


def test_what_was_refused_loses_its_proof() -> None:
    distrust = Distrust()
    distrust.learn(call(thought("a"), sealed("b")))
    later = call(thought("a"), sealed("b"), thought("new"))
    assert proofs(distrust.without(later)) == ["", "", "new"]
    assert proofs(later) == ["a", "b", "new"]


def test_calls_without_refused_thoughts_are_left_alone() -> None:
    distrust = Distrust()
    asked = call(thought("a"))
    assert distrust.without(asked) is asked
    distrust.learn(call(thought("b")))
    assert distrust.without(asked) is asked


def test_another_model_may_know_it() -> None:
    distrust = Distrust()
    distrust.learn(call(thought("a"), model="sonnet"))
    assert proofs(distrust.without(call(thought("a")))) == ["a"]


def test_the_oldest_are_forgotten() -> None:
    distrust = Distrust(most=2)
    distrust.learn(call(thought("a"), thought("b"), thought("c")))
    assert proofs(distrust.without(call(thought("a"), thought("b"), thought("c")))) == ["a", "", ""]
