"""Finding the user's own words in a message, and speaking in pieces as models do."""

import random
import re
from zlib import crc32

from amq2api.sim.question import Question
from amq2api.sim.steps import Event, Step, text

_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_MARKED = ("#", "<", "-", "*", "`", "|", "{", "[", ">", "=")
_LONGEST = 600  # characters of what somebody types without it being a document
_SEVERAL = 8  # paragraphs: more are a prompt with the user's words somewhere in it
_PIECES = re.compile(r"\s*\S+\s*")


def paragraphs(question: Question) -> list[str]:
    """What may be the user's words: latest first, without what is plainly a document."""
    found = [part.strip() for part in _PARAGRAPHS.split(question.text)]
    return [part for part in reversed(found) if part and _plain(part)]


def _plain(part: str) -> bool:
    return len(part) <= _LONGEST and not part.startswith(_MARKED)


def words(question: Question) -> str:
    """The paragraph to react to if none of them asks for anything special.

    System text travels in the same message (2.8), before the user's words and, from some
    clients, after them too; a question stands out of it.
    """
    candidates = paragraphs(question)
    if len(candidates) > _SEVERAL:
        asked = [part for part in candidates if part.endswith("?")]
        candidates = asked or candidates
    return candidates[0] if candidates else question.text[-_LONGEST:].strip()


def spoken(said: str) -> list[Step]:
    """*said* as text events."""
    return [text(piece) for piece in pieces(said)]


def pieces(said: str) -> list[str]:
    """*said* in pieces of one to eight words; the same text is always cut the same way."""
    lots = random.Random(crc32(said.encode("utf-8", "replace")))
    parts = _PIECES.findall(said)
    cut: list[str] = []
    at = 0
    while at < len(parts):
        size = lots.randint(1, 8)
        cut.append("".join(parts[at : at + size]))
        at += size
    return cut


def length(step: Step) -> int:
    """Characters of a step that count as output."""
    if not isinstance(step, Event):
        return 0
    return sum(len(step.payload.get(name) or "") for name in ("content", "input"))


def quoted(said: str, most: int = 200) -> str:
    """*said* as a quotation on one line."""
    flat = " ".join(said.split())
    return f"“{flat if len(flat) <= most else flat[: most - 1] + '…'}”"
