"""What is remembered of the latest calls: who served and why, how long, how much. No content."""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec

from amq2api.accounts.choose import Passed
from amq2api.accounts.health import in_words
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError

_LONGEST_NAME = 200
_SOMETIMES = ("upstream_id", "queued", "prepared", "gap")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One call, when it was over. Also what is told of it as JSON."""

    id: str
    """The request id that the client was told."""
    upstream_id: str = ""
    """The service's own id of the last request to it, by which AWS can find it."""
    at: float
    """When it came; Unix time in seconds."""
    model: str = ""
    """As the client named it; empty if the call could not be read."""
    account: str = ""
    """The id of the account that was asked last; empty if none was."""
    account_name: str = ""
    why: str = ""
    """Why that account: see ``accounts.choose.Why``."""
    passed: tuple[Passed, ...] = ()
    """Who would have served before it, and why they did not."""
    attempts: int = 0
    stream: bool = False
    status: int = 0
    """HTTP, as the client heard it; 0 if it left before."""
    outcome: str
    """Claude's stop reason, the class of the failure, or ``abandoned`` by the client."""
    ok: bool
    error: str = ""
    """The failure in words; empty where the call itself was at fault: they may quote it."""
    input_tokens: int = 0
    output_tokens: int = 0
    usage: str = ""
    """Where the counts come from: ``service``, ``context`` or ``estimate``."""
    credits: float | None = None
    queued: float | None = None
    """Seconds of waiting for a turn; None without."""
    prepared: float | None = None
    """Seconds until the first request to the service was ready to be sent."""
    first: float | None = None
    """Seconds until the service began to answer."""
    gap: float | None = None
    """The longest silence of the service within its answer, in seconds."""
    seconds: float = 0.0
    """From the call's coming to its end."""
    notes: tuple[str, ...] = ()
    """What was changed on the way, as in the ``amq2api-fidelity`` header."""


class Records:
    """The latest *size* of them. Belongs to one event loop."""

    def __init__(self, size: int = 500) -> None:
        self._kept: deque[Record] = deque(maxlen=size)
        self.last = 0
        """How many there have been; grows with each."""
        self.heard: list[Callable[[Record], None]] = []
        """Told of each call of this process when it is over."""

    def add(self, record: Record) -> None:
        """Remember a call that was answered here, and tell of it."""
        self.remember(record)
        for tell in self.heard:
            tell(record)

    def remember(self, record: Record) -> None:
        """Keep the record of a call, wherever it was answered."""
        self._kept.append(record)
        self.last += 1

    def recent(self, limit: int = 100) -> list[Record]:
        """At most *limit*, the newest first."""
        return list(islice(reversed(self._kept), max(limit, 0)))

    def since(self, number: int) -> list[Record]:
        """Those that came after ``last`` was *number*, the oldest first, as far as kept."""
        return self.recent(self.last - number)[::-1]


def refused(request_id: str, failure: GatewayError, *, at: float, seconds: float) -> Record:
    """The record of a call that could not even be read."""
    return Record(
        id=request_id, at=at, outcome=type(failure).__name__, ok=False, error=in_words(failure),
        status=m.wording(failure).status, seconds=round(seconds, 3),
    )  # fmt: skip


def line(record: Record) -> dict[str, Any]:
    """What the log tells of it; of what not every call has, only what this one had."""
    told: dict[str, Any] = {
        "request_id": record.id,
        "model": record.model,
        "account": record.account or None,
        "why": record.why or None,
        "attempts": record.attempts,
        "status": record.status,
        "outcome": record.outcome,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "usage": record.usage,
        "credits": record.credits,
        "first": record.first,
        "seconds": record.seconds,
        "fidelity": record.notes,
    }
    if record.passed:
        told["passed"] = [str(one) for one in record.passed]
    for name in _SOMETIMES:
        if value := getattr(record, name):
            told[name] = value
    return told


def shortened(name: str) -> str:
    """A name that somebody else chose, at a length worth remembering."""
    return name[:_LONGEST_NAME]
