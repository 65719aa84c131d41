"""The failure policy from end to end: what a call meets, how often it asks, what it leaves behind.

The rows of accounts/policy.py one by one, before the simulator and before servers that are none.
"""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, cast

import msgspec
import pytest

from amq2api.relay.arrivals import Arrivals
from amq2api.relay.records import Record
from amq2api.upstream.client import Client
from e2e.answers import Answer
from e2e.asking import post, say
from e2e.houses import House, opened
from upstream.servers import deaf

pytestmark = pytest.mark.e2e

FINE = "end_turn"


class Row(NamedTuple):
    """What the attempts of one call meet, and what comes of that."""

    meets: str
    """Scenarios of the simulator, one for each attempt; then all goes well."""
    trail: str
    """What was done: ``r`` for a refresh, a dot for a pause, ``x`` for a request."""
    heard: str
    state: str = "ready"


ROWS: dict[str, Row] = {
    # Throttles: nothing more on this account, whatever the service says of when.
    "a throttle": Row("throttle", "x", "429 rate_limit_error", "throttled"),
    "a throttle for seconds": Row(
        "throttle-429:1,2", "x", "429 rate_limit_error", "throttled"),
    "a throttle until a date": Row(
        "throttle-date:1,2", "x", "429 rate_limit_error", "throttled"),
    "credits burnt too fast": Row("throttle-ms:9,300", "x", "429 rate_limit_error", "throttled"),
    "a throttle without a word": Row("throttle-bare", "x", "429 rate_limit_error", "throttled"),
    "a suspicion": Row("suspicious-429", "x", "429 rate_limit_error", "throttled"),
    "a throttle with status 200": Row("json-200", "x", "429 rate_limit_error", "throttled"),
    "a throttle as the first of a stream": Row(
        "exception-first", "x", "429 rate_limit_error", "throttled"),
    "a throttle later": Row("exception-mid", "x", "error: overloaded_error", "throttled"),
    # Capacity: nobody's account; twice more, soon.
    "no capacity, once": Row("capacity-400", "x.x", FINE),
    "no capacity, twice": Row("capacity-400 capacity-429", "x.x.x", FINE),
    "no capacity": Row(
        "capacity-400 capacity-429 capacity-400", "x.x.x", "529 overloaded_error"),
    "too much for the service": Row("service-rate-429", "x.x", FINE),
    "high load": Row("high-load-500", "x.x", FINE),
    "a model that is away": Row("model-500", "x.x", FINE),
    "away": Row("unavailable-503 unavailable-500", "x.x.x", FINE),
    # Allowances: the owner's to hear of.
    "the day's allowance": Row("daily-429", "x", "429 rate_limit_error", "quota_used"),
    "the month's allowance": Row("quota-402", "x", "429 rate_limit_error", "quota_used"),
    "the month's allowance, as 400": Row("quota-400", "x", "429 rate_limit_error", "quota_used"),
    "the overage": Row("overage-402", "x", "429 rate_limit_error", "quota_used"),
    # What the account may not.
    "suspended": Row("suspended-403", "x", "403 permission_error", "suspended"),
    "suspended, in older words": Row(
        "suspended-403-old", "x", "403 permission_error", "suspended"),
    "not supported": Row("feature-403", "x", "403 permission_error"),
    "not authorized": Row("not-authorized-403", "x", "403 permission_error"),
    "a profile is required": Row("profile-400", "x", "403 permission_error"),
    # Tokens: one refresh, and time for the new one to be known.
    "a refused token": Row("bearer-403", "xrx", FINE),
    "an expired token": Row("expired-403", "xrx", FINE),
    "a token that is too new": Row("empty-403 empty-403", "xrx.x", FINE),
    "a token that is far too new": Row("bearer-403 empty-403 bearer-403", "xrx.x.x", FINE),
    "no token is good": Row("bearer-403 " * 4, "xrx.x.x", "503 api_error"),
    # What is wrong with the call.
    "a model that is unknown for a moment": Row("model-400", "x.x", FINE),
    "a model that is unknown": Row("model-400 model-400", "x.x", "404 not_found_error"),
    "malformed": Row("malformed-400", "x", "400 invalid_request_error"),
    "too long": Row("too-long-400", "x", "400 invalid_request_error"),
    "thoughts of somebody else": Row("signature-400", "xx", FINE),
    # A service that breaks, and strangers in its place.
    "broken": Row("internal-500 empty-500", "x.x.x", FINE),
    "broken for longer": Row("internal-500 internal-500 html-502", "x.x.x", "502 api_error"),
    "a page of a gateway": Row("html-502", "x.x", FINE),
    "a page in the service's place": Row("html-200", "x.x", FINE),
    "a firewall": Row("html-403", "x", "502 api_error"),
    "an edge that waited in vain": Row("html-524", "x", "504 timeout_error"),
    # Streams.
    "a stream of nothing": Row("empty-stream", "x.x", FINE),
    "a stream of nothing, always": Row(
        "empty-stream empty-stream lone-context-usage", "x.x.x", "502 api_error"),
    "an error as the first of a stream": Row("error-first", "x.x", FINE),
    "a broken frame as the first": Row("drop-at-byte:20", "x.x", FINE),
    "a cut frame as the first": Row("end-at-byte:20", "x.x", FINE),
    "an error later": Row("error-frame", "x", "error: api_error"),
    "a cut frame later": Row("end-at-byte:350", "x", "error: api_error"),
    "a bad checksum": Row("crc-flip", "x", "error: api_error"),
    "an end within a call": Row("tool-unclosed", "x", "error: api_error"),
    "a lost connection within a call": Row("tool-dropped", "x", "error: api_error"),
    "a stream with the wrong name": Row("wrong-content-type", "x", FINE),
}  # fmt: skip


def recorded(house: House, answer: Answer) -> Record:
    """What is remembered of a call, which is a moment after its client has all of the answer."""
    for _ in range(500):
        for record in house.relay.records.recent(5):
            if record.id == answer.headers["request-id"]:
                return record
        time.sleep(0.01)
    raise AssertionError("the call is on no record")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(tmp_path_factory.mktemp("policy")) as house:
        # Whether answers of this account have trailers is learnt from a good one.
        assert post(house.url, say("hello")).outcome() == FINE
        yield house


@pytest.fixture
def trailed(standing: House) -> Iterator["Trail"]:
    standing.forget()
    trail = Trail(standing)
    yield trail
    trail.end()


class Trail:
    """What the gateway does for one call; its pauses take no time."""

    def __init__(self, house: House) -> None:
        self.house, self.told = house, ""
        relay = house.relay
        self._sleep, self._tokens, self._upstream = relay.sleep, relay.tokens, relay.upstream
        self._clock = relay.clock
        self._refreshes = house.world.refreshes
        relay.sleep, relay.upstream = self._pause, self
        # No token has just come: that was the test before.
        relay.arrivals = Arrivals(relay.now)

    async def _pause(self, _seconds: float) -> None:
        self.told += "."

    async def open(self, *asked: Any) -> Any:
        """The way to the service, seen from outside."""
        refreshes = self.house.world.refreshes
        self.told += "r" * (refreshes - self._refreshes) + "x"
        self._refreshes = refreshes
        return await self._upstream.open(*asked)

    def end(self) -> None:
        relay = self.house.relay
        relay.sleep, relay.upstream, relay.clock = self._sleep, self._upstream, self._clock

    def state(self) -> str:
        """How the one account fares."""
        relay = self.house.relay
        return relay.health.of(relay.accounts.accounts()[0]).state


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_rows(trailed: Trail, row: Row) -> None:
    house = trailed.house
    house.world.script[:] = row.meets.split()
    answer = post(house.url, say("hello", stream=True))
    assert (answer.outcome(), trailed.told, trailed.state()) == (row.heard, row.trail, row.state)
    assert recorded(house, answer).attempts == row.trail.count("x")


WAITS: dict[str, tuple[str, range, bytes]] = {
    # What a client is told of when to come again, and in which words where a header cannot say.
    "no word": ("throttle", range(8, 9), b""),
    "seconds": ("throttle-429:1,30", range(30, 31), b""),
    "a date": ("throttle-date:1,30", range(29, 32), b""),
    "milliseconds": ("throttle-ms:1,12", range(12, 13), b""),
    "minutes": ("throttle-ms:1,300", range(60, 61), b"asks to wait 300 seconds"),
}


@pytest.mark.parametrize(("scenario", "seconds", "words"), WAITS.values(), ids=WAITS)
def test_when_to_come_again(trailed: Trail, scenario: str, seconds: range, words: bytes) -> None:
    trailed.house.world.script[:] = [scenario]
    answer = post(trailed.house.url, say("hello"))
    assert int(answer.headers["retry-after"]) in seconds and words in answer.body


def test_one_call_s_penalty_keeps_another_call_from_asking_again(trailed: Trail) -> None:
    house = trailed.house
    house.world.script[:] = ["throttle-429:1,60", "capacity-400"]
    assert post(house.url, say("hello")).status == 429
    assert post(house.url, say("hello")).status == 529
    assert trailed.told == "xx", "it is told at once that there is no capacity"


def test_a_new_token_that_is_not_known_at_once(tmp_path: Path) -> None:
    with opened(tmp_path) as house:
        assert post(house.url, say("hello")).outcome() == FINE
        house.world.propagation, house.world.script[:] = 0.8, ["bearer-403"]
        answer = post(house.url, say("hello"))
        assert answer.outcome() == FINE
        assert house.world.refreshes == 2, "and no more: the new one was given time"
        assert recorded(house, answer).attempts == 3


def test_a_service_that_is_down_is_not_beaten(trailed: Trail) -> None:
    house = trailed.house
    house.world.scenario = "internal-500"
    house.relay.clock = lambda: 1000.0
    for _ in range(15):
        assert post(house.url, say("hello")).status == 502
    assert trailed.told.count("x") < 15 * 3
    assert trailed.told.endswith("xx"), "the last calls are not repeated"


# Roads.


@contextmanager
def _nobody() -> Iterator[str]:
    """An address where nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@contextmanager
def _deaf() -> Iterator[str]:
    with deaf() as port:
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def _plain() -> Iterator[str]:
    """An address for TLS where nobody speaks it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]

        def refuse() -> None:
            try:
                while True:
                    peer, _ = listening.accept()
                    peer.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                    peer.close()
            except OSError:
                return

        with _thread(refuse):
            yield f"https://127.0.0.1:{port}/"
            listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def _thread(work: Any) -> Iterator[None]:
    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextmanager
def _nameless() -> Iterator[str]:
    yield "http://service.invalid/"


ROADS: dict[str, tuple[Any, int, str]] = {
    # How often a call asks, and what its client hears.
    "nobody listens": (_nobody, 3, "502 api_error"),
    "nobody takes the connection": (_deaf, 2, "504 timeout_error"),
    "nobody knows the name": (_nameless, 3, "502 api_error"),
    "nobody to be trusted": (_plain, 1, "502 api_error"),
}


@pytest.mark.parametrize(("place", "attempts", "heard"), ROADS.values(), ids=ROADS)
def test_roads(trailed: Trail, place: Any, attempts: int, heard: str) -> None:
    house = trailed.house
    client = cast(Client, trailed._upstream)
    manner, timeouts = house.relay.manner, client.timeouts
    with place() as url:
        house.relay.manner = replace(manner, endpoint=url)
        client.timeouts = replace(timeouts, connect=0.3)
        try:
            answer = post(house.url, say("hello", stream=True))
        finally:
            house.relay.manner, client.timeouts = manner, timeouts
    assert (answer.outcome(), trailed.told.count("x")) == (heard, attempts)
    assert trailed.state() == "ready", "it is nobody's account"


SILENCES: dict[str, tuple[str, dict[str, float], str]] = {
    # Each limit alone ends what is not its own business to wait for.
    "no status line": ("slow-first-byte:9", {"first_byte": 0.4}, "504 timeout_error"),
    "a status line and no more": ("slow-first-event:9", {"first_byte": 0.4}, "504 timeout_error"),
    "silence in the middle": ("stall:9", {"idle": 0.4}, "error: timeout_error"),
    "silence within a call": ("tool-stall:9", {"idle": 0.4}, "error: timeout_error"),
    "no end": ("slow:0.1", {"idle": 0.4, "total": 0.6}, "error: timeout_error"),
    "slow, but not silent": ("slow:0.05", {"first_byte": 5.0, "idle": 2.0}, FINE),
}


@pytest.mark.parametrize(("scenario", "limits", "heard"), SILENCES.values(), ids=SILENCES)
def test_silences(trailed: Trail, scenario: str, limits: dict[str, float], heard: str) -> None:
    house, client = trailed.house, cast(Client, trailed._upstream)
    house.world.script[:] = [scenario]
    before = client.timeouts
    client.timeouts = replace(before, **limits)
    try:
        answer = post(house.url, say("hello there, how are you?", stream=True))
    finally:
        client.timeouts = before
    assert (answer.outcome(), trailed.told) == (heard, "x"), "the service had its time"
    assert trailed.state() == "ready"


# Several accounts.

SEATS: dict[str, tuple[str, str, str]] = {
    # What the first account meets, what the client hears, and who was asked.
    "an allowance that is used up": ("quota-402", FINE, "first second"),
    "not entitled": ("feature-403", FINE, "first second"),
    "a token that nothing cures": ("bearer-403", FINE, "first second"),
    "suspended: its owner is to hear of it": ("suspended-403", "403 permission_error", "first"),
    "a throttle is not evaded": ("throttle", "429 rate_limit_error", "first"),
    "no capacity is nobody's account": ("capacity-400", "529 overloaded_error", "first"),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a second account, and leave to use it."""
    home = tmp_path_factory.mktemp("seats")
    with opened(home, routing="failover") as house:
        seats = [house.world.add_account(name) for name in ("first", "second")]
        told = [{**seat.credentials, "id": seat.name, "name": seat.name} for seat in seats]
        (home / "account.json").write_bytes(msgspec.json.encode(told))
        while len(house.relay.accounts.accounts()) != len(seats):
            time.sleep(0.05)
        yield house


@pytest.mark.parametrize(("refusal", "heard", "asked"), SEATS.values(), ids=SEATS)
def test_seats(shared: House, refusal: str, heard: str, asked: str) -> None:
    shared.forget()
    first = shared.world.identities.accounts["first"]
    first.refusal, shared.relay.sleep = refusal, _at_once
    try:
        answer = post(shared.url, say("hello", stream=True))
    finally:
        first.refusal = None
        shared.relay.sleep = asyncio.sleep
    record = recorded(shared, answer)
    passed = [one.account_id for one in record.passed]
    assert (answer.outcome(), " ".join([*passed, record.account])) == (heard, asked)


async def _at_once(_seconds: float) -> None: ...


def test_nothing_of_this_reaches_anybody_twice(trailed: Trail) -> None:
    """Once a client has a word of the answer, it is never begun anew."""
    house = trailed.house
    house.world.script[:] = ["drop-at-byte:350", "echo"]
    answer: Answer = post(house.url, say("hello", stream=True))
    assert answer.outcome() == "error: api_error" and trailed.told == "x"


# Agents that go in circles.


def _results(number: int) -> list[dict[str, Any]]:
    """A conversation whose last word is an agent's: what became of its call."""
    use = {"type": "tool_use", "id": f"toolu_{number}", "name": "write", "input": {}}
    result = {"type": "tool_result", "tool_use_id": use["id"], "content": "no such file"}
    return [
        {"role": "user", "content": "Write a long file."},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]


def _write(house: House, number: int, session: str, *, stream: bool) -> Answer:
    tools = [{"name": "write", "input_schema": {"type": "object"}}]
    asked = say("", tools=tools, messages=_results(number), stream=stream)
    answer = post(house.url, asked, {"x-claude-code-session-id": session})
    recorded(house, answer)
    return answer


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("scenario", ["tool-unclosed", "tool-dropped", "tool-malformed"])
def test_an_agent_that_goes_in_circles_is_stopped(
    trailed: Trail, scenario: str, stream: bool
) -> None:
    house, session = trailed.house, f"{scenario} {stream}"
    house.world.script[:] = [scenario] * 3
    for number in range(3):
        assert "api_error" in _write(house, number, session, stream=stream).outcome()
    stopped = _write(house, 3, session, stream=stream)
    assert stopped.outcome() == "400 invalid_request_error"
    assert stopped.headers["x-should-retry"] == "false" and b"smaller pieces" in stopped.body
    assert len(house.asked()) == 3, "that one costs nothing"
    counted = {name for name, _, _ in house.relay.metrics.snapshot()}
    assert "amq2api_runaway_stops_total" in counted
    assert _write(house, 3, "another session", stream=stream).outcome() == FINE
    clock = house.relay.clock
    house.relay.clock = lambda: clock() + 601
    assert _write(house, 4, session, stream=stream).outcome() == FINE
