import hashlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq.names import Names, fitting


def digest(name: str, attempt: int = 0) -> str:
    return hashlib.sha256(f"{attempt}\0{name}".encode()).hexdigest()[:8]


MADE: dict[str, tuple[str, str]] = {
    "fits": ("mcp__git__log", "mcp__git__log"),
    "as long as may be": ("x" * 64, "x" * 64),
    "too long": ("x" * 65, "x" * 55 + "_" + digest("x" * 65)),
    "strange letters": ("a.b/c", "a_b_c_" + digest("a.b/c")),
    "another script": ("列出", "___" + digest("列出")),
    "nothing": ("", "_" + digest("")),
}


@pytest.mark.parametrize(("name", "made"), MADE.values(), ids=MADE)
def test_names(name: str, made: str) -> None:
    assert fitting(name, ()) == made
    assert Names([name]).upstream(name) == made


def test_one_that_fits_is_never_moved_aside() -> None:
    rival = fitting("a.b", ())
    names = Names(["a.b", rival])
    assert names.upstream(rival) == rival
    assert names.upstream("a.b") == "a_b_" + digest("a.b", 1)
    assert names.changed() == {names.upstream("a.b"): "a.b"}


def test_a_name_of_history_gives_way_to_one_already_given() -> None:
    names = Names(["a.b"])
    rival = names.upstream("a.b")
    assert names.upstream(rival) == f"{rival}_{digest(rival)}"


def test_many_equal_names_do_not_take_for_ever() -> None:
    taken: set[str] = set()
    began = time.process_time()
    for _ in range(3000):
        taken.add(fitting("t1", taken))
    assert len(taken) == 3000
    # One by one this would be four million digests, several seconds.
    assert time.process_time() - began < 1


@given(st.lists(st.text("ab._列", max_size=70)), st.lists(st.text("ab._列", max_size=70)))
def test_no_two_names_become_one(declared: list[str], later: list[str]) -> None:
    names = Names(declared)
    made = {name: names.upstream(name) for name in [*declared, *later]}
    assert len(set(made.values())) == len(made)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in made.values())
    assert {names.changed().get(name, name) for name in made.values()} == set(made)
