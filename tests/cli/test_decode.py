"""``amq2api decode``: frames for people and for programs, and where a body breaks."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from amq2api.wire.eventstream import HeaderValue, Sized, Timestamp, encode
from cli.running import run


def event(name: str, payload: Mapping[str, Any] | bytes) -> bytes:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return encode({":message-type": "event", ":event-type": name}, raw)


HELLO = event("assistantResponseEvent", {"content": "Hello"})
THERE = event("assistantResponseEvent", {"content": " there ✨"})
REFUSAL = encode(
    {":message-type": "exception", ":exception-type": "ThrottlingException"}, b'{"message":"no"}'
)


def flipped(frame: bytes, at: int) -> bytes:
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]


def test_people_get_a_line_a_frame() -> None:
    done = run("decode", "-", given=HELLO + THERE + REFUSAL)
    assert (done.status, done.err) == (0, "")
    assert [line.split(maxsplit=4) for line in done.out.splitlines()] == [
        ["0", str(len(HELLO)), "event", "assistantResponseEvent", '{"content": "Hello"}'],
        [str(len(HELLO)), str(len(THERE)), "event", "assistantResponseEvent",
         '{"content": " there \\u2728"}'],
        [str(len(HELLO + THERE)), str(len(REFUSAL)), "exception", "ThrottlingException",
         '{"message":"no"}'],
    ]  # fmt: skip


def test_programs_get_a_json_object_a_line() -> None:
    done = run("decode", "--json", "-", given=HELLO + REFUSAL)
    assert done.status == 0
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {
            "offset": 0,
            "size": len(HELLO),
            "headers": {":message-type": "event", ":event-type": "assistantResponseEvent"},
            "payload": {"content": "Hello"},
        },
        {
            "offset": len(HELLO),
            "size": len(REFUSAL),
            "headers": {
                ":message-type": "exception",
                ":exception-type": "ThrottlingException",
            },
            "payload": {"message": "no"},
        },
    ]


BROKEN = {
    "cut": (HELLO + THERE[:-3], 1, len(HELLO), "ended inside a frame"),
    "a flipped bit": (HELLO + flipped(THERE, 70) + HELLO, 1, len(HELLO), "frame checksum"),
    "a flipped length": (flipped(HELLO, 2), 0, 0, "prelude checksum"),
    "an error as JSON": (b'{"__type":"ValidationException"}', 0, 0, "prelude checksum"),
    "a single byte": (HELLO + THERE + b"\x00", 2, len(HELLO + THERE), "ended inside"),
}


@pytest.mark.parametrize(("body", "good", "offset", "why"), BROKEN.values(), ids=BROKEN)
def test_good_frames_come_before_the_break(body: bytes, good: int, offset: int, why: str) -> None:
    for_people = run("decode", "-", given=body)
    assert (for_people.status, len(for_people.out.splitlines())) == (1, good)
    assert for_people.err.startswith(f"broken at byte {offset}: ")
    assert why in for_people.err
    for_programs = run("decode", "--json", "-", given=body)
    *frames, last = [json.loads(line) for line in for_programs.out.splitlines()]
    assert (for_programs.status, len(frames)) == (1, good)
    assert last["offset"] == offset
    assert why in last["error"]


def test_a_file_and_an_empty_one(tmp_path: Path) -> None:
    Path("body").write_bytes(HELLO)
    Path("empty").touch()
    assert run("decode", "body") == run("decode", "-", given=HELLO)
    assert run("decode", "empty").out == ""
    assert run("decode", "empty").status == 0


HEADERS: dict[str, tuple[HeaderValue, Any]] = {
    "yes": (True, True),
    "byte": (Sized(-1, 8), -1),
    "long": (Sized(1 << 40, 64), 1 << 40),
    "bytes": (b"\x00\xff", "AP8="),
    "text": ("é", "é"),
    "time": (Timestamp(-5), -5),
    "uuid": (UUID(int=1), str(UUID(int=1))),
}


@pytest.mark.parametrize(("value", "shown"), HEADERS.values(), ids=HEADERS)
def test_headers_of_every_type(value: HeaderValue, shown: Any) -> None:
    done = run("decode", "--json", "-", given=encode({"h": value}, b""))
    assert json.loads(done.out)["headers"] == {"h": shown}


def test_a_payload_that_is_no_json_is_still_shown() -> None:
    frame = event("odd", b"\xff\x1b[31m\n")
    (line,) = run("decode", "-", given=frame).out.splitlines()
    assert line.endswith(r"\xff\x1b[31m\n")
    shown = json.loads(run("decode", "--json", "-", given=frame).out)
    assert shown["payload_base64"] == "/xtbMzFtCg=="


def test_a_frame_without_a_kind() -> None:
    assert run("decode", "-", given=encode({}, b"")).out.split() == ["0", "16", "?", "?"]
