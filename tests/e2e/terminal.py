"""Claude Code at a terminal of its own, and somebody who types and watches."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SIZE = struct.pack("HHHH", 50, 140, 0, 0)  # rows, columns, and no pixels
# What moves the cursor and colours the text (ECMA-48), and titles of windows.
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[()][AB0]|\x1b."
)
_PATIENCE = 45.0
_SETTLED = 0.5  # seconds without a word from the program: it waits for keys


class Terminal:
    """One program's screen and keyboard."""

    def __init__(self, ours: int) -> None:
        self._ours = ours
        self._seen = b""

    def shown(self) -> str:
        """Everything that was ever written to it, without controls; blanks are one space."""
        text = _CONTROL.sub(" ", self._seen.decode("utf-8", "replace"))
        return " ".join(text.split())

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Watch until *until* holds and the program is silent; fails after 45 seconds."""
        end = time.monotonic() + _PATIENCE
        while self._read() or not until():
            if time.monotonic() > end:
                raise AssertionError(f"{what}: it did not come; shown was {self.shown()[-4000:]}")

    def say(self, line: str) -> None:
        """Type a line, look that it stands there, and send it off."""
        os.write(self._ours, line.encode())
        while self._read():
            pass
        os.write(self._ours, b"\r")

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], _SETTLED)
        if ready:
            self._seen += os.read(self._ours, 65536)
        return bool(ready)


@contextmanager
def at_terminal(
    command: list[str | Path], where: Path, environment: Mapping[str, str]
) -> Iterator[Terminal]:
    """*command* with nothing of our environment but the path to programs."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, _SIZE)
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=where, start_new_session=True,
        env={"PATH": os.defpath, "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    try:
        yield Terminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
