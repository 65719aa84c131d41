"""A stream whose text is held back until somebody has judged it, while all else passes."""

from collections.abc import Iterable

from msgspec.structs import replace

from amq2api.dialects import messages as m

__all__ = ["TextHold"]


class TextHold:
    """Give it every event of an answer; what it returns is a stream again, at any moment.

    Text is held as long as the answer may turn out to be nothing else. A tool call, a refusal,
    an answer without its end: then there is nothing to judge, and the text passes as it is.
    """

    def __init__(self) -> None:
        self._held: list[str] = []
        self._blocks = 0
        """How many were given out: without the text, blocks have other numbers."""
        self._in_held = False
        """Whether the open block is one of those held back."""
        self._passing = False
        """Whether text passes, because the client will run a tool."""
        self.end: m.MessageDelta | None = None
        """The end of the answer, which waits for the judgement of ``text``."""

    @property
    def text(self) -> str:
        """All that is held."""
        return "".join(self._held)

    def feed(self, events: Iterable[m.StreamEvent]) -> list[m.StreamEvent]:
        out: list[m.StreamEvent] = []
        for event in events:
            match event:
                case m.ContentBlockStart():
                    self._start(event, out)
                case m.ContentBlockDeltas(_, _, texts) if self._in_held:
                    self._held += texts
                case m.ContentBlockDelta(_, m.TextDelta(text)) if self._in_held:
                    self._held.append(text)
                case m.ContentBlockStop() if self._in_held:
                    self._in_held = False
                case m.ContentBlockDelta() | m.ContentBlockDeltas() | m.ContentBlockStop():
                    out.append(replace(event, index=self._blocks - 1))
                case m.MessageDelta(m.EndOfMessage(reason)):
                    self._finish(event, reason, out)
                case m.MessageStop() if self.end is not None:
                    pass
                case _:
                    out.append(event)
        return out

    def release(self, text: str) -> list[m.StreamEvent]:
        """*text* is the answer: give it out, and the end that has waited."""
        out: list[m.StreamEvent] = []
        self._held = [text]
        self._let_go(out)
        if self.end is not None:
            out += (self.end, m.MessageStop())
            self.end = None
        return out

    def forget(self) -> None:
        """What is held is no answer; another will come."""
        self._held, self.end = [], None

    def _start(self, event: m.ContentBlockStart, out: list[m.StreamEvent]) -> None:
        if isinstance(event.content_block, m.TextBlock) and not self._passing:
            self._in_held = True
            return
        if isinstance(event.content_block, m.ToolUseBlock):
            self._passing = True
            self._let_go(out)
        out.append(replace(event, index=self._blocks))
        self._blocks += 1

    def _finish(
        self, event: m.MessageDelta, reason: m.StopReason, out: list[m.StreamEvent]
    ) -> None:
        if reason == "end_turn" and not self._passing:
            self.end = event
            return
        self._let_go(out)
        out.append(event)

    def _let_go(self, out: list[m.StreamEvent]) -> None:
        text, self._held = self.text, []
        if text:
            out += (
                m.ContentBlockStart(self._blocks, m.TextBlock()),
                m.ContentBlockDelta(self._blocks, m.TextDelta(text)),
                m.ContentBlockStop(self._blocks),
            )
            self._blocks += 1
