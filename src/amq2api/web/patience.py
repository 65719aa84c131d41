"""Cutting off clients that keep a connection and do nothing with it: one clock for all of them.

Each state has its limit. No timer is armed or disarmed for a request or a piece of an answer:
connections say that something has happened by a flag, and a look at all of them a few times
per limit finds those where nothing has.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Reading: TypeAlias = Literal["nothing", "head", "body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may take up, and for how long, in seconds."""

    head: int = 64 * 1024
    """Bytes of a request's head."""
    lines: int = 200
    """Header lines."""
    head_time: float = 20.0
    """From the first byte of a request to the end of its head."""
    client_timeout: float = 120.0
    """In which a client sends nothing of its request, or takes nothing of its answer."""
    body_time: float = 600.0
    """For a whole body, at whatever pace: as long as it comes, it keeps room from others."""
    idle_time: float = 75.0
    """Between requests. Longer than clients keep a connection, so that it is they who close it:
    a request sent just as the server hangs up is lost."""
    linger: float = 5.0
    """For a client to hear a refusal while it still sends what was refused."""
    connections: int = 6000


_PACE = 1024  # bytes a second that a body must come at, or ever be as late as a silent one
_AT_ONCE = 500  # clients looked at in one go; streams go on in between


class Client(Protocol):
    """A connection as the clock sees it."""

    unheeded: bool
    """Whether we do not read: then the client is not to blame for what does not come."""
    lingering: bool
    """Whether it has heard its last word, and is only to hang up."""
    mark: tuple[int, object]
    """The clock's own: the progress at the last look."""
    since: float
    """The clock's own: when there had last been any."""
    began: float
    """The clock's own: when it was first seen to send the body at hand."""
    taken: int
    """The clock's own: how much of all that was sent the client had taken."""
    drained: float
    """The clock's own: when it had last taken anything, or nothing had waited for it."""

    @property
    def reading(self) -> Reading:
        """What of a request is being read."""

    @property
    def received(self) -> int:
        """Bytes of the body at hand."""

    @property
    def answering(self) -> bool: ...

    def progress(self) -> tuple[int, object]:
        """Which request it is, and another value whenever the client has come further with it."""

    def unsent(self) -> tuple[int, int]:
        """Bytes that wait for the client to take them, and bytes that it has taken."""

    def expire(self) -> None:
        """It waited too long with what it was about to send."""

    def abort(self) -> None:
        """Drop it, whatever is under way."""


class Patience:
    """Looks after clients from ``add`` to ``remove``. Limits may change at run time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._clients: set[Client] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, client: Client) -> None:
        client.since = client.began = client.drained = asyncio.get_running_loop().time()
        self._clients.add(client)
        if self._timer is None:
            self._arm()

    def remove(self, client: Client) -> None:
        self._clients.discard(client)

    def __len__(self) -> int:
        return len(self._clients)

    def _arm(self) -> None:
        limits = self.limits
        shortest = min(limits.head_time, limits.client_timeout, limits.idle_time, limits.linger)
        self._timer = asyncio.get_running_loop().call_later(shortest / 4, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._clients:
            self._arm()
            self._judge(list(self._clients))

    def _judge(self, clients: list[Client]) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for client in clients[-_AT_ONCE:]:
            if client in self._clients:
                judge(client, now, self.limits)
        del clients[-_AT_ONCE:]
        if clients:
            loop.call_soon(self._judge, clients)


def judge(client: Client, now: float, limits: Limits) -> None:
    """Cut *client* off if it has used up a limit."""
    waits, taken = client.unsent()
    if not waits or taken != client.taken:
        client.taken, client.drained = taken, now
    elif now - client.drained >= limits.client_timeout:
        client.abort()
        return
    progress, reading = client.progress(), client.reading
    if reading != "body" or client.unheeded or progress[0] != client.mark[0]:
        client.began = now
    if progress != client.mark or client.unheeded or (waits and reading == "nothing"):
        client.mark, client.since = progress, now
    if _late(client, now, limits):
        client.expire()


def _late(client: Client, now: float, limits: Limits) -> bool:
    silent = now - client.since
    if client.lingering:
        return silent >= limits.linger
    if client.reading == "head":
        return silent >= limits.head_time
    if client.reading == "body":
        whole = now - client.began
        behind = whole - client.received / _PACE
        return max(silent, behind) >= limits.client_timeout or whole >= limits.body_time
    return not client.answering and silent >= limits.idle_time
