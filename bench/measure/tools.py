"""The two C programs: built when needed, run with a time limit."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .loads import Load, Seen
from .processes import Broken, Process, placed
from .proxies import Proxy
from .scripts import Script

_HERE = Path(__file__).resolve().parent.parent
_BUILT = _HERE / ".build"


def build() -> None:
    """Compile what is older than its source."""
    _BUILT.mkdir(exist_ok=True)
    sources = list((_HERE / "src").iterdir())
    newest = max(source.stat().st_mtime for source in sources)
    for source in sources:
        program = _BUILT / source.stem
        if source.suffix != ".c" or (program.exists() and program.stat().st_mtime > newest):
            continue
        argv = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source), "-lz"]
        try:
            subprocess.run(argv, check=True)
        except (FileNotFoundError, subprocess.CalledProcessError) as exc:
            raise Broken(f"cannot build {source.name}: needs cc and zlib's headers") from exc


def upstream(port: int, scripts: Path, home: Path, cpu: int | None) -> Process:
    return Process("upstream", [str(_BUILT / "upstream"), str(port), str(scripts)], port, home, cpu)


@dataclass(frozen=True)
class Job:
    """A load for one proxy, all that the client needs to be told; *body* is the request's file."""

    load: Load
    script: Script
    proxy: Proxy
    body: Path
    cpu: int | None

    @property
    def argv(self) -> list[str]:
        load, proxy = self.load, self.proxy
        arguments = (
            proxy.process.port, proxy.kind.path, self.body, proxy.kind.reply, load.streams,
            load.at_once, round(load.ramp * 1000), load.limit, self.script.deltas,
            *self.script.sums, round(load.pause * 1000),
        )  # fmt: skip
        return placed(self.cpu, [str(_BUILT / "client"), *map(str, arguments)])


class Running:
    """The client at work."""

    def __init__(self, job: Job, process: subprocess.Popen[str]) -> None:
        self._job, self._process = job, process

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def await_open(self) -> None:
        """Wait until every stream has begun.

        Raises:
            Broken: the client ended before.
        """
        assert self._process.stdout is not None
        if (line := self._process.stdout.readline()) != "open\n":
            raise Broken(self._complaint(line))

    def finish(self) -> Seen:
        """Wait for the end.

        Raises:
            Broken: a stream was not what it had to be.
        """
        try:
            out, _ = self._process.communicate(timeout=self._job.load.limit + 10)
        except subprocess.TimeoutExpired:
            raise Broken(f"the load client did not end: {self._job.proxy.name}") from None
        lines = out.splitlines()
        said = lines[-1] if lines else ""
        if self._process.returncode != 0 or not said.startswith("{"):
            raise Broken(self._complaint(said))
        return _seen(json.loads(said))

    def _complaint(self, line: str) -> str:
        proxy = self._job.proxy
        if not line.startswith("{"):
            return f"the load client failed: {line.strip() or self._process.wait()}"
        told = json.loads(line)
        return (
            f"{self._job.load.script} through {proxy.name}: {told['good']} of {told['wanted']}"
            f" streams were right; {told['complaint']}"
            f"\nlast words of {proxy.name}:\n{proxy.process.last_words}"
        )


@contextmanager
def putting(job: Job) -> Iterator[Running]:
    """The load, while the block runs; the clients vanish with its end."""
    process = subprocess.Popen(
        job.argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield Running(job, process)
    finally:
        process.kill()
        process.communicate()


def put(job: Job) -> Seen:
    """Put the load on, to its end.

    Raises:
        Broken: a stream was not what it had to be.
    """
    with putting(job) as running:
        return running.finish()


def _seen(told: dict[str, Any]) -> Seen:
    first, gap = told["first_ms"], told["gap_ms"]
    return Seen(
        told["deltas"], told["good"], told["seconds"], first["p50"], first["p99"],
        gap["p50"], gap["p99"], gap["most"],
    )  # fmt: skip
