"""Inputs made from others, as mutating fuzzers do it: bytes changed, and values inside of JSON."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

TOKENS = (
    b"\0", b"\xff", b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"-1", b"1e999",
    b"\\u0000", b"\\ud800", b"\xed\xa0\x80", b"\r\n", b"\n\n", b"0", b"9" * 25, b"[" * 600,
    b'"type":', b'"content":', b"data: ", b"\x00\x00\x00\x10", b"\xf0\x9f\x98\x80",
)  # fmt: skip

_DEEP = 50  # levels of JSON that are looked into


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the seeds, changed in one to six places."""
    seed = chance.choice(seeds)
    if chance.random() < 0.5 and (told := _revalued(seed, chance)):
        return told
    data = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        chance.choice(_CHANGES)(data, seeds, chance)
    return bytes(data)


def _flip(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _cut(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    del data[at : at + chance.randint(1, 20)]


def _truncate(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    del data[chance.randint(0, len(data)) :]


def _repeat(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = data[at : at + chance.randint(1, 60)] * chance.randint(1, 4)


def _insert(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = chance.choice(TOKENS)


def _splice(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> None:
    other = chance.choice(seeds)
    at, there = chance.randint(0, len(data)), chance.randint(0, len(other))
    data[at:] = other[there:]


def _revalued(seed: bytes, chance: random.Random) -> bytes:
    """The seed with other values in its JSON, which is all of it or one line without its first
    byte; nothing if there is no JSON."""
    lines = seed.split(b"\n")
    at = chance.randrange(len(lines))
    for begin, text in ((b"", seed), (lines[at][:1], lines[at][1:])):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        for _ in range(chance.randint(1, 3)):
            value = _changed(value, chance)
        told = begin + json.dumps(value).encode()
        return told if text is seed else b"\n".join([*lines[:at], told, *lines[at + 1 :]])
    return b""


def _changed(value: Any, chance: random.Random) -> Any:
    places = list(_places(value))
    if not places or chance.random() < 0.02:
        return _copy(chance.choice(VALUES))
    inside, key = chance.choice(places)
    match chance.randrange(4):
        case 0:
            del inside[key]
        case 1:
            inside[key] = _copy(chance.choice(VALUES))
        case 2:
            other, there = chance.choice(places)
            inside[key] = _copy(other[there])
        case _ if isinstance(inside, list):
            inside.insert(key, _copy(inside[key]))
        case _:
            inside[chance.choice(NAMES)] = inside.pop(key)
    return value


def _places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list) and depth < _DEEP:
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key], depth + 1)


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))  # what held itself would be no JSON


VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, 1e308, 2**63, 2**64, 10**30, "", " ", "a", "\0", "é", "😀",
    "x" * 3000, [], {}, [[]], [{}], {"type": "text"}, {"type": "text", "text": ""},
    {"type": "object"}, {"$ref": "#"}, ["a", 1], "user", "assistant", "tool_use", "tool_result",
)  # fmt: skip
NAMES = (
    "type", "text", "content", "role", "id", "name", "input", "source", "model", "", "é",
    "cache_control", "$ref", "properties", "tools", "system", "tool_use_id",
)  # fmt: skip

_CHANGES = (_flip, _flip, _cut, _truncate, _repeat, _insert, _insert, _splice)
