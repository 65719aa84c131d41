"""Requests as a socket has them: clients for people would mend what is to be tried here."""

import asyncio
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec


class Heard(NamedTuple):
    """An answer. *headers* have lower-case names; those that came twice are in *lines*."""

    status: int
    lines: list[tuple[str, str]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.lines)

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def cookies(self) -> str:
        """What a browser sends back of the cookies it was given."""
        pairs = [value.partition(";")[0] for name, value in self.lines if name == "set-cookie"]
        return "; ".join(pairs)


async def knock(
    url: str, line: str, *headers: str, body: bytes = b"", http: str = "1.1", host: bool = True
) -> Heard:
    """Send ``METHOD /path`` and these headers, exactly; hear the whole answer.

    Args:
        host: Whether to name the host that *url* has, unless *headers* name one.
    """
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    head = [f"{line} HTTP/{http}", *headers, "connection: close"]
    if host and not any(each.lower().startswith("host:") for each in headers):
        head.append(f"host: {where.netloc}")
    if body and not any(each.lower().startswith("transfer-encoding:") for each in headers):
        head.append(f"content-length: {len(body)}")
    try:
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        # A server that has heard enough answers and hangs up.
        raw = await reader.read(-1)
    finally:
        writer.close()
    return understood(raw)


def understood(raw: bytes) -> Heard:
    """One whole answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    found = [(name.lower(), value) for name, _, value in pairs]
    if ("transfer-encoding", "chunked") in found:
        body = _joined(body)
    return Heard(int(status.split()[1]), found, body)


def _joined(chunked: bytes) -> bytes:
    parts = b""
    while chunked:
        size, _, rest = chunked.partition(b"\r\n")
        length = int(size, 16)
        parts, chunked = parts + rest[:length], rest[length + 2 :]
        if length == 0:
            break
    return parts
