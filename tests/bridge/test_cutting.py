"""Stop sequences, limits and thinking tags: laws over every way to cut a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge import tokens
from amq2api.bridge.amazonq.cutting import Cutter, StopSequences, TokenGauge
from amq2api.bridge.amazonq.ids import client_tool_id
from amq2api.bridge.amazonq.thinking import ThoughtSplitter

PIECES = st.lists(st.text(alphabet="ab<>/thinkg \n", max_size=5), max_size=12)
SEQUENCES = st.lists(st.text(alphabet="ab<", min_size=1, max_size=4), min_size=1, max_size=3)


def cut(pieces: list[str], sequences: list[str]) -> tuple[str, str | None]:
    """What is shown of a text in pieces, and the sequence that ended it."""
    stops = StopSequences(sequences)
    shown = ""
    for piece in pieces:
        shown += stops.feed(piece)
        if stops.matched is not None:
            return shown, stops.matched
    return shown + stops.finish(), None


@given(PIECES, SEQUENCES)
def test_text_ends_before_the_stop_sequence_that_is_complete_first(
    pieces: list[str], sequences: list[str]
) -> None:
    whole = "".join(pieces)
    # As a model that writes letter by letter would notice it.
    ends = (end for end in range(len(whole) + 1) if whole[:end].endswith(tuple(sequences)))
    end = next(ends, None)
    if end is None:
        assert cut(pieces, sequences) == (whole, None)
        return
    longest = max((s for s in sequences if whole[:end].endswith(s)), key=len)
    assert cut(pieces, sequences) == (whole[: end - len(longest)], longest)


CUTS: dict[str, tuple[list[str], list[str], tuple[str, str | None]]] = {
    "one that begins another": (["xab"], ["ab", "a"], ("x", "a")),
    "one that ends another": (["xab"], ["b", "ab"], ("x", "ab")),
    "one inside another": (["xabc"], ["abc", "b"], ("xa", "b")),
    "one inside another, piece by piece": ([*"xabc"], ["abc", "b"], ("xa", "b")),
    "a beginning within a beginning": (["aa", "ab"], ["aab"], ("a", "aab")),
    "at the very end": (["text", "END"], ["END"], ("text", "END")),
    "at the very beginning": (["END", "text"], ["END"], ("", "END")),
    "nothing but it": (["END"], ["END"], ("", "END")),
    "half of it at the end": (["text EN"], ["END"], ("text EN", None)),
    "two in one text": (["a1b2"], ["2", "1"], ("a", "1")),
    "a line": (["a\n", "\nb"], ["\n\n"], ("a", "\n\n")),
    "in no letters of ours": (["日本", "語です"], ["語で"], ("日本", "語で")),
    "none at all": (["a"], [], ("a", None)),
}  # fmt: skip


@pytest.mark.parametrize(("pieces", "sequences", "shown"), CUTS.values(), ids=CUTS)
def test_stop_sequences(
    pieces: list[str], sequences: list[str], shown: tuple[str, str | None]
) -> None:
    assert cut(pieces, sequences) == shown


@given(st.lists(st.text(max_size=9)), st.integers(0, 20) | st.integers(0, 200))
def test_the_gauge_shows_a_prefix_and_never_counts_past_its_limit(
    pieces: list[str], limit: int
) -> None:
    gauge = TokenGauge(limit)
    shown = ""
    for piece in pieces:
        kept = gauge.take(piece)
        shown += kept
        if len(kept) < len(piece):
            break
    whole = "".join(pieces)
    assert whole.startswith(shown)
    assert gauge.tokens <= max(limit, 1)
    if tokens.weigh(whole) <= limit - 0.5:
        assert shown == whole


@given(st.lists(st.text(max_size=600), max_size=30), st.none() | st.integers(20_000, 30_000))
def test_an_answer_within_its_limit_is_counted_as_it_weighs(
    pieces: list[str], limit: int | None
) -> None:
    gauge = TokenGauge(limit)
    assert [gauge.take(piece) for piece in pieces] == pieces
    assert gauge.tokens == pytest.approx(sum(map(tokens.weigh, pieces)), abs=1)


@given(st.lists(st.text(min_size=1, max_size=300), max_size=30), st.integers(0, 1_500), st.data())
def test_texts_are_cut_together_as_one_by_one(
    pieces: list[str], limit: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(pieces)))
    cutter, alone = Cutter(limit or None, ()), TokenGauge(limit or None)
    shown = [kept for part in (pieces[:at], pieces[at:]) if part and cutter.end is None
             for kept in cutter.count_all(part)]  # fmt: skip
    expected: list[str] = []
    for piece in pieces:
        expected.append(alone.take(piece))
        if len(expected[-1]) < len(piece):
            break
    assert shown == [kept for kept in expected if kept]
    assert cutter.tokens == alone.tokens
    assert (cutter.end is not None) == ("".join(shown) != "".join(pieces))


@given(PIECES)
def test_answers_without_a_tag_at_their_beginning_are_untouched(pieces: list[str]) -> None:
    whole = "".join(pieces)
    if whole.lstrip().startswith("<thinking>"):
        return
    splitter = ThoughtSplitter()
    out = [piece for text in pieces for piece in splitter.feed(text)] + splitter.finish()
    assert "".join(text for _, text in out) == whole
    assert all(kind == "text" for kind, _ in out)


@given(st.text(alphabet="ab<>/thinkg ", max_size=12), st.text(max_size=12), st.data())
def test_thoughts_are_told_apart_however_they_are_cut(
    thought: str, answer: str, data: st.DataObject
) -> None:
    if "</thinking>" in thought:
        return
    whole = f"\n<thinking>{thought}</thinking>\n\n{answer}"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    splitter = ThoughtSplitter()
    out = [piece for text in pieces for piece in splitter.feed(text)] + splitter.finish()
    thoughts = "".join(text for kind, text in out if kind == "thinking")
    assert thoughts == thought[: (thought + "</thinking>").index("</thinking>")]
    assert "".join(text for kind, text in out if kind == "text") == answer.lstrip()


@given(st.text())
def test_tool_ids_are_what_clients_look_for(upstream_id: str) -> None:
    ours = client_tool_id(upstream_id)
    assert ours.startswith("toolu_") and ours[6:].isascii() and ours[6:].isalnum()
    assert client_tool_id(ours) == ours
