"""What a serving process is told from outside: to stop, to stop now, to read its settings again."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOP, CUT, RELOAD = b"s", b"c", b"r"
"""Orders as a parent gives them to its workers."""
UP = b"u"
"""What a worker tells its parent when it serves, and then every :data:`BEAT` seconds."""
BEAT = 5.0


class Orders:
    """Belongs to one event loop.

    Args:
        reload: Has the settings read again; without it that order is not heard.
    """

    def __init__(self, reload: Callable[[], None] | None = None) -> None:
        self._reload = reload
        self._stop = asyncio.Event()
        self._to_cut: list[Callable[[], None]] = []

    def stop(self) -> None:
        """End in peace: calls under way may end, too."""
        self._stop.set()

    def cut(self) -> None:
        """End now."""
        self._stop.set()
        for work in self._to_cut:
            work()

    def reload(self) -> None:
        if self._reload is not None:
            self._reload()

    async def to_stop(self) -> None:
        """Return once one of the first two was heard."""
        await self._stop.wait()

    def when_cut(self, work: Callable[[], None]) -> None:
        """Have *work* done when it is to end now."""
        self._to_cut.append(work)

    def by_signals(self) -> None:
        """Hear SIGINT and SIGTERM, the second of which means now, and SIGHUP."""
        loop = asyncio.get_running_loop()

        def told() -> None:
            order = self.cut if self._stop.is_set() else self.stop
            order()

        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, told)
        if self._reload is not None:
            loop.add_signal_handler(signal.SIGHUP, self.reload)

    def by_line(self, line: socket.socket) -> None:
        """Hear what a parent says, and stop when it has gone.

        Signals go to the parent. A terminal or an init system that sends them to all processes
        must not make one order two, so here SIGTERM stops, but never cuts, and SIGINT is
        nothing.
        """
        loop, orders = asyncio.get_running_loop(), {STOP: self.stop, CUT: self.cut,
                                                    RELOAD: self.reload}  # fmt: skip
        line.setblocking(False)

        def heard() -> None:
            try:
                words = line.recv(64)
            except ConnectionError:  # the parent was killed before it had read what it was told
                words = b""
            if not words:
                loop.remove_reader(line)
                self.stop()
            for at in range(len(words)):
                orders[words[at : at + 1]]()

        loop.add_reader(line, heard)
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        loop.add_signal_handler(signal.SIGHUP, self.reload)

    @contextmanager
    def by_parent(self, pid: int) -> Iterator[None]:
        """Stop when that process goes while the block runs, where the system can tell (Linux).

        The line tells, too, unless another worker holds its other end: one that was halted
        before it could let go of what it had inherited.
        """
        try:
            parent = os.pidfd_open(pid)
        except (AttributeError, OSError):
            yield
            return
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(parent)
            self.stop()

        loop.add_reader(parent, gone)
        try:
            yield
        finally:
            loop.remove_reader(parent)
            os.close(parent)
