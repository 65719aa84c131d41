"""The calls that are being answered, so that a gateway that has to end can end them in words."""

import asyncio

from amq2api.errors import Stopping

_WORDS = "this gateway is being stopped, and the answer did not end in time; ask again"


class UnderWay:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()
        self._over = False

    def __len__(self) -> int:
        return len(self._calls)

    def call(self) -> "Call":
        """The call of the task at hand, for a ``with``.

        Raises:
            Stopping: all were ended.
        """
        if self._over:
            raise Stopping(_WORDS)
        return Call(self._calls)

    def end(self) -> None:
        """Raise Stopping in each of them, wherever it waits, and in all that are to come."""
        self._over = True
        for call in tuple(self._calls):
            call.end()


class Call:
    """Where its ``with`` is left because it was ended, Stopping is raised."""

    __slots__ = ("_calls", "_ended", "_task")

    def __init__(self, calls: "set[Call]") -> None:
        self._calls, self._ended = calls, False

    def __enter__(self) -> "Call":
        self._task = asyncio.current_task()
        self._calls.add(self)
        return self

    def __exit__(self, _kind: object, exc: BaseException | None, _at: object) -> None:
        self._calls.discard(self)
        if isinstance(exc, asyncio.CancelledError):
            self.heed()

    def end(self) -> None:
        if self._task is not None and not self._ended:
            self._ended = self._task.cancel()

    def heed(self) -> None:
        """Raise Stopping if that is why the task was cancelled, and the only reason."""
        if self._ended and self._task is not None:
            self._ended = False
            if self._task.uncancel() == 0:
                raise Stopping(_WORDS) from None
