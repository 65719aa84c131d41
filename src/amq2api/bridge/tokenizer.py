"""How many tokens a text is likely to be, for either tokenizer that Claude's models have.

Neither is published (claude-api.md 8.2). Each character has a weight, chosen so that texts come
out as others have measured them: with the older tokenizer English has 4.3 to 4.9 characters a
token, code 3 to 3.7 and JSON 2.5, with the newer one English has a third fewer, and other scripts
cost the same with both. tests/bridge/test_token_counts.py holds the figures and tells how far
off the weights are.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from zlib import adler32

__all__ = [
    "HEAVIEST",
    "NEWER",
    "OLDER",
    "Tokenizer",
    "is_newer",
    "tokenizer_of",
    "version_of",
    "weigh",
    "weigh_all",
]

Version: TypeAlias = tuple[int, int]

_UNIT = 100  # weights are bytes, in hundredths of a token
_PIECE = 256  # as many bytes as add up to less than adler32's modulus, whatever they are
# Beyond so many characters, one in so many is looked at: classes of characters are spread
# evenly enough for that. A prime, since lines are often of a round length.
_EXACTLY = 4_096
_STRIDE = 19

_FIRST_OF_THE_NEWER: Version = (4, 7)
_NAMED = re.compile(r"claude-(?:([a-z]+)-)?(\d)(?:[.-](\d)(?!\d))?(?:-([a-z]+))?")

HEAVIEST = 2.2
"""The most that a character weighs."""


class Tokenizer(NamedTuple):
    """One generation's habits, in tokens."""

    weights: bytes
    """Of each byte of UTF-8; a character's first byte carries the weight of all."""
    per_tool: int
    """What a declaration costs beside its text."""
    per_call: int
    """What a tool call in the conversation costs beside its name and input."""


def _weights(
    *, small: float, capital: float, digit: float, mark: float, others: Mapping[str, float]
) -> bytes:
    weight = [1.0] * 128 + [0.0] * 128
    for code in range(128):
        character = chr(code)
        if character.islower():
            weight[code] = small
        elif character.isupper():
            weight[code] = capital
        elif character.isdigit():
            weight[code] = digit
        elif character.isprintable():
            weight[code] = mark
    for character, own in others.items():
        weight[ord(character)] = own
    for first, own in _BY_FIRST_BYTE.items():
        weight[first:] = [own] * (256 - first)
    return bytes(round(own * _UNIT) for own in weight)


# Where a range of first bytes begins (UTF-8 groups scripts by them), to the weight of one of
# its characters.
_BY_FIRST_BYTE: Mapping[int, float] = {
    0xC0: 0.6,  # Latin with accents
    0xC4: 0.8,
    0xCE: 0.75,  # Greek
    0xD0: 0.45,  # Cyrillic
    0xD4: 0.6,  # Armenian, Hebrew, Arabic
    0xE0: 0.8,  # scripts of India, Thai
    0xE1: 1.0,
    0xE3: 0.85,  # kana
    0xE4: 1.05,  # Chinese characters
    0xEA: 1.0,  # Hangul
    0xF0: HEAVIEST,  # emoji
}
# Indentation is as good as free; marks that come in rows are merged.
_OLDER_MARKS = {
    " ": 0.02, "\t": 0.02, "\r": 0.1, "\n": 0.5, ".": 0.85, ",": 0.85, "(": 0.85, ")": 0.75,
    '"': 0.45, ":": 0.55, "{": 0.55, "}": 0.55, "'": 0.6, "_": 0.65, "/": 0.75, "\\": 0.6,
    "-": 0.5, "*": 0.45, "#": 0.5, "`": 0.6,
}  # fmt: skip
_NEWER_MARKS = _OLDER_MARKS | {" ": 0.03, "\t": 0.03, '"': 0.55, ":": 0.6, "_": 0.75}

OLDER = Tokenizer(
    _weights(small=0.24, capital=0.45, digit=0.65, mark=0.8, others=_OLDER_MARKS),
    per_tool=14,
    per_call=48,
)
NEWER = Tokenizer(
    _weights(small=0.35, capital=0.8, digit=0.68, mark=0.85, others=_NEWER_MARKS),
    per_tool=40,
    per_call=30,
)


def weigh(text: str, by: Tokenizer = NEWER) -> float:
    """The tokens of *text*, not rounded. More text never weighs less.

    Additive over pieces that are short; a long text is sampled.
    """
    if len(text) <= _EXACTLY:
        return _weigh(text, by.weights)
    rest = text[_EXACTLY::_STRIDE]
    return _weigh(text[:_EXACTLY], by.weights) + _STRIDE * _weigh(rest, by.weights)


def weigh_all(texts: Iterable[str], by: Tokenizer = NEWER) -> float:
    """The tokens of *texts*, one behind the other: as their join weighs, without making it.

    Short texts are weighed as one, which is much faster; of megabytes a copy is saved.
    """
    exactly: list[str] = []
    samples: list[str] = []
    left = _EXACTLY
    for text in texts:
        if left <= 0:
            # In step with the samples of the texts before.
            samples.append(text[left % _STRIDE :: _STRIDE])
        elif len(text) <= left:
            exactly.append(text)
        else:
            exactly.append(text[:left])
            samples.append(text[left::_STRIDE])
        left -= len(text)
    weight = _weigh("".join(exactly), by.weights)
    return weight + _STRIDE * _weigh("".join(samples), by.weights) if samples else weight


def _weigh(text: str, weights: bytes) -> float:
    data = text.encode("utf-8", "surrogatepass").translate(weights)
    # Adds bytes up ten times as fast as sum: the lower half of an Adler-32 that starts from 0
    # is their sum, as long as that is below 65521.
    if len(data) <= _PIECE:
        return (adler32(data, 0) & 0xFFFF) / _UNIT
    total = 0
    for at in range(0, len(data), _PIECE):
        total += adler32(data[at : at + _PIECE], 0) & 0xFFFF
    return total / _UNIT


def tokenizer_of(model_id: str) -> Tokenizer:
    """The one that a model of this name uses; for a stranger the newer one, which counts more:
    a client that compacts early loses less than one whose call is refused.
    """
    return NEWER if is_newer(model_id) else OLDER


def is_newer(model_id: str) -> bool:
    """Whether a model belongs to the generation that began with Claude 4.7."""
    _, version = version_of(model_id)
    return version is None or version >= _FIRST_OF_THE_NEWER


@lru_cache(maxsize=1024)
def version_of(model_id: str) -> tuple[str, Version | None]:
    """Family and version, from either side's spelling: ``("opus", (4, 7))``.

    Empty and None where the name does not tell.
    """
    found = _NAMED.search(model_id.lower().replace("_", "-"))
    if found is None:
        return "", None
    before, major, minor, after = found.groups()
    return before or after or "", (int(major), int(minor or 0))
