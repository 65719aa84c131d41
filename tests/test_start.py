"""The one command: ``start.sh`` as somebody runs it who has only Python."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amq2api.config import table
from cli.running import free_port

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent
LONGEST = 100.0


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """What a download of the project holds, as far as a start needs it."""
    copy = tmp_path / "amq2api"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("src", "scripts"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("start.sh", "pyproject.toml", "requirements.lock", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, copy)
    yield copy
    shutil.rmtree(copy)


def surroundings() -> dict[str, str]:
    """This environment without settings of ours."""
    ours = {row.env for row in table()} | {"AMQ2API_VENV"}
    return {name: value for name, value in os.environ.items() if name not in ours}  # noqa: TID251


@contextmanager
def demo(root: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """``./start.sh --demo`` until the block ends, and the lines it has said when it is up."""
    process = subprocess.Popen(
        ["./start.sh", "--demo", "--port", str(free_port())],
        cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True, env={**surroundings(), **environment},
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line)
            if "Claude Code" in line:
                break
        else:
            raise AssertionError(process.stderr and process.stderr.read())
        yield process, said
    finally:
        process.kill()
        process.communicate()


def ends_and_leaves_nothing(process: subprocess.Popen[str], sign: signal.Signals) -> bool:
    process.send_signal(sign)
    status = process.wait(LONGEST)
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return status == 0
    return False


def test_the_demo_talks_and_says_how_to_go_on() -> None:
    if not Path(sys.prefix, "amq2api", "requirements.lock").exists():
        pytest.skip("this environment was not made by scripts/install")
    with demo(ROOT, AMQ2API_VENV=sys.prefix) as (process, said):
        whole = "".join(said)
        asked = next(place for place, line in enumerate(said) if "$ amq2api chat" in line)
        assert said[asked + 1].strip()
        assert "curl -N" in whole
        assert "Anthropic(" in whole
        assert ends_and_leaves_nothing(process, signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_on_a_machine_with_nothing_but_python(tree: Path) -> None:
    with demo(tree) as (process, said):
        assert any("$ amq2api chat" in line for line in said)
        assert ends_and_leaves_nothing(process, signal.SIGINT)
    before = (tree / ".venv/amq2api/place").stat().st_mtime_ns
    again = subprocess.run(
        ["scripts/venv", "requirements.lock"],
        cwd=tree, env=surroundings(), capture_output=True, check=True,
    )  # fmt: skip
    assert (again.stdout, again.stderr) == (b"", b"")
    assert (tree / ".venv/amq2api/place").stat().st_mtime_ns == before
    assert not list(tree.glob("build")), "nothing is left in the tree but .venv"


def pretend_pythons(directory: Path, script: str) -> str:
    """A PATH on which every Python is *script*."""
    directory.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        path = directory / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return f"{directory}:{os.defpath}"


MISSING = {
    "too old": (
        '[ "$1" = --version ] && echo Python 3.9.1 && exit; exit 1',
        ["Python 3.11 or newer", "Python 3.9.1"],
    ),
    "no venv": (
        "case $1 in --version) echo Python 3.11.2 ;; -c) ;; *) echo no ensurepip; exit 1 ;; esac",
        ["no ensurepip", "apt install python3-venv"],
    ),
}


@pytest.mark.parametrize(("python", "words"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_said(python: str, words: list[str], tree: Path, tmp_path: Path) -> None:
    path = pretend_pythons(tmp_path / "bin", python)
    done = subprocess.run(
        ["./start.sh"], cwd=tree, env={"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert all(word in done.stderr for word in words)
    assert not (tree / ".venv").exists()
