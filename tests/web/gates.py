"""A service that answers when a test lets it."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from bridge.replies import METERED, ended, text


class Gate:
    """A service that answers one call for each ticket."""

    def __init__(self) -> None:
        self.tickets, self.inside, self.most = asyncio.Semaphore(0), 0, 0

    async def turn(self, request: web.Request) -> web.StreamResponse:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.tickets.acquire()
        self.inside -= 1
        body = b"".join((text("Hello"), ended("END_TURN"), METERED))
        return web.Response(body=body, content_type="application/vnd.amazon.eventstream")

    def open(self) -> None:
        """Answer all that are there, and many more."""
        for _ in range(50):
            self.tickets.release()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  (what is waited for belongs to the gateway)
            await asyncio.sleep(0.005)
