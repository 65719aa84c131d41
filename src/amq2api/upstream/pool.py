"""Connections that are kept open between requests."""

import asyncio
from time import monotonic

from .connection import Connection
from .dialing import Dialing
from .route import Route
from .silence import SilenceWatch

KEPT = 55.0
"""Seconds that a connection may wait for its next request; servers commonly wait for 60."""


class Pool:
    """All connections. There is no bound: calls are bounded by who may call, and a queue here
    would be invisible.
    """

    def __init__(self) -> None:
        self._dial = Dialing()
        self._idle: dict[Route, list[Connection]] = {}
        self._alive: set[Connection] = set()
        self._none = asyncio.Event()
        self._watch = SilenceWatch()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def waiting(self, route: Route) -> Connection | None:
        """One that was kept, the last used first."""
        idle = self._idle.get(route)
        while idle:
            connection = idle.pop()
            if connection.usable and monotonic() - connection.idle_since < KEPT:
                return connection
            connection.abort()
        return None

    async def fresh(self, route: Route, limit: float) -> Connection:
        """A new one; raises UpstreamBroken if there is none within *limit* seconds."""
        connection = Connection(self._lost)
        self._alive.add(connection)
        try:
            await self._dial(route, connection, limit)
        except BaseException:
            connection.abort()
            self._lost(connection)
            raise
        if self._closed:
            connection.abort()
        return connection

    def watch(self, connection: Connection) -> None:
        """Look after the limits of its request until it is released."""
        self._watch.add(connection)

    def release(self, route: Route, connection: Connection) -> None:
        """Its request is over: keep it if its answer is complete, else drop it at once."""
        self._watch.remove(connection)
        if not connection.usable:
            connection.abort()
            return
        connection.rest()
        connection.idle_since = monotonic()
        self._idle.setdefault(route, []).append(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(KEPT, self._expire)

    async def close(self) -> None:
        """Drop every connection, and wait until their sockets are closed. One that is only being
        made is dropped when it is there: whoever waits for it will hear of it.
        """
        self._closed = True
        self._watch.close()
        if self._sweep is not None:
            self._sweep.cancel()
        self._idle.clear()
        self._dial.close()
        self._alive = {each for each in self._alive if each.connected}
        for connection in list(self._alive):
            connection.abort()
        if self._alive:
            self._none.clear()
            await self._none.wait()

    def _lost(self, connection: Connection) -> None:
        self._alive.discard(connection)
        if not self._alive:
            self._none.set()

    def _expire(self) -> None:
        """Drop those that nobody took."""
        now, self._sweep = monotonic(), None
        for route, idle in list(self._idle.items()):
            old = [each for each in idle if now - each.idle_since >= KEPT or not each.usable]
            for connection in old:
                idle.remove(connection)
                connection.abort()
            if not idle:
                del self._idle[route]
        if self._idle:
            self._sweep = asyncio.get_running_loop().call_later(KEPT / 5, self._expire)
