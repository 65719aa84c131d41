"""What a line of the log looks like. In a process of its own: it is the whole process' log."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

SECRETS = {
    "access_token": "aoa-very-secret",
    "client_secret": "also-secret",
    "authorization": "Bearer very-secret",
    "x_api_key": "sk-amq-secret",
}


_CHILD = """
import io, json, sys
for program in sys.stdin:
    sys.stderr = io.StringIO()
    exec(json.loads(program), {})
    print(json.dumps(sys.stderr.getvalue()), flush=True)
"""


@pytest.fixture(scope="module")
def child() -> Iterator["subprocess.Popen[str]"]:
    """A process that runs programs and tells what each has left on standard error."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _CHILD],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process
        process.communicate()
        assert process.returncode == 0


Lines = Callable[..., list[str]]


@pytest.fixture
def lines(child: "subprocess.Popen[str]") -> Lines:
    def lines(form: str, code: str, level: str = "info") -> list[str]:
        """What *code* leaves on standard error."""
        program = f"from amq2api.log import configure, log\nconfigure({level!r}, {form!r})\n{code}"
        assert child.stdin and child.stdout
        child.stdin.write(json.dumps(program) + "\n")
        child.stdin.flush()
        told: str = json.loads(child.stdout.readline())
        return told.splitlines()

    return lines


def test_json_lines_say_what_when_and_how_bad(lines: Lines) -> None:
    (line,) = lines("auto", "log.info('call', model='m', seconds=1.5)")
    said = json.loads(line)
    stamp = said.pop("timestamp")
    assert abs(datetime.fromisoformat(stamp).timestamp() - time.time()) < 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", stamp)
    assert said == {"event": "call", "level": "info", "model": "m", "seconds": 1.5}


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_hidden_by_name(lines: Lines, form: str) -> None:
    (line,) = lines(form, f"log.info('x', input_tokens=7, **{SECRETS!r})")
    assert line.count("(hidden)") == len(SECRETS)
    assert not any(secret in line for secret in SECRETS.values())
    assert "7" in line


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_is_hidden_whatever_it_is_called(lines: Lines, form: str) -> None:
    code = """
from amq2api.accounts.secret import Secret
secret = Secret("very-secret")
log.info("x", note=secret, deep=[{"a": secret}], words=f"a {secret}")
"""
    (line,) = lines(form, code)
    assert line.count("(hidden)") == 3
    assert "very-secret" not in line


def test_what_strangers_write_moves_no_cursor(lines: Lines) -> None:
    code = """
log.info("x", path="/\\x1b[2J\\nfake", model="\\x9b31m\\u2028", name="孙悟空")
try:
    raise OSError("\\x1b[2J")
except OSError:
    log.exception("y")
"""
    told = lines("console", code)
    assert told[0].endswith("model=\\x9b31m\\u2028 name=孙悟空 path=/\\x1b[2J\\nfake")
    assert told[-1] == "OSError: \\x1b[2J"


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("kind", ["ValueError", "KeyError", "BadRequest", "UnicodeError"])
def test_a_traceback_shows_where_and_no_values(lines: Lines, form: str, kind: str) -> None:
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


def test_words_that_name_only_code_are_kept(lines: Lines) -> None:
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


def test_every_part_of_a_group_is_told(lines: Lines) -> None:
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


def test_a_recursion_is_told_in_bounds(lines: Lines) -> None:
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
def test_what_goes_wrong_in_a_loop_is_told_without_what_it_was_called_with(
    lines: Lines, loop: str
) -> None:
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


def test_libraries_speak_in_the_same_form_and_only_to_warn(lines: Lines) -> None:
    code = """
import logging
logging.getLogger("uvicorn.error").info("Started")
logging.getLogger("uvicorn.error").warning("odd: %d", 1)
"""
    (line,) = lines("json", code)
    said = json.loads(line)
    assert (said["event"], said["level"]) == ("odd: 1", "warning")


def test_the_level_is_obeyed(lines: Lines) -> None:
    assert lines("json", "log.info('quiet')", level="warning") == []
