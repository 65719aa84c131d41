"""Processes under measurement: started on a CPU of their own, asked what they used, stopped."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

_AHEAD = '{ echo "$0" >/proc/self/autogroup; } 2>/dev/null; exec "$@"'


class Broken(Exception):
    """The benchmark cannot say anything: something did not start, or an answer was wrong."""


class Process:
    """A program and all its children. A context: it ends with the block."""

    def __init__(
        self, name: str, argv: Sequence[str], port: int, home: Path, cpu: int | None,
        env: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.port = name, port
        self._argv = placed(cpu, argv)
        self._env = {"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8", **(env or {})}
        self._home, self._log = home, home / f"{name}.log"

    def __enter__(self) -> Self:
        began = time.perf_counter()
        with self._log.open("wb") as log:
            self._popen = subprocess.Popen(
                self._argv, cwd=self._home, env=self._env, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            self._await_answer(began + 30)
        except Broken:
            self.__exit__()
            raise
        self.answered_after = time.perf_counter() - began
        return self

    def __exit__(self, *exc: object) -> None:
        for end in (signal.SIGTERM, signal.SIGKILL):
            try:
                # Its own session, so its own group: no other process is in it.
                os.killpg(self._popen.pid, end)
                self._popen.wait(5)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    @property
    def last_words(self) -> str:
        """The end of what it wrote to its terminal."""
        return self._log.read_text(errors="replace")[-2000:]

    @property
    def pid(self) -> int:
        return self._popen.pid

    def tree(self) -> tuple[int, ...]:
        """The process and its descendants, by id."""
        children: dict[int, list[int]] = {}
        for pid, parent in _parents():
            children.setdefault(parent, []).append(pid)
        found, todo = [], [self._popen.pid]
        while todo:
            found.append(pid := todo.pop())
            todo += children.get(pid, [])
        return tuple(sorted(found))

    def cpu_seconds(self) -> float:
        """User and system time of the whole tree, threads that have ended included."""
        return sum(self.cpu_seconds_each().values())

    def cpu_seconds_each(self) -> dict[int, float]:
        """The same for each process of the tree."""
        return {pid: time.clock_gettime_ns(_cpu_clock(pid)) / 1e9 for pid in self.tree()}

    def megabytes(self) -> float:
        """Memory of the whole tree; pages shared by several processes count once."""
        return sum(_pss(pid) for pid in self.tree()) / 1024

    def _await_answer(self, deadline: float) -> None:
        # Any answer will do; a port that listens may have nobody behind it yet.
        while time.perf_counter() < deadline:
            if self._popen.poll() is not None:
                raise Broken(f"{self.name} ended with {self._popen.returncode}:\n{self.last_words}")
            asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                asking.request("GET", "/health")
                asking.getresponse().read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.005)
            else:
                return
            finally:
                asking.close()
        raise Broken(f"{self.name} does not answer after 30 s:\n{self.last_words}")


def cpus() -> tuple[int | None, int | None]:
    """The CPU of what is measured and that of the load; no pinning when there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[1], allowed[0]) if len(allowed) > 1 else (None, None)


def placed(cpu: int | None, argv: Sequence[str]) -> list[str]:
    """*argv*, pinned to *cpu* and as far ahead of other programs as this one is.

    Niceness is inherited, but where sessions are scheduled as groups, sched(7), it only counts
    inside of one, and each process here has a session of its own.
    """
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    ahead = ["sh", "-c", _AHEAD, str(nice)] if nice < 0 else []
    return [*ahead, *(() if cpu is None else ("taskset", "-c", str(cpu))), *argv]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cpu_clock(pid: int) -> int:
    # Linux's id of another process's CPU clock, clock_getcpuclockid(3): nanoseconds, where
    # /proc/PID/stat counts in hundredths of a second and schedstat forgets ended threads.
    return (~pid << 3) | 2


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(entry.parent.name), int(fields[1])


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
