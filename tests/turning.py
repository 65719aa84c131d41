"""A clock in the hand of a test."""

import asyncio
from collections.abc import Iterator

import pytest


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock a test turns."""

    now = 1000.0

    def time(self) -> float:
        return self.now

    def settle(self) -> None:
        """Let everything happen that is due now."""
        for _ in range(4):
            self.run_until_complete(asyncio.sleep(0))

    def turn(self, seconds: float) -> None:
        self.now += seconds
        self.settle()


@pytest.fixture(name="loop")
def turned() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()
