"""Each target over its corpus, over changed pieces of it, and over nothing but chance.

The same inputs each time, so that a change is judged by what it changes; ``scripts/fuzz`` goes on
from here with others, for as long as one likes.
"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.corpus import inputs
from fuzz.mutating import mutated
from fuzz.targets import TARGETS

CASES = [(target, name) for target in TARGETS for name in inputs(target)]


@pytest.mark.parametrize(("target", "name"), CASES)
def test_what_is_in_the_corpus_breaks_nothing(target: str, name: str) -> None:
    TARGETS[target](inputs(target)[name])


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=80, derandomize=True)
@given(st.data())
def test_what_comes_of_the_corpus_breaks_nothing(target: str, data: st.DataObject) -> None:
    seeds = list(inputs(target).values())
    # With its own generator Hypothesis would spend its time on the choices, not on the inputs.
    chance = random.Random(data.draw(st.integers(0, 2**64)))
    TARGETS[target](mutated(seeds, chance))


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=30, derandomize=True)
@given(st.data())
def test_noise_breaks_nothing(target: str, data: st.DataObject) -> None:
    TARGETS[target](data.draw(st.binary(max_size=300)))
