"""A service of many moods, in a process of its own: ``upstream.py SEED`` writes its port to
standard output, and answers ``GET /`` with how many connections it has.
"""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Callable

from bridge.replies import METERED, ended, exception, text, tool

LENGTH = 40  # frames of an answer, at most
FLOOD = 1500  # frames of one that is longer than all buffers together
_WORDS = text("a few words that make up about one frame of it ")

Parts = AsyncIterator[bytes | None]
"""Bytes, and None for a connection that is torn."""


async def plain(chance: random.Random) -> Parts:
    for _ in range(chance.randint(1, LENGTH)):
        yield _WORDS
        if chance.random() < 0.2:
            await asyncio.sleep(chance.uniform(0, 0.005))
    yield ended("END_TURN") + METERED


async def calling(_: random.Random) -> Parts:
    yield text("Look:") + tool("t1", input='{"path": ')
    yield tool("t1", input='"/tmp"}') + tool("t1", stop=True) + ended("TOOL_USE") + METERED


async def flood(_: random.Random) -> Parts:
    for _sent in range(FLOOD // 50):
        yield _WORDS * 50
    yield ended("END_TURN") + METERED


async def stalled(chance: random.Random) -> Parts:
    yield _WORDS
    await asyncio.sleep(chance.uniform(0.2, 0.6))
    yield ended("END_TURN") + METERED


async def torn(chance: random.Random) -> Parts:
    for _ in range(chance.randint(0, 5)):
        yield _WORDS
    yield _WORDS[: chance.randint(1, len(_WORDS) - 1)]
    yield None


async def flipped(chance: random.Random) -> Parts:
    yield _WORDS
    place = chance.randrange(len(_WORDS))
    yield _WORDS[:place] + bytes([_WORDS[place] ^ 1]) + _WORDS[place + 1 :]


async def empty(_: random.Random) -> Parts:
    yield b""


async def cut_in_a_call(_: random.Random) -> Parts:
    yield _WORDS + tool("t1", input='{"path": ')


async def excepted(_: random.Random) -> Parts:
    yield _WORDS
    yield exception("InternalServerException", message="We encountered an internal error.")


MOODS: tuple[tuple[int, Callable[[random.Random], Parts]], ...] = (
    (70, plain), (12, calling), (3, flood), (4, stalled),
    (3, torn), (2, flipped), (2, empty), (2, cut_in_a_call), (2, excepted),
)  # fmt: skip


class Service:
    def __init__(self, seed: int) -> None:
        self.chance, self.open, self.minted = random.Random(seed), 0, 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while await self._answered(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"content-length:" in head:
            size = head.split(b"content-length:")[1].split(b"\r\n")[0]
            await reader.readexactly(int(size))
        if head.startswith(b"get"):
            writer.write(_whole(200, {"open": self.open}))
        elif b"/token" in head.split(b"\r\n")[0]:
            self.minted += 1
            writer.write(_whole(200, {
                "accessToken": f"aoa-{self.minted}", "refreshToken": f"aor-{self.minted}",
                "expiresIn": 3600,
            }))  # fmt: skip
        elif b"generateassistantresponse" in head or b"sendmessage" in head:
            return await self._streamed(writer)
        else:
            writer.write(_whole(404, {"__type": "UnknownOperationException"}))
        await writer.drain()
        return True

    async def _streamed(self, writer: asyncio.StreamWriter) -> bool:
        if self.chance.random() < 0.02:
            writer.write(_whole(500, {"__type": "InternalServerException", "message": "oh"}))
            return True
        [mood] = self.chance.choices([m for _, m in MOODS], [weight for weight, _ in MOODS])
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        async for part in mood(self.chance):
            if part is None:
                writer.transport.abort()
                return False
            if part:
                writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


def _whole(status: int, body: object) -> bytes:
    raw = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(raw) + raw


async def main(seed: str) -> None:
    server = await asyncio.start_server(Service(int(seed)).connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
