"""What the system tells of this process, and what is told where it does not."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from amq2api import __version__
from amq2api.cli import vitals
from amq2api.relay.families import BY_NAME


def told() -> dict[str, float]:
    rows = vitals.vitals()
    assert {name for name, _, _ in rows} <= set(BY_NAME)
    for name, labels, _ in rows:
        assert len(labels) == len(BY_NAME[name].labels)
    return {name: value for name, _, value in rows if not isinstance(value, list)}


def test_a_process_tells_how_it_is() -> None:
    before = told()
    with Path(os.devnull).open("rb"), Path(os.devnull).open("rb"):
        after = told()
    assert after["process_open_fds"] == before["process_open_fds"] + 2
    assert 1_000_000 < after["process_resident_memory_bytes"] < 10_000_000_000
    assert after["process_cpu_seconds_total"] >= before["process_cpu_seconds_total"] > 0
    assert after["process_max_fds"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert after["process_start_time_seconds"] == before["process_start_time_seconds"]


def test_memory_is_what_the_system_says() -> None:
    grown = (
        "from amq2api.cli.vitals import resident\n"
        "before = resident()\n"
        "held = b'x' * 50_000_000\n"
        "assert 40_000_000 < resident() - before < 70_000_000\n"
    )
    subprocess.run([sys.executable, "-c", grown], check=True)


def test_where_nothing_is_told_the_most_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "_PROC", tmp_path)
    rows = told()
    assert "process_open_fds" not in rows
    assert rows["process_resident_memory_bytes"] > 1_000_000
    (tmp_path / "statm").write_text("odd")
    assert vitals.resident() > 1_000_000


def test_the_versions_are_told() -> None:
    (labels,) = [labels for name, labels, _ in vitals.vitals() if name == "amq2api_build_info"]
    assert labels[0] == __version__
    assert labels[1].startswith("3.")
