"""A gateway and a service of many moods, each a process of its own, and a way to see what they
hold on to.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.running import fetch, free_port, surroundings

_TESTS = Path(__file__).parents[1]
_PATIENCE = 30.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Held:
    """What the gateway has while nobody calls."""

    memory: int  # bytes
    files: int
    tasks: tuple[str, ...]
    upstream: int  # connections, as the service counts them

    @property
    def clients(self) -> int:
        """File descriptors that are no connection to the service."""
        return self.files - self.upstream


@dataclass(frozen=True)
class House:
    port: int
    process: "subprocess.Popen[bytes]"
    service: str
    answers: int
    """The file descriptor on which the gateway tells of itself."""

    async def at_rest(self, tasks: int | None = None) -> Held:
        """What is held once everything that is to end has ended, or too much time has passed.

        Args:
            tasks: As many as there were at rest before.
        """
        end = time.monotonic() + _PATIENCE
        while True:
            await asyncio.sleep(0.5)
            held = await asyncio.to_thread(self._held)
            at_rest = tasks is None or len(held.tasks) <= tasks
            if at_rest or time.monotonic() > end:
                return held

    def _held(self) -> Held:
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        tasks = tuple(json.loads(os.read(self.answers, 1 << 20)))
        here = Path(f"/proc/{self.process.pid}")
        # Our own question is one connection.
        upstream = json.loads(fetch(self.service))["open"] - 1
        memory = int((here / "statm").read_text().split()[1]) * _PAGE
        return Held(memory, len(list((here / "fd").iterdir())), tasks, upstream)


@contextmanager
def opened(home: Path, *, seed: int = 0, **settings: str) -> Iterator[House]:
    """A service and a gateway; it ends with an orderly stop."""
    entry = {"id": "a", "refresh_token": "a/0", "client_id": "c", "client_secret": "s"}
    (home / "account.json").write_text(json.dumps([entry]))
    with service(home, seed) as url, gateway(home, url, **settings) as house:
        yield house


@contextmanager
def gateway(home: Path, service: str, **settings: str) -> Iterator[House]:
    """Stopped in good order at the end, unless it has been killed."""
    port, (answers, told) = free_port(), os.pipe()
    environment = {
        "PYTHONPATH": f"{_TESTS}:{_TESTS.parent / 'src'}", "PORT": str(port),
        "AMAZONQ_API_ENDPOINT": f"{service}/", "AMAZONQ_TOKEN_ENDPOINT": f"{service}/token",
        "AMQ2API_TOKEN_CACHE": "cache.json", "AMQ2API_ADMIN": "false",
        "AMQ2API_LOG_FORMAT": "json", **settings,
    }  # fmt: skip
    with (home / "log").open("ab") as log, subprocess.Popen(
        [sys.executable, "-m", "soak.gateway", str(told), "serve"], pass_fds=[told], cwd=home,
        stdin=subprocess.PIPE, stdout=log, stderr=log, env=surroundings(home) | environment,
    ) as process:  # fmt: skip
        os.close(told)
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process)
            yield House(port, process, f"{service}/", answers)
            if process.poll() is None:
                process.terminate()
                assert process.wait(_PATIENCE) == 0, (home / "log").read_text()[-2000:]
        finally:
            process.kill()
            os.close(answers)


@contextmanager
def service(home: Path, seed: int = 0) -> Iterator[str]:
    """Gives its URL, without a slash at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "soak.upstream", str(seed)], stdout=subprocess.PIPE,
        env=surroundings(home) | {"PYTHONPATH": f"{_TESTS}:{_TESTS.parent / 'src'}"},
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the gateway does not answer")
