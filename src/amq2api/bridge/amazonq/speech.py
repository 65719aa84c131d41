"""What the model says: its text and its thoughts, on their way into blocks.

A text passes four stages, each of which may keep some of it waiting: the thoughts are told
apart, a repeated prefill is taken off, stop sequences and the limit end it, and where a tool
call is forced it is withheld until it is known that none comes.
"""

from collections.abc import Callable, Iterable

from amq2api.bridge.backend import Note
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

from .blocks import TEXT, THINKING, Blocks
from .cutting import Cutter
from .prefix import Prefix
from .terms import Terms
from .thinking import Piece, ThoughtSplitter

__all__ = ["Speech"]


class Speech:
    """Puts texts and thoughts into *blocks*; *note* is told once of whatever it changes."""

    __slots__ = (
        "_blocks", "_cutter", "_hidden", "_note", "_prefix", "_simple", "_splitter", "_terms",
        "_withheld",
    )  # fmt: skip

    def __init__(
        self, terms: Terms, cutter: Cutter, blocks: Blocks, note: Callable[[Note], None]
    ) -> None:
        self._terms, self._cutter, self._blocks, self._note = terms, cutter, blocks, note
        self._splitter = ThoughtSplitter() if terms.thinking_tags else None
        self._prefix = Prefix(terms.prefill)
        self._withheld: list[str] | None = [] if terms.forced else None
        """Text that a forced tool call may yet make superfluous; None once there is one."""
        self._simple = not (terms.thinking_tags or terms.stop_sequences or self._prefix.looks)
        """Whether nothing is ever looked for in the text."""
        self._hidden = False
        """Whether the open thought has a text that the client is not shown."""

    @property
    def plain(self) -> bool:
        """Whether nothing is looked for in the text now, and so none of it waits."""
        return self._simple or (
            not (self._cutter.looks or self._prefix.looks)
            and (self._splitter is None or self._splitter.answering)
        )

    @property
    def withholds(self) -> bool:
        """Whether there is an answer of which nothing is out."""
        return bool(self._withheld)

    def text(self, text: str, out: list[m.StreamEvent]) -> None:
        """The next of what the service calls text."""
        if self._splitter is None:
            self._answer(text, out)
        else:
            self._pieces(self._splitter.feed(text), out)

    def more(self, events: list[q.AssistantResponseEvent], out: list[m.StreamEvent]) -> int:
        """Tell *events* that are only more of the open text; how many they are: all or none."""
        if self._blocks.open != TEXT or not (self._simple or self.plain):
            return 0
        if len(events) == 1:
            if (text := events[0].content) and (piece := self._cutter.count(text)):
                self._blocks.add(m.TextDelta, [piece], out)
            return 1
        texts = [event.content for event in events if event.content]
        if texts and (kept := self._cutter.count_all(texts)):
            self._blocks.add(m.TextDelta, kept, out)
        return len(events)

    def more_thoughts(self, events: list[q.ReasoningContentEvent], out: list[m.StreamEvent]) -> int:
        """Tell of the first *events* those that are only more of the open thought; how many."""
        if self._blocks.open != THINKING or not (self.plain and self._terms.show_thinking):
            return 0
        texts: list[str] = []
        for event in events:
            if event.signature or event.redacted_content or not event.text:
                break
            texts.append(event.text)
        if texts and (kept := self._cutter.count_all(texts)):
            self._blocks.add(m.ThinkingDelta, kept, out)
        return len(texts)

    def think(self, text: str, out: list[m.StreamEvent]) -> None:
        """The next of a thought."""
        kept = self._cutter.count(text)
        if not self._terms.want_thinking:
            self._note(Note("dropped", "answer.thinking"))
            return
        self._open_thought(out)
        if self._terms.show_thinking and kept:
            self._blocks.add(m.ThinkingDelta, [kept], out)
        elif kept:
            self._hidden = True

    def sign(self, signature: str, out: list[m.StreamEvent]) -> None:
        """The end of a thought.

        The service verifies what it signed (upstream-protocol.md 2.3): a signature whose text
        the client was not shown would come back under none, and be refused.
        """
        if not self._terms.want_thinking:
            self._note(Note("dropped", "answer.thinking"))
            return
        self._open_thought(out)
        self._blocks.close(out, signature="" if self._hidden else signature)

    def redacted(self, data: str, out: list[m.StreamEvent]) -> None:
        """A thought that nobody may read."""
        if not self._terms.want_thinking:
            self._note(Note("dropped", "answer.thinking"))
            return
        self._blocks.whole(m.RedactedThinkingBlock(data), out)

    def flush(self, out: list[m.StreamEvent]) -> None:
        """Something other than text begins: nothing may wait behind it."""
        if self._simple:
            return
        if self._splitter is not None:
            self._pieces(self._splitter.finish(), out)
        if self._cutter.end is None and (held := self._prefix.finish()):
            self._put(self._cutter.text(held), out)
        if self._cutter.end is None:
            self._put(self._cutter.rest(), out)

    def give_way(self) -> None:
        """A tool call begins: text that was withheld for it is left out."""
        if self._withheld:
            self._note(Note("dropped", "answer.text"))
        self._withheld = None

    def release(self, out: list[m.StreamEvent]) -> None:
        """No tool call has come of it: the text that was withheld is the answer."""
        withheld, self._withheld = self._withheld, None
        if withheld:
            self._put("".join(withheld), out)

    def end(self, out: list[m.StreamEvent]) -> None:
        """The reply has ended: what is withheld is said, what is open closed."""
        self.release(out)
        if self._splitter is not None and self._splitter.unclosed:
            self._note(Note("repaired", "answer.thinking"))
        if self._prefix.repeated:
            self._note(Note("repaired", "prefill"))
        self._blocks.close(out)
        if self._blocks.unsigned:
            self._note(Note("approximated", "answer.signature"))

    def _pieces(self, pieces: Iterable[Piece], out: list[m.StreamEvent]) -> None:
        for kind, piece in pieces:
            if self._cutter.end is not None:
                return
            if kind == "thinking":
                self.think(piece, out)
            else:
                self._answer(piece, out)

    def _answer(self, text: str, out: list[m.StreamEvent]) -> None:
        self._put(self._cutter.text(self._prefix.feed(text)), out)

    def _put(self, text: str, out: list[m.StreamEvent]) -> None:
        if not text:
            return
        if self._withheld is not None:
            self._withheld.append(text)
            return
        if self._blocks.open != TEXT:
            self._blocks.start(TEXT, m.TextBlock(), out)
        self._blocks.add(m.TextDelta, [text], out)

    def _open_thought(self, out: list[m.StreamEvent]) -> None:
        if self._blocks.open != THINKING:
            self._blocks.start(THINKING, m.ThinkingBlock(), out)
            self._hidden = False
