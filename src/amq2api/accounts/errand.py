"""Work that nobody waits for."""

import threading
from collections.abc import Callable

from amq2api.errors import GatewayError


class Errand:
    """Done in a thread of its own, never twice at once, and after a failure not again too soon.

    The process does not wait for it to end.

    Args:
        work: May fail with a GatewayError, which ends it quietly.
        rest: Seconds before it is tried again after that.
        clock: Seconds, any origin.
    """

    def __init__(
        self, work: Callable[[], object], *, rest: float, clock: Callable[[], float]
    ) -> None:
        self._work, self._rest, self._clock = work, rest, clock
        self._busy, self._not_before = threading.Lock(), float("-inf")

    def start(self) -> None:
        """Returns at once, whether or not there is anything to be started."""
        if self._clock() < self._not_before or not self._busy.acquire(blocking=False):
            return
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._work()
        except GatewayError:
            self._not_before = self._clock() + self._rest
        finally:
            self._busy.release()
