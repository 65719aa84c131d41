"""PDFs read in threads: few at a time, each only once, and no longer than a caller would wait."""

import asyncio
import hashlib
import logging
import sys
from binascii import a2b_base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from amq2api.bridge import pdf
from amq2api.errors import BadRequest, UpstreamBusy

from .shelf import Shelf

Read: TypeAlias = Callable[[bytes, pdf.Limits, Callable[[], bool]], pdf.PdfText]
"""As :func:`.pdf.text`."""

_LIMITS = pdf.Limits()
_AT_ONCE = 2
_ROOM = 32 * 1024 * 1024
_PIECE = 1024 * 1024  # characters of base64 between which other threads get their turn

# It quotes what it reads.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


class Reading:
    """Safe to share between calls. Conversations send the same PDF at every turn.

    Args:
        seconds: How long one PDF may take, the wait for its turn included.
        read: What is done in the threads.
    """

    def __init__(self, *, seconds: float = 30.0, read: Read = pdf.text) -> None:
        self._seconds, self._read = seconds, read
        self._threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="pdf")
        self._known: Shelf[str | BadRequest] = Shelf(_ROOM)

    async def text(self, data: str | bytes) -> str:
        """The text of a PDF, given as it is or in base64.

        Raises:
            BadRequest: it has none, or is none.
            UpstreamBusy: too many are being read already.
        """
        key = await asyncio.to_thread(_digest, data)
        known = self._known.get(key)
        if known is None:
            known = await self._in_turn(data)
            self._known.put(key, known, sys.getsizeof(known))
        if isinstance(known, BadRequest):
            raise type(known)(str(known))
        return known

    async def _in_turn(self, data: str | bytes) -> str | BadRequest:
        work = _Work(data, self._read)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work.run)
        except TimeoutError:
            if work.begun:
                # Not kept: another time it may be quicker.
                raise BadRequest(pdf.TOO_LONG) from None
            raise UpstreamBusy("too many PDFs are being read at this moment") from None
        finally:
            work.over = True


class _Work:
    """One PDF to be read; whoever waits for it says when that is *over*."""

    __slots__ = ("_data", "_read", "begun", "over")

    def __init__(self, data: str | bytes, read: Read) -> None:
        self._data, self._read = data, read
        self.begun = self.over = False

    def run(self) -> str | BadRequest:
        self.begun = True
        try:
            data = _decoded(self._data) if isinstance(self._data, str) else self._data
            return self._read(data, _LIMITS, lambda: self.over).text
        except BadRequest as refusal:
            return refusal.with_traceback(None)


def _digest(data: str | bytes) -> bytes:
    whole = data.encode("utf-8", "replace") if isinstance(data, str) else data
    return hashlib.sha256(whole).digest()


def _decoded(data: str) -> bytes:
    """Base64, line breaks allowed, without holding up other threads for all of it."""
    made, rest = bytearray(), ""
    try:
        for at in range(0, len(data), _PIECE):
            piece = rest + "".join(data[at : at + _PIECE].split())
            whole = len(piece) // 4 * 4
            made += a2b_base64(piece[:whole], strict_mode=True)
            rest = piece[whole:]
    except ValueError:  # binascii.Error is one; so is text beyond ASCII
        raise BadRequest(pdf.NOT_VALID) from None
    if rest:
        raise BadRequest(pdf.NOT_VALID)
    return bytes(made)
