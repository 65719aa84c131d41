"""When a client has used up its time: the rules alone, without any clock or connection."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.web.patience import Limits, Reading, judge

LIMITS = Limits(head_time=20, client_timeout=120, body_time=4000, idle_time=75, linger=5)


@dataclass
class Client:
    """A connection as its test wants it."""

    reading: Reading = "nothing"
    answering: bool = False
    lingering: bool = False
    unheeded: bool = False
    number: int = 1
    received: int = 0
    waits: int = 0
    written: int = 0
    mark: tuple[int, object] = (0, None)
    since: float = 0.0
    began: float = 0.0
    taken: int = 0
    drained: float = 0.0
    verdicts: list[str] = field(default_factory=list)

    def progress(self) -> tuple[int, object]:
        return self.number, (self.reading, self.received, self.answering, self.lingering)

    def unsent(self) -> tuple[int, int]:
        return self.waits, self.written - self.waits

    def expire(self) -> None:
        self.verdicts.append("expired")

    def abort(self) -> None:
        self.verdicts.append("aborted")


def left_alone(client: Client, most: float = 500.0) -> tuple[str, float]:
    """What becomes of it, and when, if nothing happens any more; a look every second."""
    now = 0.0
    while now < most and not client.verdicts:
        judge(client, now, LIMITS)
        now += 1
    return (*client.verdicts, "stays")[0], now - 1


ENDS: dict[str, tuple[Client, str, float]] = {
    "nothing is asked": (Client(), "expired", 75),
    "a head": (Client(reading="head"), "expired", 20),
    "a head, behind a call": (Client(reading="head", answering=True), "expired", 20),
    "a body": (Client(reading="body", answering=True, received=9), "expired", 120),
    "a body that we leave where it is": (
        Client(reading="body", answering=True, unheeded=True), "stays", 499,
    ),
    "an answer that takes its time": (Client(answering=True), "stays", 499),
    "an answer that nobody takes": (
        Client(answering=True, waits=7, written=9), "aborted", 120,
    ),
    "the rest of an answer that nobody takes": (Client(waits=7, written=9), "aborted", 120),
    "the last word": (Client(lingering=True), "expired", 5),
}  # fmt: skip


@pytest.mark.parametrize(("client", "end", "seconds"), ENDS.values(), ids=ENDS)
def test_how_long_a_client_may_do_nothing(client: Client, end: str, seconds: float) -> None:
    assert left_alone(client) == (end, seconds)


@given(st.integers(1, 119), st.integers(1, 2000))
def test_a_body_must_come_at_a_pace(every: int, size: int) -> None:
    """However evenly it trickles: who keeps a place for long has to send something for it."""
    client = Client(reading="body", answering=True)
    for now in range(3000):
        if now % every == 0:
            client.received += size
        judge(client, float(now), LIMITS)
    slow = size / every < 900
    fast = size / every > 1100
    assert client.verdicts if slow else True
    assert not client.verdicts if fast else True


def test_a_body_may_not_take_for_ever_at_any_pace() -> None:
    client = Client(reading="body", answering=True)
    for now in range(5000):
        client.received += 100_000
        judge(client, float(now), LIMITS)
        assert bool(client.verdicts) is (now >= 4000)


@given(st.lists(st.integers(1, 119), min_size=1, max_size=20))
def test_whoever_takes_something_in_time_may_go_on(pauses: list[int]) -> None:
    client, now = Client(answering=True, waits=1000, written=1000), 0
    for pause in pauses:
        for _ in range(pause):
            judge(client, float(now), LIMITS)
            now += 1
        client.waits -= 1
    assert client.verdicts == []


def test_pings_that_pile_up_are_no_sign_that_a_client_reads() -> None:
    client = Client(answering=True, waits=100, written=100)
    for now in range(121):
        client.waits += 1
        client.written += 1
        judge(client, float(now), LIMITS)
    assert client.verdicts == ["aborted"]


def test_each_body_on_a_connection_has_time_of_its_own() -> None:
    client, now = Client(reading="body", answering=True), 0
    for number in range(1, 6):
        client.number, client.received = number, 0
        for _ in range(100):
            client.received += 10
            judge(client, float(now), LIMITS)
            now += 1
    assert client.verdicts == []
