"""How long each part of an exchange may take."""

from dataclasses import dataclass


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
