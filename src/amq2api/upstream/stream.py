"""The body of a successful answer, as it arrives."""

from collections.abc import Coroutine
from typing import Any

from .connection import Connection, Take
from .pool import Pool
from .route import Route


class Stream:
    """One reader at a time; ``close`` it in any case.

    Cancelling a reader closes nothing, and nothing is lost.
    """

    __slots__ = ("_connection", "_gap", "_pool", "_route", "request_id")

    def __init__(self, pool: Pool, route: Route, connection: Connection) -> None:
        self._pool, self._route = pool, route
        self._connection: Connection | None = connection
        self._gap = 0.0
        response = connection.response
        self.request_id = response.headers.get("x-amzn-requestid", "")
        """The service's own; empty if it told none."""
        response.headers = {}  # there can be thousands of streams

    @property
    def gap(self) -> float:
        """Most seconds between two pieces so far."""
        return self._gap if self._connection is None else self._connection.gap

    @property
    def ended(self) -> bool:
        """Whether the end is here already, so that ``read`` would return it at once."""
        return self._connection is None or self._connection.ended

    # Neither of these two is a coroutine of its own: it would cost memory while a stream is open.

    def read(self) -> Coroutine[Any, Any, bytes]:
        """Whatever has arrived, at least one byte; nothing at the end.

        Raises:
            UpstreamBroken: the connection broke, or was silent for too long.
        """
        return _no_bytes() if self._connection is None else self._connection.read()

    def flow(self, take: Take) -> Coroutine[Any, Any, None]:
        """Give *take* each piece when it arrives, until it wants no more or none will come.

        *take* is called by whoever reads the network and must be quick. How it ended is for the
        next ``read`` to tell.
        """
        return _nothing() if self._connection is None else self._connection.flow(take)

    def close(self) -> None:
        """Stop the answer where it is; one that came to its end frees its connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._gap = connection.gap
            self._pool.release(self._route, connection)


async def _no_bytes() -> bytes:
    return b""


async def _nothing() -> None:
    return None
