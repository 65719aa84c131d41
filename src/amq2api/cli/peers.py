"""What the workers of one gateway tell each other.

Each has a box, a pair of datagram sockets that exist before the workers do: nobody outside can
write into it, and what is written while a worker is away waits for the one in its place. News are
hints for the moment: a box that stays full loses the oldest, and no call ever waits for one.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import msgspec

from amq2api.accounts.health import Page
from amq2api.log import log
from amq2api.relay.records import Record

OFFICE = 0
"""The worker that the operator's side is with."""


class Fared(msgspec.Struct, frozen=True, tag="fared"):
    """How an account fares."""

    account_id: str
    page: Page


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """A call was answered; for the office."""

    record: Record


class Calibrated(msgspec.Struct, frozen=True, tag="calibrated"):
    """What was learned of counts is in its file."""


class Arrived(msgspec.Struct, frozen=True, tag="arrived"):
    """A worker took another one's place, and knows nothing yet."""

    number: int


class Visit(msgspec.Struct, frozen=True, tag="visit"):
    """A connection for the office, which comes along."""


News: TypeAlias = Fared | Answered | Calibrated | Arrived | Visit

_BUFFER = 1 << 20  # bytes that a box holds, if the system allows
_MOST_AT_ONCE = 60_000  # bytes of one datagram
_MOST_WAITING = 2_000  # news for one worker
_SOON = 0.05  # seconds in which news are gathered
_LATER = 0.25  # seconds until a full box is tried again
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[News]).decode


class Boxes:
    """Made by the parent, for all workers."""

    def __init__(self, workers: int) -> None:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(workers)]
        self.reading = [reading for reading, _ in pairs]
        self.writing = [writing for _, writing in pairs]
        for reading, writing in pairs:
            reading.setblocking(False)
            writing.setblocking(False)
            reading.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            writing.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)

    def close(self) -> None:
        for sock in (*self.reading, *self.writing):
            sock.close()


class Peers:
    """One worker's side. Belongs to one event loop.

    Args:
        number: Which worker it is.
    """

    def __init__(self, number: int, boxes: Boxes) -> None:
        self.number, self._boxes = number, boxes
        self._waiting: dict[int, deque[bytes]] = {
            other: deque(maxlen=_MOST_WAITING)
            for other in range(len(boxes.writing)) if other != number
        }  # fmt: skip
        self._flushing: asyncio.TimerHandle | None = None

    def open(self, hear: Callable[[News], None], welcome: Callable[[socket.socket], None]) -> None:
        """Begin to hear: *welcome* is given the connections that come for the office."""
        box = self._boxes.reading[self.number]
        asyncio.get_running_loop().add_reader(box, self._look, box, hear, welcome)

    def tell(self, news: News, to: int | None = None) -> None:
        """Let one worker know, or all others. Returns at once."""
        told = _encode(news)
        for other in self._waiting if to is None else (to,):
            self._waiting[other].append(told)
        if self._flushing is None:
            self._flush_in(_SOON)

    def visit(self) -> socket.socket:
        """A connection to the office.

        Raises:
            OSError: too many wait there already.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                box = self._boxes.writing[OFFICE]
                socket.send_fds(box, [_encode([Visit()])], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def close(self) -> None:
        """Send what waits, if there is room for it."""
        asyncio.get_running_loop().remove_reader(self._boxes.reading[self.number])
        self._flush()
        if self._flushing is not None:
            self._flushing.cancel()

    def _flush_in(self, seconds: float) -> None:
        self._flushing = asyncio.get_running_loop().call_later(seconds, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        done = [self._send(other, waiting) for other, waiting in self._waiting.items()]
        if not all(done):
            self._flush_in(_LATER)

    def _send(self, other: int, waiting: deque[bytes]) -> bool:
        """Whether the box has taken all."""
        while waiting:
            news = _first(waiting)
            try:
                self._boxes.writing[other].send(_encode([msgspec.Raw(each) for each in news]))
            except BlockingIOError:
                return False
            except OSError as exc:
                log.debug("peers.unsent", worker=other, reason=exc.strerror)
            for _ in news:
                waiting.popleft()
        return True

    def _look(
        self,
        box: socket.socket,
        hear: Callable[[News], None],
        welcome: Callable[[socket.socket], None],
    ) -> None:
        with suppress(BlockingIOError):
            for _ in range(64):  # then it is the streams' turn again
                raw, descriptors, _, _ = socket.recv_fds(box, 4 * _MOST_AT_ONCE, 1)
                for descriptor in descriptors:
                    welcome(socket.socket(fileno=descriptor))
                for news in _decode(raw):
                    hear(news)


def _first(waiting: Sequence[bytes]) -> list[bytes]:
    """As many as fit into one datagram, and one at least."""
    found: list[bytes] = []
    size = 0
    for news in waiting:
        size += len(news)
        if found and size > _MOST_AT_ONCE:
            break
        found.append(news)
    return found
