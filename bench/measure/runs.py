"""A whole run: what is started, in which order it is put under load."""

import http.client
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import proxies, scripts, tools
from .figures import Case, Values
from .loads import Load
from .processes import Process, cpus, free_port
from .proxies import Kind, Place, Proxy
from .requests import small
from .scripts import Script

_WARM_UP = (Load("burst", 8, 4), Load("one", 8, 4, ask=small))


@dataclass(frozen=True)
class Stage:
    """All that there is during a run: the upstream, and what may stand before it."""

    home: Path
    played: Mapping[str, Script]
    upstream: Process
    kinds: Sequence[Kind]
    cpu: int | None
    load_cpu: int | None
    _bodies: dict[Load, Path] = field(default_factory=dict)

    def job(self, load: Load, proxy: Proxy) -> tools.Job:
        """The client's job, its request written down."""
        if load not in self._bodies:
            body = self.home / f"{len(self._bodies)}.request"
            body.write_bytes(load.request)
            self._bodies[load] = body
        return tools.Job(load, self.played[load.script], proxy, self._bodies[load], self.load_cpu)

    def warm_up(self, proxy: Proxy, *more: Load) -> None:
        """Let connections, caches and lazy imports be: they belong to no request."""
        for load in (*_WARM_UP, *more):
            tools.put(self.job(load, proxy))

    def playing(self) -> int:
        """How many answers the upstream has under way."""
        asking = http.client.HTTPConnection("127.0.0.1", self.upstream.port, timeout=5)
        try:
            asking.request("GET", "/playing")
            return int(asking.getresponse().read())
        finally:
            asking.close()

    @contextmanager
    def started(self, kind: Kind, pinned: bool = True, workers: int = 1) -> Iterator[Proxy]:
        """A proxy that runs for as long as the block does, in a directory of its own."""
        cpu = self.cpu if pinned else None
        home = Path(tempfile.mkdtemp(prefix=f"{kind.name}-", dir=self.home))
        place = Place(free_port(), home, self.upstream.port, cpu, workers)
        with kind.process(place) as process:
            yield Proxy(kind, process)


@contextmanager
def stage(
    cases: Iterable[Case], command: str | None = None, beside: Mapping[str, str] | None = None
) -> Iterator[Stage]:
    """The upstream, and kinds to measure: the gateway (or *command*) and others *beside* it."""
    tools.build()
    cpu, load_cpu = cpus()
    kinds = [proxies.gateway(command), *(proxies.gateway(c, n) for n, c in (beside or {}).items())]
    if plain := proxies.nginx():
        kinds.append(plain)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        loads = [*_WARM_UP, *(load for case in cases for load in case.trial.loads)]
        played = scripts.write(home, {load.script for load in loads})
        upstream = stack.enter_context(tools.upstream(free_port(), home, home, load_cpu))
        yield Stage(home, played, upstream, kinds, cpu, load_cpu)


@contextmanager
def running(stage: Stage, cases: Sequence[Case]) -> Iterator[list[Proxy]]:
    """One of every kind, warmed up, and none at all; nothing when no case wants them."""
    with ExitStack() as stack:
        if all(case.own for case in cases):
            yield []
            return
        live = [stack.enter_context(stage.started(kind)) for kind in stage.kinds]
        loads = [load for case in cases if not case.own for load in case.trial.loads]
        for proxy in live:
            stage.warm_up(proxy, *(_trimmed(load) for load in loads if not load.rate))
        yield [*live, proxies.direct(stage.upstream)]


def interleaved(
    stage: Stage, live: Sequence[Proxy], cases: Sequence[Case], reps: int
) -> dict[str, dict[str, list[Values]]]:
    """Every case through every proxy, in turn: a noisy minute hits all."""
    samples: dict[str, dict[str, list[Values]]] = {}
    for rep in range(reps):
        for case in cases:
            # A, B, then B, A: neither always finds the cache that the other left.
            order = 1 if rep % 2 == 0 else -1
            for name, values in _tried(stage, live, case, order):
                samples.setdefault(case.name, {}).setdefault(name, []).append(values)
    return samples


def _tried(
    stage: Stage, live: Sequence[Proxy], case: Case, order: int
) -> Iterator[tuple[str, Values]]:
    if not case.own:
        for proxy in live[::order]:
            yield proxy.name, case.trial.measure(stage, proxy, case.name)
        return
    for kind in stage.kinds[::order]:
        if kind.is_gateway or not case.gateways_only:
            with stage.started(kind, pinned=not case.gateways_only) as proxy:
                yield kind.name, case.trial.measure(stage, proxy, case.name)


def _trimmed(load: Load) -> Load:
    """A little of it, to get used to it."""
    return replace(load, streams=min(load.streams, 2 * min(load.at_once, 4)), ramp=0)
