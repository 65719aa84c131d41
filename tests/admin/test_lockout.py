"""How long guessing takes, and whom it locks out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.admin.barred import LockedOut
from amq2api.admin.lockout import Lockout


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def tried(lockout: Lockout, who: str = "a") -> float:
    """How long the pause is that a try is refused for; 0 if it is not."""
    try:
        lockout.attempt(who)
    except LockedOut as refused:
        return refused.retry_after or -1.0
    return 0.0


def test_pauses_grow_and_have_an_end() -> None:
    clock = Clock()
    lockout, pauses = Lockout(clock), []
    for _ in range(20):
        while not tried(lockout):
            pass
        pauses.append(tried(lockout))
        clock.seconds += pauses[-1]
    assert pauses == [10, 20, 40, 80, 160, 320, 640] + [900] * 13


def test_five_tries_are_free_and_what_is_refused_is_none() -> None:
    clock = Clock()
    lockout = Lockout(clock)
    assert [tried(lockout) for _ in range(5)] == [0] * 5
    assert [tried(lockout) for _ in range(50)] == [10] * 50
    clock.seconds += 10
    assert (tried(lockout), tried(lockout)) == (0, 20)


def test_the_words_say_how_long() -> None:
    lockout = Lockout(Clock())
    for _ in range(5):
        lockout.attempt("a")
    with pytest.raises(LockedOut, match="10 s"):
        lockout.attempt("a")


def test_a_success_forgives() -> None:
    lockout = Lockout(Clock())
    for _ in range(5):
        lockout.attempt("a")
    lockout.succeeded("a")
    assert [tried(lockout) for _ in range(5)] == [0] * 5


def test_time_forgives() -> None:
    clock = Clock()
    lockout = Lockout(clock)
    for _ in range(5):
        lockout.attempt("a")
    clock.seconds += 10 + 3601
    assert [tried(lockout) for _ in range(5)] == [0] * 5
    assert tried(lockout) == 10


def test_one_who_guesses_locks_out_nobody_else() -> None:
    lockout = Lockout(Clock())
    for _ in range(100):
        tried(lockout, "guesser")
    assert tried(lockout, "owner") == 0


@given(st.lists(st.integers(0, 5000).map(str), max_size=3000))
def test_memory_is_bounded(who: list[str]) -> None:
    lockout = Lockout(Clock())
    for each in who:
        tried(lockout, each)
    assert len(lockout._tries) <= 1000
