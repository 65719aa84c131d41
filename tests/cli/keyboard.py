"""A command at a terminal that is all it has, as for most people."""

import os
import pty
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cli.running import PROGRAM, surroundings

_LONGEST = 60.0  # seconds a command may take
# The first terminal that a session opens is where its Ctrl-C comes from.
_SIT_DOWN = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
for fd in (0, 1, 2):
    os.dup2(terminal, fd)
os.execv(sys.argv[2], sys.argv[2:])
"""


def at_keyboard(
    home: Path, *words: str, typing: Sequence[tuple[str, str]], **settings: str
) -> tuple[int, str]:
    """``amq2api WORDS`` where somebody types.

    Args:
        typing: What is awaited on the screen, each time anew, and what is typed then.

    Returns:
        The exit status, and all that was to be seen.
    """
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _SIT_DOWN, os.ttyname(terminal), *PROGRAM, *words],
        cwd=home, start_new_session=True, env=surroundings(home) | {"TERM": "xterm"} | settings,
    )  # fmt: skip
    shown, place, rest, end = "", 0, list(typing), time.monotonic() + _LONGEST
    try:
        os.set_blocking(screen, False)
        while time.monotonic() < end:
            over = process.poll() is not None
            shown += _read(screen)
            if rest and (found := shown.find(rest[0][0], place)) >= 0:
                place = found + len(rest[0][0])
                os.write(screen, rest.pop(0)[1].encode())
            if over:
                break
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
        os.close(screen)
        os.close(terminal)
    return process.returncode, shown


def _read(screen: int) -> str:
    try:
        return os.read(screen, 65536).decode(errors="replace")
    except BlockingIOError:  # nothing new
        return ""
