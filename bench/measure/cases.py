"""What is measured, and what it may cost."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from . import requests

Unit: TypeAlias = Literal["event", "request"]


@dataclass(frozen=True)
class Target:
    """The most a unit may cost: in microseconds of CPU, or in multiples of nginx's cost."""

    most: float
    of: Literal["µs", "nginx"]

    def __str__(self) -> str:
        return f"≤ {self.most:g} {'× nginx' if self.of == 'nginx' else 'µs'}"


@dataclass(frozen=True)
class Case:
    """One load. *rate* is in events a second and stream; 0 is as fast as they go.

    *ramp* is the seconds over which the streams begin, *limit* those after which it has failed.
    """

    name: str
    what: str
    unit: Unit
    script: str
    streams: int
    at_once: int
    rate: int = 0
    ramp: float = 0
    limit: int = 60
    ask: Callable[[str, int], bytes] = requests.small
    target: Target | None = None

    @property
    def request(self) -> bytes:
        return self.ask(self.script, self.rate)


CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case(
            "burst", "2,000 events as fast as they go, 4 streams at a time", "event",
            script="burst", streams=40, at_once=4, target=Target(4, "µs"),
        ),
        Case(
            "paced300", "300 streams of 50 events/s, 200 events each", "event",
            script="paced", streams=300, at_once=300, rate=50, ramp=1.5,
            target=Target(2.2, "nginx"),
        ),
        Case(
            "req", "a minimal request, one event, 4 at a time", "request",
            script="one", streams=400, at_once=4, target=Target(300, "µs"),
        ),
        Case(
            "cc150k", "150 KB with 20 tools and 61 messages, one event", "request",
            script="one", streams=40, at_once=1, ask=partial(requests.session, 150_000),
            target=Target(2000, "µs"),
        ),
        Case(
            "cc5m", "the same with 5 MB", "request",
            script="one", streams=4, at_once=1, ask=partial(requests.session, 5_000_000),
        ),
        Case(
            "tool", "50 events of text, then two tool calls of 8 KB", "event",
            script="tool", streams=40, at_once=4,
        ),
        Case(
            "ttft1", "20 events, one stream at a time: see the first-event columns", "request",
            script="twenty", streams=200, at_once=1,
        ),
        Case(
            "ttft50", "20 events at 20/s, 50 streams at a time: see the first-event columns",
            "request", script="twenty", streams=200, at_once=50, rate=20, ramp=1,
        ),
    )
}  # fmt: skip

USUAL = tuple(name for name, case in CASES.items() if case.target)
