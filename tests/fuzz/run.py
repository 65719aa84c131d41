"""``python -m fuzz.run TARGET SECONDS``: one target, with inputs that find their own way.

With atheris (``pip install atheris``; not a dependency) coverage guides them. Without, they are
changed pieces of the corpus. What breaks the target is kept in the corpus, to be tried ever after.
"""

import hashlib
import importlib.util
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz.corpus import home, inputs, keep
from fuzz.mutating import mutated


def plainly(name: str, seconds: float) -> int:
    """Gives how many inputs broke it."""
    target, seeds = _target(name), list(inputs(name).values())
    seed = time.time_ns()
    chance, end, tried, met = random.Random(seed), time.monotonic() + seconds, 0, set[str]()
    while time.monotonic() < end:
        tried += 1
        data = mutated(seeds, chance)
        if (broken := _broken(target, data)) and broken not in met:
            met.add(broken)
            path = keep(name, f"found-{hashlib.sha256(data).hexdigest()[:8]}", data)
            sys.stdout.write(f"{name}: {broken} by {path}\n")
    sys.stdout.write(f"{name}: {tried} inputs, {len(met)} ways to break it (seed {seed})\n")
    return len(met)


def _broken(target: Callable[[bytes], None], data: bytes) -> str:
    """Where it breaks, as one word for all inputs that break it there."""
    try:
        target(data)
    except Exception as exc:  # noqa: BLE001 - whatever it is, it is what is looked for
        last = traceback.extract_tb(exc.__traceback__)[-1]
        return f"{type(exc).__name__} at {last.filename}:{last.lineno}"
    return ""


def guided(atheris: Any, name: str, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as corpus:
        for at, data in enumerate(inputs(name).values()):
            (Path(corpus) / str(at)).write_bytes(data)
        with atheris.instrument_imports(include=["amq2api"]):
            target = _target(name)
        words = [f"-max_total_time={int(seconds)}", f"-artifact_prefix={home(name)}/found-"]
        atheris.Setup([sys.argv[0], corpus, *words, "-timeout=10"], target)
        atheris.Fuzz()


def _target(name: str) -> Callable[[bytes], None]:
    # Not before atheris is ready to see how it is loaded.
    from fuzz.targets import TARGETS

    return TARGETS[name]


def main(name: str, seconds: str) -> None:
    if importlib.util.find_spec("atheris"):
        guided(importlib.import_module("atheris"), name, float(seconds))
    elif plainly(name, float(seconds)):
        raise SystemExit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
