"""``python -m soak.run STREAMS``: many streams, and looks at what the gateway holds in between."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from soak.clients import Crowd
from soak.house import Held, House, opened

_LOOKS = 8
_MEMORY = 6 << 20  # bytes that may come on top once everything has been used
_FILES = 4  # beyond those of connections to the service, such as a log being turned


async def soak(home: Path, streams: int, *, at_once: int, seed: int = 1) -> list[Held]:
    """Raise AssertionError where something stays behind; gives what was held at each look."""
    with opened(home, seed=seed) as house:
        crowd = Crowd(house.port, seed)
        looks = [await _look(house, crowd, None)]
        for _ in range(_LOOKS):
            await crowd.call(streams // _LOOKS, at_once=at_once)
            looks.append(await _look(house, crowd, len(looks[0].tasks)))
    _judge(looks, crowd, at_once)
    return looks


async def _look(house: House, crowd: Crowd, tasks: int | None) -> Held:
    held = await house.at_rest(tasks)
    sys.stdout.write(
        f"{crowd.made:>7} streams  {held.memory / 2**20:6.1f} MB  {held.files:4} files "
        f" {len(held.tasks):3} tasks  {held.upstream:3} connections upstream  "
        f"{dict(crowd.outcomes)}\n"
    )
    sys.stdout.flush()
    return held


def _judge(looks: list[Held], crowd: Crowd, at_once: int) -> None:
    fresh, warm, last = looks[0], looks[_LOOKS // 2], looks[-1]
    assert set(last.tasks) <= set(fresh.tasks), (fresh.tasks, last.tasks)
    assert last.clients <= fresh.clients + _FILES, looks
    assert last.upstream <= at_once + _FILES, looks
    assert last.memory <= warm.memory + _MEMORY, looks
    outcomes = crowd.outcomes
    assert outcomes["left"] > 0.07 * crowd.made
    assert outcomes["streamed"] + outcomes["whole"] > 0.7 * crowd.made, outcomes


def main(streams: int) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(soak(Path(home), streams, at_once=100))
    sys.stdout.write(f"{time.monotonic() - began:.0f} seconds\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
