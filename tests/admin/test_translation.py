"""What a call would become, shown and not sent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from admin.desk import Desk, at_desk

CALL: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 100,
    "temperature": 0.5,
    "messages": [{"role": "user", "content": "Hello"}],
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home: Path = tmp_path_factory.mktemp("translation")
    with at_desk(home) as found:
        yield found


def test_a_call_is_shown_as_it_would_be_sent_and_is_not(desk: Desk) -> None:
    told = desk.ask("POST", "/api/translation", CALL).data
    current = told["request"]["conversationState"]["currentMessage"]["userInputMessage"]
    assert (current["content"], current["modelId"]) == ("Hello", "claude-sonnet-4.5")
    assert desk.house.asked() == []


def test_notes_are_explained(desk: Desk) -> None:
    notes = desk.ask("POST", "/api/translation", CALL | {"colour": "red"}).data["notes"]
    named = {note["note"]: note for note in notes}
    rows = {row["subject"]: row for row in desk.ask("GET", "/api/fidelity").data}
    assert named["dropped:temperature"] == {
        "note": "dropped:temperature", "fate": "dropped", "subject": "temperature", "count": 1,
        "how": rows["temperature"]["how"],
    }  # fmt: skip
    assert named["dropped:unknown fields"]["how"] == ""


BAD: dict[str, tuple[Any, int, str]] = {
    "no JSON": (b"{", 400, "not valid JSON"),
    "no messages": ({"model": "claude-sonnet-4-5", "max_tokens": 1}, 400, "messages: Field"),
    "no such model": (CALL | {"model": "gpt-4"}, 404, "model: gpt-4"),
}


@pytest.mark.parametrize(("body", "status", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_translated_is_refused(
    desk: Desk, body: Any, status: int, words: str
) -> None:
    answer = desk.ask("POST", "/api/translation", body)
    assert answer.status == status
    assert words in answer.error["message"]


def test_it_takes_calls_of_agents(desk: Desk) -> None:
    long = CALL | {"system": "word " * 300_000}
    assert desk.ask("POST", "/api/translation", long).status == 200
