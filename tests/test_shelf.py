from hypothesis import given
from hypothesis import strategies as st

from amq2api.relay.shelf import Shelf


def test_what_is_kept_is_found() -> None:
    shelf: Shelf[str] = Shelf(10)
    shelf.put("a", "first", 4)
    assert (shelf.get("a"), shelf.get("b")) == ("first", None)


def test_room_is_made_by_what_was_asked_for_longest_ago() -> None:
    shelf: Shelf[str] = Shelf(10)
    for key in "abc":
        shelf.put(key, key, 3)
    shelf.get("a")
    shelf.put("d", "d", 3)
    assert [shelf.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_what_is_too_large_is_not_kept_and_moves_nothing() -> None:
    shelf: Shelf[str] = Shelf(10)
    shelf.put("a", "a", 10)
    shelf.put("b", "b", 11)
    assert (shelf.get("a"), shelf.get("b")) == ("a", None)


def test_a_new_value_takes_the_place_of_the_old() -> None:
    shelf: Shelf[str] = Shelf(10)
    shelf.put("a", "old", 9)
    shelf.put("a", "new", 2)
    shelf.put("b", "b", 8)
    assert (shelf.get("a"), shelf.get("b"), shelf.filled) == ("new", "b", 10)


def test_what_is_out_of_date_is_gone() -> None:
    now = 0.0
    shelf: Shelf[str] = Shelf(10, lasting=60, clock=lambda: now)
    shelf.put("a", "a", 10)
    now = 60
    assert shelf.get("a") == "a"
    now = 61
    assert (shelf.get("a"), shelf.filled) == (None, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_it_is_never_fuller_than_it_has_room(puts: list[tuple[int, int]]) -> None:
    shelf: Shelf[int] = Shelf(10)
    sizes: dict[int, int] = {}
    for key, size in puts:
        shelf.put(key, size, size)
        sizes[key] = size
        kept = [sizes[key] for key in sizes if shelf.get(key) is not None]
        assert sum(kept) == shelf.filled <= 10
        assert shelf.get(key) == (size if size <= 10 else None)
