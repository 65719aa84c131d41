"""A whole run: what is started, in which order it is put under load."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from . import proxies, scripts, tools
from .cases import CASES, Case
from .processes import Process, cpus, free_port
from .proxies import Proxy
from .report import Sample
from .scripts import Script

_WARM_UP = ("burst", "req", "cc150k")


@dataclass(frozen=True)
class Bench:
    """All that runs during a run: the gateway first, and nginx if there is one."""

    home: Path
    played: dict[str, Script]
    targets: Sequence[Proxy]
    load_cpu: int | None

    @property
    def gateway(self) -> Process:
        return self.targets[0].process

    def warm_up(self) -> None:
        """Let connections, caches and lazy imports be: they belong to no request."""
        for name in _WARM_UP:
            case = CASES[name]
            for proxy in self.targets:
                self.once(replace(case, streams=2 * case.at_once), proxy)

    def interleaved(self, cases: Sequence[Case], reps: int) -> dict[str, dict[str, list[Sample]]]:
        """Every case through every proxy, in turn: a noisy minute hits both."""
        samples: dict[str, dict[str, list[Sample]]] = {}
        for rep in range(reps):
            for case in cases:
                # A, B, then B, A: neither always finds the cache that the other left.
                for proxy in self.targets[:: 1 if rep % 2 == 0 else -1]:
                    of_case = samples.setdefault(case.name, {})
                    of_case.setdefault(proxy.name, []).append(self.once(case, proxy))
        return samples

    def once(self, case: Case, proxy: Proxy) -> Sample:
        body = self.home / f"{case.name}.request"
        if not body.exists():
            body.write_bytes(case.request)
        return tools.measure(case, self.played[case.script], proxy, body, self.load_cpu)


@contextmanager
def bench(command: str | None) -> Iterator[Bench]:
    """Everything started, with the gateway or *command* in its place."""
    tools.build()
    measured_cpu, load_cpu = cpus()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        played = scripts.write(home)
        port = free_port()
        stack.enter_context(tools.upstream(port, home, home, load_cpu))
        targets = [proxies.gateway(command, port, home / "gateway", measured_cpu)]
        if plain := proxies.nginx(port, home / "nginx", measured_cpu):
            targets.append(plain)
        for proxy in targets:
            stack.enter_context(proxy.process)
        yield Bench(home, played, targets, load_cpu)
