"""A disk without room, which needs a file system of our own to be tried on."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[1]
_ALONE = ("unshare", "--user", "--map-root-user", "--mount")


def _mounts(directory: Path) -> str:
    return f"mount -t tmpfs -o size=96k none {shlex.quote(str(directory))}"


def test_a_full_disk_loses_nothing_and_calls_go_on(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    try:
        subprocess.run([*_ALONE, "sh", "-c", _mounts(small)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    work = shlex.join([sys.executable, "-m", "crash.cramped", str(small)])
    done = subprocess.run(
        [*_ALONE, "sh", "-c", f"{_mounts(small)} && exec {work}"],
        env={"PYTHONPATH": f"{_TESTS}:{_TESTS.parent / 'src'}", "PATH": "/usr/sbin:/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
