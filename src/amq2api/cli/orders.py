"""What a serving process is told from outside: to stop, to stop now, to read its settings again."""

import asyncio
import signal
from collections.abc import Callable


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
