"""Claude Code itself, in a home of its own, talking to the gateway and nobody else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from bridge.pdfs import pdf
from e2e import clients
from e2e.answers import Json
from e2e.conftest import KEY
from e2e.houses import House
from e2e.pictures import png

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        clients.without_claude_code(), reason="AMQ2API_SKIP_CLAUDE_CODE=1 says to do without"
    ),
]

Ask: TypeAlias = Callable[..., Json]

READ = ("Read the file notes.txt and tell me what it says", "--allowedTools", "Read")
NOTES = "The quick brown fox\nowes me 42 crowns.\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    """Where Claude Code works, with a file to read; its home is beside it."""
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "notes.txt").write_text(NOTES)
    yield desk
    # Its sessions are there: it did not write to anybody's real home.
    assert (tmp_path / "home" / ".claude").is_dir()


@pytest.fixture
def ask(desk: Path) -> Ask:
    """Runs ``claude -p`` and gives its result, with the exit status as ``status``."""

    def ask(house: House, *arguments: str, **environment: str) -> Json:
        home = desk.parent / "home"
        home.mkdir(exist_ok=True)
        own = {"HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude")}
        # IS_SANDBOX: it declines some permissions to root elsewhere.
        quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
                 "IS_SANDBOX": "1", "CLAUDE_CODE_MAX_RETRIES": "3"}  # fmt: skip
        key = {} if "ANTHROPIC_AUTH_TOKEN" in environment else {"ANTHROPIC_API_KEY": "anything"}
        done = clients.run(
            [clients.claude(), "-p", *arguments, "--output-format", "json"], desk,
            {**own, **quiet, **key, "ANTHROPIC_BASE_URL": house.url, **environment}, patience=90,
        )  # fmt: skip
        assert done.stdout, done.stderr
        return {"status": done.returncode, **json.loads(done.stdout)}

    return ask


def succeeded(result: Json) -> bool:
    return (result["status"], result["is_error"], result["subtype"]) == (0, False, "success")


MODELS = {
    "C-159 C-169 default": (),
    "a-name-it-does-not-know": ("--model", "claude-sonnet-4.5"),
    "an-older-one": ("--model", "claude-opus-4-8"),
    "without-images": ("--model", "glm-5"),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_a_greeting(house: House, ask: Ask, model: tuple[str, ...]) -> None:
    result = ask(house, "say hello", *model)
    assert succeeded(result) and result["result"].strip()
    (request,) = house.asked()
    assert request.status == 200 and request.fault is None
    assert result["usage"]["input_tokens"] > 5000 and result["usage"]["output_tokens"] > 0


def test_c_161_an_alias_that_nobody_has_heard_of(house: House, ask: Ask) -> None:
    """It thinks adaptively then, and has a system message for the model."""
    assert succeeded(ask(house, "say hello", ANTHROPIC_MODEL="anthropic/claude-opus-4-8"))
    (request,) = house.asked()
    assert request.body["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"


CREDENTIALS = {
    "api-key": {"ANTHROPIC_API_KEY": KEY},
    "C-160 auth-token": {"ANTHROPIC_AUTH_TOKEN": KEY},
    "both": {"ANTHROPIC_API_KEY": "wrong", "ANTHROPIC_AUTH_TOKEN": KEY},
}


@pytest.mark.parametrize("credentials", CREDENTIALS.values(), ids=list(CREDENTIALS))
def test_it_shows_its_key(locked: House, ask: Ask, credentials: dict[str, str]) -> None:
    locked.forget()
    assert succeeded(ask(locked, "say hello", **credentials))
    assert len(locked.asked()) == 1


def test_it_is_told_at_once_of_a_wrong_key(locked: House, ask: Ask) -> None:
    locked.forget()
    result = ask(locked, "say hello", ANTHROPIC_API_KEY="wrong")
    assert not succeeded(result) and result["api_error_status"] == 401
    assert locked.asked() == []


@pytest.mark.parametrize("model", [(), ("--model", "claude-sonnet-4.5")], ids=["default", "old"])
def test_c_162_it_reads_a_file(house: House, ask: Ask, desk: Path, model: tuple[str, ...]) -> None:
    result = ask(house, *READ, *model)
    assert succeeded(result) and result["permission_denials"] == []
    assert "The quick brown fox" in result["result"] and "42 crowns" in result["result"]
    _, second = house.asked()
    talk = second.body["conversationState"]
    (use,) = talk["history"][-1]["assistantResponseMessage"]["toolUses"]
    assert (use["name"], use["input"]) == ("Read", {"file_path": str(desk / "notes.txt")})
    assert result["num_turns"] == 2
    # It never had to ask again for a whole answer instead of a stream.
    assert all(record.stream and record.ok for record in house.relay.records.recent(2))


def test_it_looks_at_a_picture(house: House, ask: Ask, desk: Path) -> None:
    (desk / "red.png").write_bytes(png())
    result = ask(house, "Read the file red.png", "--allowedTools", "Read")
    assert succeeded(result) and len(house.asked()) == 2
    asked = house.asked()[1].body["conversationState"]["currentMessage"]["userInputMessage"]
    assert [image["format"] for image in asked["images"]] == ["png"]


def test_it_runs_a_command(house: House, ask: Ask, desk: Path) -> None:
    result = ask(house, "Run the command: touch made-by-claude", "--allowedTools", "Bash")
    assert succeeded(result) and (desk / "made-by-claude").exists()
    assert len(house.asked()) == 2


def test_a_conversation_goes_on(house: House, ask: Ask) -> None:
    assert succeeded(ask(house, "Hello, my name is Grace."))
    result = ask(house, "What is my name?", "--continue")
    assert succeeded(result) and "Grace" in result["result"]
    assert len(house.asked()) == 2


def test_thoughts_come_back_signed(house: House, ask: Ask) -> None:
    assert succeeded(ask(house, *READ))
    first, second = house.asked()
    assert first.body["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"
    said = second.body["conversationState"]["history"][-1]["assistantResponseMessage"]
    assert said["reasoningContent"]["reasoningText"]["signature"]


def test_c_163_a_deferred_tool_becomes_callable(house: House, ask: Ask) -> None:
    result = ask(house, 'Use ToolSearch with "select:WebFetch"')
    assert succeeded(result) and "WebFetch" in result["result"]
    _, second = house.asked()
    asked = second.body["conversationState"]["currentMessage"]["userInputMessage"]
    tools = asked["userInputMessageContext"]["tools"]
    assert "WebFetch" in [tool["toolSpecification"]["name"] for tool in tools]


def test_structured_output(house: House, ask: Ask) -> None:
    properties = {"name": {"type": "string"}, "population": {"type": "integer"}}
    schema = {"type": "object", "required": ["name", "population"], "properties": properties}
    wish = "Use the StructuredOutput tool for Paris"
    result = ask(house, wish, "--json-schema", json.dumps(schema))
    assert succeeded(result) and result["structured_output"]["name"] == "Paris"


def test_c_164_an_agent_of_its_own(house: House, ask: Ask) -> None:
    house.world.script[:] = ["tool"]  # calls the first one it declares, Agent
    result = ask(house, "Go on.")
    assert succeeded(result) and result["subagent_stats"]["completed"] == 1
    states = [request.body["conversationState"] for request in house.asked()]
    # Its own conversation has a beginning of its own.
    assert len([state for state in states if not state.get("history")]) == 2


def test_c_165_an_overflow_is_compacted(house: House, ask: Ask) -> None:
    for words in ("Hello, my name is Grace.", "Count to 20", "Say exactly: fine"):
        assert succeeded(ask(house, words, "--continue"))
    house.forget()
    house.world.script[:] = ["too-long-400"]
    assert succeeded(ask(house, "What is my name?", "--continue"))
    refused, *summed_up, last = house.asked()
    assert refused.status == 400 and summed_up
    for request in summed_up:
        current = request.body["conversationState"]["currentMessage"]
        assert "summary" in current["userInputMessage"]["content"]
    assert last.status == 200


# What befalls its first request, and how many the service sees in the end.
CURED = {
    "a-broken-stream": (["error-frame"], 2),
    "a-damaged-stream": (["crc-flip"], 2),
    "a-cut-connection": (["drop-at-byte:350"], 2),
    "a-cut-tool-call": (["tool-unclosed"], 2),
    "no-capacity": (["capacity-429"] * 3, 4),
    "a-new-token": (["bearer-403"], 2),
}


@pytest.mark.parametrize(("script", "requests"), CURED.values(), ids=list(CURED))
def test_it_survives(house: House, ask: Ask, script: list[str], requests: int) -> None:
    house.world.script[:] = script
    result = ask(house, "say hello")
    assert succeeded(result) and result["result"].strip()
    assert len(house.asked()) == requests


HOPELESS = {
    "no-allowance-left": ("quota-402", 429),
    "suspended": ("suspended-403", 403),
}


@pytest.mark.parametrize(("scenario", "status"), HOPELESS.values(), ids=list(HOPELESS))
def test_it_gives_up_at_once(house: House, ask: Ask, scenario: str, status: int) -> None:
    house.world.scenario = scenario
    result = ask(house, "say hello")
    assert not succeeded(result) and result["api_error_status"] == status
    assert len(house.asked()) == 1


def test_it_knows_an_overflow_when_it_hears_of_one(house: House, ask: Ask) -> None:
    house.world.scenario = "too-long-400"
    assert ask(house, "say hello")["terminal_reason"] == "prompt_too_long"


def test_it_is_told_of_an_unknown_model(house: House, ask: Ask) -> None:
    result = ask(house, "say hello", "--model", "claude-nobody-9")
    assert not succeeded(result) and "claude-nobody-9" in result["result"]
    assert house.asked() == []


def test_it_searches_the_web(house: House, ask: Ask) -> None:
    """Its tool asks in a call of its own, which holds the API's web search and nothing else."""
    result = ask(
        house, "Search the web for rust release date", "--allowedTools", "WebSearch",
        ENABLE_TOOL_SEARCH="false",
    )  # fmt: skip
    assert succeeded(result) and result["permission_denials"] == []
    assert '"url":"https://' in result["result"]
    searches = [each for each in house.world.requests if each.operation == "InvokeMCP"]
    assert searches[-1].body["method"] == "tools/call"
    assert "rust release date" in searches[-1].body["params"]["arguments"]["query"]


def test_it_reads_a_pdf(house: House, ask: Ask, desk: Path) -> None:
    (desk / "paper.pdf").write_bytes(pdf("The quarterly report", "says forty-two."))
    result = ask(house, "Read the file paper.pdf and tell me what it says", *READ[1:])
    assert succeeded(result) and result["permission_denials"] == []
    assert "The quarterly report" in result["result"] and "forty-two" in result["result"]
    assert "approximated:document.base64" in house.relay.records.recent()[0].notes
