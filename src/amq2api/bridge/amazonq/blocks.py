"""The blocks of a message: numbered, one open at a time, each closed before the next opens.

A block is started in one place and stopped in one, so an unbalanced stream cannot be written.
"""

from typing import TypeAlias

from amq2api.dialects import messages as m

from .words import MARKER_SIGNATURE

Kind: TypeAlias = type[m.TextDelta | m.ThinkingDelta | m.InputJsonDelta]

__all__ = ["TEXT", "THINKING", "Blocks"]

# Lanes that are no tool call's id; the space keeps them apart from any.
TEXT, THINKING, _WHOLE = "the text", "the thinking", "a block without deltas"
_CALLS = (m.ToolUseBlock, m.ServerToolUseBlock)


class Blocks:
    """Writes the head of a message and its blocks into lists of events."""

    __slots__ = ("_begun", "_head", "calling", "index", "open", "unsigned")

    def __init__(self, head: m.MessageHead, *, begun: bool = False, count: int = 0) -> None:
        self._head = head
        self._begun = begun
        self.index = count - 1
        """Of the newest block."""
        self.open: str | None = None
        """The lane of the newest block while it is open: text, thinking, or a tool call's id."""

        self.calling = False
        """Whether that is a tool call's."""
        self.unsigned = False
        """Whether any thought got a signature of ours, for want of another."""

    def begin(self, out: list[m.StreamEvent]) -> None:
        """The head of the message; nothing if it was given out before."""
        if not self._begun:
            self._begun = True
            out.append(m.MessageStart(self._head))

    def start(self, lane: str, block: m.ContentBlock, out: list[m.StreamEvent]) -> None:
        """Open a block, closing another one if need be."""
        self.begin(out)
        self.close(out)
        self.index += 1
        self.open = lane
        self.calling = isinstance(block, _CALLS)
        out.append(m.ContentBlockStart(self.index, block))

    def add(self, kind: Kind, texts: list[str], out: list[m.StreamEvent]) -> None:
        """Fill the open block with a delta for each text."""
        out.append(m.ContentBlockDeltas(self.index, kind, texts))

    def whole(self, block: m.ContentBlock, out: list[m.StreamEvent]) -> None:
        """A block that is complete from its start."""
        self.start(_WHOLE, block, out)
        self.close(out)

    def close(self, out: list[m.StreamEvent], *, signature: str = "") -> None:
        """Close the open block, if any; *signature* is for one of thinking."""
        lane, self.open, self.calling = self.open, None, False
        if lane == THINKING:
            self.unsigned |= not signature
            delta = m.SignatureDelta(signature or MARKER_SIGNATURE)
            out.append(m.ContentBlockDelta(self.index, delta))
        if lane is not None:
            out.append(m.ContentBlockStop(self.index))
