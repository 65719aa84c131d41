"""Answers out of bytes: however they are cut, what they come to, and what is refused."""

import http.client
import io
import random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.errors import ProtocolError, UpstreamBroken
from amq2api.upstream.response import Closed, Responses, Stage
from upstream.servers import CHUNKED, chunk, chunks, ok

HEAD = b"HTTP/1.1 200 OK\r\n"


class Told(NamedTuple):
    """What came of the bytes of a connection."""

    stage: Stage
    status: int
    body: bytes
    kept: bool


def told(*reads: bytes, closed: bool = False, bodiless: bool = False) -> Told:
    responses = Responses()
    responses.begin(bodiless=bodiless)
    body = b"".join(responses.feed(data) for data in reads)
    if closed:
        responses.finish()
    return Told(responses.stage, responses.status, body, responses.kept)


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


WHOLE: dict[str, tuple[bytes, Told]] = {
    "a length": (ok(b"abc"), Told("complete", 200, b"abc", True)),
    "no bytes": (ok(b""), Told("complete", 200, b"", True)),
    "chunks": (
        CHUNKED + chunks(b"ab", b"c" * 300), Told("complete", 200, b"ab" + b"c" * 300, True)
    ),
    "chunks with extensions and trailers": (
        CHUNKED + b"2;a=b\r\nab\r\n0\r\nX-T: 1\r\n\r\n", Told("complete", 200, b"ab", True)
    ),
    "a status without a body": (b"HTTP/1.1 204 None\r\n\r\n", Told("complete", 204, b"", True)),
    "a status without words": (
        b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", Told("complete", 200, b"a", True)
    ),
    "after informational ones": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + ok(b"a"),
        Told("complete", 200, b"a", True),
    ),
    "the connection not kept": (
        ok(b"a", "Connection: close"), Told("complete", 200, b"a", False)
    ),
    "HTTP/1.0": (
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", Told("complete", 200, b"a", False)
    ),
    "HTTP/1.0 that keeps the connection": (
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na",
        Told("complete", 200, b"a", True),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), WHOLE.values(), ids=WHOLE)
def test_an_answer_is_the_same_however_it_is_cut(data: bytes, expected: Told) -> None:
    assert told(data) == told(*bytewise(data)) == expected


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    assert told(HEAD + b"\r\nabc") == Told("body", 200, b"abc", True)
    assert told(HEAD + b"\r\n", b"abc", closed=True) == Told("complete", 200, b"abc", False)


def test_an_answer_to_head_has_no_body() -> None:
    data = HEAD + b"Content-Length: 5\r\n\r\n"
    assert told(data, bodiless=True) == Told("complete", 200, b"", False)


BROKEN: dict[str, tuple[bytes, type[UpstreamBroken]]] = {
    "nothing": (b"", Closed),
    "half a head": (HEAD, Closed),
    "half a body": (ok(b"abc")[:-1], UpstreamBroken),
    "no last chunk": (CHUNKED + chunk(b"a"), UpstreamBroken),
    "nonsense": (b"nonsense\r\n", ProtocolError),
    "a header without a name": (HEAD + b": x\r\n\r\n", ProtocolError),
    "a space before the colon": (HEAD + b"Content-Length : 1\r\n\r\na", ProtocolError),
    "a folded header": (HEAD + b"A: b\r\n c\r\nContent-Length: 1\r\n\r\na", ProtocolError),
    "a zero byte in a header": (HEAD + b"A: \0\r\n\r\n", ProtocolError),
    "a length that is none": (HEAD + b"Content-Length: 1a\r\n\r\na", ProtocolError),
    "a length with a sign": (HEAD + b"Content-Length: +1\r\n\r\na", ProtocolError),
    "lengths in a list": (HEAD + b"Content-Length: 1, 1\r\n\r\na", ProtocolError),
    "another version": (b"HTTP/3.0 200 OK\r\n\r\n", ProtocolError),
}


@pytest.mark.parametrize(("data", "kind"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_whole_answer_is_none(data: bytes, kind: type[UpstreamBroken]) -> None:
    for reads in ([data], bytewise(data)):
        responses = Responses()
        responses.begin()
        for read in reads:
            responses.feed(read)
        responses.finish()
        assert responses.stage == "broken" and type(responses.failure) is kind
        assert not responses.kept


def test_what_came_before_an_error_counts() -> None:
    responses = Responses()
    responses.begin()
    assert responses.feed(CHUNKED + chunk(b"ab") + b"x") == b"ab"
    assert responses.stage == "broken" and isinstance(responses.failure, ProtocolError)


@pytest.mark.parametrize("more", [ok(b"smuggled"), b"nonsense", b"H"])
def test_what_follows_an_answer_ends_the_connection(more: bytes) -> None:
    assert told(ok(b"a") + more) == told(ok(b"a"), more) == Told("complete", 200, b"a", False)


def test_nothing_may_come_without_a_request() -> None:
    responses = Responses()
    responses.feed(ok(b"early"))
    assert (responses.stage, responses.kept) == ("broken", False)


def test_one_connection_serves_answer_after_answer() -> None:
    responses = Responses()
    for number in range(3):
        responses.begin()
        assert responses.unheard
        assert responses.feed(ok(b"%d" % number, f"X-N: {number}")) == b"%d" % number
        assert (responses.stage, responses.headers["x-n"]) == ("complete", str(number))
        responses.rest()
        assert responses.stage == "idle" and not responses.headers
    responses.finish()
    assert not responses.kept


def test_headers_have_names_in_lower_case_and_the_last_line_counts() -> None:
    responses = Responses()
    responses.begin()
    responses.feed(ok(b"", "X-Amzn-RequestId: 1", "x-amzn-requestid: 2", "X-Odd: \xe4"))
    assert responses.headers["x-amzn-requestid"] == "2"


def test_trailers_are_no_headers() -> None:
    responses = Responses()
    responses.begin()
    responses.feed(CHUNKED + b"1\r\na\r\n0\r\nX-Late: 1\r\n\r\n")
    assert responses.stage == "complete" and "x-late" not in responses.headers
    responses.begin()
    responses.feed(ok(b"a"))
    assert "x-late" not in responses.headers


def test_headers_without_end_are_bounded() -> None:
    responses = Responses()
    responses.begin()
    fed = len(responses.feed(HEAD))
    while responses.stage == "head":
        responses.feed(b"X-Again: and again\r\n" * 100)
        fed += 2000
    assert responses.stage == "broken" and fed < 80_000


def test_what_stands_around_pieces_may_come_alone_for_ever() -> None:
    responses = Responses()
    responses.begin()
    responses.feed(CHUNKED)
    for _ in range(30_000):
        responses.feed(b"1\r\n")
        assert responses.feed(b"a\r\n") == b"a"
    assert responses.stage == "body"


bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


@given(bodies, st.booleans(), st.integers(0, 2**32))
def test_bodies_survive_every_cut(pieces: list[bytes], chunked: bool, seed: int) -> None:
    body = b"".join(pieces)
    data = CHUNKED + chunks(*pieces) if chunked else ok(body)
    reads, lots = [], random.Random(seed)
    while data:
        cut = lots.randint(1, len(data))
        reads.append(data[:cut])
        data = data[cut:]
    assert told(*reads) == Told("complete", 200, body, True)


class _Socket(io.BytesIO):
    def makefile(self, mode: str) -> io.BytesIO:
        return self


def _second_opinion(data: bytes) -> bytes | None:
    """The body as Python's own client reads it; None where it finds fault."""
    response = http.client.HTTPResponse(_Socket(data))  # type: ignore[arg-type]
    try:
        response.begin()
        return response.read()
    except (http.client.HTTPException, ValueError, OSError):
        return None


@given(st.data())
def test_damaged_answers_are_never_read_as_others(data: st.DataObject) -> None:
    """Of an answer with some bytes changed: if it counts as whole here and for Python's own
    client, both read the same.
    """
    pieces = data.draw(bodies)
    whole = bytearray(CHUNKED + chunks(*pieces))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.sampled_from(b"\r\n 0aF;:,\0\xff") | st.integers(0, 255))
    mine, other = told(bytes(whole), closed=True), _second_opinion(bytes(whole))
    if mine.stage == "complete" and other is not None and mine.kept:
        assert mine.body == other


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_make_it_raise(reads: list[bytes]) -> None:
    for start in (b"", HEAD, CHUNKED):
        told(start, *reads, closed=True)
