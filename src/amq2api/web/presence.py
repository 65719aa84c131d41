"""Ending a call when its client goes away: nothing else notices, while the service is silent."""

import asyncio

from .asgi import Direct, Receive

_UNWATCHED = 0.05  # seconds that a call may take before anyone looks whether its client is there


class Presence:
    """A ``with`` around a call: cancelled when the client goes away, and quietly over then.

    Our own server tells when that happens. Under another one ``watch`` is to be called once the
    request's body is read: the watch is a task, and a call that is over sooner than it begins
    does without.
    """

    __slots__ = ("_direct", "_gone", "_task", "_timer", "_watch")

    def __init__(self, direct: Direct | None) -> None:
        self._direct = direct
        self._gone = False
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> "Presence":
        self._task = asyncio.current_task()
        if self._direct is not None:
            self._direct.left = self._leave
        return self

    def __exit__(self, kind: object, exc: BaseException | None, at: object) -> bool:
        if self._direct is not None:
            self._direct.left = None
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        task, self._task = self._task, None
        if self._gone and isinstance(exc, asyncio.CancelledError) and task is not None:
            task.uncancel()
            return True
        return False

    def watch(self, receive: Receive) -> None:
        """See to it that someone notices."""
        if self._direct is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_UNWATCHED, self._begin, receive)

    def _begin(self, receive: Receive) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._wait(receive))

    async def _wait(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        self._gone = True
        if self._task is not None:
            self._task.cancel()
