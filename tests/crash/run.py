"""``python -m crash.run KILLS``: that many processes killed, half of them with sealed files."""

import dataclasses
import sys
import tempfile
import time
from pathlib import Path

from crash.harness import Harness, Tally, ready
from crash.victim import Order

_FEW = 0.02
"""Of the kills: how many may fall between the last byte of an answer and the note of it. Here
refreshes never pause and threads compete for the interpreter, which makes of microseconds some
milliseconds; a gateway renews a token once an hour."""


def killed(harness: Harness, kills: int) -> Tally:
    for seed in range(kills):
        harness.kill(Order(seed, harness.key), after=harness.chance.uniform(0.02, 0.6))
    return harness.tally


def main(kills: int) -> None:
    lost = 0
    for key in ("", "one long passphrase"):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as home, ready(Path(home), key=key) as harness:
            tally = killed(harness, kills // 2)
        found = ", ".join(f"{name} {n}" for name, n in dataclasses.asdict(tally).items())
        kept = "sealed" if key else "in plain"
        sys.stdout.write(f"{kept}: {found}; {time.monotonic() - began:.0f} seconds\n")
        lost += tally.dropped
    if lost > max(1, _FEW * kills):
        raise SystemExit(f"{lost} tokens were heard of and lost")


if __name__ == "__main__":
    main(int(sys.argv[1]))
