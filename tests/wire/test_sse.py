import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.errors import ProtocolError
from amq2api.wire import sse
from amq2api.wire.sse import Decoder, Event, encode, without_line_breaks

GOOD: dict[str, tuple[bytes, list[Event]]] = {
    "nothing": (b"", []),
    "an event": (b"event: ping\ndata: {}\n\n", [Event("ping", "{}")]),
    "no space after the colon": (b"event:ping\ndata:{}\n\n", [Event("ping", "{}")]),
    "only one space is taken off": (b"data:   x \n\n", [Event("message", "  x ")]),
    "no name": (b"data: x\n\n", [Event("message", "x")]),
    "a name does not outlive its event": (
        b"event: a\ndata: x\n\ndata: y\n\n",
        [Event("a", "x"), Event("message", "y")],
    ),
    "a name without data is no event": (b"event: a\n\ndata: y\n\n", [Event("message", "y")]),
    "two data lines": (b"data: x\ndata: y\n\n", [Event("message", "x\ny")]),
    "empty data": (b"data\n\n", [Event("message", "")]),
    "CR LF": (b"event: a\r\ndata: x\r\n\r\n", [Event("a", "x")]),
    "CR": (b"event: a\rdata: x\r\r", [Event("a", "x")]),
    "comments": (b": hello\n\n:\ndata: x\n: there\n\n", [Event("message", "x")]),
    "other fields": (b"id: 7\nretry: 5\nfoo: bar\ndata: x\n\n", [Event("message", "x")]),
    "a colon in the value": (b"data: a: b\n\n", [Event("message", "a: b")]),
    "blank lines": (b"\n\n\ndata: x\n\n\n\n", [Event("message", "x")]),
}
CUT: dict[str, bytes] = {
    "inside a line": b"data: x\n\ndata: y",
    "before the blank line": b"data: x\n",
    "after the name": b"event: message_stop\n",
}


@pytest.mark.parametrize(("stream", "events"), GOOD.values(), ids=GOOD)
def test_good_streams(stream: bytes, events: list[Event]) -> None:
    decoder = Decoder()
    assert decoder.feed(stream) == events
    decoder.finish()


@pytest.mark.parametrize(("stream", "events"), GOOD.values(), ids=GOOD)
def test_byte_by_byte(stream: bytes, events: list[Event]) -> None:
    decoder = Decoder()
    assert [e for at in range(len(stream)) for e in decoder.feed(stream[at : at + 1])] == events
    decoder.finish()


@pytest.mark.parametrize("stream", CUT.values(), ids=CUT)
def test_a_cut_stream_is_an_error(stream: bytes) -> None:
    decoder = Decoder()
    decoder.feed(stream)
    with pytest.raises(ProtocolError, match="inside an event"):
        decoder.finish()


def test_a_pair_of_line_ends_may_come_in_two_reads() -> None:
    decoder = Decoder()
    reads = [b"data: x\r", b"", b"\ndata: y\r\n\r", b"\n"]
    assert [event for read in reads for event in decoder.feed(read)] == [Event("message", "x\ny")]


def test_bytes_that_are_not_text() -> None:
    with pytest.raises(ProtocolError, match="not UTF-8"):
        Decoder().feed(b"data: \xff\n\n")


def test_an_event_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 100)
    decoder = Decoder()
    for _ in range(10):
        assert decoder.feed(b"data: 0123456789\n\n") != []
    decoder.feed(b"data: " + b"0" * 60)
    with pytest.raises(ProtocolError, match="more than 100 bytes"):
        decoder.feed(b"0" * 60)


def test_what_is_framed() -> None:
    assert encode("ping", b'{"type":"ping"}') == b'event: ping\ndata: {"type":"ping"}\n\n'


# What str.splitlines and httpx take for line ends beyond those of the standard; all but these
# three are escaped by every JSON encoder.
TEARING = {"\u2028": rb"\u2028", "\u2029": rb"\u2029", "\x85": rb"\u0085"}


@pytest.mark.parametrize(("char", "escape"), TEARING.items(), ids=map(ascii, TEARING))
def test_line_breaks_of_others_are_escaped(char: str, escape: bytes) -> None:
    stream = encode("e", f'{{"text":"a{char}b{char}"}}'.encode())
    assert without_line_breaks(stream) == encode("e", b'{"text":"a%bb%b"}' % (escape, escape))


def test_without_line_breaks_nothing_is_copied() -> None:
    stream = encode("e", '{"text":"日本 é"}'.encode())
    assert without_line_breaks(stream) is stream


@given(st.text())
def test_framed_events_cannot_be_torn(text: str) -> None:
    one_line = text.replace("\n", "").replace("\r", "")
    stream = without_line_breaks(encode("e", one_line.encode())).decode()
    assert not {"\u2028", "\u2029", "\x85"} & set(stream)


LINES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))
EVENTS = st.builds(Event, LINES.filter(bool), LINES)


def framed(event: Event, end: bytes) -> bytes:
    return encode(event.name, event.data.encode()).replace(b"\n", end)


@given(st.lists(EVENTS), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_chunking_does_not_matter(events: list[Event], end: bytes, data: st.DataObject) -> None:
    stream = b"".join(framed(event, end) for event in events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    decoder = Decoder()
    assert [event for piece in pieces for event in decoder.feed(piece)] == events
    decoder.finish()


@given(st.binary())
def test_arbitrary_bytes_never_raise_anything_else(data: bytes) -> None:
    decoder = Decoder()
    with contextlib.suppress(ProtocolError):
        decoder.feed(data)
        decoder.finish()
