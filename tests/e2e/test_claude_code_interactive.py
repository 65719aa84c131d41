"""Claude Code as people use it: at a terminal, from the first greeting to a compacted session."""

import json
from pathlib import Path

import pytest

from e2e import clients
from e2e.answers import Json
from e2e.houses import House
from e2e.terminal import at_terminal

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        clients.without_claude_code(), reason="AMQ2API_SKIP_CLAUDE_CODE=1 says to do without"
    ),
]


def settled(desk: Path) -> Json:
    """The settings of somebody who has answered the questions of a first start."""
    return {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["anything"], "rejected": []},
        "projects": {str(desk): {"hasTrustDialogAccepted": True}},
    }


def test_c_165_c_167_c_168_a_session(house: House, tmp_path: Path) -> None:
    """A title of its own, /context with its numbers, and /compact, after which it goes on."""
    desk, home = tmp_path / "desk", tmp_path / "home"
    desk.mkdir()
    home.mkdir()
    (desk / "notes.txt").write_text("The quick brown fox\n")
    (home / ".claude.json").write_text(json.dumps(settled(desk)))
    environment = {
        "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home), "ANTHROPIC_BASE_URL": house.url,
        "ANTHROPIC_API_KEY": "anything", "DISABLE_AUTOUPDATER": "1", "IS_SANDBOX": "1",
        # It may ask for a title, but whatever it wants to tell others ends here.
        "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }  # fmt: skip

    def calls() -> int:
        return len(house.relay.records.recent())

    with at_terminal([clients.claude()], desk, environment) as terminal:
        terminal.wait(lambda: "❯" in terminal.shown(), "its prompt")
        begun = calls()
        terminal.say("hello, I am Ada")
        terminal.wait(lambda: "Hello Ada!" in terminal.shown(), "a greeting")
        terminal.say("Read the file notes.txt and tell me what it says")
        terminal.wait(lambda: "The tool Read said" in terminal.shown(), "what the file says")
        assert "The quick brown fox" in terminal.shown()
        terminal.say("/context")
        terminal.wait(lambda: "Free space" in terminal.shown(), "a table of the context")
        compacting = calls()
        terminal.say("/compact")
        terminal.wait(lambda: calls() > compacting and "Compacted" in terminal.shown(), "a summary")
        compacted = calls()
        terminal.say("hello again")
        terminal.wait(lambda: calls() > compacted, "another answer")
        terminal.say("/exit")
    latest = house.relay.records.recent(calls() - begun)
    assert all(record.ok for record in latest)
    titles = [r for r in latest if "approximated:output_config.format" in r.notes]
    assert len(titles) == 1 and titles[0].outcome == "end_turn"
    # Each call of the session had more to say than the one before, until it was compacted.
    sizes = [record.input_tokens for record in reversed(latest) if record not in titles]
    assert sizes[0] < sizes[1] < sizes[2] < sizes[3]
