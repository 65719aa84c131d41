"""The trials, of no proxy at all: what they say of the load itself is known."""

import shutil
import time
from collections.abc import Iterator

import pytest

from measure.figures import Case
from measure.loads import Load
from measure.processes import Broken
from measure.proxies import Proxy, direct
from measure.runs import Stage, stage
from measure.trials import Held, Loaded, Slow, Stalled

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")

LOADED = Loaded("event", Load("twenty", streams=6, at_once=3, rate=200))
STALLED = Stalled(Load("twenty", 4, 4, rate=40), Load("one", 4, 1))
HELD = Held(Load("twenty", streams=30, at_once=30, rate=0.1), resting=0.05)
SLOW = Slow(Load("burst", streams=2, at_once=2, pause=0.2))


@pytest.fixture(scope="module")
def set_up() -> Iterator[Stage]:
    trials = (LOADED, STALLED, HELD, SLOW)
    with stage([Case("some", "", trial, ()) for trial in trials]) as ready:
        yield ready


@pytest.fixture
def bare(set_up: Stage) -> Proxy:
    return direct(set_up.upstream)


def test_what_is_paced_comes_at_its_pace(set_up: Stage, bare: Proxy) -> None:
    values = LOADED.measure(set_up, bare, "some")

    # Two rounds of twenty events, 5 ms apart.
    assert 60 < values["rate"] <= 700
    assert 5 <= values["gap_p50"] < 1000
    assert 0 < values["first_p50"] <= values["first_p99"]
    assert values["cpu"] > 0


def test_a_pause_is_what_is_beyond_the_pace(set_up: Stage, bare: Proxy) -> None:
    values = STALLED.measure(set_up, bare, "some")

    assert 0 <= values["pause"] < 1000


def test_a_pause_counts_only_while_the_streams_live(set_up: Stage, bare: Proxy) -> None:
    long = Stalled(Load("twenty", 1, 1), Load("twenty", 1, 1, rate=40))
    with pytest.raises(Broken, match="outlived"):
        long.measure(set_up, bare, "some")


def test_streams_are_held_open_and_let_go(set_up: Stage, bare: Proxy) -> None:
    began = time.perf_counter()

    values = HELD.measure(set_up, bare, "some")

    assert values["closed"] < 5
    assert set_up.playing() == 0
    # Played to its end at that pace, it would have taken 200 s.
    assert time.perf_counter() - began < 30


def test_who_reads_slowly_still_gets_everything(set_up: Stage, bare: Proxy) -> None:
    assert SLOW.measure(set_up, bare, "some")["each"] >= 0


def test_a_script_that_the_upstream_does_not_know_is_a_failure(set_up: Stage, bare: Proxy) -> None:
    other = Load("twenty", 1, 1, ask=lambda script, rate: b"play:other@0;")
    with pytest.raises(Broken, match="no script of that name"):
        Loaded("event", other).measure(set_up, bare, "some")
