"""Yesterday's Anthropic SDK: x-api-key, ``anthropic-version: 2023-06-01``, ``?beta=true``."""

import json
import sys
from pathlib import Path

import pytest

from e2e import clients
from e2e.answers import Json
from e2e.houses import opened

pytestmark = pytest.mark.e2e

SCRIPT = Path(__file__).with_name("old_sdk_script.py")
GREETING = "Hello Ada! I am Claude Sonnet 4.5"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """What the script saw."""
    home = tmp_path_factory.mktemp("old-sdk")
    with opened(home) as house:
        done = clients.run(
            [sys.executable, SCRIPT, house.url], home,
            {"PYTHONPATH": str(clients.old_sdk()), "HOME": str(home)}, patience=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert house.complaints() == []
    told: Json = json.loads(done.stdout)
    return told


def test_the_sdk_is_of_yesterday(report: Json) -> None:
    assert report["version"].startswith("0.60.")


def test_create(report: Json) -> None:
    told = report["create"]
    assert told["text"].startswith(GREETING) and told["stop"] == "end_turn"
    assert told["tokens"] > 0 and told["request"].startswith("req_")


def test_stream_helper(report: Json) -> None:
    told = report["stream"]
    assert len(told["pieces"]) > 1 and "".join(told["pieces"]) == told["text"]
    assert told["text"] == report["create"]["text"]
    assert told["stop"] == "end_turn" and told["tokens"] > 0


def test_async(report: Json) -> None:
    told = report["asynchronous"]
    assert told["text"] == told["streamed"] == report["create"]["text"]


def test_a_tool_loop(report: Json) -> None:
    told = report["tools"]
    assert (told["stop"], told["end"]) == ("tool_use", "end_turn")
    assert (told["name"], told["input"]) == ("get_weather", {"city": "Oslo"})
    assert "It rains." in told["text"]


def test_images(report: Json) -> None:
    assert report["images"].startswith("I received 1 image: a png")


def test_thinking(report: Json) -> None:
    assert report["thinking"] == ["thinking", "text"]


def test_count_tokens(report: Json) -> None:
    few, more = report["count"]
    assert 0 < few < more


def test_models(report: Json) -> None:
    told = report["models"]
    assert told["paged"] == told["whole"] and told["one"] == "claude-sonnet-4-5"
    assert told["one"] in told["whole"]


def test_error_classes(report: Json) -> None:
    assert {scenario: kind for scenario, (kind, _) in report["errors"].items()} == {
        "malformed-400": "BadRequestError",
        "suspended-403": "PermissionDeniedError",
        "model-400": "NotFoundError",
        "throttle": "RateLimitError",
        "internal-500": "InternalServerError",
        "exception-first": "RateLimitError",
    }
    assert all(request.startswith("req_") for _, request in report["errors"].values())


def test_an_error_in_a_stream_is_raised(report: Json) -> None:
    assert report["broken"]["error"]["type"] == "overloaded_error"
