"""One run of the load client: what it asks for, and what it saw."""

from collections.abc import Callable
from dataclasses import dataclass

from . import requests


@dataclass(frozen=True)
class Load:
    """*rate* is in events a second and stream; 0 is as fast as they go.

    *ramp* is the seconds over which the streams begin, *limit* those after which it has failed,
    *pause* those for which a client reads nothing once its answer has begun.
    """

    script: str
    streams: int
    at_once: int
    rate: float = 0
    ramp: float = 0
    limit: int = 60
    pause: float = 0
    ask: Callable[[str, float], bytes] = requests.small

    @property
    def request(self) -> bytes:
        return self.ask(self.script, self.rate)


@dataclass(frozen=True)
class Seen:
    """What the client saw of streams that were all as they had to be; times in milliseconds."""

    events: int
    requests: int
    seconds: float
    first_p50: float
    first_p99: float
    gap_p50: float
    gap_p99: float
    gap_most: float
