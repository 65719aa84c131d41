"""How long each part of an exchange may take."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """In seconds."""

    connect: float
    """Until there is a connection: name, TCP, TLS and the way through a proxy."""
    first_byte: float
    """From then until the answer's body begins."""
    idle: float
    """Between two pieces of it, while somebody waits for the next."""
    total: float
    """For the whole exchange."""

    def within(self, limit: float) -> Self:
        """The same ones, none of them longer than *limit*."""
        return type(self)(
            connect=min(self.connect, limit),
            first_byte=min(self.first_byte, limit),
            idle=min(self.idle, limit),
            total=min(self.total, limit),
        )
