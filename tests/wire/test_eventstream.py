import contextlib
import struct
from collections.abc import Callable
from itertools import pairwise
from uuid import UUID
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from amq2api.errors import ProtocolError
from amq2api.wire import eventstream
from amq2api.wire.eventstream import (
    MAX_FRAME,
    MAX_HEADERS,
    MAX_VALUE,
    Decoder,
    Frame,
    HeaderValue,
    Sized,
    Timestamp,
    encode,
    seal,
)

TOO_MANY = "Too many requests, please wait before trying again."
VECTORS: dict[str, tuple[str, dict[str, HeaderValue], bytes]] = {
    # upstream-protocol.md 3.7, computed without this code
    "empty": ("000000100000000005c248eb7d98c8ff", {}, b""),
    "answer": (
        "0000007c0000005c3bddcf780b3a6576656e742d74797065070016617373697374616e74526573706f6e73"
        "654576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d65"
        "73736167652d747970650700056576656e747b22636f6e74656e74223a224869227db02babdc",
        {
            ":event-type": "assistantResponseEvent",
            ":content-type": "application/json",
            ":message-type": "event",
        },
        b'{"content":"Hi"}',
    ),
    "exception": (
        "000000b2000000613590d5d30f3a657863657074696f6e2d747970650700135468726f74746c696e674578"
        "63657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d"
        "6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22546f6f206d616e79"
        "2072657175657374732c20706c656173652077616974206265666f726520747279696e6720616761696e2e"
        "227d4207aae0",
        {
            ":exception-type": "ThrottlingException",
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        b'{"message":"%b"}' % TOO_MANY.encode(),
    ),
    "all ten header types": (
        "0000005f0000004dd70cba5e017400016601016202fd017303fed401690400011170016c05fffffffed5fa"
        "0e0001420600030001ff0153070001780154080000018bcfe568000155090123456789abcdef0123456789"
        "abcdef7b7dc90a10a5",
        {
            "t": True,
            "f": False,
            "b": Sized(-3, 8),
            "s": Sized(-300, 16),
            "i": Sized(70_000, 32),
            "l": Sized(-5_000_000_000, 64),
            "B": b"\x00\x01\xff",
            "S": "x",
            "T": Timestamp(1_700_000_000_000),
            "U": UUID("01234567-89ab-cdef-0123-456789abcdef"),
        },
        b"{}",
    ),
}
HI = encode({":event-type": "e"}, b"hi")
LONG = {"name": "x" * 600}  # a block of headers that is not worth remembering
GOOD: dict[str, tuple[bytes, list[Frame]]] = {
    "nothing": (b"", []),
    "two in one read": (HI * 2, [Frame({":event-type": "e"}, b"hi")] * 2),
    "long headers": (encode(LONG, b""), [Frame(LONG, b"")]),
    "longest value": (encode({"v": b"x" * MAX_VALUE}, b""), [Frame({"v": b"x" * MAX_VALUE}, b"")]),
    "longest name": (encode({"n" * 255: True}, b""), [Frame({"n" * 255: True}, b"")]),
    "empty value": (encode({"v": ""}, b""), [Frame({"v": ""}, b"")]),
}


def prelude(total: int, headers: int) -> bytes:
    """The first twelve bytes of a frame that claims these lengths, rightly summed."""
    lengths = struct.pack("!II", total, headers)
    return lengths + crc32(lengths).to_bytes(4, "big")


BAD: dict[str, tuple[bytes, str]] = {
    "length bit flipped": (b"\x01" + HI[1:], "prelude checksum"),
    "header length bit flipped": (HI[:7] + b"\xff" + HI[8:], "prelude checksum"),
    "payload bit flipped": (HI[:-5] + b"!" + HI[-4:], "frame checksum"),
    "header bit flipped": (HI[:13] + b"!" + HI[14:], "frame checksum"),
    "checksum bit flipped": (HI[:-1] + bytes([HI[-1] ^ 1]), "frame checksum"),
    "all zeros": (bytes(16), "prelude checksum"),
    "length of nothing": (prelude(0, 0) + bytes(4), "impossible frame: 0 bytes"),
    "shorter than its frame": (prelude(15, 0) + bytes(4), "impossible frame: 15 bytes"),
    "headers past the end": (prelude(20, 5) + bytes(8), "impossible frame: 20 bytes, 5"),
    "too large": (prelude(MAX_FRAME + 1, 0) + bytes(4), "impossible frame"),
    "too many headers": (prelude(MAX_FRAME, MAX_HEADERS + 1) + bytes(4), "impossible frame"),
    "header of no known type": (seal(b"\x01a\x0a", b""), "bad header"),
    "header name not UTF-8": (seal(b"\x01\xff\x00", b""), "bad header"),
    "header value not UTF-8": (seal(b"\x01a\x07\x00\x01\xff", b""), "bad header"),
    "header without a name": (seal(b"\x00\x00", b""), "without a name"),
    "header name cut short": (seal(b"\x05ab", b""), "wants 5 bytes, 2 left"),
    "header without a type": (seal(b"\x01a", b""), "wants 1 bytes, 0 left"),
    "header value cut short": (seal(b"\x01a\x07\x00\x05xy", b""), "wants 5 bytes, 2 left"),
    "integer cut short": (seal(b"\x01a\x05\x00", b""), "wants 8 bytes, 1 left"),
    "value too long": (seal(b"\x01a\x06\x80\x00" + bytes(32768), b""), "value of 32768 bytes"),
    "header given twice": (seal(b"\x01a\x00\x01a\x01", b""), "appears twice"),
    "twice, in long headers": (seal(b"\x01a\x00" * 300, b""), "appears twice"),
    "cut short": (HI[:-1], "inside a frame, 33 bytes in"),
    "cut in the prelude": (HI[:3], "inside a frame, 3 bytes in"),
}


def decode(data: bytes) -> list[Frame]:
    decoder = Decoder()
    frames = decoder.feed(data)
    decoder.finish()
    return frames


@pytest.mark.parametrize(("vector", "headers", "payload"), VECTORS.values(), ids=VECTORS)
def test_published_vectors(vector: str, headers: dict[str, HeaderValue], payload: bytes) -> None:
    assert decode(bytes.fromhex(vector)) == [Frame(headers, payload)]
    assert encode(headers, payload).hex() == vector


@pytest.mark.parametrize(("data", "frames"), GOOD.values(), ids=GOOD)
def test_good_streams(data: bytes, frames: list[Frame]) -> None:
    assert decode(data) == frames


@pytest.mark.parametrize(("data", "complaint"), BAD.values(), ids=BAD)
def test_bad_streams(data: bytes, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        decode(data)


def test_the_largest_frame_is_waited_for() -> None:
    decoder = Decoder()
    assert decoder.feed(prelude(MAX_FRAME, MAX_HEADERS) + bytes(4)) == []


def test_good_frames_before_a_bad_one_are_given_out() -> None:
    decoder = Decoder()
    assert decoder.feed(HI + HI + bytes(16)) == [Frame({":event-type": "e"}, b"hi")] * 2
    with pytest.raises(ProtocolError, match="prelude checksum"):
        decoder.feed(HI)


def test_a_spent_decoder_stays_spent() -> None:
    decoder = Decoder()
    with pytest.raises(ProtocolError, match="prelude checksum"):
        decoder.feed(bytes(16))
    with pytest.raises(ProtocolError, match="prelude checksum"):
        decoder.feed(HI)
    with pytest.raises(ProtocolError, match="prelude checksum"):
        decoder.finish()


def test_headers_cannot_be_changed() -> None:
    # One block of headers is shared by all frames that carry it.
    [frame] = decode(HI)
    with pytest.raises(TypeError):
        frame.headers["x"] = "y"  # type: ignore[index]


UNSPEAKABLE: dict[str, dict[str, HeaderValue]] = {
    "no name": {"": True},
    "long name": {"n" * 256: True},
    "long string": {"v": "x" * (MAX_VALUE + 1)},
    "long bytes": {"v": b"x" * (MAX_VALUE + 1)},
}


@pytest.mark.parametrize("headers", UNSPEAKABLE.values(), ids=UNSPEAKABLE)
def test_what_the_format_cannot_say(headers: dict[str, HeaderValue]) -> None:
    with pytest.raises(ValueError, match=r"a header (name|value) of"):
        encode(headers, b"")


def test_a_large_frame_in_small_reads_is_joined_once() -> None:
    """Cost must be linear: while a frame is incomplete, its pieces wait as they came."""
    stream = encode({}, bytes(4 * 1024 * 1024))
    pieces = [stream[at : at + 1024] for at in range(0, len(stream), 1024)]
    decoder = Decoder()
    for count, piece in enumerate(pieces[:-1], start=1):
        assert decoder.feed(piece) == []
        assert len(decoder._parts) == count
        assert decoder._parts[-1] is piece
    [frame] = decoder.feed(pieces[-1])
    assert len(frame.payload) == 4 * 1024 * 1024
    assert decoder._parts == []


def sized(bits: int) -> st.SearchStrategy[Sized]:
    half = 1 << (bits - 1)
    return st.builds(Sized, st.integers(-half, half - 1), st.just(bits))


INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
VALUES: st.SearchStrategy[HeaderValue] = st.one_of(
    st.booleans(),
    *(sized(bits) for bits in (8, 16, 32, 64)),
    st.binary(max_size=40),
    st.text(max_size=40),
    st.builds(Timestamp, INT64),
    st.uuids(),
)
NAMES = st.text(min_size=1, max_size=20)
FRAMES = st.builds(Frame, st.dictionaries(NAMES, VALUES, max_size=12), st.binary(max_size=100))


def foreign(value: HeaderValue) -> object:
    """Our header value as botocore has it."""
    match value:
        case Sized(number) | Timestamp(number):
            return number
        case UUID():
            return value.bytes
        case _:
            return value


@given(st.lists(FRAMES, max_size=5))
def test_botocore_reads_the_same(frames: list[Frame]) -> None:
    stream = b"".join(encode(frame.headers, frame.payload) for frame in frames)
    theirs = EventStreamBuffer()
    theirs.add_data(stream)
    heard: list[tuple[object, bytes]] = [(event.headers, event.payload) for event in theirs]
    assert decode(stream) == frames
    assert heard == [
        ({name: foreign(value) for name, value in frame.headers.items()}, frame.payload)
        for frame in frames
    ]


@given(st.lists(FRAMES, max_size=4), st.data())
def test_chunking_does_not_matter(frames: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(encode(frame.headers, frame.payload) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    decoder = Decoder()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [frame for piece in pieces for frame in decoder.feed(piece)] == frames
    decoder.finish()


@given(st.lists(FRAMES, max_size=3))
def test_byte_by_byte(frames: list[Frame]) -> None:
    stream = b"".join(encode(frame.headers, frame.payload) for frame in frames)
    decoder = Decoder()
    assert [f for at in range(len(stream)) for f in decoder.feed(stream[at : at + 1])] == frames
    decoder.finish()


def flipped(sound: bytes, data: st.DataObject) -> bytes:
    """The same bytes but for one bit."""
    broken = bytearray(sound)
    bit = data.draw(st.integers(0, len(sound) * 8 - 1))
    broken[bit // 8] ^= 1 << bit % 8
    return bytes(broken)


@given(st.lists(FRAMES, min_size=1, max_size=3), st.data())
def test_a_flipped_bit_is_never_taken_for_a_frame(frames: list[Frame], data: st.DataObject) -> None:
    sound = b"".join(encode(frame.headers, frame.payload) for frame in frames)
    decoder = Decoder()
    heard: list[Frame] = []
    with contextlib.suppress(ProtocolError):
        heard = decoder.feed(flipped(sound, data))
    assert heard == frames[: len(heard)] and len(heard) < len(frames)
    with pytest.raises(ProtocolError):
        decoder.finish()


@given(FRAMES, st.data())
def test_what_came_before_is_checked_like_what_is_new(frame: Frame, data: st.DataObject) -> None:
    """Heads that were met before are not read again: a bit of one may be the one that flipped."""
    sound = encode(frame.headers, frame.payload)
    broken = flipped(sound, data)
    decoder = Decoder()
    assert decoder.feed(sound + sound) == [frame, frame]
    with contextlib.suppress(ProtocolError):
        assert decoder.feed(broken) == []
    with pytest.raises(ProtocolError):
        decoder.finish()


def test_a_stream_of_ever_new_sizes_fills_no_memory() -> None:
    decoder = Decoder()
    for size in range(5_000):
        assert decoder.feed(encode({"n": True}, bytes(size)))[0].payload == bytes(size)
    assert len(eventstream._heads) <= 2_048


@given(st.lists(FRAMES, max_size=3), st.lists(st.integers(0, 2), max_size=12))
def test_frames_under_equal_headers_come_in_runs(frames: list[Frame], order: list[int]) -> None:
    sent = [frames[at] for at in order if at < len(frames)]
    runs = Decoder().runs(b"".join(encode(each.headers, each.payload) for each in sent))
    assert [Frame(run.headers, load) for run in runs for load in run.payloads] == sent
    assert all(a.headers != b.headers for a, b in pairwise(runs))


def alone(decoder: Decoder, read: bytes) -> list[Frame]:
    """As the translator takes what one read has brought."""
    payload = decoder.single(read)
    return decoder.feed(read) if payload is None else [Frame(decoder.headers, payload)]


@given(st.lists(FRAMES, min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=12))
def test_frames_that_come_alone_are_the_same(frames: list[Frame], order: list[int]) -> None:
    decoder = Decoder()
    sent = [frames[at] for at in order if at < len(frames)]
    for frame in sent:
        assert alone(decoder, encode(frame.headers, frame.payload)) == [frame]
    decoder.finish()


def test_a_frame_of_a_kind_that_was_met_is_given_alone() -> None:
    decoder, frame = Decoder(), encode({"kind": "a"}, b"1")
    assert decoder.single(frame) is None and decoder.feed(frame)
    assert decoder.single(frame) == b"1" and decoder.headers == {"kind": "a"}
    assert decoder.single(frame + frame) is None and decoder.single(frame[:-1]) is None
    assert decoder.feed(frame[:5]) == []
    assert decoder.single(frame) is None, "a frame has begun that is not whole"


@given(FRAMES, st.data())
def test_a_broken_frame_that_comes_alone_is_none(frame: Frame, data: st.DataObject) -> None:
    sound = encode(frame.headers, frame.payload)
    broken = flipped(sound, data)
    decoder = Decoder()
    assert alone(decoder, sound) == [frame]
    with contextlib.suppress(ProtocolError):
        assert alone(decoder, broken) == []
    with pytest.raises(ProtocolError):
        decoder.finish()
    assert decoder.error is None or decoder.single(sound) is None, "it is spent"


@given(st.lists(st.binary() | FRAMES.map(lambda frame: encode(frame.headers, frame.payload))))
def test_looking_for_a_frame_alone_changes_nothing(reads: list[bytes]) -> None:
    def heard(take: Callable[[Decoder, bytes], list[Frame]]) -> tuple[list[Frame], str]:
        decoder, found = Decoder(), list[Frame]()
        try:
            for read in reads:
                found += take(decoder, read)
            decoder.finish()
        except ProtocolError as failure:
            return found, str(failure)
        return found, ""

    assert heard(alone) == heard(Decoder.feed)


@given(st.binary())
def test_arbitrary_bytes_never_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode(data)


NEARLY_A_HEADER = st.builds(
    lambda name, kind, value: bytes([len(name), *name, kind, *value]),
    st.binary(max_size=3),
    st.integers(0, 11),  # 10 and 11 are not types
    st.binary(max_size=20),  # rarely the length the type wants
)


@given(st.lists(NEARLY_A_HEADER, max_size=3).map(b"".join))
def test_hostile_headers_never_raise_anything_else(head: bytes) -> None:
    """Both checksums are right, so the bytes reach the header reader: noise alone would not."""
    with contextlib.suppress(ProtocolError):
        decode(seal(head, b""))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=64))
def test_hostile_lengths_never_raise_anything_else(total: int, headers: int, rest: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode(prelude(total, headers) + rest)
