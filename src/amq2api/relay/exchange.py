"""One request to the service, under way: its stream, retold as it comes."""

from collections.abc import Callable

from amq2api.bridge.backend import Translator
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError

from .relay import Stream
from .source import Write


class Exchange:
    """``listen`` until the answer begins, ``read`` it to its end, and ``close`` it in any case.

    *broken* hears of a failure in the middle of the answer, before the client does.
    """

    def __init__(self, translator: Translator, broken: Callable[[GatewayError], None]) -> None:
        self.translator = translator
        self._broken = broken
        self._stream: Stream | None = None
        self._gap = 0.0
        self.request_id = ""
        """The service's own; empty until it answers, and where it names none."""
        self._pending: list[m.StreamEvent] = []
        self._ended = False

    async def listen(self, stream: Stream) -> None:
        """Until anything of the answer is here, whatever goes wrong is no answer at all."""
        self._stream, translator = stream, self.translator
        self.request_id = stream.request_id
        while not translator.answering:
            data = await stream.read()
            if data:
                self._pending += translator.feed(data)
                if translator.failure is not None and not translator.answering:
                    raise self._signed(translator.failure)
            else:
                self._pending += translator.finish()
                self._ended = translator.wanted is None
                return

    @property
    def over(self) -> bool:
        """Whether everything was read."""
        return self._ended and not self._pending

    async def read(self) -> list[m.StreamEvent]:
        """The next events: at least one until ``over``, but where a search is wanted maybe none."""
        translator, stream = self.translator, self._stream
        events, self._pending = self._pending, []
        # Where the end of the answer is here already, it leaves together with the rest.
        while (
            not self._ended
            and translator.wanted is None
            and (not events or stream is None or stream.ended)
        ):
            events += await self._advance(translator, stream)
        return events

    async def flow(self, write: Write) -> None:
        """See :meth:`Source.flow`."""
        stream, translator = self._stream, self.translator
        if stream is None or self._ended or self._pending or translator.stuck:
            return
        feed = translator.feed

        def take(data: bytes) -> bool:
            events = feed(data)
            ready = write(events) if events else True
            return ready and not translator.stuck

        await stream.flow(take)

    @property
    def gap(self) -> float:
        """The longest silence of the service once it had begun to answer, in seconds."""
        return self._stream.gap if self._stream is not None else self._gap

    def fail(self, failure: GatewayError) -> list[m.StreamEvent]:
        """How the client hears that nothing more will come, after what waits to be read."""
        ended, events = self._ended, self._pending
        self._ended, self._pending = True, []
        if not ended:
            return events + self.translator.fail(failure)
        # An answer that is all here is better than any failure.
        return events or [m.StreamError(m.broken_off(failure))]

    def close(self) -> None:
        """Let go of the service."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._gap = stream.gap
            stream.close()

    async def _advance(self, translator: Translator, stream: Stream | None) -> list[m.StreamEvent]:
        try:
            if translator.failure is not None:
                raise translator.failure
            if translator.done or stream is None:
                self.close()
                events = translator.finish()
            elif data := await stream.read():
                return translator.feed(data)
            else:
                events = translator.finish()
        except GatewayError as failure:
            self._broken(self._signed(failure))
            return self.fail(failure)
        self._ended = translator.wanted is None
        return events

    def _signed(self, failure: GatewayError) -> GatewayError:
        """What the service said within the stream, said with the stream's id."""
        if failure.said is not None and not failure.said.request_id:
            failure.said = failure.said._replace(request_id=self.request_id)
        return failure
