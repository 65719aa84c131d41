"""A continuation that repeats what it continues, and one that does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq.prefix import Prefix

SAID = "Dear Sir or Madam,\nthank"


def told(said: str, *pieces: str) -> tuple[str, bool]:
    prefix = Prefix(said)
    return "".join([*map(prefix.feed, pieces), prefix.finish()]), prefix.repeated


ANSWERS: dict[str, tuple[str, list[str], tuple[str, bool]]] = {
    "goes on": (SAID, [" you for", " it."], (" you for it.", False)),
    "repeats it": (SAID, [SAID + " you."], (" you.", True)),
    "repeats it in pieces": (SAID, ["Dear Sir", " or Madam,\nth", "ank you."], (" you.", True)),
    "repeats it twice": (SAID, [SAID, SAID], (SAID, True)),
    "repeats a part of it": (SAID, ["Dear Sir or", " rather Madam"],
                             ("Dear Sir or rather Madam", False)),
    "repeats a part of it and ends": (SAID, ["Dear Sir"], ("Dear Sir", False)),
    "repeats it and nothing else": (SAID, [SAID], ("", True)),
    "repeats it later": (SAID, ["So: ", SAID], ("So: " + SAID, False)),
    "what is short may be meant": ("[", ["[1], [2]]"], ("[1], [2]]", False)),
    "nothing was said": ("", ["a"], ("a", False)),
}  # fmt: skip


@pytest.mark.parametrize(("said", "pieces", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that(said: str, pieces: list[str], answer: tuple[str, bool]) -> None:
    assert told(said, *pieces) == answer


@given(st.text(min_size=16, max_size=24), st.text(), st.data())
def test_however_it_is_cut(said: str, rest: str, data: st.DataObject) -> None:
    for whole, answer in (said + rest, (rest, True)), (rest, told(said, rest)):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
        pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        assert told(said, *pieces) == answer


@given(st.text(), st.text())
def test_nothing_else_is_taken(said: str, answer: str) -> None:
    shown, repeated = told(said, answer)
    assert (said if repeated else "") + shown == answer
