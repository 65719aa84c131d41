"""What the upstream plays: answers of Amazon Q, encoded before anything is measured.

The frames are written here and not with the gateway's codec, so that a mistake of that codec
cannot hide behind its mirror image; botocore's decoder confirms them.
"""

import json
import random
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from botocore.eventstream import EventStreamBuffer

_VOCABULARY = """
    the of and a to in is that it for on with as this by from at or which be are not was
    file line test value stream request answer token function module return import class
    error state reader writer queue buffer header frame checks before after while between
"""
_WORDS = _VOCABULARY.split()
_MARKS = (". ", ",", ":\n", "\n\n", "()", ' "', "\\", "\t", " = ", "`", "é", "→", "日本", "😀")


_PAGE = "All work and no play. " * 140


@dataclass(frozen=True)
class Script:
    """One answer: its frames and what a client must have read at the end of it."""

    name: str
    frames: bytes
    deltas: int
    text: str
    tool: str = ""

    @property
    def sums(self) -> tuple[int, int]:
        """The crc32 of all text and of all tool input."""
        return crc32(self.text.encode()), crc32(self.tool.encode())


def frame(event: str, payload: Mapping[str, Any]) -> bytes:
    """One event in Amazon's framing (upstream-protocol.md 3.1, 3.2)."""
    headers = b"".join(
        _string(name) + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in (
            (":event-type", event),
            (":content-type", "application/json"),
            (":message-type", "event"),
        )
    )
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + body
    return message + struct.pack("!I", crc32(message))


def prose(count: int, seed: int = 1) -> list[str]:
    """As many pieces of text as a model would send: a few words each, some that need escapes."""
    draw = random.Random(seed)
    return ["".join(_words(draw, draw.randint(1, 7))) for _ in range(count)]


def answer(name: str, text: list[str], tools: Iterable[tuple[str, str]] = ()) -> Script:
    """An answer of *text*, then tool calls of (name, input), then the trailer of 2026."""
    calls = [(tool, f"tooluse_{name}{i:02}", given) for i, (tool, given) in enumerate(tools)]
    pieces = [list(_cut(given)) for _, _, given in calls]
    frames = [frame("initial-response", {"conversationId": "00000000-0000-4000-8000-000000000000"})]
    frames += [frame("assistantResponseEvent", {"content": piece}) for piece in text]
    for (tool, id_, _), parts in zip(calls, pieces, strict=True):
        frames += _tool_frames(tool, id_, parts)
    frames += _trailer("TOOL_USE" if calls else "END_TURN")
    return Script(
        name,
        b"".join(frames),
        len(text) + sum(map(len, pieces)),
        "".join(text),
        "".join(given for _, _, given in calls),
    )


def document(size: int) -> str:
    """The input of a call that writes a file: about *size* bytes of JSON."""
    return json.dumps({"file_path": "/src/module.py", "content": "".join(prose(size // 23))})


def confirm(script: Script) -> None:
    """Read the frames with botocore's decoder.

    Raises:
        ValueError: it sees something else.
    """
    buffer = EventStreamBuffer()
    buffer.add_data(script.frames)
    messages = [event.to_response_dict() for event in buffer]
    events = [(each["headers"][":event-type"], json.loads(each["body"])) for each in messages]
    text = "".join(said["content"] for kind, said in events if kind == "assistantResponseEvent")
    tool = "".join(said.get("input", "") for kind, said in events if kind == "toolUseEvent")
    if (text, tool, events[-1][0]) != (script.text, script.tool, "meteringEvent"):
        raise ValueError(f"botocore reads the script {script.name} differently")


SCRIPTS: dict[str, Callable[[], Script]] = {
    "one": lambda: answer("one", prose(1)),
    "twenty": lambda: answer("twenty", prose(20)),
    "paced": lambda: answer("paced", prose(200)),
    "burst": lambda: answer("burst", prose(2000)),
    "long": lambda: answer("long", prose(400)),
    "flood": lambda: answer("flood", [f"{i} {_PAGE}" for i in range(4000)]),
    "tool": lambda: answer(
        "tool", prose(50), [("Write", document(8000)), ("Edit", document(8000))]
    ),
}  # fmt: skip


def write(directory: Path, names: Iterable[str]) -> dict[str, Script]:
    """Put scripts where the upstream looks for them."""
    scripts = {name: SCRIPTS[name]() for name in names}
    for script in scripts.values():
        confirm(script)
        (directory / f"{script.name}.frames").write_bytes(script.frames)
    return scripts


def _string(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()


def _words(draw: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        yield draw.choice(_MARKS) if draw.random() < 0.2 else " " + draw.choice(_WORDS)


def _cut(given: str) -> Iterator[str]:
    draw, at = random.Random(len(given)), 0
    while at < len(given):
        size = draw.randint(10, 50)
        yield given[at : at + size]
        at += size


def _tool_frames(tool: str, id_: str, parts: list[str]) -> list[bytes]:
    call = {"name": tool, "toolUseId": id_}
    return [
        frame("toolUseEvent", call),
        *(frame("toolUseEvent", {"input": part, **call}) for part in parts),
        frame("toolUseEvent", {**call, "stop": True}),
    ]


def _trailer(reason: str) -> list[bytes]:
    return [
        frame("metadataEvent", {"stopReason": reason}),
        frame("contextUsageEvent", {"contextUsagePercentage": 4.349499702453613}),
        frame("meteringEvent", {"unit": "credit", "unitPlural": "credits", "usage": 0.0195}),
    ]
