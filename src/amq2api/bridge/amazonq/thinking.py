"""Telling thoughts from answer where a model writes both as text.

Models without native reasoning answer ``<thinking>…</thinking>`` and then the answer, when the
request asked with the tags of upstream-protocol.md 2.8. Only a tag at the very beginning of the
answer counts: anywhere else it is the model's text, and text is never touched.
"""

from typing import Literal, TypeAlias

Piece: TypeAlias = tuple[Literal["thinking", "text"], str]

_OPEN, _CLOSE = "<thinking>", "</thinking>"


class ThoughtSplitter:
    """Feed text in pieces; get it back as thoughts and answer, in order, none of it lost.

    What goes is the two tags, and blank space before the first and after the last of them.
    """

    def __init__(self) -> None:
        self._where: Literal["before", "inside", "after", "answer"] = "before"
        self._held = ""

    @property
    def answering(self) -> bool:
        """Whether everything from here on is answer."""
        return self._where == "answer"

    @property
    def unclosed(self) -> bool:
        """Whether a thought has begun and not ended."""
        return self._where == "inside"

    def feed(self, text: str) -> list[Piece]:
        if self._where == "answer":
            return [("text", text)] if text else []
        out: list[Piece] = []
        self._held += text
        while self._step(out):
            pass
        return out

    def finish(self) -> list[Piece]:
        """The text ended or something else begins: what waited for the rest of a tag was none.

        What else begins may be a tool call in the middle of a thought, which then goes on.
        """
        held, self._held = self._held, ""
        where, self._where = self._where, "inside" if self.unclosed else "answer"
        if not held or where == "after":
            return []
        return [("thinking" if where == "inside" else "text", held)]

    def _step(self, out: list[Piece]) -> bool:
        """Consume from what is held; True if there may be more to consume at once."""
        match self._where:
            case "before":
                return self._before()
            case "inside":
                return self._inside(out)
            case "after":
                self._held = self._held.lstrip()
                self._where = "answer" if self._held else "after"
                return bool(self._held)
            case "answer":
                if self._held:
                    out.append(("text", self._held))
                    self._held = ""
                return False

    def _before(self) -> bool:
        start = self._held.lstrip()
        if start.startswith(_OPEN):
            self._held, self._where = start[len(_OPEN) :], "inside"
            return True
        if _OPEN.startswith(start):
            return False
        self._where = "answer"
        return True

    def _inside(self, out: list[Piece]) -> bool:
        thought, tag, rest = self._held.partition(_CLOSE)
        if tag:
            self._held, self._where = rest, "after"
        else:
            keep = next(n for n in range(len(_CLOSE) - 1, -1, -1) if _ends_with(thought, n))
            cut = len(thought) - keep
            thought, self._held = thought[:cut], thought[cut:]
        if thought:
            out.append(("thinking", thought))
        return bool(tag)


def _ends_with(text: str, size: int) -> bool:
    return text.endswith(_CLOSE[:size])
