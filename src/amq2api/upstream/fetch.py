"""Files that a caller names by URL, got without doing anything else for a stranger.

A URL is a request to this machine to talk to another. Every address a name has must be public,
the connection goes to the very addresses that were judged (the name is not looked up again), and
a redirect is a new URL like any other. Nothing of ours is sent along: no cookie, no credentials,
no proxy. What the answer claims to be does not matter; its bytes are judged by who asked.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from amq2api.wire.addresses import is_host, is_public

from .failures import NotFetched
from .names import Names

Admits: TypeAlias = Callable[[str, int], bool]
"""Whether a connection may be made to this address and port."""
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name; raises OSError."""

_FAILURES = (aiohttp.ClientError, OSError)
_REDIRECTS = 3
_LONGEST_URL = 8192
_AT_ONCE = 8
_MOST_ADDRESSES = 32
_PORTS = frozenset({80, 443})
_PIECE = 64 * 1024
_UNABLE = "Unable to download the file. Please verify the URL and try again."  # the API's words


def public_web(address: str, port: int) -> bool:
    """Web servers of the public internet, and no other service that a request could confuse."""
    return port in _PORTS and is_public(address)


class Fetch:
    """Safe to share between calls.

    Args:
        limit: Seconds that getting one file may take, redirects included.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        limit: float = 20.0,
        admits: Admits = public_web,
        resolve: Resolve | None = None,
    ) -> None:
        self._headers = {
            "user-agent": user_agent,
            "accept": "image/*, application/pdf",
            # What is not packed cannot unpack to more than it is.
            "accept-encoding": "identity",
        }
        self._limit, self._admits = limit, admits
        self._resolve = resolve or Names()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, url: str, most: int) -> bytes:
        """The bytes behind *url*, at most *most* of them.

        Raises:
            NotFetched: there are none, more, or none that we would ask for.
        """
        try:
            async with self._turns, asyncio.timeout(self._limit):
                return await self._follow(_parsed(url), most)
        except TimeoutError:
            raise NotFetched(f"{_UNABLE} (it took too long)") from None
        except _FAILURES as exc:
            raise NotFetched(f"{_UNABLE} ({type(exc).__name__})") from None

    async def _follow(self, url: URL, most: int) -> bytes:
        for _ in range(_REDIRECTS + 1):
            got = await self._get(url, most)
            if isinstance(got, bytes):
                return got
            if url.scheme == "https" and got.scheme != "https":
                _refuse("it redirects from https to http")
            url = got
        _refuse("it redirects too often")

    async def _get(self, url: URL, most: int) -> bytes | URL:
        """What is there, or where it says to look."""
        addresses = await self._judged(url)
        # A session of its own: no cookie, connection or name is left for the next URL.
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_Pinned(addresses), use_dns_cache=False, force_close=True
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=_PIECE,
                headers=self._headers,
            ) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status in (301, 302, 303, 307, 308):
                return _parsed(_location(url, response.headers.get("location", "")))
            if response.status != 200:
                _refuse(f"the server answers with status {response.status}")
            return await _body(response, most)

    async def _judged(self, url: URL) -> list[str]:
        host, port = (url.raw_host or "").lower(), url.port or 0
        found = [host] if _is_address(host) else list(await self._resolve(host, port))
        # One private address among public ones is how a name gets both past such a check.
        if not found or not all(self._admits(address, port) for address in found):
            _refuse("only web servers with public addresses are asked")
        return found[:_MOST_ADDRESSES]


class _Pinned(AbstractResolver):
    """Answers every question with the addresses that were judged."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=address, port=port, proto=0, flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            )
            for address in self._addresses
        ]  # fmt: skip

    async def close(self) -> None: ...


def _parsed(url: str) -> URL:
    if len(url) > _LONGEST_URL or any(c <= " " or c in "\x7f\\" for c in url):
        _refuse("it is no URL")
    try:
        parsed = _url(url)
        port = parsed.port  # judged only when it is asked for
    except ValueError:
        _refuse("it is no URL")
    if parsed.scheme not in ("http", "https"):
        _refuse("only http and https URLs are fetched")
    if "@" in parsed.raw_authority:
        _refuse("a URL with credentials is not fetched")
    if port is None or not is_host(parsed.raw_host or ""):
        _refuse("its host is not a public one")
    return parsed.with_fragment(None)


def _url(text: str) -> URL:
    """ValueError for none. What is escaped already stays so: signatures are made of it."""
    text.encode()
    return URL(text, encoded=text.isascii())


def _location(url: URL, location: str) -> str:
    try:
        return str(url.join(_url(location)))
    except ValueError:
        _refuse("it redirects to what is no URL")


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        _refuse("the server sends it packed, unasked")
    if (response.content_length or 0) > most:
        _refuse(f"it has more than {most} bytes")
    whole = bytearray()
    while piece := await response.content.readany():
        whole += piece
        if len(whole) > most:
            _refuse(f"it has more than {most} bytes")
    return bytes(whole)


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _refuse(reason: str) -> NoReturn:
    raise NotFetched(f"{_UNABLE} ({reason})")
