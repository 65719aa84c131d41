"""Signals for a process without an event loop."""

import select
import signal
import socket
from collections.abc import Sequence
from types import FrameType
from typing import Any

_SIGNS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """Signals as something to wait for. Whoever leaves is as deaf and as mortal as before."""

    def __enter__(self) -> "Signals":
        self._read, write = socket.socketpair()
        self._write = write
        for sock in (self._read, write):
            sock.setblocking(False)
        self._before: dict[int, Any] = {sign: signal.signal(sign, _noted) for sign in _SIGNS}
        signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for sign, before in self._before.items():
            signal.signal(sign, before)
        self._read.close()
        self._write.close()

    def wait(self, lines: Sequence[socket.socket], seconds: float | None) -> Sequence[int]:
        """Those that came until something happens, or time is over."""
        select.select([self._read, *lines], [], [], seconds)
        try:
            return self._read.recv(256)
        except BlockingIOError:
            return b""


def _noted(_sign: int, _frame: FrameType | None) -> None:
    """What is to be done is done where it is waited for."""
