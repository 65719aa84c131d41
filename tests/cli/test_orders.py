"""What a serving process is told, by signals or by its parent."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest
import uvloop

from amq2api.cli.orders import CUT, RELOAD, STOP, UP, Orders


class Told:
    """Orders, and what they came to."""

    def __init__(self) -> None:
        self.what: list[str] = []
        self.orders = Orders(lambda: self.what.append("reload"))
        self.orders.when_cut(lambda: self.what.append("cut"))

    async def after(self, *steps: Callable[[], object]) -> list[str]:
        for step in steps:
            step()
            await asyncio.sleep(0.05)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.orders.to_stop(), 0.05)
            self.what.append("stop")
        return self.what


def sign(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


SIGNALS = {
    "asked to stop": ([signal.SIGTERM], ["stop"]),
    "Ctrl-C": ([signal.SIGINT], ["stop"]),
    "asked twice": ([signal.SIGTERM, signal.SIGINT], ["cut", "stop"]),
    "a new configuration": ([signal.SIGHUP, signal.SIGHUP], ["reload", "reload"]),
}


@pytest.mark.parametrize(("signs", "what"), SIGNALS.values(), ids=SIGNALS)
def test_signals(signs: list[int], what: list[str]) -> None:
    async def story() -> list[str]:
        told = Told()
        told.orders.by_signals()
        return await told.after(*map(sign, signs))

    assert asyncio.run(story()) == what


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system does not tell")
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_parent_that_goes_is_missed_even_where_its_line_stays(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def story() -> tuple[list[str], list[str]]:
        told = Told()
        with told.orders.by_parent(parent.pid):
            before = list(await told.after())
            return before, list(await told.after(parent.kill))

    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command) as parent, asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(story()) == ([], ["stop"])


def test_a_parent_that_is_not_there_is_no_mistake() -> None:
    async def story() -> list[str]:
        told = Told()
        with told.orders.by_parent(2**22 + 1):
            return await told.after()

    assert asyncio.run(story()) == []


WORDS = {
    "stop": (STOP, ["stop"]),
    "stop now": (CUT, ["cut", "stop"]),
    "several at once": (RELOAD + STOP + CUT, ["reload", "cut", "stop"]),
}


@pytest.mark.parametrize(("words", "what"), WORDS.values(), ids=WORDS)
def test_a_parent_s_words(words: bytes, what: list[str]) -> None:
    async def story() -> list[str]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            told = Told()
            told.orders.by_line(theirs)
            return await told.after(lambda: ours.send(words))

    assert asyncio.run(story()) == what


def test_a_parent_that_has_gone_is_a_reason_to_stop() -> None:
    async def story() -> list[str]:
        ours, theirs = socket.socketpair()
        with theirs:
            told = Told()
            told.orders.by_line(theirs)
            return await told.after(ours.close)

    assert asyncio.run(story()) == ["stop"]


def test_a_parent_that_was_killed_before_it_had_listened_is_one_too() -> None:
    async def story() -> list[str]:
        ours, theirs = socket.socketpair()
        with theirs:
            told = Told()
            theirs.send(UP)
            told.orders.by_line(theirs)
            return await told.after(ours.close)

    # On the loop that serves: what raises while it reads is never called again there.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(story()) == ["stop"]


def test_signals_that_all_processes_get_do_not_make_one_order_two() -> None:
    async def story() -> list[str]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            told = Told()
            told.orders.by_line(theirs)
            signs = (signal.SIGINT, signal.SIGTERM, signal.SIGTERM, signal.SIGINT)
            return await told.after(*map(sign, signs), lambda: ours.send(STOP))

    assert asyncio.run(story()) == ["stop"]


def test_without_settings_to_read_that_order_is_left_alone() -> None:
    async def story() -> None:
        before = signal.getsignal(signal.SIGHUP)
        Orders().by_signals()
        assert signal.getsignal(signal.SIGHUP) == before
        Orders().reload()

    asyncio.run(story())
