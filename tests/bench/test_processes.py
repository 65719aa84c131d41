"""Processes under measurement are where and what they are said to be."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from measure.processes import Broken, Process, free_port, placed
from pids import lives

ASKED = "import os; print(os.getpriority(os.PRIO_PROCESS, 0), *os.sched_getaffinity(0))"


def said(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_a_program_runs_as_it_is_where_nothing_is_asked() -> None:
    assert placed(None, ["a", "b"]) == ["a", "b"]


def test_a_program_has_its_cpu() -> None:
    assert said(placed(0, [sys.executable, "-c", ASKED])).split()[1:] == ["0"]


def test_what_is_started_is_as_far_ahead_as_who_starts_it() -> None:
    program = (
        "import os, subprocess, sys\n"
        "os.nice(-5)\n"
        "from measure.processes import placed\n"
        f"print(subprocess.run(placed(None, [sys.executable, '-c', {ASKED!r}]),"
        " capture_output=True, text=True, start_new_session=True).stdout)"
    )
    bench = Path(__file__).parents[2] / "bench"
    asked = subprocess.run(
        [sys.executable, "-c", program], cwd=bench, capture_output=True, text=True, check=False
    )
    if "PermissionError" in asked.stderr:
        pytest.skip("only root may go ahead")
    assert asked.stdout.split()[0] == "-5", asked.stderr


def test_a_program_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit('no such setting')"]
    with (
        pytest.raises(Broken, match="no such setting"),
        Process("some", argv, free_port(), tmp_path, cpu=None),
    ):
        pass


def test_a_process_ends_with_its_block_and_so_do_its_children(tmp_path: Path) -> None:
    program = (
        "import http.server, os, subprocess, sys\n"
        "subprocess.Popen(['sleep', '60'])\n"
        "http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])),"
        " http.server.SimpleHTTPRequestHandler).serve_forever()"
    )
    port = free_port()
    with Process("some", [sys.executable, "-c", program, str(port)], port, tmp_path, None) as some:
        tree = some.tree()
        assert len(tree) == 2 and some.pid in tree
        assert some.cpu_seconds_each().keys() == {*tree}
        assert some.megabytes() > 1
        assert 0 < some.answered_after < 30
    deadline = time.monotonic() + 10
    while any(map(lives, tree)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
