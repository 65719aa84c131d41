"""Streams that break: exceptions in the stream, damaged frames, silence, cut connections."""

import struct
from collections.abc import Callable, Mapping
from uuid import UUID
from zlib import crc32

from amq2api.dialects.amazonq.operations import EVENT_STREAM
from amq2api.sim.question import Question
from amq2api.sim.steps import (
    Bytes,
    ErrorFrame,
    Event,
    Flat,
    Pause,
    Raised,
    Step,
    Streamed,
    Trailer,
    compact,
    frame,
    text,
)
from amq2api.wire.eventstream import HeaderValue, Sized, Timestamp, encode, seal

from .told import Play, Table, number

_RATE = {
    "message": "Too many requests, please wait before trying again.",
    "reason": "USER_REQUEST_RATE_EXCEEDED",
}
_UNEXPLAINED = {"message": "Something went wrong while the answer was being written."}
_PARTIAL = text("This is only part")
_SENTENCE = ("The quick brown fox ", "jumps over ", "the lazy dog, ", "again and again.")


def _steps(*steps: Step, bare: bool = False, content_type: str = EVENT_STREAM) -> Play:
    streamed = Streamed(steps, content_type=content_type, bare=bare)
    return lambda question, argument: streamed


def _raised(*before: Step) -> Play:
    def play(question: Question, argument: str) -> Streamed:
        steps: list[Step] = [
            *before,
            Raised(argument, _UNEXPLAINED) if argument else Raised("ThrottlingException", _RATE),
        ]
        return Streamed(steps, bare=not before)

    return play


def _at_byte(*, dropped: bool) -> Play:
    def play(question: Question, argument: str) -> Streamed:
        steps: list[Step] = [*map(text, _SENTENCE), Trailer()]
        return Streamed(steps, cut=int(number(argument, 120)), dropped=dropped)

    return play


def _stall(question: Question, argument: str) -> Streamed:
    return Streamed((_PARTIAL, Pause(number(argument, 3600)), text(" of it."), Trailer()))


def _damaged(damage: Callable[[bytes], bytes]) -> Play:
    broken = damage(frame(text(" of it.")))
    return _steps(_PARTIAL, Bytes(broken), Trailer())


def _flip_end(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _flip_payload(data: bytes) -> bytes:
    return data[:-6] + bytes([data[-6] ^ 1]) + data[-5:]


def _flip_length(data: bytes) -> bytes:
    return bytes([data[0] ^ 0x40]) + data[1:]


def _prelude(total: int, headers: int) -> bytes:
    lengths = struct.pack("!II", total, headers)
    return lengths + crc32(lengths).to_bytes(4, "big")


_ALL_TYPES: Mapping[str, HeaderValue] = {
    "t": True, "f": False, "b": Sized(-3, 8), "s": Sized(-300, 16), "i": Sized(70_000, 32),
    "l": Sized(-5_000_000_000, 64), "B": b"\x00\x01\xff", "S": "x",
    "T": Timestamp(1_700_000_000_000), "U": UUID("01234567-89ab-cdef-0123-456789abcdef"),
}  # fmt: skip
_TYPE_42 = b"\x03odd\x2a\x00\x01x"
_JSON_ERROR = compact(
    {"__type": "com.amazon.coral.service#ThrottlingException", "message": "Rate exceeded"}
)
_PAGE = b"<html><head><title>Sign in</title></head><body><h1>Welcome</h1></body></html>"
_STATE = {"reason": "STALE_CONVERSATION", "message": "The conversation is stale."}
_CONTEXT = Event("contextUsageEvent", {"contextUsagePercentage": 4.35})

BROKEN: Table = {
    "empty-stream": ("HTTP 200 and no byte", _steps(bare=True)),
    "empty-with-trailer": ("nothing said, in good order", _steps(Trailer(insist=True))),
    "lone-context-usage": ("one contextUsageEvent and no more", _steps(_CONTEXT, bare=True)),
    "no-trailer": ("text, and the body ends in good order without a trailer",
                   _steps(_PARTIAL, text(" of it."))),
    "exception-first": ("an exception is the first frame; the argument names it", _raised()),
    "exception-mid": ("an exception after some text; the argument names it",
                      _raised(_PARTIAL)),
    "exception-length": ("ContentLengthExceededException after some text", _steps(
        _PARTIAL, Raised("ContentLengthExceededException", {"message": "Input is too long."}))),
    "exception-member": ("the one exception of the model, whose name is error", _steps(
        _PARTIAL, Raised("error", {"message": "Internal error."}))),
    "error-frame": ("an unmodelled error frame after some text", _steps(
        _PARTIAL, ErrorFrame("InternalFailure", "Something broke."))),
    "error-first": ("an unmodelled error is the first frame",
                    _steps(ErrorFrame("InternalFailure", "Something broke."), bare=True)),
    "invalid-state": ("an error in the guise of an event",
                      _steps(_PARTIAL, Event("invalidStateEvent", _STATE))),
    "drop-at-byte": ("the connection breaks after the argument's bytes", _at_byte(dropped=True)),
    "end-at-byte": ("the body ends after the argument's bytes, in good order",
                    _at_byte(dropped=False)),
    "stall": ("text, then silence for an hour or the argument's seconds", _stall),
    "crc-flip": ("one bit of a frame's checksum is wrong", _damaged(_flip_end)),
    "payload-flip": ("one bit of a frame's payload is wrong", _damaged(_flip_payload)),
    "prelude-flip": ("one bit of a frame's length is wrong", _damaged(_flip_length)),
    "zero-length-frame": ("a frame that says it has no bytes",
                          _damaged(lambda _: _prelude(0, 0))),
    "huge-frame": ("a frame that says it has 2 GB", _damaged(lambda _: _prelude(2**31, 0))),
    "empty-frame": ("the smallest legal frame, which is of no kind",
                    _damaged(lambda _: seal(b"", b""))),
    "unknown-header-types": ("a header of a type that does not exist",
                             _damaged(lambda _: seal(_TYPE_42, b"{}"))),
    "header-types": ("headers of all ten types, ours last", _steps(
        Event("assistantResponseEvent", {"content": "All fine."}, _ALL_TYPES), Trailer())),
    "bad-payload": ("an event whose payload is no JSON", _damaged(
        lambda _: encode(
            {":event-type": "assistantResponseEvent", ":message-type": "event"}, b'{"content":'))),
    "html-200": ("HTTP 200 and a page, from whoever stands before the service",
                 lambda question, argument: Flat(200, _PAGE, "text/html")),
    "json-200": ("HTTP 200 and a JSON error instead of a stream",
                 lambda question, argument: Flat(200, _JSON_ERROR)),
    "wrong-content-type": ("a good stream that says it is JSON", _steps(
        text("Do not believe"), text(" the header."), Trailer(), content_type="application/json")),
}  # fmt: skip
