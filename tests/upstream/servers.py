"""Servers on real sockets that follow a script, whatever HTTP says of it."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from amq2api.errors import RequestRefused
from amq2api.upstream.timeouts import Timeouts
from amq2api.wire.exchange import Answer

Turn: TypeAlias = Callable[["Line"], Awaitable[None]]
"""What becomes of one connection; then it is closed."""
Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]

each_loop = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

RESET = "reset"
"""Instead of bytes: the connection ends with a reset."""
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Verdict(RequestRefused):
    """Carries the answer it judges."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


def limits(
    connect: float = 2, idle: float = 2, first_byte: float | None = None, total: float = 60
) -> Timeouts:
    return Timeouts(
        connect=connect, first_byte=idle if first_byte is None else first_byte,
        idle=idle, total=total,
    )  # fmt: skip


def chunks(*pieces: bytes) -> bytes:
    """These chunks and the end after them."""
    return b"".join(map(chunk, (*pieces, b"")))


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def ok(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    lines = "".join(f"{line}\r\n" for line in (f"Content-Length: {len(body)}", *headers))
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


@dataclass
class Server:
    """What it was told, and by how many connections."""

    port: int
    scheme: str = "http"
    connections: int = 0
    live: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/"


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what becomes true on its own; the machine may be slow."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (of sockets nobody tells)
            await asyncio.sleep(0.01)


@dataclass
class Line:
    """One connection, as the server sees it."""

    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """The next one with its body; nothing at the end of the connection."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = dict(
                line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
            )
            whole = head + await self.reader.readexactly(int(lines.get(b"content-length", 0)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        self.server.requests.append(whole)
        return whole

    async def play(self, *parts: bytes | float | str) -> None:
        for part in parts:
            if isinstance(part, bytes):
                self.writer.write(part)
                await self.writer.drain()
            elif part == RESET:
                self.reset()
            else:
                await asyncio.sleep(float(part))

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Until the other side has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


def says(*parts: bytes | float | str, times: int = 1) -> Turn:
    """After a request these bytes, with pauses of so many seconds; then the same again."""

    async def turn(line: Line) -> None:
        for _ in range(times):
            if not await line.request():
                return
            await line.play(*parts)

    return turn


KEEPING = says(ok(b"\0"), times=1000)
"""Serves request after request on one connection."""


async def silent(line: Line) -> None:
    await line.gone()


@dataclass
class Flood:
    """A turn: so many large pieces after a first byte, as fast as they are taken."""

    pieces: int
    sent: int = 0  # bytes

    async def __call__(self, line: Line) -> None:
        await line.request()
        await line.play(CHUNKED, chunk(b"\0"))
        piece = b"x" * 20_000
        for _ in range(self.pieces):
            await line.play(chunk(piece))
            self.sent += len(piece)
        await line.play(chunk(b""))


@asynccontextmanager
async def serving(*turns: Turn, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """The first connection gets the first turn, and so on; the last turn stays."""
    at_work: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        turn = turns[min(server.connections, len(turns) - 1)]
        server.connections += 1
        server.live += 1
        try:
            await turn(Line(server, reader, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass  # streams would log it
        finally:
            server.live -= 1
            at_work.discard(task)
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    server = Server(listening.sockets[0].getsockname()[1], "https" if tls else "http")
    try:
        yield server
    finally:
        listening.close()
        for task in list(at_work):
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


@contextmanager
def deaf(host: str = "127.0.0.1") -> Iterator[int]:
    """A port where connections are neither taken nor refused: the line is full."""
    with socket.socket() as listening, ExitStack() as line:
        listening.bind((host, 0))
        listening.listen(0)
        for _ in range(4):
            waiting = line.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


class Authority:
    """Signs certificates for servers; trusted by whoever has ``path`` as SSL_CERT_FILE."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, home.name)])
        made = self._made(self._name, self._key.public_key(), timedelta(1)).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.path = home / "authority.pem"
        self.path.write_bytes(
            made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )

    def serving(self, *, name: str = "127.0.0.1", days: float = 1) -> ssl.SSLContext:
        """How a server presents itself that has a certificate for *name*."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        known: x509.GeneralName = x509.DNSName(name)
        if name[0].isdigit():
            known = x509.IPAddress(IPv4Address(name))
        made = (
            self._made(subject, key.public_key(), timedelta(days))
            .add_extension(x509.SubjectAlternativeName([known]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path = self._home / f"{name}.{days}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context

    def _made(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        begin, end = sorted((now - timedelta(days=2), now + life))
        return x509.CertificateBuilder(
            self._name, subject, key, x509.random_serial_number(), begin, end
        )
