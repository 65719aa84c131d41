"""Where scripts/install-clients puts the clients, and how they are run."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".cache" / "clients"
OLD_SDK = CLIENTS / "anthropic-0.60"
PYTHON = CLIENTS / "python"
NODE = CLIENTS / "node"
_CLAUDE = "claude-code/node_modules/@anthropic-ai/claude-code-*/claude"


class Missing(Exception):
    """A client is not installed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not installed: run scripts/install-clients first")


def without_claude_code() -> bool:
    """Whether somebody has said that this machine does without Claude Code and Node's clients."""
    return os.environ.get("AMQ2API_SKIP_CLAUDE_CODE") == "1"  # noqa: TID251  (no setting of ours)


def old_sdk() -> Path:
    """The directory to import the old SDK from; raises :exc:`Missing`."""
    if not (OLD_SDK / "anthropic").is_dir():
        raise Missing("The anthropic SDK 0.60")
    return OLD_SDK


def of_python() -> Path:
    """The directory to import today's Python clients from; raises :exc:`Missing`."""
    if not (PYTHON / "made-from").is_file():
        raise Missing("The Python clients")
    return PYTHON


def of_node() -> tuple[str, Path]:
    """Node and the directory with the JavaScript clients; raises :exc:`Missing`."""
    node = shutil.which("node")
    if node is None or not (NODE / "made-from").is_file():
        raise Missing("The JavaScript clients")
    return node, NODE


def claude() -> Path:
    """The program itself; raises :exc:`Missing`."""
    found = sorted(CLIENTS.glob(_CLAUDE))
    if not found:
        raise Missing("Claude Code" if shutil.which("npm") else "npm, and so Claude Code,")
    return found[0]


def run(
    command: Sequence[str | Path], where: Path, environment: Mapping[str, str], *, patience: float
) -> "subprocess.CompletedProcess[str]":
    """Run a client with nothing of our environment but the path to programs."""
    return subprocess.run(
        command, cwd=where, env={"PATH": os.defpath, **environment}, timeout=patience,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
