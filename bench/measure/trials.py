"""The ways of finding out. Each gives the values that the figures of its cases are named for."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from . import tools
from .figures import Values
from .loads import Load
from .processes import Broken, Process
from .proxies import Proxy
from .runs import Stage

_SETTLING = 0.05  # seconds a proxy gets to tidy up after the last stream, which belongs to it


@dataclass(frozen=True)
class Loaded:
    """CPU time per event or per request, and when the first event came."""

    per: Literal["event", "request"]
    load: Load

    @property
    def loads(self) -> Sequence[Load]:
        return (self.load,)

    def measure(self, stage: Stage, proxy: Proxy, name: str) -> Values:
        with _steady(proxy.process, name):
            before = proxy.process.cpu_seconds()
            seen = tools.put(stage.job(self.load, proxy))
            time.sleep(_SETTLING)
            used = proxy.process.cpu_seconds() - before
        units = seen.events if self.per == "event" else seen.requests
        return {
            "cpu": used * 1e6 / units, "rate": units / seen.seconds,
            "first_p50": seen.first_p50, "first_p99": seen.first_p99,
            "gap_p50": seen.gap_p50, "gap_p99": seen.gap_p99,
        }  # fmt: skip


@dataclass(frozen=True)
class Stalled:
    """The longest that *streams* of a steady pace stood still while *heavy* was asked."""

    streams: Load
    heavy: Load

    @property
    def loads(self) -> Sequence[Load]:
        return (self.streams, self.heavy)

    def measure(self, stage: Stage, proxy: Proxy, name: str) -> Values:
        with tools.putting(stage.job(self.streams, proxy)) as running:
            running.await_open()
            tools.put(stage.job(self.heavy, proxy))
            if not running.runs:
                raise Broken(f"{name}: the heavy requests outlived the streams")
            seen = running.finish()
        return {"pause": seen.gap_most - 1000 / self.streams.rate}


@dataclass(frozen=True)
class Held:
    """What open streams that hardly say anything take, and what is left when they are gone.

    *resting* is the seconds after which a proxy has done what is to be done and freed what is free.
    """

    load: Load
    resting: float = 2.0

    @property
    def loads(self) -> Sequence[Load]:
        return (self.load,)

    def measure(self, stage: Stage, proxy: Proxy, name: str) -> Values:
        stage.warm_up(proxy)
        time.sleep(self.resting)
        before = proxy.process.megabytes()
        with tools.putting(stage.job(self.load, proxy)) as running:
            running.await_open()
            time.sleep(self.resting)
            during = proxy.process.megabytes()
            if (playing := stage.playing()) < self.load.streams:
                raise Broken(f"{name}: only {playing} of {self.load.streams} streams were open")
        left = time.perf_counter()
        while stage.playing():
            if time.perf_counter() > left + 30:
                raise Broken(f"{name}: {stage.playing()} streams are open 30 s after their end")
            time.sleep(0.02)
        closed = time.perf_counter() - left
        time.sleep(self.resting)
        return {
            "each": (during - before) * 1024 / self.load.streams, "closed": closed,
            "left": proxy.process.megabytes() - before,
        }  # fmt: skip


@dataclass(frozen=True)
class Slow:
    """The most memory that clients take which do not read what is sent to them."""

    load: Load

    @property
    def loads(self) -> Sequence[Load]:
        return (self.load,)

    def measure(self, stage: Stage, proxy: Proxy, name: str) -> Values:
        stage.warm_up(proxy)
        before = peak = proxy.process.megabytes()
        with tools.putting(stage.job(self.load, proxy)) as running:
            while running.runs:
                peak = max(peak, proxy.process.megabytes())
                time.sleep(0.03)
            running.finish()
        return {"each": (peak - before) * 1024 / self.load.streams}


@dataclass(frozen=True)
class Started:
    """How long a start takes, and what memory a proxy has that nobody has asked anything."""

    resting: float = 2.0

    @property
    def loads(self) -> Sequence[Load]:
        return ()

    def measure(self, stage: Stage, proxy: Proxy, name: str) -> Values:
        time.sleep(self.resting)
        return {"start": proxy.process.answered_after, "idle": proxy.process.megabytes()}


@dataclass(frozen=True)
class Workers:
    """What a second process adds. *proxy* is one process; its twin is started beside it.

    On a machine whose CPUs are shared with the load the clock cannot show what two processes
    could do. The CPU time of the busier one can: it is what a CPU of its own would take.
    """

    load: Load

    @property
    def loads(self) -> Sequence[Load]:
        return (self.load,)

    def measure(self, stage: Stage, proxy: Proxy, name: str) -> Values:
        alone, used_alone = self._through(stage, proxy, name)
        with stage.started(proxy.kind, pinned=False, workers=2) as twin:
            both, used_by_both = self._through(stage, twin, name)
        return {
            "capacity": max(used_alone) / max(used_by_both), "wall": alone / both,
            "share": 100 * max(used_by_both) / sum(used_by_both),
            "cost": sum(used_by_both) / sum(used_alone),
        }  # fmt: skip

    def _through(self, stage: Stage, proxy: Proxy, name: str) -> tuple[float, list[float]]:
        stage.warm_up(proxy)
        with _steady(proxy.process, name):
            before = proxy.process.cpu_seconds_each()
            seen = tools.put(stage.job(self.load, proxy))
            time.sleep(_SETTLING)
            after = proxy.process.cpu_seconds_each()
        return seen.seconds, [after[pid] - before[pid] for pid in after]


@contextmanager
def _steady(process: Process, name: str) -> Iterator[None]:
    """Raises Broken when processes came or went: their time is unknown."""
    tree = process.tree()
    yield
    if process.tree() != tree:
        raise Broken(f"{name}: processes of {process.name} came or went, their time is unknown")
