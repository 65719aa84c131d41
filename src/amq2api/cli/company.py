"""Whether a process serves alone or as one of several, as the one that starts it sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from amq2api.web.app import App
from amq2api.web.asgi import ASGIApp
from amq2api.web.metrics import Collect

from .building import Parts
from .orders import Orders


class Company(Protocol):
    """Those who serve on the same port."""

    @property
    def elsewhere(self) -> ASGIApp | None:
        """The operator's side, where it is in another process."""

    @property
    def collect(self) -> Collect | None:
        """The numbers of all, where there are others."""

    def sharing(
        self, made: Parts, app: App, orders: Orders, under_way: set[asyncio.Task[None]]
    ) -> AbstractAsyncContextManager[None]:
        """Hear orders, and what the others tell, and tell them, while the block runs.

        Args:
            made: What is to know, and finds out.
            app: Answers what comes by way of the others.
            under_way: Where whatever must not be cut short is kept.
        """

    def up(self) -> bool:
        """This process serves. Returns whether it is the one to tell people."""


class Alone:
    """No company at all."""

    elsewhere: ASGIApp | None = None
    collect: Collect | None = None

    @asynccontextmanager
    async def sharing(
        self, _made: Parts, _app: App, orders: Orders, _under_way: set[asyncio.Task[None]]
    ) -> AsyncIterator[None]:
        orders.by_signals()
        yield

    def up(self) -> bool:
        return True
