"""What each worker keeps where all can read it."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from amq2api.cli.board import Board

ROOM = 64
written = st.lists(st.tuples(st.integers(0, 2), st.binary(min_size=1, max_size=ROOM)))


@given(written)
def test_each_place_keeps_what_was_put_there_last(puts: list[tuple[int, bytes]]) -> None:
    board, expected = Board(3, ROOM), [b"", b"", b""]
    for place, kept in puts:
        assert board.put(place, kept)
        expected[place] = kept
    assert board.all() == expected
    assert [board.get(place) for place in range(3)] == expected


def test_what_is_too_much_leaves_what_was_there() -> None:
    board = Board(1, ROOM)
    board.put(0, b"before")
    assert not board.put(0, b"x" * (ROOM + 1))
    assert board.get(0) == b"before"


@given(
    st.lists(st.binary(min_size=1, max_size=ROOM), min_size=1, max_size=4),
    st.binary(min_size=1, max_size=ROOM),
    st.data(),
)
def test_a_writer_that_dies_in_the_middle_loses_only_what_it_was_writing(
    before: list[bytes], last: bytes, data: st.DataObject
) -> None:
    """All that a dead one leaves is some bytes changed and others not yet."""
    board = Board(1, ROOM)
    for kept in before:
        board.put(0, kept)
    old = bytes(board._memory)
    board.put(0, last)
    new = bytes(board._memory)
    changed = [at for at in range(len(old)) if old[at] != new[at]]
    cut = data.draw(st.integers(0, len(changed)))
    # The body is written before its head, and the head is at the lower address.
    middle = max(changed[0] // (len(old) // 2) * (len(old) // 2) + 16, 0)
    order = [at for at in changed if at >= middle] + [at for at in changed if at < middle]
    torn = bytearray(old)
    for at in order[:cut]:
        torn[at] = new[at]
    board._memory[:] = bytes(torn)
    assert board.get(0) in (before[-1], last)
    board.put(0, b"after")
    assert board.get(0) == b"after"


def test_bytes_that_nobody_wrote_are_not_taken_for_any() -> None:
    assert Board(2, ROOM).all() == [b"", b""]
    assert zlib.crc32(b"") == 0, "an empty place looks like an empty entry, and is one"
