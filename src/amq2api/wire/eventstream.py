"""Codec for ``application/vnd.amazon.eventstream``, the framing of Amazon's streams.

::

    0         4         8         12                        n-4      n
    | total n | headers | crc(0:8)| headers ... | payload   | crc(0:n-4) |

All integers are big-endian; both checksums are CRC-32 (IEEE).
Source: upstream-protocol.md 3.1; https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias, assert_never
from uuid import UUID
from zlib import crc32

import msgspec

from amq2api.errors import ProtocolError

MAX_FRAME = 16 * 1024 * 1024  # bytes in all; the official codecs stop at 24 MiB, proxies at 4 to 16
MAX_HEADERS = 128 * 1024  # bytes; botocore's limit
MAX_VALUE = 32 * 1024 - 1  # bytes of one header value; aws-c-event-stream's limit
_PRELUDE = struct.Struct("!III")
_read_uint32 = struct.Struct("!I").unpack_from
_OVERHEAD = _PRELUDE.size + 4
# The service sends a handful of distinct header blocks, all short, in frames of a few hundred
# sizes; a hostile stream can fill the memos with at most (_MEMO + _HEADS) * _MEMO_BYTES bytes.
_MEMO, _HEADS, _MEMO_BYTES = 256, 2_048, 512


class Timestamp(msgspec.Struct, frozen=True):
    """A point in time as it came: Unix time in milliseconds, possibly negative."""

    milliseconds: int


class Sized(msgspec.Struct, frozen=True):
    """An integer that is sent in exactly *bits* bits (8, 16, 32 or 64)."""

    value: int
    bits: int


HeaderValue: TypeAlias = bool | Sized | bytes | str | Timestamp | UUID


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message, checked against both of its checksums.

    Kept from the garbage collector: it can be part of no cycle, and there is one per event.
    """

    headers: Mapping[str, HeaderValue]
    payload: bytes


class Run(msgspec.Struct, frozen=True, gc=False):
    """Messages that came one after the other under the same headers: nearly all of a stream."""

    headers: Mapping[str, HeaderValue]
    payloads: list[bytes]


_NONE: Mapping[str, HeaderValue] = MappingProxyType({})


class Decoder:
    """Cut a byte stream into frames, however the network chopped it up.

    ``feed``, ``runs`` and ``finish`` raise :exc:`ProtocolError` and nothing else. After an error
    the decoder is spent: the stream has lost its frame boundaries. Good frames that came in
    the same read as a bad one are not lost: they are returned, ``error`` holds what came
    after them, and the next call raises it.
    """

    __slots__ = ("_have", "_known", "_need", "_parts", "error", "headers")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._have = 0
        self._need = _OVERHEAD
        self._known = 0
        """Bytes of the latest frame's head: the next one's is likely to be as long."""
        self.error: ProtocolError | None = None
        self.headers: Mapping[str, HeaderValue] = _NONE
        """Of what ``single`` gave."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return every frame they complete, in order."""
        return [Frame(run.headers, load) for run in self.runs(data) for load in run.payloads]

    def single(self, data: bytes) -> bytes | None:
        """The payload, if *data* is one frame and no more, with a head that was met before: so
        answers come at a model's pace. None changes nothing: ``runs`` is to take *data*.
        """
        known = self._known
        if self._have or (head := _heads.get(data[:known])) is None or head[0] != len(data):
            return None
        payload = data[known:-4]
        if crc32(payload, head[2]) != _read_uint32(data, -4)[0]:
            return None
        self.headers = head[3]
        return payload

    def runs(self, data: bytes) -> list[Run]:
        """The same frames, those under equal headers together: no object for each."""
        if self.error is not None:
            raise self.error
        if self._have and not (data := self._joined(data)):
            return []
        runs: list[Run] = []
        at, end, known, met = 0, len(data), self._known, _heads.get
        headers: Mapping[str, HeaderValue] | None = None
        self._need = _OVERHEAD
        try:
            while at < end:
                # Heads that were met before are neither read nor checked again: their bytes are
                # the key, and the checksum of the payload goes on from theirs.
                if not (head := met(data[at : at + known])):
                    head = _meet(data, at)
                    known = head[1] or known
                total, _, crc, said = head
                if (after := at + total) > end:
                    self._need = total
                    break
                payload = data[at + known : after - 4]
                if crc32(payload, crc) != _read_uint32(data, after - 4)[0]:
                    raise ProtocolError("frame checksum mismatch")
                if said is not headers:
                    headers = said
                    runs.append(Run(said, payloads := []))
                payloads.append(payload)
                at = after
        except ProtocolError as exc:
            self.error, self._known = exc, 0
            if not runs:
                raise
            return runs
        self._known = known
        self._have = end - at
        self._parts = [data[at:] if at else data] if self._have else []
        return runs

    def _joined(self, data: bytes) -> bytes:
        """What waits and *data*, once they complete something: so a large frame in small reads
        costs its bytes once and not once per read.
        """
        self._parts.append(data)
        self._have += len(data)
        return b"".join(self._parts) if self._have >= self._need else b""

    def finish(self) -> None:
        """Declare the end of input; bytes left over mean a cut stream."""
        if self.error is not None:
            raise self.error
        if self._have:
            raise ProtocolError(f"the stream ended inside a frame, {self._have} bytes in")


_Head: TypeAlias = tuple[int, int, int, Mapping[str, HeaderValue]]
"""What a frame's bytes before its payload come to: the size of the whole frame, the size and
the checksum of these bytes, and the headers: the very same object wherever their bytes are."""

_heads: dict[bytes, _Head] = {}


def _meet(data: bytes, at: int) -> _Head:
    """The head of a frame of another kind than the latest; of one not all here, its total.

    The prelude is judged as soon as it is here, so that a corrupt length is an error now
    instead of a wait for 16 MiB; the headers only once the whole frame is sound.
    """
    if len(data) - at < _OVERHEAD:
        return _OVERHEAD, 0, 0, _NONE
    start = at + _PRELUDE.size
    # It may be as long as another one than the latest, and then is not new.
    size = _PRELUDE.size + _read_uint32(data, at + 4)[0]
    if (known := _heads.get(data[at : at + size])) is not None:
        return known
    total, headers, crc = _PRELUDE.unpack(data[at:start])
    if crc32(data[at : at + 8]) != crc:
        raise ProtocolError("prelude checksum mismatch")
    if headers > MAX_HEADERS or not _OVERHEAD + headers <= total <= MAX_FRAME:
        raise ProtocolError(f"impossible frame: {total} bytes, {headers} of them headers")
    if (last := at + total - 4) + 4 > len(data):
        return total, 0, 0, _NONE
    if crc32(data[at:last]) != _read_uint32(data, last)[0]:
        raise ProtocolError("frame checksum mismatch")
    block = data[start : at + size]
    read = _remembered if headers <= _MEMO_BYTES else _read_headers
    met = total, size, crc32(data[at : at + size]), read(block)
    if headers <= _MEMO_BYTES:
        if len(_heads) >= _HEADS:
            _heads.clear()
        _heads[data[at : at + size]] = met
    return met


def _read_headers(data: bytes) -> Mapping[str, HeaderValue]:
    take = _Cursor(data)
    headers: dict[str, HeaderValue] = {}
    while take.left:
        try:
            name = take.name()
            value = _READERS[take.uint(1)](take)
        except (KeyError, UnicodeDecodeError) as exc:
            raise ProtocolError(f"bad header: {exc!r}") from exc
        if name in headers:
            raise ProtocolError(f"header {name!r} appears twice")
        headers[name] = value
    return MappingProxyType(headers)


_remembered = lru_cache(maxsize=_MEMO)(_read_headers)


class _Cursor:
    """Read forward through bytes; running off the end is a ProtocolError."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def __call__(self, size: int) -> bytes:
        if size > self.left:
            raise ProtocolError(f"header wants {size} bytes, {self.left} left")
        self._at += size
        return self._data[self._at - size : self._at]

    def name(self) -> str:
        if not (size := self.uint(1)):
            raise ProtocolError("a header without a name")
        return self(size).decode()

    def uint(self, size: int) -> int:
        return int.from_bytes(self(size), "big")

    def sized(self, bits: int) -> Sized:
        return Sized(self.int64(bits // 8), bits)

    def int64(self, size: int = 8) -> int:
        return int.from_bytes(self(size), "big", signed=True)

    def counted(self) -> bytes:
        if (size := self.uint(2)) > MAX_VALUE:
            raise ProtocolError(f"header value of {size} bytes")
        return self(size)


_READERS: Mapping[int, Callable[[_Cursor], HeaderValue]] = {
    0: lambda take: True,
    1: lambda take: False,
    2: lambda take: take.sized(8),
    3: lambda take: take.sized(16),
    4: lambda take: take.sized(32),
    5: lambda take: take.sized(64),
    6: lambda take: take.counted(),
    7: lambda take: take.counted().decode(),
    8: lambda take: Timestamp(take.int64()),
    9: lambda take: UUID(bytes=take(16)),
}


def encode(headers: Mapping[str, HeaderValue], payload: bytes) -> bytes:
    """Build one frame; the simulator and the tests write frames, the gateway never does.

    Raises:
        ValueError: a name or value is longer than the format can say.
    """
    return seal(b"".join(_header(name, value) for name, value in headers.items()), payload)


def seal(head: bytes, payload: bytes) -> bytes:
    """Put both checksums around bytes, sensible or not."""
    lengths = struct.pack("!II", _OVERHEAD + len(head) + len(payload), len(head))
    body = lengths + crc32(lengths).to_bytes(4, "big") + head + payload
    return body + crc32(body).to_bytes(4, "big")


def _header(name: str, value: HeaderValue) -> bytes:
    raw = name.encode()
    if not 1 <= len(raw) <= 255:
        raise ValueError(f"a header name of {len(raw)} bytes")
    return bytes([len(raw)]) + raw + _value(value)


def _value(value: HeaderValue) -> bytes:
    match value:
        case bool():
            return b"\x00" if value else b"\x01"
        case Sized(number, bits):
            kind = {8: 2, 16: 3, 32: 4, 64: 5}[bits]
            return bytes([kind]) + number.to_bytes(bits // 8, "big", signed=True)
        case bytes():
            return b"\x06" + _counted(value)
        case str():
            return b"\x07" + _counted(value.encode())
        case Timestamp(milliseconds):
            return b"\x08" + milliseconds.to_bytes(8, "big", signed=True)
        case UUID():
            return b"\x09" + value.bytes
    assert_never(value)


def _counted(raw: bytes) -> bytes:
    if len(raw) > MAX_VALUE:
        raise ValueError(f"a header value of {len(raw)} bytes")
    return len(raw).to_bytes(2, "big") + raw
