"""Weights of texts: by generation, never less for more, and cheap however long the text is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.tokenizer import (
    HEAVIEST,
    NEWER,
    OLDER,
    Tokenizer,
    is_newer,
    tokenizer_of,
    version_of,
    weigh,
    weigh_all,
)

TOKENIZERS = st.sampled_from([OLDER, NEWER])

TEXTS: dict[str, tuple[str, float, float]] = {
    "nothing": ("", 0, 0),
    "small letters": ("a" * 100, 24, 35),
    "capitals, of which the newer makes twice as many": ("A" * 100, 45, 80),
    "Chinese, about a token a character": ("字" * 100, 105, 105),
    "Russian, half of one": ("я" * 100, 45, 45),
    "emoji": ("🎉" * 10, 22, 22),
    "indentation": (" " * 100, 2, 3),
    "half a character": ("\ud83d", 1, 1),
    "a control character": ("\0", 1, 1),
}


@pytest.mark.parametrize(("text", "older", "newer"), TEXTS.values(), ids=TEXTS)
def test_texts(text: str, older: float, newer: float) -> None:
    assert (weigh(text, OLDER), weigh(text, NEWER)) == pytest.approx((older, newer))


def test_who_does_not_say_means_the_newer() -> None:
    assert weigh("Abc") == weigh("Abc", NEWER)


MODELS: dict[str, tuple[str, tuple[int, int] | None, bool]] = {
    "claude-sonnet-4.5": ("sonnet", (4, 5), False),
    "claude-sonnet-4-5-20250929": ("sonnet", (4, 5), False),
    "claude-sonnet-4-20250514": ("sonnet", (4, 0), False),
    "CLAUDE_SONNET_4_20250514_V1_0": ("sonnet", (4, 0), False),
    "claude-3-7-sonnet-20250219": ("sonnet", (3, 7), False),
    "claude-3.5-haiku": ("haiku", (3, 5), False),
    "us.anthropic.claude-opus-4-1-20250805-v1:0": ("opus", (4, 1), False),
    "claude-opus-4-6": ("opus", (4, 6), False),
    "claude-haiku-4.5": ("haiku", (4, 5), False),
    "claude-opus-4.7": ("opus", (4, 7), True),
    "claude-opus-5": ("opus", (5, 0), True),
    "claude-sonnet-5-5[1m]": ("sonnet", (5, 5), True),
    "claude-fable-5-1": ("fable", (5, 1), True),
    "claude-mythos-preview": ("", None, True),
    "auto": ("", None, True),
    "": ("", None, True),
}


@pytest.mark.parametrize("model", MODELS)
def test_models_tell_their_generation_by_their_names(model: str) -> None:
    family, version, newer = MODELS[model]
    assert version_of(model) == (family, version)
    assert is_newer(model) is newer
    assert tokenizer_of(model) is (NEWER if newer else OLDER)


@given(st.text(), st.text(), TOKENIZERS)
def test_pieces_weigh_what_the_whole_does(a: str, b: str, by: Tokenizer) -> None:
    assert weigh(a, by) + weigh(b, by) == pytest.approx(weigh(a + b, by))


@given(st.text(max_size=50), st.integers(1, 400), st.text(max_size=50), TOKENIZERS)
def test_more_never_weighs_less(text: str, times: int, more: str, by: Tokenizer) -> None:
    whole = text * times
    assert weigh(whole + more, by) >= weigh(whole, by)


@given(st.lists(st.tuples(st.text(max_size=20), st.sampled_from([1, 3, 90, 500]))), TOKENIZERS)
def test_texts_weigh_what_their_join_does(texts: list[tuple[str, int]], by: Tokenizer) -> None:
    made = [text * times for text, times in texts]
    assert weigh_all(made, by) == weigh("".join(made), by)


@given(st.text(min_size=1), TOKENIZERS)
def test_any_text_weighs_something_and_no_more_than_it_can(text: str, by: Tokenizer) -> None:
    assert (
        0
        < weigh(text, by)
        <= min(HEAVIEST * len(text) + 1e-9, len(text.encode("utf-8", "surrogatepass")) * 1.0)
    )


SAMPLED: dict[str, str] = {
    "prose": "The harbour froze early that year, and nobody left before the thaw of March. ",
    "code": "    for (const row of rows) { total += row.amount * 1.19; }  // VAT\n",
    "a table with lines of 19 characters, the step that is taken": "| 0001 | abcdefg |\n",
    "mixed scripts": "Der Hafen fror früh; 那一年港口很早就结冰了。\n",
}


@pytest.mark.parametrize("line", SAMPLED.values(), ids=SAMPLED)
def test_a_long_text_weighs_about_what_its_pieces_do(line: str) -> None:
    whole = line * (300_000 // len(line))
    pieces = sum(weigh(whole[at : at + 1000], OLDER) for at in range(0, len(whole), 1000))
    # Lines of the step's length are the one thing that sampling is blind to.
    allowed = 0.7 if len(line) == 19 else 0.03
    assert weigh(whole, OLDER) == pytest.approx(pieces, rel=allowed)


def test_five_million_characters_take_milliseconds() -> None:
    whole = "The harbour froze early. " * 200_000
    began = time.process_time()
    weigh(whole, NEWER)
    assert time.process_time() - began < 0.05
