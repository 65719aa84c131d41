"""``amq2api translate``: the request that would leave, and what was noted."""

import json
from base64 import b64encode
from typing import Any

import pytest

from cli.running import Done, run

CALL: dict[str, Any] = {
    "model": "claude-sonnet-4-5-20250929",
    "max_tokens": 100,
    "temperature": 0.5,
    "favourite_colour": "blue",
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hello"}],
}


def translate(*words: str, **changes: Any) -> Done:
    return run("translate", *words, "-", given=json.dumps(CALL | changes).encode())


def test_the_request_is_shown_beside_what_would_be_sent() -> None:
    done = translate()
    assert (done.status, done.err) == (0, "")
    title, *lines = done.out.splitlines()
    assert title.split("  ")[0] == "Claude Messages request"
    at = title.index("Amazon Q request")
    left, right = (" ".join(line[part].strip() for line in lines)
                   for part in (slice(at), slice(at, None)))  # fmt: skip
    assert '"favourite_colour": "blue"' in left
    assert "favourite_colour" not in right
    assert r'"content": "Be brief.\n\nHello"' in right


def test_what_was_changed_is_explained_below() -> None:
    below = translate().out.partition("changed")[2]
    for note in ("dropped:temperature", "dropped:unknown fields"):
        line = next(line for line in below.splitlines() if line.startswith(note))
        assert len(line.split("  ")[-1]) > 20


def test_programs_get_all_in_one() -> None:
    done = translate("--json")
    whole = json.loads(done.out)
    current = whole["request"]["conversationState"]["currentMessage"]["userInputMessage"]
    assert current["modelId"] == "claude-sonnet-4.5"
    assert current["content"] == "Be brief.\n\nHello"
    assert {"dropped:temperature", "dropped:unknown fields"} <= set(whole["notes"])
    assert whole["call"] == CALL
    assert done.err == ""


def test_a_terminal_obeys_nothing_of_it_and_pictures_are_only_begun() -> None:
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\0\0\2" * 2
    data = b64encode(head + bytes(1485)).decode()
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                           "data": data}}  # fmt: skip
    words = {"type": "text", "text": "a\u009bb\u2028c"}
    shown = translate(messages=[{"role": "user", "content": [words, picture]}]).out
    assert "\u009b" not in shown
    assert "\u2028" not in shown
    assert "A" * 100 not in shown
    assert "… (2012" in shown


def test_the_same_request_gives_the_same_text() -> None:
    assert translate().out == translate().out


def test_settings_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_ORIGIN", "IDE")
    monkeypatch.setenv("AMQ2API_MODEL_MAP", "mine=claude-haiku-4.5")
    said = translate("--json", model="mine").out
    assert '"origin": "IDE"' in said
    assert '"modelId": "claude-haiku-4.5"' in said


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong role": ({"messages": [{"role": "robot", "content": ""}]}, "messages.0.role"),
    "no messages": ({"messages": []}, "messages"),
    "an unknown block": (
        {"messages": [{"role": "user", "content": [{"type": "smell"}]}]},
        "messages.0.content.0",
    ),
    "an unknown model": ({"model": "gpt-4"}, "model: gpt-4"),
}


@pytest.mark.parametrize(("changes", "place"), BAD.values(), ids=BAD)
def test_a_bad_request_is_refused_at_its_place(changes: dict[str, Any], place: str) -> None:
    done = translate(**changes)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(place)


def test_what_is_no_json_is_told() -> None:
    done = run("translate", "-", given=b"{")
    assert (done.status, done.out) == (1, "")
    assert "not valid JSON" in done.err
