"""How far estimates of tokens are off, learned by model from what the service tells.

Behind every call the service puts a prompt of its own, and its tokenizers are not published: what
a call takes is taken to be ``offset + slope × text + images``, the two numbers fitted to the
counts that came with earlier replies (upstream-protocol.md 3.4). Both stay within bounds, so a
count is never zero, constant or smaller for more text, whatever was learned. A count that nothing
explains, such as one from a window that is not the model's, is left out; single odd ones hardly
weigh.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from statistics import median
from typing import NamedTuple, TypeVar

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
_FORETOLD = 0.005  # of a count; how far off an estimate may be that the line foretold


class Sample(NamedTuple):
    """One call: its text as it was estimated, and what it took, images taken off."""

    text: float
    tokens: float


class Known(msgspec.Struct, frozen=True):
    """What was learned of one model."""

    samples: tuple[Sample, ...] = ()
    """From small to large; of one size, in the order of learning."""
    errors: tuple[float, ...] = ()
    """How far off predictions were, as shares of what came."""
    updated_at: float = 0.0
    """Unix time in seconds."""


Knowledge = Mapping[str, Known]


class Fit(NamedTuple):
    offset: float = 0.0
    slope: float = 1.0


_UNLEARNED = Fit()


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
        self._unsaved: dict[str, _Kept] = {}

    def count(self, size: Size, model_id: str) -> int:
        """The tokens of a call of this size."""
        model = self._models.get(model_id)
        offset, slope = model.fit if model is not None else _UNLEARNED
        return max(1, ceil(offset + slope * size.text + size.images))

    def learn(self, model_id: str, size: Size, input_tokens: int, at: float) -> None:
        """Take in what the service counted for a call of this size, at this Unix time."""
        if input_tokens < _TINY:
            return
        sample = Sample(round(size.text, 1), round(input_tokens - size.images, 1))
        if not _plausible(sample) or len(model_id) > _LONGEST_NAME:
            return
        error = round(abs(self.count(size, model_id) - input_tokens) / input_tokens, 4)
        _of(self._unsaved, model_id, _Kept).add(sample, error, at)
        _of(self._models, model_id, _Model).learn(sample, error, at)

    def report(self) -> list[Report]:
        """What is known, the model that was asked last first."""
        models = sorted(self._models.items(), key=lambda one: -one[1].updated_at)
        return [_report(name, model) for name, model in models]

    def unsaved(self) -> Knowledge:
        """What was learned since this was asked last. Whoever cannot keep it gives it back."""
        unsaved, self._unsaved = self._unsaved, {}
        return {name: kept.known() for name, kept in unsaved.items()}

    def give_back(self, unsaved: Knowledge) -> None:
        later = self.unsaved()
        self._unsaved = _kept(unsaved, later)

    def adopt(self, saved: Knowledge) -> None:
        """Know what is in a file, which others may have written, and what is not there yet."""
        unsaved = {name: kept.known() for name, kept in self._unsaved.items()}
        self._models = {name: _Model(kept) for name, kept in _kept(saved, unsaved).items()}


class _Kept:
    """One model's samples, the latest of every size, and the latest errors."""

    __slots__ = ("errors", "sizes", "updated_at")

    def __init__(self) -> None:
        self.sizes: dict[int, deque[Sample]] = {}
        self.errors: deque[float] = deque(maxlen=_ERRORS)
        self.updated_at = 0.0

    def add(self, sample: Sample, error: float, at: float) -> None:
        """The latest of all; *error* is how far off the prediction for it was."""
        self._put(sample)
        self.errors.append(error)
        self.updated_at = at

    def take(self, known: Known) -> None:
        for sample in known.samples:
            if _plausible(sample):
                self._put(sample)
        self.errors.extend(known.errors)
        self.updated_at = max(self.updated_at, known.updated_at)

    def known(self) -> Known:
        return Known(tuple(self.samples()), tuple(self.errors), self.updated_at)

    def samples(self) -> list[Sample]:
        return [sample for size in sorted(self.sizes) for sample in self.sizes[size]]

    def _put(self, sample: Sample) -> None:
        size = int(sample.text).bit_length()
        if (alike := self.sizes.get(size)) is None:
            alike = self.sizes[size] = deque(maxlen=_PER_SIZE)
        alike.append(sample)


class _Model:
    """What is kept of a model, and what it comes to."""

    __slots__ = ("_stale", "fit", "kept")

    def __init__(self, kept: _Kept | None = None) -> None:
        self.kept = kept or _Kept()
        self.fit = fitted(self.kept.samples())
        self._stale = 0

    @property
    def updated_at(self) -> float:
        return self.kept.updated_at

    def learn(self, sample: Sample, error: float, at: float) -> None:
        self.kept.add(sample, error, at)
        self._stale += 1
        # With many samples one more changes little, one that was foretold changes nothing, and
        # fitting takes a third of a millisecond.
        if error > _FORETOLD and self._stale >= sum(map(len, self.kept.sizes.values())) // 4:
            self.fit, self._stale = fitted(self.kept.samples()), 0


_Dated = TypeVar("_Dated", _Kept, _Model)


def combined(known: Knowledge, news: Knowledge) -> dict[str, Known]:
    """Both, *news* being the later, within the bounds of what is kept."""
    return {name: kept.known() for name, kept in _kept(known, news).items()}


def _kept(*parts: Knowledge) -> dict[str, _Kept]:
    """The later parts last."""
    both: dict[str, _Kept] = {}
    for part in parts:
        for model_id, known in part.items():
            both.setdefault(model_id, _Kept()).take(known)
    for model_id in sorted(both, key=lambda name: both[name].updated_at)[:-_MOST_MODELS]:
        del both[model_id]
    return both


def _of(models: dict[str, _Dated], model_id: str, new: Callable[[], _Dated]) -> _Dated:
    """This model's entry; a new one takes the place of the oldest where there are too many."""
    if (found := models.get(model_id)) is None:
        if len(models) >= _MOST_MODELS:
            del models[min(models, key=lambda name: models[name].updated_at)]
        found = models[model_id] = new()
    return found


def fitted(samples: Sequence[Sample]) -> Fit:
    """The line through *samples*: least squares, but what is far from the line hardly weighs."""
    if len(samples) < _ENOUGH:
        return Fit()
    fit = _beginning(samples)
    for _ in range(_ROUNDS):
        before = fit
        fit = _line((sample, _weight(sample, fit)) for sample in samples)
        if abs(fit.slope - before.slope) < 1e-3 and abs(fit.offset - before.offset) < 1:
            break
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


def _report(name: str, model: _Model) -> Report:
    errors = model.kept.errors
    error = round(median(errors), 4) if errors else None
    return Report(name, len(model.kept.samples()), *model.fit, error, model.updated_at)
