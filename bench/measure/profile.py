"""Where a case's time goes: py-spy's samples of the gateway under load, summed up.

py-spy is no dependency. It is looked for in PATH and beside this Python.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .cases import CASES
from .processes import Broken
from .proxies import Proxy
from .runs import Stage, stage

NO_PY_SPY = "py-spy is not installed (pip install py-spy, in any environment that PATH names)"
_RATE = 400  # samples a second
# Threads of a pool that wait for work are no work, though py-spy takes them for busy.
_WAITING = re.compile(r"^_worker \(concurrent/futures/thread\.py")


@dataclass(frozen=True)
class Spent:
    """Shares of all samples, by function: *own* without what it called, *whole* with it."""

    samples: int
    own: Counter[str]
    whole: Counter[str]

    def lines(self, most: int) -> Iterator[str]:
        """A Markdown table of the *most* expensive."""
        yield "| own | where | with callees | where |"
        yield "|---|---|---|---|"
        # What holds nearly everything tells nothing: the interpreter's and the loop's frames.
        whole = [(name, n) for name, n in self.whole.most_common() if n < 0.97 * self.samples]
        for (mine, n), (with_callees, m) in zip(
            self.own.most_common(most), whole[:most], strict=False
        ):
            yield f"| {self._share(n)} | {mine} | {self._share(m)} | {with_callees} |"

    def _share(self, count: int) -> str:
        return f"{100 * count / self.samples:.1f} %"


def spent(lines: Iterable[str]) -> Spent:
    """Sum up py-spy's raw format: a stack, outermost frame first, and how often it was seen."""
    own, whole = Counter[str](), Counter[str]()
    total = 0
    for line in lines:
        stack, _, seen = line.rpartition(" ")
        frames = stack.split(";")
        if not stack or _WAITING.match(frames[-1]):
            continue
        names = [_function(frame) for frame in frames]
        total += int(seen)
        own[names[-1]] += int(seen)
        for name in set(names):
            whole[name] += int(seen)
    return Spent(max(total, 1), own, whole)


def main() -> int:
    options = _options()
    program = shutil.which("py-spy") or shutil.which(
        "py-spy", path=str(Path(sys.executable).parent)
    )
    if program is None:
        print(NO_PY_SPY, file=sys.stderr)
        return 1
    try:
        with stage([CASES[name] for name in options.cases], options.gateway) as set_up:
            for case in options.cases:
                samples = _record(program, set_up, case, options.seconds)
                print(f"## {case}\n", *spent(samples).lines(options.most), "", sep="\n")
    except Broken as exc:
        print(f"FAILED: {exc}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    names = [case.name for case in CASES.values() if not case.own]
    parser = argparse.ArgumentParser(
        prog="scripts/profile", description="Where the gateway's time goes under a case's load."
    )
    parser.add_argument("cases", nargs="+", metavar="CASE", choices=names, help=", ".join(names))
    parser.add_argument("--seconds", type=int, default=15, help="of each case (default 15)")
    parser.add_argument("--most", type=int, default=25, help="lines of each table (default 25)")
    parser.add_argument(
        "--gateway", metavar="COMMAND", help="instead of amq2api serve, as bench/run takes it"
    )
    return parser.parse_args()


def _record(program: str, set_up: Stage, name: str, seconds: int) -> list[str]:
    with (
        set_up.started(next(kind for kind in set_up.kinds if kind.is_gateway)) as proxy,
        tempfile.NamedTemporaryFile(prefix="profile-") as samples,
    ):
        set_up.warm_up(proxy)
        argv = [
            program, "record", "--pid", str(proxy.process.pid), "--duration", str(seconds),
            "--rate", str(_RATE), "--format", "raw", "--output", samples.name,
        ]  # fmt: skip
        said = Path(f"{samples.name}.log")
        try:
            with said.open("wb") as log:
                recorder = subprocess.Popen(argv, stdout=log, stderr=log)
                _keep_busy(set_up, proxy, name, recorder)
            if recorder.returncode:
                raise Broken(f"py-spy: {said.read_text(errors='replace').strip()[-500:]}")
        finally:
            said.unlink()
        return Path(samples.name).read_text().splitlines()


def _keep_busy(set_up: Stage, proxy: Proxy, name: str, recorder: subprocess.Popen[bytes]) -> None:
    trial = CASES[name].trial
    try:
        while recorder.poll() is None:
            trial.measure(set_up, proxy, name)
    finally:
        if recorder.poll() is None:
            recorder.terminate()
        recorder.wait()


def _function(frame: str) -> str:
    """The frame without its line, its file from the package on."""
    match = re.match(r"(.*) \((?:.*/(?:site-packages|src)/)?(.*?)(?::\d+)?\)$", frame)
    return f"{match[1]} ({match[2]})" if match else frame


if __name__ == "__main__":
    sys.exit(main())
