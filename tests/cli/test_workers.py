"""The parent of several workers: what it does when they live, die or hang."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pids import children, lives

PROGRAM = Path(__file__).with_name("crews.py")
_LONGEST = 20.0  # seconds


class Running:
    """The program of crews.py, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self.process, self._said = process, said

    @property
    def lines(self) -> list[str]:
        return self._said.read_text().splitlines()

    def until(self, true: Callable[[list[str]], object]) -> None:
        end = time.monotonic() + _LONGEST
        while not true(self.lines):
            assert time.monotonic() < end, self.lines
            time.sleep(0.02)

    def stop(self, sign: int = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        return self.process.wait(_LONGEST)


@contextmanager
def crew(home: Path, workers: int, work: str) -> Iterator[Running]:
    with (home / "said").open("wb") as out, (home / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(workers), work], stdout=out, stderr=err
        )
    try:
        yield Running(process, home / "said")
    finally:
        process.kill()
        process.wait()


def test_each_worker_has_a_number_and_a_socket_of_its_own(tmp_path: Path) -> None:
    with crew(tmp_path, 3, "serve") as running:
        running.until(lambda lines: len(lines) == 3)
        said = sorted(line.split() for line in running.lines)
        assert [line[:2] for line in said] == [["0", "first"], ["1", "first"], ["2", "first"]]
        assert len({port for _, _, port in said}) == 3
        assert running.stop() == 0


def test_an_order_to_read_settings_reaches_all(tmp_path: Path) -> None:
    with crew(tmp_path, 2, "serve") as running:
        running.until(lambda lines: len(lines) == 2)
        running.process.send_signal(signal.SIGHUP)
        running.until(lambda lines: {"0 heard r", "1 heard r"} <= set(lines))
        assert running.stop(signal.SIGINT) == 0


def test_workers_that_cannot_begin_are_given_up_in_one_sentence(tmp_path: Path) -> None:
    with crew(tmp_path, 3, "die") as running:
        assert running.process.wait(_LONGEST) == 1
    assert "ended before they could serve" in (tmp_path / "err").read_text()
    assert len(running.lines) <= 3, "none was started again"


def test_workers_that_keep_dying_are_started_ever_more_slowly(tmp_path: Path) -> None:
    with crew(tmp_path, 1, "die_later") as running:
        began = time.monotonic()
        running.until(lambda lines: len(lines) >= 4)
        assert running.lines[0].startswith("0 first") and running.lines[3].startswith("0 again")
        assert len({line.split()[2] for line in running.lines}) == 1, "on the same socket"
        # After 0.25, 0.5 and 1 s.
        assert time.monotonic() - began > 1.75
        assert running.stop() == 0, "also while none is there"


def test_workers_that_hang_are_killed_in_the_end(tmp_path: Path) -> None:
    with crew(tmp_path, 2, "hang") as running:
        running.until(lambda lines: len(lines) == 2)
        assert running.stop() == 0


def test_a_worker_that_does_not_tell_that_it_lives_makes_way_for_another(tmp_path: Path) -> None:
    with crew(tmp_path, 2, "freeze") as running:
        running.until(lambda lines: len(lines) == 4)
        assert sorted(line.split()[1] for line in running.lines) == ["again"] * 2 + ["first"] * 2
        time.sleep(1.5)  # twice as long as the first ones had
        assert len(running.lines) == 4, "those that tell are left alone"
        assert running.stop() == 0
    log = (tmp_path / "err").read_text()
    assert log.count("worker.hangs") == 2


@pytest.mark.skipif(not Path("/proc").exists(), reason="there is nowhere to look")
def test_a_parent_that_is_killed_leaves_none_behind(tmp_path: Path) -> None:
    with crew(tmp_path, 3, "serve") as running:
        running.until(lambda lines: len(lines) == 3)
        pids = children(running.process.pid)
        assert len(pids) == 3
        running.process.kill()
        running.process.wait()
        running.until(lambda _: not any(map(lives, pids)))
