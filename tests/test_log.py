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
def test_a_secret_is_hidden_whatever_it_is_called(form: str) -> None:
    code = """
from amq2api.accounts.secret import Secret
secret = Secret("very-secret")
log.info("x", note=secret, deep=[{"a": secret}], words=f"a {secret}")
"""
    (line,) = lines(form, code)
    assert line.count("(hidden)") == 3
    assert "very-secret" not in line


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("kind", ["ValueError", "KeyError", "BadRequest", "UnicodeError"])
def test_a_traceback_shows_where_and_no_values(form: str, kind: str) -> None:
    code = f"""
from amq2api.errors import BadRequest

def answer(prompt):
    raise {kind}(prompt)

try:
    answer("a secret" + " prompt")
except Exception:
    log.exception("unforeseen")
"""
    said = "\n".join(lines(form, code))
    assert f"{kind}: (words left out)" in said
    assert "in answer" in said
    assert "a secret prompt" not in said


def test_words_that_name_only_code_are_kept() -> None:
    code = """
from amq2api.errors import UpstreamBroken
try:
    None.shown
except AttributeError as exc:
    try:
        raise UpstreamBroken("the road") from exc
    except UpstreamBroken:
        log.exception("unforeseen")
"""
    (line,) = lines("json", code)
    told = json.loads(line)["exception"]
    assert "AttributeError: 'NoneType' object has no attribute 'shown'" in told
    assert told.endswith("UpstreamBroken: the road")
    assert "which led to" in told


def test_every_part_of_a_group_is_told() -> None:
    code = """
try:
    try:
        raise KeyError("hush")
    except KeyError:
        raise ExceptionGroup("two", [ValueError("hush"), TypeError("one argument")])
except ExceptionGroup:
    log.exception("unforeseen")
"""
    (line,) = lines("json", code)
    told = json.loads(line)["exception"]
    assert "hush" not in told
    for words in ("KeyError", "and then", "1. of 2", "ValueError", "TypeError: one argument"):
        assert words in told


def test_a_recursion_is_told_in_bounds() -> None:
    code = """
def odd(n):
    return even(n + 1)

def even(n):
    return odd(n + 1)

try:
    odd(0)
except RecursionError:
    log.exception("unforeseen")
"""
    (line,) = lines("json", code)
    assert "RecursionError" in line
    assert len(line) < 10_000


@pytest.mark.parametrize("loop", ["asyncio.SelectorEventLoop()", "uvloop.new_event_loop()"])
def test_what_goes_wrong_in_a_loop_is_told_without_what_it_was_called_with(loop: str) -> None:
    code = f"""
import asyncio, gc, uvloop
from amq2api.log import unforeseen

def received(data):
    raise ValueError(data)

async def failing(prompt):
    raise ValueError(prompt)

async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(received, "a secret prompt")
    task = loop.create_task(failing("a secret prompt"))
    await asyncio.sleep(0.01)
    del task
    gc.collect()

loop = {loop}
loop.set_exception_handler(unforeseen)
loop.run_until_complete(main())
loop.close()
"""
    told = [json.loads(line) for line in lines("json", code)]
    assert [one["event"] for one in told] == ["unforeseen", "unforeseen"]
    assert "in received" in told[0]["exception"]
    assert "in failing" in told[1]["exception"]
    assert "a secret prompt" not in str(told)


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
