"""What a line of the log looks like. In a process of its own: logging is set up once."""

import json
import subprocess
import sys

import pytest

SECRETS = {
    "access_token": "aoa-very-secret",
    "client_secret": "also-secret",
    "authorization": "Bearer very-secret",
    "x_api_key": "sk-amq-secret",
}


def lines(form: str, code: str, level: str = "info") -> list[str]:
    """What *code* leaves on standard error."""
    program = f"from amq2api.log import configure, log\nconfigure({level!r}, {form!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_lines_say_what_when_and_how_bad() -> None:
    (line,) = lines("auto", "log.info('call', model='m', seconds=1.5)")
    said = json.loads(line)
    assert said.pop("timestamp").endswith("Z")
    assert said == {"event": "call", "level": "info", "model": "m", "seconds": 1.5}


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_hidden_by_name(form: str) -> None:
    (line,) = lines(form, f"log.info('x', input_tokens=7, **{SECRETS!r})")
    assert line.count("(hidden)") == len(SECRETS)
    assert not any(secret in line for secret in SECRETS.values())
    assert "7" in line


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_values(form: str) -> None:
    code = """
def answer(prompt):
    raise ValueError("no")

try:
    answer("a secret" + " prompt")
except ValueError:
    log.exception("unforeseen")
"""
    said = "\n".join(lines(form, code))
    assert "ValueError: no" in said
    assert "a secret prompt" not in said


def test_libraries_speak_in_the_same_form_and_only_to_warn() -> None:
    code = """
import logging
logging.getLogger("uvicorn.error").info("Started")
logging.getLogger("uvicorn.error").warning("odd: %d", 1)
"""
    (line,) = lines("json", code)
    said = json.loads(line)
    assert (said["event"], said["level"]) == ("odd: 1", "warning")


def test_the_level_is_obeyed() -> None:
    assert lines("json", "log.info('quiet')", level="warning") == []
