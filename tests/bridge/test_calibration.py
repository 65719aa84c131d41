"""What is learned of models: how well, how safely, and that counts stay counts."""

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.calibration import Calibrations, Fit, Known, Sample, combined, fitted
from amq2api.bridge.tokens import Size

MODEL = "claude-sonnet-4.5"
NUMBERS = st.floats(0, 2e6) | st.sampled_from([float("inf"), float("nan"), -1.0])


def lessons(
    truth: Callable[[float], float], *sizes: float, noise: float = 0.0, seed: int = 1
) -> list[Sample]:
    draw = random.Random(seed)
    return [Sample(size, truth(size) * (1 + draw.uniform(-noise, noise))) for size in sizes]


def taught(samples: Sequence[Sample], model: str = MODEL) -> Calibrations:
    gauge = Calibrations()
    for at, (text, tokens) in enumerate(samples):
        gauge.learn(model, Size(text, 0.0), round(tokens), float(at))
    return gauge


def hidden_prompt(text: float) -> float:
    return 2_000 + 1.3 * text


SESSION = [500.0 * 1.15**turn for turn in range(40)]  # 500 to 115,000


def test_what_nothing_is_known_of_counts_as_estimated() -> None:
    assert Calibrations().count(Size(100.4, 50.0), MODEL) == 151


def test_two_samples_are_not_enough() -> None:
    gauge = taught(lessons(hidden_prompt, 1000, 9000))
    assert gauge.count(Size(1000.0, 0.0), MODEL) == 1000


@pytest.mark.parametrize("text", [300.0, 5_000.0, 60_000.0, 180_000.0])
def test_a_session_teaches_offset_and_slope(text: float) -> None:
    gauge = taught(lessons(hidden_prompt, *SESSION, noise=0.03))
    assert gauge.count(Size(text, 0.0), MODEL) == pytest.approx(hidden_prompt(text), rel=0.05)


def test_images_are_counted_beside_it() -> None:
    gauge = taught(lessons(hidden_prompt, *SESSION))
    alone = gauge.count(Size(5_000.0, 0.0), MODEL)
    assert gauge.count(Size(5_000.0, 1568.0), MODEL) == alone + 1568


def test_what_images_take_is_taken_off_before_learning() -> None:
    gauge = Calibrations()
    for at, (text, tokens) in enumerate(lessons(hidden_prompt, *SESSION)):
        gauge.learn(MODEL, Size(text, 1568.0), round(tokens) + 1568, float(at))
    assert gauge.count(Size(5_000.0, 0.0), MODEL) == pytest.approx(8_500, rel=0.03)


def test_calls_of_one_size_teach_that_size() -> None:
    gauge = taught(lessons(hidden_prompt, *[20_000.0] * 10, noise=0.01))
    assert gauge.count(Size(20_000.0, 0.0), MODEL) == pytest.approx(28_000, rel=0.03)


@pytest.mark.parametrize("factor", [0.5, 1.9], ids=["half", "nearly twice"])
def test_one_in_five_may_be_wrong(factor: float) -> None:
    right = lessons(hidden_prompt, *SESSION, noise=0.02)
    wrong = [
        Sample(text, tokens * factor) if at % 5 == 0 else Sample(text, tokens)
        for at, (text, tokens) in enumerate(right)
    ]
    gauge = taught(wrong)
    for text in (2_000.0, 50_000.0):
        assert gauge.count(Size(text, 0.0), MODEL) == pytest.approx(hidden_prompt(text), rel=0.08)


@pytest.mark.parametrize("factor", [5.0, 0.2], ids=["a window too large", "a window too small"])
def test_a_wrong_window_teaches_next_to_nothing(factor: float) -> None:
    sizes = [10_000.0 * 1.1**turn for turn in range(20)]
    gauge = taught([Sample(size, size * factor) for size in sizes])
    assert gauge.report() == []
    assert gauge.count(Size(20_000.0, 0.0), MODEL) == 20_000


def test_tiny_calls_and_names_without_end_teach_nothing() -> None:
    assert taught([Sample(30.0, 49.0)] * 5).report() == []
    assert taught(lessons(hidden_prompt, *SESSION), "m" * 201).report() == []


def test_models_learn_apart() -> None:
    gauge = taught(lessons(hidden_prompt, *SESSION))
    assert gauge.count(Size(1000.0, 0.0), "claude-opus-5") == 1000


def test_large_calls_do_not_push_out_what_small_ones_taught() -> None:
    gauge = taught([*lessons(hidden_prompt, *SESSION), *lessons(hidden_prompt, *[150_000.0] * 500)])
    (report,) = gauge.report()
    assert report.samples < 120
    assert gauge.count(Size(500.0, 0.0), MODEL) == pytest.approx(2_650, rel=0.05)


def test_it_follows_when_the_service_changes() -> None:
    gauge = taught([
        *lessons(hidden_prompt, *SESSION),
        *lessons(lambda text: 500 + 1.1 * text, *SESSION, *SESSION, *SESSION),
    ])  # fmt: skip
    assert gauge.count(Size(20_000.0, 0.0), MODEL) == pytest.approx(22_500, rel=0.03)


def test_the_error_is_that_of_predictions_made_before() -> None:
    gauge = Calibrations()
    gauge.learn(MODEL, Size(1000.0, 0.0), 2000, 7.0)
    (report,) = gauge.report()
    assert (report.model, report.samples, report.error, report.updated_at) == (MODEL, 1, 0.5, 7.0)
    later = taught(lessons(hidden_prompt, *SESSION, *SESSION, noise=0.02)).report()[0]
    assert later.error is not None and later.error < 0.03


def test_the_model_asked_last_is_told_first() -> None:
    gauge = Calibrations()
    for at, model in enumerate(["a", "b", "a", "c"]):
        gauge.learn(model, Size(1000.0, 0.0), 1000, float(at))
    assert [report.model for report in gauge.report()] == ["c", "a", "b"]


def test_there_is_room_for_a_hundred_models() -> None:
    gauge = Calibrations()
    for at in range(150):
        gauge.learn(f"m{at}", Size(1000.0, 0.0), 1000, float(at))
    assert [report.model for report in gauge.report()] == [f"m{at}" for at in range(149, 49, -1)]
    unsaved = gauge.unsaved()
    assert len(unsaved) == 100
    assert "m50" not in combined(unsaved, {"new": Known(updated_at=1e9)})


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), max_size=60),
    st.floats(0, 1e6), st.floats(0, 1e5), st.floats(1, 1e5),
)  # fmt: skip
def test_whatever_was_learned_more_text_counts_more(
    samples: list[tuple[float, float]], text: float, images: float, more: float
) -> None:
    gauge = Calibrations()
    gauge.adopt({MODEL: Known(tuple(Sample(*sample) for sample in samples))})
    count = gauge.count(Size(text, images), MODEL)
    assert count >= 1
    assert count >= text / 2 + images
    # The slope is a half at least, and counts are whole.
    assert gauge.count(Size(text + 2 * more + 2, images), MODEL) > count
    assert gauge.count(Size(text, images + more + 1), MODEL) > count


@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(1, 1e6)), max_size=60))
def test_a_fit_stays_within_its_bounds(samples: list[tuple[float, float]]) -> None:
    fit = fitted([Sample(*sample) for sample in samples])
    assert 0 <= fit.offset <= 12_000 and 0.5 <= fit.slope <= 2


def test_a_fit_of_nothing_changes_nothing() -> None:
    assert fitted([]) == Fit(0.0, 1.0)


def test_what_two_processes_learned_is_joined() -> None:
    mine, theirs = taught(lessons(hidden_prompt, 1_000, 5_000)), taught(
        lessons(hidden_prompt, 20_000, 80_000)
    )  # fmt: skip
    file = combined(combined({}, mine.unsaved()), theirs.unsaved())
    mine.adopt(file)
    assert mine.report()[0].samples == 4
    assert mine.count(Size(40_000.0, 0.0), MODEL) == pytest.approx(54_000, rel=0.05)


def test_a_restart_changes_no_count() -> None:
    before = taught(lessons(hidden_prompt, *SESSION, *SESSION, noise=0.02))
    after = Calibrations()
    after.adopt(before.unsaved())
    for text in (700.0, 30_000.0):
        count = before.count(Size(text, 0.0), MODEL)
        assert after.count(Size(text, 0.0), MODEL) == pytest.approx(count, rel=0.01)


def test_what_is_being_saved_is_not_saved_twice_nor_lost() -> None:
    gauge = taught(lessons(hidden_prompt, 1_000))
    saving = gauge.unsaved()
    assert gauge.unsaved() == {}
    gauge.learn(MODEL, Size(5_000.0, 0.0), 8_500, 9.0)
    gauge.adopt(saving)
    assert gauge.report()[0].samples == 2
    gauge.give_back(saving)
    assert [len(known.samples) for known in gauge.unsaved().values()] == [2]
