"""``GET /metrics``: the numbers in Prometheus' words, or OpenMetrics' for who asks for those.

prometheus_client knows how they are written. It is loaded when somebody first asks, and works
in a thread: streams go on meanwhile.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from amq2api.errors import WrongMethod
from amq2api.relay.families import BY_NAME, Family
from amq2api.relay.snapshots import Snapshot, Value

from .asgi import Answer, Receive, Scope, header

if TYPE_CHECKING:
    from prometheus_client import Metric

Collect: TypeAlias = Callable[[], Awaitable[Snapshot]]
"""The numbers of all processes that share the port."""
_OPEN = "application/openmetrics-text; version=1.0.0"
_Samples: TypeAlias = list[tuple[Sequence[str], Value]]


class TellMetrics:
    """The endpoint. One instance serves every request."""

    def __init__(self, collect: Collect) -> None:
        self._collect = collect

    async def __call__(self, scope: Scope, _receive: Receive, answer: Answer) -> None:
        """Answer one request.

        Raises:
            WrongMethod: it is neither GET nor HEAD.
        """
        if scope["method"] not in ("GET", "HEAD"):
            raise WrongMethod("Method Not Allowed", allowed=("GET", "HEAD"))
        snapshot = await self._collect()
        accept = header(scope, b"accept") or ""
        body, form = await asyncio.to_thread(rendered, snapshot, accept)
        headers = {"content-type": form, "request-id": answer.request_id}
        await answer.whole(200, headers, body, head=scope["method"] == "HEAD")


def rendered(snapshot: Snapshot, accept: str) -> tuple[bytes, str]:
    """The page and its content type: OpenMetrics where the ``Accept`` header names it."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    # Its own reading of the header fails on versions that are no numbers.
    wanted = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    encode, form = choose_encoder(_OPEN if _OPEN.partition(";")[0] in wanted else "")
    registry = CollectorRegistry()
    registry.register(_Collector(snapshot))
    return encode(registry), form


class _Collector:
    """A snapshot as prometheus_client wants it. Families without a number are left out."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._found: defaultdict[str, _Samples] = defaultdict(list)
        for name, labels, value in snapshot:
            self._found[name].append((labels, value))

    def describe(self) -> Iterator["Metric"]:
        """Nothing: else the registry collects once only to learn the names."""
        return iter(())

    def collect(self) -> Iterator["Metric"]:
        for name, family in BY_NAME.items():
            if samples := self._found.get(name):
                yield _metric(family, sorted(samples, key=lambda sample: tuple(sample[0])))


def _metric(family: Family, samples: _Samples) -> "Metric":
    from prometheus_client.metrics_core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        for labels, value in samples:
            assert isinstance(value, list)
            buckets = zip((*map(str, family.bounds), "+Inf"), accumulate(value[:-1]), strict=True)
            histogram.add_metric(labels, list(buckets), value[-1])
        return histogram
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(family.name, family.help, labels=family.labels)
    for labels, value in samples:
        assert not isinstance(value, list)
        metric.add_metric(labels, value)
    return metric
