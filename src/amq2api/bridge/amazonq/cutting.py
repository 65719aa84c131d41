"""Ending an answer where the client said, for a service that cannot.

Amazon Q has no stop sequences and, on most models, no ``max_tokens`` (upstream-protocol.md
0.3): the stream is cut here, the rest is cancelled, and the stop reason says so.
"""

from collections.abc import Sequence
from math import inf

from amq2api.bridge.tokenizer import HEAVIEST, NEWER, Tokenizer, weigh
from amq2api.dialects import messages as m

__all__ = ["Cutter", "StopSequences", "TokenGauge"]

_TOGETHER = 2_048  # characters of an answer that are weighed at once


class StopSequences:
    """Find the stop sequence that is complete first, in text that comes in pieces.

    Where two end together, it is the longer. ``feed`` gives out what is certainly before any
    stop sequence; a tail that may turn out to be the beginning of one waits for the next piece.
    """

    __slots__ = ("_beginnings", "_held", "_longest", "_sequences", "matched")

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = tuple(sequences)
        self._longest = max(map(len, self._sequences), default=0)
        self._beginnings = frozenset(s[:size] for s in self._sequences for size in range(1, len(s)))
        self._held = ""
        self.matched: str | None = None

    def feed(self, text: str) -> str:
        """Return text that may be shown. Once ``matched`` is set there is no more."""
        text = self._held + text
        found = [(at + len(s), at, s) for s in self._sequences if (at := text.find(s)) >= 0]
        if found:
            _, at, self.matched = min(found)
            self._held = ""
            return text[:at]
        end = len(text) - self._possible_beginning(text)
        self._held = text[end:]
        return text[:end]

    def finish(self) -> str:
        """The text ended, or something else begins: what waited was no stop sequence."""
        held, self._held = self._held, ""
        return held

    def _possible_beginning(self, text: str) -> int:
        sizes = range(min(self._longest - 1, len(text)), 0, -1)
        return next((size for size in sizes if text[-size:] in self._beginnings), 0)


class TokenGauge:
    """Count estimated output tokens; with a limit, say where the text must end.

    Answers come in pieces of a few letters. They are weighed many at a time, as long as they
    cannot reach the limit.
    """

    __slots__ = ("_by", "_length", "_limit", "_pieces", "_weight")

    def __init__(self, limit: int | None = None, by: Tokenizer = NEWER) -> None:
        self._limit = inf if limit is None else float(limit)
        self._by = by
        self._weight = 0.0
        self._pieces: list[str] = []
        """Taken, but not yet weighed."""
        self._length = 0

    @property
    def tokens(self) -> int:
        self._settle()
        # Weights are whole hundredths, but for the last bits of sums made in another order.
        return max(1, round(round(self._weight, 2))) if self._weight else 0

    def take(self, text: str) -> str:
        """Count *text*, and return as much of it as the limit allows.

        What comes back is shorter than *text* exactly when the limit was reached.
        """
        length = self._length + len(text)
        if length <= _TOGETHER and self._weight + HEAVIEST * length <= self._limit:
            self._pieces.append(text)
            self._length = length
            return text
        self._settle()
        weight = weigh(text, self._by)
        if (so_far := self._weight + weight) <= self._limit:
            self._weight = so_far
            return text
        room = max(0.0, self._limit - self._weight)
        kept = text[: int(len(text) * room / weight)]
        self._weight = self._limit
        return kept

    def take_all(self, texts: list[str]) -> list[str]:
        """As :meth:`take` with one after the other; without those of which nothing is left."""
        length = self._length + sum(map(len, texts))
        if self._weight + HEAVIEST * length <= self._limit:
            self._pieces += texts
            self._length = length
            if length > _TOGETHER:
                self._settle()
            return texts
        # What was taken weighs less than it might have, and half of them may fit at once.
        self._settle()
        if (half := len(texts) // 2) == 0:
            return [part] if (part := self.take(texts[0])) else []
        first, second = texts[:half], texts[half:]
        kept = self.take_all(first)
        return kept if _is_cut(kept, first) else kept + self.take_all(second)

    def _settle(self) -> None:
        if self._pieces:
            text, by = "".join(self._pieces), self._by
            # So much at a time is weighed exactly; what is longer would be sampled.
            for at in range(0, len(text), _TOGETHER):
                self._weight += weigh(text[at : at + _TOGETHER], by)
            self._pieces.clear()
            self._length = 0


def _is_cut(kept: list[str], texts: list[str]) -> bool:
    """Whether *kept* is less than all of *texts*, none of which is empty."""
    return kept is not texts and (len(kept) < len(texts) or len(kept[-1]) < len(texts[-1]))


class Cutter:
    """Ends an answer where the client's terms say so: ``end`` is set once it is over."""

    __slots__ = ("_gauge", "_stops", "end")

    def __init__(self, limit: int | None, sequences: Sequence[str], by: Tokenizer = NEWER) -> None:
        self._gauge = TokenGauge(limit, by)
        self._stops = StopSequences(sequences) if sequences else None
        # A limit of nothing ends the message before it begins (claude-api.md 3.1).
        self.end = m.EndOfMessage("max_tokens") if limit == 0 else None

    @property
    def tokens(self) -> int:
        """Estimated tokens of what was let through."""
        return self._gauge.tokens

    @property
    def looks(self) -> bool:
        """Whether text is searched, and some of it may have to wait."""
        return self._stops is not None

    def text(self, text: str) -> str:
        """The part of the answer's next text that may be shown now."""
        if self._stops is None:
            return self.count(text)
        kept = self.count(self._stops.feed(text))
        if self.end is None and self._stops.matched is not None:
            self.end = m.EndOfMessage("stop_sequence", self._stops.matched)
        return kept

    def rest(self) -> str:
        """The text ended or something else begins: what has waited, to be shown."""
        return "" if self._stops is None else self.count(self._stops.finish())

    def count(self, text: str) -> str:
        """The part of a text in which nothing is looked for that the limit leaves."""
        kept = self._gauge.take(text)
        if len(kept) < len(text):
            self.end = m.EndOfMessage("max_tokens")
        return kept

    def count_all(self, texts: list[str]) -> list[str]:
        """The same of several texts, none of them empty."""
        kept = self._gauge.take_all(texts)
        if _is_cut(kept, texts):
            self.end = m.EndOfMessage("max_tokens")
        return kept
