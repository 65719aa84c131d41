"""The way to the service, and what its clock says about ours."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from amq2api.config import proxy_for
from amq2api.errors import GatewayError
from amq2api.upstream.client import Client
from amq2api.wire.exchange import Ask

from .check import Check, failed

_TIMEOUT = 10.0  # seconds for one host
_FAR_OFF = 60.0  # seconds from which a clock is wrong; signatures and tokens allow some minutes


@dataclass(frozen=True, slots=True)
class _Reached:
    """What came of asking one host."""

    check: Check
    ahead: float | None = None
    """Seconds by which our clock is ahead of the host's; None if it did not tell the time."""


async def checks(
    client: Client, urls: Iterable[str], now: Callable[[], float] = time.time
) -> list[Check]:
    """The clock first, then a row for each host among *urls*."""
    hosts = dict.fromkeys(_origin(url) for url in urls)
    reached = await asyncio.gather(*(_reach(client, host, now) for host in hosts))
    return [_clock(reached), *(one.check for one in reached)]


async def _reach(client: Client, origin: str, now: Callable[[], float]) -> _Reached:
    host = urlsplit(origin).netloc.rpartition("@")[2]
    about = f"{host} through {_shown(proxy)}" if (proxy := proxy_for(origin)) else host
    began, sent = time.monotonic(), now()
    try:
        answer = await client.ask(Ask(f"{origin}/", method="GET"), timeout=_TIMEOUT)
    except GatewayError as failure:
        return _Reached(failed("network", failure, about))
    took = time.monotonic() - began
    # Any answer will do: what a host says to a question without sense is its own affair.
    words = f"It answers, {'through a proxy, ' if proxy else ''}in {took:.1f} seconds."
    return _Reached(
        Check("network", "ok", words, about=about),
        _ahead(answer.headers.get("date", ""), sent + took / 2),
    )


def _ahead(date: str, here: float) -> float | None:
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    return here - (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def _clock(reached: Iterable[_Reached]) -> Check:
    told = [one.ahead for one in reached if one.ahead is not None]
    if not told:
        return Check("clock", "skipped", "No host told the time.")
    off = max(told, key=abs)
    if abs(off) <= _FAR_OFF:
        return Check("clock", "ok", "It agrees with the service's.")
    side = "ahead of" if off > 0 else "behind"
    return Check(
        "clock", "problem", f"It is {abs(off):.0f} seconds {side} the service's.",
        "Set it, best by switching on time synchronisation (timedatectl set-ntp true).",
    )  # fmt: skip


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _shown(proxy: str) -> str:
    """A proxy without the name and password that may stand in its address."""
    return proxy.rpartition("@")[2] if "@" in proxy else proxy
