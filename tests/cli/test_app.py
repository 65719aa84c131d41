"""What holds for every command."""

import tomllib
from pathlib import Path

import pytest

from amq2api import __version__
from amq2api.cli.app import COMMANDS
from cli.running import run

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_package_s() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run("--version").out == f"amq2api {__version__}\n" == f"amq2api {declared}\n"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command(option: str) -> None:
    done = run(option)
    assert done.status == 0
    assert all(command in done.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = run(command, "--help")
    assert done.status == 0
    assert f"amq2api {command}" in " ".join(done.out.split()).replace("root", "amq2api")


def test_without_a_command_the_gateway_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_HOST", "0.0.0.0")  # which it refuses, and so ends
    assert run() == run("serve")
    assert "0.0.0.0" in run().err


def test_its_options_need_no_command_either() -> None:
    assert "10.0.0.1" in run("--host", "10.0.0.1").err


REFUSED = {
    "unknown command": (["nonsense"], "No such command"),
    "unknown option": (["settings", "--nonsense"], "No such option"),
    "missing file": (["decode", "nowhere"], "nowhere"),
    "nothing said": (["chat"], "MESSAGE"),
}


@pytest.mark.parametrize(("words", "why"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused(words: list[str], why: str) -> None:
    done = run(*words)
    assert (done.status, done.out) == (2, "")
    assert why in done.err


@pytest.mark.parametrize("words", [["serve"], ["settings"], ["chat", "hi"]], ids=" ".join)
def test_a_bad_setting_stops_every_command(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQ2API_ROUTING", "random")
    done = run(*words)
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "AMQ2API_ROUTING: 'random' makes no sense here; allowed: active or failover\n"
    )
