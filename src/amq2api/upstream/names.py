"""Addresses of names: the system's own resolver, in threads of its own."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import NamedTuple

from aiohappyeyeballs import AddrInfoType as AddrInfo

_LIFE = 60.0  # seconds for which an answer is good
_MOST = 256  # names remembered


class _Known(NamedTuple):
    found: Sequence[AddrInfo]
    until: float


class Names:
    """Slow names must hold up nothing else that works in threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="names")

    async def __call__(self, host: str, port: int) -> list[str]:
        """The addresses, each once; raises OSError, or UnicodeError for what is no name."""
        return list(dict.fromkeys(str(info[4][0]) for info in await self.infos(host, port)))

    async def infos(self, host: str, port: int) -> Sequence[AddrInfo]:
        """As :meth:`__call__`, with all that a socket is made of."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

    def close(self) -> None:
        """Wait for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class KnownNames:
    """Remembers what :class:`Names` found; a name that many want at once is looked up once."""

    def __init__(self) -> None:
        self._names = Names()
        self._known: dict[tuple[str, int], _Known] = {}
        self._asking: dict[tuple[str, int], asyncio.Future[Sequence[AddrInfo]]] = {}

    async def infos(self, host: str, port: int) -> Sequence[AddrInfo]:
        if (literal := _literal(host, port)) is not None:
            return literal
        key = host, port
        known = self._known.get(key)
        if known is not None and monotonic() < known.until:
            return known.found
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.ensure_future(self._ask(host, port))
            self._asking[key] = asking
            asking.add_done_callback(partial(self._answered, key))
        # Whoever gives up leaves the others their answer.
        return await asyncio.shield(asking)

    def _answered(self, key: tuple[str, int], asking: asyncio.Future[Sequence[AddrInfo]]) -> None:
        del self._asking[key]
        if not asking.cancelled():
            asking.exception()  # whoever asked may have gone: then nobody else looks at it

    def forget(self, host: str, port: int) -> None:
        """Nobody was there: the name may have moved."""
        self._known.pop((host, port), None)

    def close(self) -> None:
        """Wait for nobody."""
        self._names.close()

    async def _ask(self, host: str, port: int) -> Sequence[AddrInfo]:
        found = await self._names.infos(host, port)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[host, port] = _Known(found, monotonic() + _LIFE)
        return found


def _look_up(host: str, port: int) -> Sequence[AddrInfo]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _literal(host: str, port: int) -> Sequence[AddrInfo] | None:
    """An address written out needs no thread."""
    try:
        return socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        )
    except (socket.gaierror, UnicodeError):
        return None
