"""Signs of life on streams that are silent: one clock for all of them, no timer per stream.

A client, or a proxy before it, gives up on a connection that says nothing (claude-api.md 6.5;
field-notes.md T4). One scan a second over the open streams costs less than arming and
disarming a timer for each event.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from amq2api.errors import GatewayError
from amq2api.log import log


class Patient(Protocol):
    """A stream as the pulse sees it."""

    alive: bool
    """Whether anything was sent since it was last felt; true at birth."""
    since: float
    """The pulse's own: when it was last felt to be alive, by the loop's clock."""
    begun: bool
    busy: bool
    """Whether a send is under way: then the client is slow, not we."""

    async def sign(self) -> None:
        """Begin the stream, or ping."""


class Pulse:
    """Feels every registered stream a few times a second while there is any."""

    def __init__(self, *, grace: float, interval: float) -> None:
        self.pace(grace=grace, interval=interval)
        self._patients: set[Patient] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._clock: asyncio.Task[None] | None = None

    def pace(self, *, grace: float, interval: float) -> None:
        """Be so patient from now on."""
        self._grace, self._interval = grace, interval
        self._tick = min(1.0, grace / 4, interval / 4)

    def add(self, patient: Patient) -> None:
        self._patients.add(patient)
        if self._clock is None or self._clock.done():
            self._clock = asyncio.get_running_loop().create_task(self._run())

    def remove(self, patient: Patient) -> None:
        self._patients.discard(patient)

    async def close(self) -> None:
        self._patients.clear()
        for task in [*self._tasks, *([self._clock] if self._clock else [])]:
            task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._patients:
            await asyncio.sleep(self._tick)
            self._feel(loop.time())

    def _feel(self, now: float) -> None:
        for patient in self._patients:
            if patient.alive:
                # A flag costs the stream less than reading the clock at every event.
                patient.alive, patient.since = False, now
            due = self._interval if patient.begun else self._grace
            if not patient.busy and now - patient.since + self._tick >= due:
                self._spawn(patient.sign)

    def _spawn(self, sign: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            try:
                await sign()
            except (GatewayError, OSError) as exc:
                log.debug("ping failed", reason=type(exc).__name__)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
