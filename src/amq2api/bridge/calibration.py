"""How far estimates of tokens are off, learned by model from what the service tells.

Behind every call the service puts a prompt of its own, and its tokenizers are not published: what
a call takes is taken to be ``offset + slope × text + images``, the two numbers fitted to the
counts that came with earlier replies (upstream-protocol.md 3.4). Both stay within bounds, so a
count is never zero, constant or smaller for more text, whatever was learned. A count that nothing
explains, such as one from a window that is not the model's, is left out; single odd ones hardly
weigh.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from statistics import median
from typing import NamedTuple

import msgspec

from .tokens import Size

__all__ = ["Calibrations", "Fit", "Knowledge", "Known", "Report", "combined", "fitted"]

_MOST_MODELS = 100
_LONGEST_NAME = 200
# So many samples of every size are kept, twice the text being another size: a long session of
# large calls must not push out what small ones taught.
_PER_SIZE = 8
_ERRORS = 50
_ENOUGH = 3  # samples before anything is believed

_OFFSETS = (0.0, 12_000.0)
_SLOPES = (0.5, 2.0)
# Beyond these no call is plausible; twelve thousand tokens is the largest prompt allowed for.
_LEAST, _MOST = 0.4, 2.5
_TINY, _LARGEST = 50, 1e8  # tokens; less is noise, and more is no call

# What is believed without samples, and how firmly: as much as one sample that is off by so much.
_OFFSET_GUESS = 3_000.0
_SLOPE_GUESS = 0.25
_NOISE, _NOISE_AT_LEAST = 0.04, 40.0
_CARES = 3.0  # deviations beyond which a sample counts less and less
_ROUNDS = 8


class Sample(NamedTuple):
    """One call: its text as it was estimated, and what it took, images taken off."""

    text: float
    tokens: float


class Known(msgspec.Struct, frozen=True):
    """What was learned of one model, in the order of learning."""

    samples: tuple[Sample, ...] = ()
    errors: tuple[float, ...] = ()
    """How far off predictions were, as shares of what came."""
    updated_at: float = 0.0
    """Unix time in seconds."""


Knowledge = Mapping[str, Known]


class Fit(NamedTuple):
    offset: float = 0.0
    slope: float = 1.0


class Report(msgspec.Struct, frozen=True):
    """What is told of one model."""

    model: str
    samples: int
    offset: float
    """Tokens that every call takes beside its own."""
    slope: float
    """Tokens to one that was estimated."""
    error: float | None
    """Median of how far off the latest predictions were, made before what came was known."""
    updated_at: float


class Calibrations:
    """A gauge that learns. Belongs to one event loop; waits for nothing."""

    def __init__(self) -> None:
        self._models: dict[str, _Model] = {}
        self._unsaved: dict[str, Known] = {}

    def count(self, size: Size, model_id: str) -> int:
        """The tokens of a call of this size."""
        known = self._models.get(model_id)
        offset, slope = known.fit if known is not None else Fit()
        return max(1, ceil(offset + slope * size.text + size.images))

    def learn(self, model_id: str, size: Size, input_tokens: int, at: float) -> None:
        """Take in what the service counted for a call of this size, at this Unix time."""
        sample = Sample(round(size.text, 1), round(input_tokens - size.images, 1))
        if input_tokens < _TINY or not _plausible(sample) or len(model_id) > _LONGEST_NAME:
            return
        error = round(abs(self.count(size, model_id) - input_tokens) / input_tokens, 4)
        news = Known((sample,), (error,), at)
        self._unsaved = combined(self._unsaved, {model_id: news})
        self._model(model_id).take(news)

    def report(self) -> list[Report]:
        """What is known, the model that was asked last first."""
        models = sorted(self._models.items(), key=lambda one: -one[1].known.updated_at)
        return [_report(name, model) for name, model in models]

    def unsaved(self) -> Knowledge:
        """What was learned since this was asked last. Whoever cannot keep it gives it back."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved

    def give_back(self, unsaved: Knowledge) -> None:
        self._unsaved = combined(unsaved, self._unsaved)

    def adopt(self, saved: Knowledge) -> None:
        """Know what is in a file, which others may have written, and what is not there yet."""
        self._models = {}
        for model_id, known in combined(saved, self._unsaved).items():
            self._model(model_id).take(known)

    def _model(self, model_id: str) -> "_Model":
        if model_id not in self._models and len(self._models) >= _MOST_MODELS:
            del self._models[_oldest({n: each.known for n, each in self._models.items()})]
        return self._models.setdefault(model_id, _Model())


class _Model:
    """One model's samples and what they come to."""

    __slots__ = ("_stale", "fit", "known")

    def __init__(self) -> None:
        self.known = Known()
        self.fit = Fit()
        self._stale = 0

    def take(self, news: Known) -> None:
        self.known = _joined(self.known, news)
        self._stale += len(news.samples)
        # With many samples one more changes little, and fitting takes a fifth of a millisecond.
        if self._stale > len(self.known.samples) // 8:
            self.fit, self._stale = fitted(self.known.samples), 0


def combined(known: Knowledge, news: Knowledge) -> dict[str, Known]:
    """Both, *news* being the later, within the bounds of what is kept."""
    both = {**known}
    for model_id, later in news.items():
        both[model_id] = _joined(both.get(model_id, Known()), later)
    while len(both) > _MOST_MODELS:
        del both[_oldest(both)]
    return both


def _joined(known: Known, news: Known) -> Known:
    samples = [sample for sample in (*known.samples, *news.samples) if _plausible(sample)]
    return Known(
        samples=tuple(_spread(samples)),
        errors=(*known.errors, *news.errors)[-_ERRORS:],
        updated_at=max(known.updated_at, news.updated_at),
    )


def _spread(samples: Sequence[Sample]) -> Iterator[Sample]:
    """The latest of every size, in the same order."""
    left: dict[int, int] = {}
    kept: deque[Sample] = deque()
    for sample in reversed(samples):
        size = int(sample.text).bit_length()
        left[size] = left.get(size, _PER_SIZE) - 1
        if left[size] >= 0:
            kept.appendleft(sample)
    return iter(kept)


def fitted(samples: Sequence[Sample]) -> Fit:
    """The line through *samples*: least squares, but what is far from the line hardly weighs."""
    if len(samples) < _ENOUGH:
        return Fit()
    fit = _beginning(samples)
    for _ in range(_ROUNDS):
        fit = _line((sample, _weight(sample, fit)) for sample in samples)
    return Fit(round(fit.offset, 1), round(fit.slope, 4))


def _beginning(samples: Sequence[Sample]) -> Fit:
    """A line that odd samples cannot move: the slope of the larger half, the offset of all."""
    larger = sorted(samples)[len(samples) // 2 :]
    slope = _within(median(each.tokens / max(each.text, 1.0) for each in larger), _SLOPES)
    offset = median(each.tokens - slope * each.text for each in samples)
    return Fit(_within(offset, _OFFSETS), slope)


def _weight(sample: Sample, fit: Fit) -> float:
    expected = fit.offset + fit.slope * sample.text
    noise = _NOISE * expected + _NOISE_AT_LEAST
    off = abs(sample.tokens - expected) / noise
    return (1.0 if off <= _CARES else (_CARES / off) ** 2) / noise**2


def _line(weighted: Iterable[tuple[Sample, float]]) -> Fit:
    """Weighted least squares, drawn towards what is believed without samples."""
    n, x, xx, y, xy = 1 / _OFFSET_GUESS**2, 0.0, 1 / _SLOPE_GUESS**2, 0.0, 1 / _SLOPE_GUESS**2
    for (text, tokens), weight in weighted:
        n += weight
        x += weight * text
        xx += weight * text * text
        y += weight * tokens
        xy += weight * text * tokens
    slope = _within((n * xy - x * y) / (n * xx - x * x), _SLOPES)
    offset = (y - slope * x) / n
    if offset == (kept := _within(offset, _OFFSETS)):
        return Fit(offset, slope)
    return Fit(kept, _within((xy - kept * x) / xx, _SLOPES))


def _plausible(sample: Sample) -> bool:
    text, tokens = sample
    return 0 < text <= _LARGEST and _LEAST * text <= tokens <= _MOST * text + _OFFSETS[1]


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _oldest(known: Knowledge) -> str:
    return min(known, key=lambda name: known[name].updated_at)


def _report(name: str, model: _Model) -> Report:
    known = model.known
    error = round(median(known.errors), 4) if known.errors else None
    return Report(name, len(known.samples), *model.fit, error, known.updated_at)
