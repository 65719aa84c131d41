"""A place in memory where each worker keeps what all may read, and which none takes along when
it dies.
"""

import mmap
import struct
import zlib

_HEAD = struct.Struct("=QII")  # how often it was written, bytes, their CRC
ROOM = 256 * 1024
"""Bytes that a worker can keep. The system gives memory only to those that were written."""


class Board:
    """Made before the workers are; they inherit it.

    Each worker writes into its own place only, in turn into one half of it and the other, so that
    whoever reads finds one whole at any moment, and after any death.
    """

    def __init__(self, places: int, room: int = ROOM) -> None:
        self._half = _HEAD.size + room
        self._room, self._places = room, places
        self._memory = mmap.mmap(-1, 2 * self._half * places)

    def put(self, place: int, kept: bytes) -> bool:
        """Keep this in the place of what is there; False if it is too much."""
        if len(kept) > self._room:
            return False
        number = max(self._number(place, half) for half in (0, 1)) + 1
        start = self._start(place, number % 2)
        body = start + _HEAD.size
        self._memory[body : body + len(kept)] = kept
        head = _HEAD.pack(number, len(kept), zlib.crc32(kept))
        self._memory[start : start + _HEAD.size] = head
        return True

    def get(self, place: int) -> bytes:
        """What was kept last; nothing, if nothing was."""
        halves = sorted((0, 1), key=lambda half: self._number(place, half), reverse=True)
        return next((kept for half in halves if (kept := self._read(place, half))), b"")

    def all(self) -> list[bytes]:
        """What is kept in every place, in order."""
        return [self.get(place) for place in range(self._places)]

    def _read(self, place: int, half: int) -> bytes:
        start = self._start(place, half)
        _, size, crc = _HEAD.unpack_from(self._memory, start)
        body = start + _HEAD.size
        kept = self._memory[body : body + min(size, self._room)]
        return kept if zlib.crc32(kept) == crc else b""

    def _number(self, place: int, half: int) -> int:
        return int(_HEAD.unpack_from(self._memory, self._start(place, half))[0])

    def _start(self, place: int, half: int) -> int:
        return (2 * place + half) * self._half
