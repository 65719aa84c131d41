"""A token endpoint that rotates: each refresh mints a new pair and kills the refresh token spent.

As a callable it is the ``ask`` of a TokenCache; served(), it speaks HTTP to other processes.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from amq2api.errors import GatewayError
from amq2api.wire.exchange import Answer, Ask


@dataclass
class TokenEndpoint:
    live: set[str]
    lifetime: int = 3600
    rotates: bool = True
    script: list[Answer | GatewayError] = field(default_factory=list)
    """What to answer to the next asks instead."""
    asks: list[Ask] = field(default_factory=list)
    arrivals: asyncio.Queue[Ask] = field(default_factory=asyncio.Queue)
    """The same, to wait for."""
    minted: int = 0
    gate: asyncio.Event | None = None
    """If set, nothing is answered before it is."""

    async def __call__(self, ask: Ask) -> Answer:
        self.hear(ask)
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()
        if not self.script:
            return self.answer(ask.body)
        if isinstance(said := self.script.pop(0), GatewayError):
            raise said
        return said

    def hear(self, ask: Ask) -> None:
        self.asks.append(ask)
        self.arrivals.put_nowait(ask)

    def answer(self, body: bytes) -> Answer:
        spent = json.loads(body)["refreshToken"]
        if spent not in self.live:
            return refusal(400, "invalid_grant")
        self.minted += 1
        reply = {"accessToken": f"access-{self.minted}", "expiresIn": self.lifetime}
        if self.rotates:
            reply["refreshToken"] = f"refresh-{self.minted}"
            self.live = self.live - {spent} | {f"refresh-{self.minted}"}
        return Answer(200, json.dumps(reply).encode())


def refusal(status: int, code: str, **headers: str) -> Answer:
    body = {"error": code, "error_description": "quotes hush-hush"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(body).encode(), named)


@asynccontextmanager
async def served(endpoint: TokenEndpoint) -> AsyncIterator[str]:
    """Serve it over HTTP; gives its URL. A caller that hangs up before the answer spends nothing,
    as when a connection breaks on the way there."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(size)
        endpoint.hear(Ask("", body))
        gone = asyncio.ensure_future(reader.read())
        gate = asyncio.ensure_future(endpoint.gate.wait() if endpoint.gate else asyncio.sleep(0.2))
        await asyncio.wait({gone, gate}, return_when=asyncio.FIRST_COMPLETED)
        gate.cancel()
        if not gone.done():
            gone.cancel()
            reply = endpoint.answer(body)
            length = str(len(reply.body)).encode()
            status = str(reply.status).encode()
            writer.write(b"HTTP/1.1 " + status + b" -\r\ncontent-length: " + length + b"\r\n\r\n")
            writer.write(reply.body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}/token"
    finally:
        server.close()
        await server.wait_closed()
