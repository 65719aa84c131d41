"""Answers in a form the client has prescribed: judged before they are given, and mended once."""

import asyncio

from amq2api.bridge.backend import Note, Progress
from amq2api.bridge.collect import Collector
from amq2api.bridge.continuing import corrected
from amq2api.bridge.holding import TextHold
from amq2api.bridge.structured import Asked, Misfit, Schema, check_prefill, compiled
from amq2api.dialects import messages as m
from amq2api.errors import AnswerUnfit, GatewayError

from .journey import Journey
from .source import AT_THE_BEGINNING, Source, Write

_REPAIRED = (Note("repaired", "output_config.format"),)


class Structured:
    """Another source's answer, whose text comes when it is known to fit. *inner* gives the events.

    Everything else passes as it comes: thinking, searches. What the schema says nothing of is
    not judged: tool calls, refusals, answers without their end.
    """

    def __init__(self, inner: Source, journey: Journey, wanted: Asked) -> None:
        self._inner, self._journey, self._wanted = inner, journey, wanted
        self._schema: Schema | None = None
        self._call: m.Call | None = None
        self._hold = TextHold()
        self._said = Collector()
        self._mended = False
        """Whether the model was told of its mistake: it is told once."""

    async def open(self, call: m.Call, progress: Progress = AT_THE_BEGINNING) -> None:
        """See :meth:`Source.open`.

        Raises:
            BadRequest: the schema is none, or part of the answer is given already.
        """
        check_prefill(call)
        # In a thread: judging takes time, and learning how takes a moment, too.
        self._schema = await asyncio.to_thread(compiled, self._wanted)
        self._call = call
        await self._inner.open(call, progress)

    def begin(self) -> list[m.StreamEvent]:
        """See :meth:`Source.begin`."""
        return self._inner.begin()

    @property
    def over(self) -> bool:
        """Whether everything was read."""
        return self._inner.over and self._hold.end is None

    async def read(self) -> list[m.StreamEvent]:
        """See :meth:`Source.read`."""
        out: list[m.StreamEvent] = []
        while not out and not self.over:
            try:
                out = await self._next()
            except GatewayError as failure:
                out = self.fail(failure)
        return out

    async def flow(self, write: Write) -> None:
        """See :meth:`Source.flow`. Every event is looked at here: nothing flows."""

    def fail(self, failure: GatewayError) -> list[m.StreamEvent]:
        """See :meth:`Source.fail`. Text that was not judged stays behind."""
        self._hold.forget()
        return self._hold.feed(self._inner.fail(failure))

    async def _next(self) -> list[m.StreamEvent]:
        if self._hold.end is None:
            events = await self._inner.read()
            self._said.feed(events)
            return self._hold.feed(events)
        if self._schema is None or self._call is None:
            raise RuntimeError("read before open")
        text = self._hold.text
        verdict = await asyncio.to_thread(self._schema.fit, text)
        if isinstance(verdict, Misfit):
            await self._again(self._call, verdict)
            return []
        if verdict != text.strip():
            self._note()
        return self._hold.release(verdict)

    async def _again(self, call: m.Call, misfit: Misfit) -> None:
        """Tell the model what is wrong, once."""
        progress = self._journey.progress
        exhausted = call.max_tokens is not None and progress.output_tokens >= call.max_tokens
        if self._mended or exhausted:
            rule = f"the rule `{misfit.keyword}`" if misfit.keyword else "the form of JSON"
            raise AnswerUnfit(
                f"the model's answer does not satisfy output_config.format: it breaks {rule}"
            )
        self._mended = True
        self._note()
        again = corrected(call, self._said.content, misfit)
        self._hold.forget()
        await self._inner.open(again, progress)

    def _note(self) -> None:
        """Once, however much was mended."""
        if not set(_REPAIRED) & set(self._journey.notes):
            self._journey.note(_REPAIRED)
