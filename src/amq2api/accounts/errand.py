"""Work that nobody waits for."""

import threading
from collections.abc import Callable

from amq2api.errors import GatewayError


class Errand:
    """Done in a thread of its own, never twice at once, and after a failure not again too soon.

    The process does not wait for it to end; :meth:`join` does.

    Args:
        work: May fail with a GatewayError, which ends it quietly.
        rest: Seconds before it is tried again after that.
        clock: Seconds, any origin.
    """

    def __init__(
        self, work: Callable[[], object], *, rest: float, clock: Callable[[], float]
    ) -> None:
        self._work, self._rest, self._clock = work, rest, clock
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._not_before = float("-inf")

    def start(self) -> None:
        """Returns at once, whether or not there is anything to be started."""
        with self._starting:
            under_way = self._thread is not None and self._thread.is_alive()
            if under_way or self._clock() < self._not_before:
                return
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def join(self, timeout: float) -> None:
        """Wait until what is under way has ended, but no longer than *timeout* seconds."""
        if (thread := self._thread) is not None:
            thread.join(timeout)

    def _run(self) -> None:
        try:
            self._work()
        except GatewayError:
            self._not_before = self._clock() + self._rest
