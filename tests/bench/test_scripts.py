"""What the benchmark plays and asks is what it says it is."""

import json
from dataclasses import replace

import pytest

from measure import requests, scripts

VECTOR = bytes.fromhex(
    # upstream-protocol.md 3.7
    "0000007c0000005c3bddcf780b3a6576656e742d74797065070016617373697374616e74526573706f6e7365"
    "4576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d657373"
    "6167652d747970650700056576656e747b22636f6e74656e74223a224869227db02babdc"
)


def test_a_frame_is_the_published_vector() -> None:
    assert scripts.frame("assistantResponseEvent", {"content": "Hi"}) == VECTOR


@pytest.mark.parametrize("name", scripts.SCRIPTS)
def test_botocore_reads_every_script(name: str) -> None:
    script = scripts.SCRIPTS[name]()

    scripts.confirm(script)

    assert script.name == name
    assert script.deltas == script.frames.count(b'"content":') + script.frames.count(b'"input":')


@pytest.mark.parametrize("change", [{"text": "other"}, {"tool": "{}"}], ids=["text", "tool"])
def test_a_script_that_says_something_else_is_caught(change: dict[str, str]) -> None:
    script = replace(scripts.SCRIPTS["one"](), **change)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="one"):
        scripts.confirm(script)


def test_the_text_needs_escapes_and_has_no_repeated_order() -> None:
    text = "".join(scripts.prose(2000))

    assert all(mark in text for mark in ('"', "\\", "\n", "é", "日本", "😀"))
    assert len(set(scripts.prose(2000))) > 1500


@pytest.mark.parametrize("size", [150_000, 5_000_000])
def test_a_session_has_the_size_and_shape_it_claims(size: int) -> None:
    body = requests.session(size, "one", 50)
    call = json.loads(body)

    assert size * 0.98 <= len(body) <= size * 1.02
    assert (len(call["tools"]), len(call["messages"])) == (20, 61)
    assert [m["role"] for m in call["messages"]] == ["user", *["assistant", "user"] * 30]
    assert body.count(b"play:one@50;") == 1
