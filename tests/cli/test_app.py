"""What holds for every command."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from amq2api import __version__
from amq2api.cli.app import COMMANDS, app
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


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """All commands that do something, by the words that name them."""
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_programs_are_served_by_every_command() -> None:
    options = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in commands(typer.main.get_command(app))
    }
    assert {"serve", "accounts list", "doctor"} <= options.keys()
    assert [name for name, known in options.items() if "--json" not in known] == []


@pytest.mark.parametrize(("words", "why"), REFUSED.values(), ids=REFUSED)
def test_programs_hear_of_failures_as_json(words: list[str], why: str) -> None:
    done = run(*words, "--json")
    assert (done.status, done.out) == (2, "")
    error = json.loads(done.err)["error"]
    assert error["type"] == "bad_usage"
    assert why in error["message"]


def test_programs_hear_of_bad_settings_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_ROUTING", "random")
    done = run("settings", "--json")
    assert (done.status, done.out) == (2, "")
    assert json.loads(done.err)["error"] == {
        "type": "bad_usage",
        "message": "AMQ2API_ROUTING: 'random' makes no sense here; allowed: active or failover",
    }


@pytest.mark.parametrize("words", [["--version"], ["decode", "/dev/null"]], ids=" ".join)
def test_what_needs_no_web_framework_loads_none(words: list[str]) -> None:
    script = (
        "import sys; from amq2api.cli.app import app; app(sys.argv[1:], standalone_mode=False);"
        "sys.exit(str([name for name in ('fastapi', 'starlette', 'aiohttp', 'uvicorn',"
        " 'cryptography', 'argon2') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, check=False)
    assert done.stderr.decode().strip() == "[]"
