"""What people build with: LangChain, LiteLLM, pydantic-ai, the TypeScript SDK, the AI SDK.

Each runs in a process of its own (python_clients.py, node-clients/clients.mjs) and tells what it
saw; what they do is in clients.md 3 and 4.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import clients
from e2e.answers import Json
from e2e.asking import post, say
from e2e.houses import House, opened

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent
IN_PYTHON = ("langchain", "litellm", "pydantic_ai")
GREETING = "Hello Ada! I am Claude Sonnet"
CALL = ["get_weather", {"city": "Oslo"}]
# Without network, LiteLLM shall not ask for a list of prices first.
IN_NODE = pytest.mark.skipif(
    clients.without_claude_code(), reason="AMQ2API_SKIP_CLAUDE_CODE is set"
)
QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONWARNINGS": "ignore"}


def report(name: str, home: Path, url: str) -> Json:
    if name in IN_PYTHON:
        command: list[str | Path] = [sys.executable, HERE / "python_clients.py", name, url]
        where, more = home, {"PYTHONPATH": str(clients.of_python()), **QUIET}
    else:
        source = (HERE / "node-clients" / "clients.mjs").read_text()
        node, where = clients.of_node()
        command, more = [node, "--input-type=module", "--eval", source, "--", name, url], {}
    done = clients.run(command, where, {"HOME": str(home), **more}, patience=100)
    assert done.returncode == 0, done.stderr
    # Some of them print advice before.
    told: Json = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "client").mkdir()
    return tmp_path / "client"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path) as house:
        yield house
        assert house.complaints() == []


def test_c_129_langchain(house: House, home: Path) -> None:
    told = report("langchain", home, house.url)
    assert told["text"].startswith(GREETING)
    assert told["streamed"] == told["text"] and told["pieces"] > 2
    # It reads the usage of a stream from message_delta alone.
    assert told["streamed_usage"] == told["usage"]
    assert told["usage"]["input_tokens"] > 0 and told["usage"]["output_tokens"] > 0
    assert told["call"] == CALL and "It rains in Oslo." in told["answer"]
    assert "Ada" in told["forced"] and "Ada" in told["schema"]
    assert told["count"] > 0
    kind, words = told["overflow"]
    assert kind.endswith("ContextOverflowError") and "prompt is too long: " in words


def test_litellm(house: House, home: Path) -> None:
    told = report("litellm", home, house.url)
    assert told["text"].startswith(GREETING)
    assert told["streamed"] == told["text"] and told["pieces"] > 2
    assert told["streamed_usage"] == told["usage"] > 0
    assert told["calls"] == told["streamed_calls"] == [CALL]
    assert told["finish"] == ["stop", "tool_calls"]
    # It splits streams at every character that ends a line in some alphabet.
    (odd,) = json.loads(post(house.url, say("sim:unicode")).body)["content"]
    assert "\u2028" in odd["text"] and told["odd"] == odd["text"]
    assert told["overflow"][0] == "ContextWindowExceededError"


def test_pydantic_ai(house: House, home: Path) -> None:
    told = report("pydantic_ai", home, house.url)
    assert told["text"].startswith(GREETING) and told["streamed"] == told["text"]
    assert "It rains in Oslo." in told["answer"] and "Ada" in told["forced"]


@IN_NODE
def test_c_116_c_139_the_typescript_sdk(house: House, home: Path) -> None:
    told = report("anthropic", home, house.url)
    assert told["text"].startswith(GREETING) and told["stop"] == "end_turn"
    assert told["streamed"] == told["text"]
    assert told["usage"][0] == told["usage"][1] > 0 and told["count"] > 0
    assert told["thought"] == ["thinking", "text"] and told["signed"]
    assert [told["call"]["name"], told["call"]["input"]] == CALL
    # Its tool runner asks for message threads first, and goes on without (clients.md 3).
    assert "It rains in Oslo." in told["ran"]
    assert len(set(told["models"])) == len(told["models"]) > 3
    assert told["overflow"]["status"] == 400
    assert "prompt is too long: " in told["overflow"]["message"]
    assert "overloaded_error" in told["broken"]["message"]


@IN_NODE
def test_the_ai_sdk(house: House, home: Path) -> None:
    told = report("vercel", home, house.url)
    assert told["text"].startswith(GREETING) and told["finish"] == ["stop", "stop"]
    assert told["streamed"] == told["text"] and told["pieces"] > 2
    assert told["usage"] > 0
    assert told["calls"] == [CALL] and told["results"] == ["It rains in Oslo."]
    assert "Ada" in told["object"]["name"]
    assert "prompt is too long: " in told["overflow"]["message"]
