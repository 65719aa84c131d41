"""Requests cut out of bytes: laws for any request and any way the network may cut it."""

from itertools import pairwise

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.errors import BadRequest
from amq2api.web.patience import Limits
from amq2api.web.requests import Head, Requests

LIMITS = Limits(head=2048, lines=20)


class Diary:
    """What a listener was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[Head, bytes]] = []
        self.ended = 0

    def request(self, head: Head) -> None:
        assert self.ended == len(self.heard), "one request after the other"
        self.heard.append((head, b""))

    def part(self, body: bytes) -> None:
        head, so_far = self.heard[-1]
        self.heard[-1] = head, so_far + body

    def end(self) -> None:
        self.ended += 1


def read(*pieces: bytes) -> tuple[Diary, str]:
    """What comes of these pieces, and the words of the refusal, if there is one."""
    diary = Diary()
    requests = Requests(diary, LIMITS)
    try:
        for piece in pieces:
            requests.feed(piece)
    except BadRequest as fault:
        return diary, str(fault)
    finally:
        requests.close()
    return diary, ""


tokens = st.text("abcXYZ019-_", min_size=1, max_size=12).filter(
    lambda name: name.lower() not in {"connection", "upgrade", "expect"}
)
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
paths = st.lists(st.text("ab%20.~é".replace("é", ""), max_size=6), max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, Head, bytes]:
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]))
    path, query = draw(paths), draw(st.text("ab=&%3?/", max_size=10))
    pairs = draw(st.lists(st.tuples(tokens, values), max_size=6))
    body = draw(st.binary(max_size=60)) if method in ("POST", "PUT") else b""
    chunked = bool(body) and draw(st.booleans())
    if chunked:
        cut = draw(st.integers(1, len(body)))
        wire = b"".join(
            b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:cut], body[cut:]) if part
        )
        wire += b"0\r\n\r\n"
        pairs = [*pairs, ("Transfer-Encoding", "chunked")]
    else:
        wire = body
        pairs = [*pairs, ("Content-Length", str(len(body)))]
    target = path + (f"?{query}" if query else "")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in pairs)]
    raw = "\r\n".join(lines).encode() + b"\r\n\r\n" + wire
    headers = [(name.lower().encode(), value.encode()) for name, value in pairs]
    return raw, Head(method, "1.1", path.encode(), query.encode(), headers, True), body


@given(st.lists(requests(), min_size=1, max_size=4), st.lists(st.integers(0, 2000), max_size=8))
def test_the_same_requests_come_of_the_same_bytes_however_they_are_cut(
    made: list[tuple[bytes, Head, bytes]], cuts: list[int]
) -> None:
    raw = b"".join(each for each, _, _ in made)
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    pieces = [raw[a:b] for a, b in pairwise(places)]
    diary, refusal = read(*pieces)
    assert (refusal, diary.ended) == ("", len(made))
    assert diary.heard == [(head, body) for _, head, body in made]


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_requests_or_refused_and_nothing_else(data: bytes, size: int) -> None:
    diary, _ = read(*(data[at : at + size] for at in range(0, len(data), size)))
    assert diary.ended <= len(diary.heard)


@given(requests(), st.integers(0, 400), st.integers(0, 255))
def test_a_byte_that_was_changed_is_harmless(
    made: tuple[bytes, Head, bytes], place: int, byte: int
) -> None:
    raw = bytearray(made[0])
    raw[place % len(raw)] = byte
    diary, _ = read(bytes(raw))
    assert len(diary.heard) <= 2


@given(st.integers(1, 400), st.sampled_from([b"odd: ", b"a: b\r\n", b"GET /"]))
def test_a_head_never_costs_more_than_its_limit(size: int, repeated: bytes) -> None:
    diary = Diary()
    requests = Requests(diary, LIMITS)
    requests.feed(b"GET / HTTP/1.1\r\n")
    taken = 0
    try:
        while taken < 3 * LIMITS.head:
            requests.feed((repeated * size)[:size])
            taken += size
    except BadRequest:
        pass
    assert taken <= LIMITS.head and not diary.heard


def test_a_bug_of_the_listener_is_not_the_clients_fault() -> None:
    class Broken(Diary):
        def request(self, head: Head) -> None:
            raise ArithmeticError

    with pytest.raises(httptools.HttpParserCallbackError):
        Requests(Broken(), LIMITS).feed(b"GET / HTTP/1.1\r\n\r\n")


def test_after_the_end_nothing_is_heard() -> None:
    diary = Diary()
    requests = Requests(diary, LIMITS)
    requests.close()
    requests.feed(b"GET / HTTP/1.1\r\n\r\n")
    assert diary.heard == []
