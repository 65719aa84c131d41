"""Where the events of an answer come from, whether it takes one request to the service or more."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from amq2api.bridge.backend import Progress
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError

AT_THE_BEGINNING = Progress()
"""Where an answer stands of which nothing has come."""

Write: TypeAlias = Callable[[list[m.StreamEvent]], bool]
"""Takes events at once, without waiting. False: it has taken them, and wants a pause."""


class Source(Protocol):
    """Where an answer's events come from. ``open`` it and ``read`` it to its end."""

    async def open(self, call: m.Call, progress: Progress = AT_THE_BEGINNING) -> None:
        """Return once the service has begun to answer. May be called again after the end.

        Args:
            progress: Where an answer stands that another request has begun.

        Raises:
            GatewayError: it did not; the client should hear of this.
        """

    def begin(self) -> list[m.StreamEvent]:
        """The head of the message, when the client should not wait for the service any more.

        Nothing as long as the call is not ready to be sent.
        """

    @property
    def over(self) -> bool:
        """Whether everything was read."""

    def read(self) -> Awaitable[list[m.StreamEvent]]:
        """The next events, at least one, until ``over``. A failure is an ``error`` event."""

    def flow(self, write: Write) -> Awaitable[None]:
        """Give *write* the next events as they come, as far as nobody has to look at them.

        Returns, maybe at once, where *write* wants a pause or ``read`` has to go on: the end of
        the answer and a failure are its to give.
        """

    def fail(self, failure: GatewayError) -> list[m.StreamEvent]:
        """How a stream that has begun without the service hears that it will not come."""
