"""Finding the user's own words in a message, and speaking in pieces as models do."""

import random
import re
from zlib import crc32

from amq2api.sim.steps import Event, Step
from amq2api.sim.steps import text as text_event

_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_MARKED = ("#", "<", "-", "*", "`", "|", "{", "[", ">", "=")
_LONGEST = 600  # characters of what somebody types without it being a document
_SEVERAL = 8  # paragraphs: more are a prompt with the user's words somewhere in it
_PIECES = re.compile(r"\s*\S+\s*")
_TYPED = re.compile(r"(?i)\b(?:me|my|i|i'm|we|our|please|pls|thanks)\b")
_PROMPT = re.compile(r"(?i)\b(?:you|your|the user|users|tools?|agents?|skills?|important|must)\b")


def paragraphs(text: str) -> list[str]:
    """What of *text* may be the user's own words, most likely first.

    System text travels in the same message (2.8), before the user's words and, from some
    clients, after them too. In a short message the latest paragraph is the one to answer; a
    long one is mostly prompt, and only what reads as if typed by hand is considered.
    """
    found = [part.strip() for part in _PARAGRAPHS.split(text)]
    plain = [part for part in reversed(found) if part and _plain(part)]
    if len(found) <= _SEVERAL:
        return plain
    by_hand = sorted((part for part in plain if _typed(part) > 0), key=_typed, reverse=True)
    return by_hand or plain


def _plain(part: str) -> bool:
    return len(part) <= _LONGEST and not part.startswith(_MARKED)


def _typed(part: str) -> int:
    """How much a paragraph reads like a person's and not like a prompt's."""
    score = {"?": 3, "!": 1, ".": 0, ":": -1, ";": -1}.get(part[-1], 2)
    score += 1 if len(part) < 80 else 0
    score += 1 if part[0].islower() else 0
    score += 2 if _TYPED.search(part) else 0
    score -= 2 if _PROMPT.search(part) else 0
    return score - (1 if len(part) > 200 or "\n" in part else 0)


def words(text: str) -> str:
    """The paragraph to react to if none of them asks for anything special."""
    candidates = paragraphs(text)
    return candidates[0] if candidates else text[-_LONGEST:].strip()


def spoken(said: str) -> list[Step]:
    """*said* as text events."""
    return [text_event(piece) for piece in pieces(said)]


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
