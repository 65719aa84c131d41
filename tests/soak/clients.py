"""Clients of all kinds: who listen, who leave in the middle of everything, who take their time."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

_PATIENCE = 60.0  # seconds that one call may take
_SIP = 4096  # bytes that a slow reader takes at once
_ENDS = (b"event: message_stop", b"event: error")


class _Left(Exception):
    """The client has gone, as it had in mind."""


@dataclass
class Connection:
    """One connection to the gateway; later calls may use it again."""

    port: int
    reader: asyncio.StreamReader = field(init=False)
    writer: asyncio.StreamWriter | None = None

    async def ready(self) -> asyncio.StreamWriter:
        if self.writer is None or self.writer.is_closing() or self.reader.at_eof():
            self.reader, self.writer = await asyncio.open_connection(
                "127.0.0.1", self.port, limit=_SIP
            )
        return self.writer

    def leave(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None


def request(number: int, *, stream: bool) -> bytes:
    # No two alike: a conversation that goes in circles would be stopped.
    message = {"role": "user", "content": f"Question {number}"}
    call = {
        "model": "claude-sonnet-4.5",
        "max_tokens": 100,
        "stream": stream,
        "messages": [message],
    }
    body = json.dumps(call).encode()
    head = f"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def listen(connection: Connection, chance: random.Random, raw: bytes) -> str:
    writer = await connection.ready()
    writer.write(raw)
    return _judged(*await _answer(connection.reader))


async def sip(connection: Connection, chance: random.Random, raw: bytes) -> str:
    """Take so little at a time that everything on the way fills up."""

    async def pause() -> None:
        await asyncio.sleep(0.01)

    writer = await connection.ready()
    writer.write(raw)
    return _judged(*await _answer(connection.reader, pause))


async def leave_early(connection: Connection, chance: random.Random, raw: bytes) -> str:
    writer = await connection.ready()
    writer.write(raw[: chance.randrange(len(raw))])
    await asyncio.sleep(chance.uniform(0, 0.02))
    raise _Left


async def leave_before_the_answer(connection: Connection, chance: random.Random, raw: bytes) -> str:
    writer = await connection.ready()
    writer.write(raw)
    await asyncio.sleep(chance.uniform(0, 0.01))
    raise _Left


async def leave_in_the_answer(connection: Connection, chance: random.Random, raw: bytes) -> str:
    writer = await connection.ready()
    writer.write(raw)
    await connection.reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(chance.uniform(0, 0.05))
    raise _Left


Way = Callable[[Connection, random.Random, bytes], Awaitable[str]]
WAYS: tuple[tuple[float, Way], ...] = (
    (87, listen), (3, sip), (2, leave_early), (3, leave_before_the_answer),
    (5, leave_in_the_answer),
)  # fmt: skip


@dataclass
class Crowd:
    """Calls without end, so many at once; *outcomes* tells how they ended."""

    port: int
    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)
    made: int = 0

    async def call(self, calls: int, *, at_once: int) -> None:
        """Make so many more calls."""
        until = self.made + calls
        async with asyncio.TaskGroup() as group:
            for number in range(at_once):
                chance = random.Random(f"{self.seed} {self.made} {number}")
                group.create_task(self._one(chance, until))

    async def _one(self, chance: random.Random, until: int) -> None:
        connection = Connection(self.port)
        try:
            while self.made < until:
                await self._call(connection, chance)
        finally:
            connection.leave()

    async def _call(self, connection: Connection, chance: random.Random) -> None:
        self.made += 1
        raw = request(self.made, stream=chance.random() < 0.8)
        [way] = chance.choices([way for _, way in WAYS], [weight for weight, _ in WAYS])
        try:
            async with asyncio.timeout(_PATIENCE):
                self.outcomes[await way(connection, chance, raw)] += 1
        except _Left:
            self.outcomes["left"] += 1
            connection.leave()
        if chance.random() < 0.3:
            connection.leave()


async def _nothing() -> None: ...


async def _answer(
    reader: asyncio.StreamReader, pause: Callable[[], Awaitable[None]] = _nothing
) -> tuple[int, bytes]:
    """Status and the end of the body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"content-length:" in head:
        size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        return status, await reader.readexactly(size)
    tail = b""
    while not tail.endswith(b"\r\n0\r\n\r\n"):
        piece = await reader.read(_SIP)
        if not piece:
            raise ConnectionError("an answer without an end")
        tail = (tail + piece)[-_SIP:]
        await pause()
    return status, tail


def _judged(status: int, tail: bytes) -> str:
    if status != 200:
        error = json.loads(tail)
        assert error["type"] == "error" and error["error"]["type"], tail
        return f"refused {status}"
    if tail.startswith(b"{"):
        assert json.loads(tail)["type"] == "message"
        return "whole"
    [end] = [name for name in _ENDS if name in tail]
    return "streamed" if end == _ENDS[0] else "broken off"
