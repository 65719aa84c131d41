"""The admin side, made when somebody first asks for it.

Most gateways answer calls and are looked at once in a while; the framework, the page and all
that belongs to them would be half of their start and a third of their memory.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from amq2api.web.asgi import Receive, Scope, Send

if TYPE_CHECKING:
    from .admin_side import AdminSide


class WhenAsked:
    """An ASGI application that *make* makes, in a thread, so that streams go on meanwhile."""

    def __init__(self, make: Callable[[], "AdminSide"]) -> None:
        self._make = make
        self._made: AdminSide | None = None
        self._making: asyncio.Future[AdminSide] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        side = self._made or await self._first()
        await side.app(scope, receive, send)

    def stop(self) -> None:
        """End what would never end by itself."""
        if self._made is not None:
            self._made.live.close()

    async def close(self) -> None:
        """Let sign-ins under way come to their end; after ``stop``."""
        if self._made is not None:
            await self._made.logins.close()

    async def _first(self) -> "AdminSide":
        if self._making is None:
            self._making = asyncio.ensure_future(asyncio.to_thread(self._make))
            self._making.add_done_callback(self._done)
        # Whoever goes away must not take it from the others.
        return await asyncio.shield(self._making)

    def _done(self, making: "asyncio.Future[AdminSide]") -> None:
        if making.cancelled() or making.exception() is not None:
            self._making = None  # who comes next tries again
        else:
            self._made = making.result()
