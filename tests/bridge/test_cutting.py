"""Stop sequences, limits and thinking tags: laws over every way to cut a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge import tokens
from amq2api.bridge.amazonq.cutting import StopSequences, TokenGauge
from amq2api.bridge.amazonq.ids import client_tool_id
from amq2api.bridge.amazonq.thinking import ThoughtSplitter

PIECES = st.lists(st.text(alphabet="ab<>/thinkg \n", max_size=5), max_size=12)
SEQUENCES = st.lists(st.text(alphabet="ab<", min_size=1, max_size=4), min_size=1, max_size=3)


@given(PIECES, SEQUENCES)
def test_text_ends_before_the_first_stop_sequence(pieces: list[str], sequences: list[str]) -> None:
    stops = StopSequences(sequences)
    shown = ""
    for piece in pieces:
        shown += stops.feed(piece)
        if stops.matched is not None:
            break
    shown += stops.finish()
    whole = "".join(pieces)
    places = [whole.find(sequence) for sequence in sequences if sequence in whole]
    if places:
        assert shown == whole[: min(places)] and stops.matched in sequences
    else:
        assert shown == whole and stops.matched is None


def test_of_two_stop_sequences_at_one_place_the_longer_is_named() -> None:
    stops = StopSequences(["a", "ab"])
    assert (stops.feed("xab"), stops.matched) == ("x", "ab")


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
