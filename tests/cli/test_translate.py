"""``amq2api translate``: the request that would leave, and what was noted."""

import json
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


def test_the_request_is_shown_and_the_notes_beside_it() -> None:
    done = translate()
    assert done.status == 0
    current = json.loads(done.out)["conversationState"]["currentMessage"]["userInputMessage"]
    assert current["modelId"] == "claude-sonnet-4.5"
    assert current["content"].startswith("Be brief.")
    assert current["content"].endswith("Hello")
    assert {"dropped:temperature", "dropped:unknown fields"} <= set(done.err.splitlines())


def test_programs_get_both_in_one() -> None:
    for_people, for_programs = translate(), translate("--json")
    whole = json.loads(for_programs.out)
    assert whole["request"] == json.loads(for_people.out)
    assert whole["notes"] == for_people.err.splitlines()
    assert for_programs.err == ""


def test_the_same_request_gives_the_same_text() -> None:
    assert translate().out == translate().out


def test_settings_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_ORIGIN", "IDE")
    monkeypatch.setenv("AMQ2API_MODEL_MAP", "mine=claude-haiku-4.5")
    said = translate(model="mine").out
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
