"""The two C programs: built when needed, run with a time limit."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from .cases import Case
from .processes import Broken, Process, pinned
from .proxies import Proxy
from .report import Sample
from .scripts import Script

_HERE = Path(__file__).resolve().parent.parent
_BUILT = _HERE / ".build"
_SETTLING = 0.05  # seconds a proxy gets to tidy up after the last stream, which belongs to it


def build() -> None:
    """Compile what is older than its source."""
    _BUILT.mkdir(exist_ok=True)
    sources = list((_HERE / "src").iterdir())
    newest = max(source.stat().st_mtime for source in sources)
    for source in sources:
        program = _BUILT / source.stem
        if source.suffix != ".c" or (program.exists() and program.stat().st_mtime > newest):
            continue
        argv = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source), "-lz"]
        try:
            subprocess.run(argv, check=True)
        except (FileNotFoundError, subprocess.CalledProcessError) as exc:
            raise Broken(f"cannot build {source.name}: needs cc and zlib's headers") from exc


def upstream(port: int, scripts: Path, home: Path, cpu: int | None) -> Process:
    return Process("upstream", [str(_BUILT / "upstream"), str(port), str(scripts)], port, home, cpu)


def measure(case: Case, script: Script, proxy: Proxy, body: Path, cpu: int | None) -> Sample:
    """Put the load on; what it cost.

    Raises:
        Broken: a stream was not what it had to be, or a process of the proxy came or went.
    """
    process = proxy.process
    tree, before = process.tree(), process.cpu_seconds()
    seen = _load(case, script, proxy, body, cpu)
    time.sleep(_SETTLING)
    cpu_used = process.cpu_seconds() - before
    if seen["good"] != case.streams:
        raise Broken(
            f"{case.name} through {proxy.name}: {seen['good']} of {case.streams} streams"
            f" were right; {seen['complaint']}\nlast words of {proxy.name}:\n{process.last_words}"
        )
    if process.tree() != tree:
        raise Broken(f"{case.name}: processes of {proxy.name} came or went, their time is unknown")
    first = seen["first_ms"]
    return Sample(
        cpu_used, seen["deltas"], case.streams, seen["seconds"], first["p50"], first["p99"]
    )


def _load(case: Case, script: Script, proxy: Proxy, body: Path, cpu: int | None) -> dict[str, Any]:
    text, tool = script.sums
    arguments = (
        proxy.process.port, proxy.path, body, proxy.reply, case.streams, case.at_once,
        round(case.ramp * 1000), case.limit, script.deltas, text, tool,
    )  # fmt: skip
    argv = pinned(cpu, [str(_BUILT / "client"), *map(str, arguments)])
    done = subprocess.run(argv, capture_output=True, text=True, timeout=case.limit + 10)
    if not done.stdout:
        raise Broken(f"the load client failed: {done.stderr.strip()}")
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
