"""Numbers for Prometheus: what came, what became of it, how long it took, how much it cost.

Own counters, because a call must not pay for locks: a dict and a few additions. What is given
out is plain data (snapshots.py), so that the numbers of several processes can be added up.
Every label takes its values from a list that is fixed before anybody calls; whatever else comes
is ``other``. A stranger who makes up names makes no series.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TypeAlias, get_args

from amq2api import errors
from amq2api.accounts.health import State
from amq2api.accounts.policy import Step
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError, Said

from .families import LENGTHS, TURNS, WAITS
from .records import Record
from .room import End, Place
from .snapshots import Row, Snapshot

Source: TypeAlias = Callable[[], Iterable[Row]]

OTHER = "other"

ENDPOINTS = {
    "/v1/messages": "messages",
    "/v1/messages/count_tokens": "count_tokens",
    "/v1/models": "models",
    "/health": "health",
    "/livez": "health",
    "/readyz": "health",
    "/metrics": "metrics",
    "/": "admin",
    "/admin": "admin",
    "/docs": "admin",
    "/openapi.json": "admin",
}
_BELOW = (("/v1/models/", "models"), ("/api/", "admin"), ("/static/", "admin"),
          ("/admin/", "admin"))  # fmt: skip

_STATUSES = {int(status): str(int(status)) for status in HTTPStatus}
_FAILURES = frozenset(
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, GatewayError)
)
_OUTCOMES = frozenset({*get_args(m.StopReason), "abandoned"}) | _FAILURES
_EXCEPTIONS = frozenset(name for name, _ in q.VERDICTS if name is not None)
_REASONS = frozenset(reason for _, reason in q.VERDICTS if reason is not None)
_STEPS = frozenset(get_args(Step))
_STATES: tuple[State, ...] = get_args(State)
_MOST_MODELS = 64  # the service has a dozen
_MOST_ANSWERS = 200  # of status, exception and reason; some fifty have been seen


def known(value: str, values: frozenset[str]) -> str:
    return value if value in values else OTHER


def endpoint(path: str) -> str:
    """What a request asks for."""
    if (name := ENDPOINTS.get(path)) is not None:
        return name
    return next((name for start, name in _BELOW if path.startswith(start)), OTHER)


class Metrics:
    """The counters of one process. Belongs to one event loop.

    Args:
        model: The service's name for the model that a client means, or None for one that the
            service has not told of.
    """

    def __init__(self, model: Callable[[str], str | None] = lambda _: None) -> None:
        self._model = model
        self._models: dict[str, str] = {}
        """Labels by the names that clients use; of models only, so never many."""
        self._labels = {model.model_id for model in q.BUILT_IN}
        self._counts: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self._answers: set[tuple[str, str, str]] = set()
        self._waits: dict[tuple[str, ...], list[float]] = {}
        self.sources: list[Source] = []
        """Asked for more rows at each snapshot: what is counted elsewhere, or not at all."""

    def answered(self, path: str, status: int) -> None:
        """An HTTP request got its answer; 0 for one whose client left before."""
        code = "none" if status == 0 else _STATUSES.get(status, OTHER)
        self._counts["amq2api_http_requests_total", endpoint(path), code] += 1

    def asked(self, failure: GatewayError | None) -> None:
        """The service began to answer a request, or it failed before."""
        said = _said(failure)
        if said not in self._answers:
            # Each name may be one that we know, and a service that lies put them together anyhow.
            if len(self._answers) >= _MOST_ANSWERS:
                said = (OTHER, OTHER, OTHER)
            self._answers.add(said)
        self._counts["amq2api_upstream_answers_total", *said] += 1

    def again(self, step: str, failure: GatewayError) -> None:
        """Policy has a call go on after *failure*."""
        name = type(failure).__name__
        key = ("amq2api_retries_total", known(step, _STEPS), known(name, _FAILURES))
        self._counts[key] += 1

    def refreshed(self, failure: GatewayError | None) -> None:
        """An access token was renewed, or not."""
        outcome = "renewed" if failure is None else known(type(failure).__name__, _FAILURES)
        self._counts["amq2api_refreshes_total", outcome] += 1

    def waited(self, place: Place, end: End, seconds: float) -> None:
        """A call found no free place; see ``room.Heard``."""
        self._observe(("amq2api_queue_seconds", place, end), TURNS, seconds)

    def ended(self, record: Record) -> None:
        """A call is over."""
        counts, outcome = self._counts, known(record.outcome, _OUTCOMES)
        counts["amq2api_calls_total", outcome, "true" if record.stream else "false"] += 1
        result = "ok" if record.ok else "abandoned" if outcome == "abandoned" else "failed"
        self._observe(("amq2api_call_seconds", result), LENGTHS, record.seconds)
        if outcome == errors.RunawayStopped.__name__:
            counts["amq2api_runaway_stops_total",] += 1
        if record.gap is not None:
            self._observe(("amq2api_stream_gap_seconds",), WAITS, record.gap)
        if record.first is None:
            return
        self._observe(("amq2api_first_event_seconds",), WAITS, record.first)
        if result == "failed":
            counts["amq2api_truncated_streams_total", known(outcome, _FAILURES)] += 1
        model = self._models.get(record.model) or self._label(record.model)
        counts["amq2api_tokens_total", model, "input"] += record.input_tokens
        counts["amq2api_tokens_total", model, "output"] += record.output_tokens
        if record.credits:
            counts["amq2api_credits_total", model] += record.credits

    def snapshot(self) -> Snapshot:
        """All numbers as they stand; safe to keep and to send."""
        rows: Snapshot = [(key[0], key[1:], value) for key, value in self._counts.items()]
        rows += [(key[0], key[1:], list(value)) for key, value in self._waits.items()]
        return [*rows, *(row for source in self.sources for row in source())]

    def _observe(self, key: tuple[str, ...], bounds: tuple[float, ...], seconds: float) -> None:
        buckets = self._waits.get(key)
        if buckets is None:
            buckets = self._waits[key] = [0.0] * (len(bounds) + 2)
        buckets[bisect_left(bounds, seconds)] += 1
        buckets[-1] += seconds

    def _label(self, name: str) -> str:
        label = self._model(name)
        if label is None or (label not in self._labels and len(self._labels) >= _MOST_MODELS):
            return OTHER
        self._labels.add(label)
        if len(self._models) < 4 * _MOST_MODELS:
            self._models[name] = label
        return label


def states(found: Iterable[State]) -> list[Row]:
    """How many accounts fare in each way."""
    counted = dict.fromkeys(_STATES, 0.0)
    for state in found:
        counted[state] += 1
    return [("amq2api_accounts", (state,), count) for state, count in counted.items()]


def _said(failure: GatewayError | None) -> tuple[str, str, str]:
    if failure is None:
        return "200", "", ""
    kind, said = known(type(failure).__name__, _FAILURES), failure.said
    if said is None:
        return "none", kind, ""
    return _STATUSES.get(said.status, OTHER), *_exception(said, kind)


def _exception(said: Said, kind: str) -> tuple[str, str]:
    """As the service named it, where that is a name of ours, too."""
    exception = known(said.exception, _EXCEPTIONS) if said.exception else kind
    return exception, known(said.reason, _REASONS) if said.reason else ""
