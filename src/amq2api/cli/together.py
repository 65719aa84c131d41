"""One worker among several: what it shares with the others, so that they are one gateway.

The operator's side is with one of them, the office: sign-ins, sessions and what a browser is told
must not depend on where a connection lands. Health, calls and what was learned are told around;
numbers are kept where all can add them up.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from amq2api.log import log
from amq2api.relay.snapshots import Row, Snapshot, lasting, merged
from amq2api.web.app import App
from amq2api.web.asgi import ASGIApp

from .board import Board
from .building import Parts
from .orders import BEAT, UP, Orders
from .peers import OFFICE, Answered, Arrived, Boxes, Calibrated, Fared, News, Peers
from .tunnel import Elsewhere, answer_guest
from .workers import Post

_EVERY = 1.0  # seconds between two looks at the numbers
_TOLD = 100  # calls that an office is told of when it begins
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


class Shared:
    """What there is before the workers are."""

    def __init__(self, workers: int) -> None:
        self.boxes, self.board = Boxes(workers), Board(workers)

    def close(self) -> None:
        self.boxes.close()


class Together:
    """The :class:`Company` of one worker. Belongs to one event loop."""

    def __init__(self, post: Post, shared: Shared) -> None:
        self._post, self._board = post, shared.board
        self._peers = Peers(post.number, shared.boxes)
        # A counter never falls: what another one in this place has counted goes on counting.
        kept = self._board.get(post.number)
        self._before = lasting(_decode(kept)) if kept else []
        self._numbers: Callable[[], Snapshot] = list
        self._beating: asyncio.Task[None] | None = None

    @property
    def elsewhere(self) -> ASGIApp | None:
        return None if self._post.number == OFFICE else Elsewhere(self._peers.visit)

    @asynccontextmanager
    async def sharing(
        self, made: Parts, app: App, orders: Orders, under_way: set[asyncio.Task[None]]
    ) -> AsyncIterator[None]:
        """See :class:`Company`."""
        orders.by_line(self._post.line)
        if self._post.again:
            # The parent has told its settings as they were when it began.
            orders.reload()
        exchange = Exchange(self._peers, made, app, under_way)
        self._peers.open(exchange.hear, exchange.welcome)
        if self._post.again:
            self._peers.tell(Arrived(self._post.number))
        self._numbers = made.relay.metrics.snapshot
        counting = asyncio.ensure_future(self._count())
        try:
            with orders.by_parent(os.getppid()):
                yield
        finally:
            counting.cancel()
            if self._beating is not None:
                self._beating.cancel()
            self._keep()
            self._peers.close()

    def up(self) -> bool:
        self._post.line.send(UP)
        self._beating = asyncio.ensure_future(self._beat())
        if self._post.again:
            log.info("worker.serving", worker=self._post.number)
        return self._post.number == OFFICE and not self._post.again

    async def collect(self) -> Snapshot:
        """The numbers of all workers."""
        self._keep()
        return merged(_decode(kept) for kept in self._board.all() if kept)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            with suppress(OSError):  # the line is full: the parent hears enough; or it is gone
                self._post.line.send(UP)

    async def _count(self) -> None:
        while True:
            self._keep()
            await asyncio.sleep(_EVERY)

    def _keep(self) -> None:
        now = merged([self._before, self._numbers()])
        self._board.put(self._post.number, _encode(now))


class Exchange:
    """What the parts of this worker's gateway tell the others, and what they do with news."""

    def __init__(
        self, peers: Peers, made: Parts, app: App, under_way: set[asyncio.Task[None]]
    ) -> None:
        self._peers, self._made, self._app, self._under_way = peers, made, app, under_way
        made.relay.health.heard.append(lambda who, page: peers.tell(Fared(who, page)))
        made.calibrating.heard.append(lambda: peers.tell(Calibrated()))
        if peers.number != OFFICE:
            made.relay.records.heard.append(lambda record: peers.tell(Answered(record), OFFICE))

    def hear(self, news: News) -> None:
        match news:
            case Fared(who, page):
                if self._made.relay.health.hear(who, page) and page.is_blank:
                    # An owner's word, which the book of refused logins has to hear, too.
                    self._made.tokens.forgive(who)
            case Answered(record):
                self._made.relay.records.remember(record)
            case Calibrated():
                self._begin(self._made.calibrating.refresh())
            case Arrived(number):
                self._introduce(number)

    def welcome(self, connection: socket.socket) -> None:
        """Somebody comes for the office."""
        self._begin(answer_guest(self._app.guest, connection))

    def _introduce(self, number: int) -> None:
        relay, tell = self._made.relay, self._peers.tell
        for who, page in relay.health.pages().items():
            tell(Fared(who, page), number)
        if number == OFFICE:
            for record in reversed(relay.records.recent(_TOLD)):
                tell(Answered(record), OFFICE)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
