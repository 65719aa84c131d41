"""Writing an answer: paced, cut at random if wanted, and stopped when the client leaves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from typing import Any

from .asgi import Receive, Send, begin
from .dressing import Chunk
from .generating import Opened
from .steps import Drop
from .world import Disconnect, Recorded, World

__all__ = ["while_there", "write"]

_SIZES = (1, 1, 2, 3, 5, 8, 13, 40, 200, 1000)  # bytes of a random piece
_BREATH = 16  # writes after which other tasks get a turn


async def while_there(receive: Receive, work: Coroutine[Any, Any, None]) -> bool:
    """Do *work* until it is done or the client leaves; False if the client left."""
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(work)
        watcher = group.create_task(_departure(receive))
        worker.add_done_callback(lambda _: watcher.cancel())
        # To cancel what is done already does nothing.
        watcher.add_done_callback(lambda _: worker.cancel())
    return not worker.cancelled()


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def write(
    world: World,
    answer: Opened,
    headers: Mapping[str, str],
    record: Recorded,
    receive: Receive,
    send: Send,
) -> None:
    """Send the stream; note in the world if the client did not stay for it."""
    line = _Line(world, send)
    if not await while_there(receive, line.tell(answer, headers)):
        world.disconnects.append(Disconnect(record, line.sent, world.clock()))


class _Line:
    """The way to one client."""

    def __init__(self, world: World, send: Send) -> None:
        self._world, self._send = world, send
        self._held = b""
        self.sent = 0

    async def tell(self, answer: Opened, headers: Mapping[str, str]) -> None:
        if answer.streamed.wait:
            await self._world.sleep(answer.streamed.wait)
        await begin(self._send, 200, headers)
        writes = 0
        async for piece in self._pieces(answer.chunks):
            if piece is None:
                # To leave without an end makes the server break the connection.
                return
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            self.sent += len(piece)
            writes += 1
            if writes % _BREATH == 0:
                await asyncio.sleep(0)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pieces(self, chunks: Iterable[Chunk]) -> AsyncIterator[bytes | None]:
        """What to write at once, pauses kept; None where the connection breaks."""
        for chunk in chunks:
            if isinstance(chunk, bytes):
                for piece in self._cut(chunk):
                    yield piece
                if self._world.frame_delay:
                    await self._world.sleep(self._world.frame_delay)
                continue
            for piece in self._rest():
                yield piece
            if isinstance(chunk, Drop):
                yield None
                return
            await self._world.sleep(chunk.seconds)
        for piece in self._rest():
            yield piece

    def _cut(self, data: bytes) -> list[bytes]:
        """*data* as it is, or cut at random; the last piece waits to be joined with the next."""
        if not self._world.cuts:
            return [data]
        data = self._held + data
        pieces, at = [], 0
        while (size := self._world.lots.choice(_SIZES)) < len(data) - at:
            pieces.append(data[at : at + size])
            at += size
        self._held = data[at:]
        return pieces

    def _rest(self) -> list[bytes]:
        held, self._held = self._held, b""
        return [held] if held else []
