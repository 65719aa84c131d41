"""The command line run in this process, and as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from amq2api.cli.app import app

PROGRAM = (sys.executable, "-m", "amq2api")
_LONGEST = 30.0  # seconds a process may take to start or to stop


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str


def run(*words: str, given: bytes = b"") -> Done:
    """``amq2api WORDS`` with *given* on standard input."""
    result = CliRunner().invoke(app, list(words), input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


@dataclass(frozen=True, slots=True)
class Started:
    """A command that is running."""

    process: subprocess.Popen[bytes]
    url: str
    home: Path

    def stop(self, sign: int = signal.SIGTERM) -> Done:
        """Tell it to stop, wait until it has."""
        self.process.send_signal(sign)
        return self.wait()

    def wait(self) -> Done:
        status = self.process.wait(_LONGEST)
        out, err = ((self.home / name).read_text() for name in ("out", "err"))
        return Done(status, out, err)

    def said(self, awaited: str = "") -> str:
        """What it has written to standard output, once *awaited* is among it."""
        end = time.monotonic() + _LONGEST
        while awaited not in (said := (self.home / "out").read_text()):
            if time.monotonic() > end:
                raise AssertionError(f"it did not say {awaited!r}, but: {said}")
            time.sleep(0.02)
        return said


@contextmanager
def started(home: Path, *words: str, **environment: str) -> Iterator[Started]:
    """``amq2api WORDS --port FREE`` until the block ends; it answers when the block begins."""
    port = free_port()
    with (home / "out").open("wb") as out, (home / "err").open("wb") as err:
        process = subprocess.Popen(
            [*PROGRAM, *words, "--port", str(port)],
            cwd=home, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            env=surroundings(home) | environment,
        )  # fmt: skip
    running = Started(process, f"http://127.0.0.1:{port}", home)
    try:
        _wait_until_it_answers(running)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def surroundings(home: Path) -> dict[str, str]:
    """Nothing of the machine's own: *home* is where everything is."""
    # What a parent that measures coverage tells its children.
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}  # noqa: TID251
    return {"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home), **measured}


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def fetch(url: str) -> bytes:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
        body: bytes = answer.read()
        return body


def _wait_until_it_answers(running: Started) -> None:
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end and running.process.poll() is None:
        try:
            fetch(f"{running.url}/health")
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"it does not answer: {(running.home / 'err').read_text()}")
