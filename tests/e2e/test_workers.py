"""Several processes on one port: for their clients and their operator they are one gateway."""

import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.amazon import Amazon, amazon
from cli.running import Started, run, started
from e2e.calls import asked, body, called, logged, streaming, told, until
from pids import children, lives

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="the port is spread by Linux only"),
]

WORKERS = 3
MANY = 24  # connections; that none of them meets one of three workers happens once in 10^4
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def service() -> Iterator[Amazon]:
    with amazon() as pretended:
        yield pretended


@contextmanager
def working(service: Amazon, home: Path) -> Iterator[Started]:
    """Three workers with two accounts, the first of which is active."""
    accounts = [service.seat(name, id=name, is_active=name == "one") for name in ("one", "two")]
    (home / "account.json").write_text(json.dumps(accounts))
    with started(
        home, "serve", "--workers", str(WORKERS), AMQ2API_LOG_FORMAT="json",
        AMQ2API_DRAIN_TIMEOUT="15", **service.settings,
    ) as running:  # fmt: skip
        until(lambda: logged(running, "serving"))
        yield running


@pytest.fixture(scope="module")
def standing(service: Amazon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Workers for tests that leave them as they were."""
    with working(service, tmp_path_factory.mktemp("standing")) as running:
        yield running


@pytest.fixture
def crew(service: Amazon, tmp_path: Path) -> Iterator[Started]:
    """Workers for one test only."""
    with working(service, tmp_path) as running:
        yield running


def everywhere(running: Started, path: str) -> list[tuple[int, Any]]:
    """The answers to a GET on many connections: one from each worker, at least."""
    return [told(running.url, path) for _ in range(MANY)]


def served_by(running: Started) -> set[str]:
    """The accounts that serve calls on many connections."""
    for _ in range(MANY):
        assert called(running.url) == 200
    time.sleep(0.3)
    _, answer = told(running.url, f"/api/requests?limit={MANY}")
    return {record["account"] for record in answer["data"]}


def calls_counted(running: Started) -> float:
    with asked(running.url, "GET", "/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("amq2api_calls_total"))


def test_all_of_them_serve_and_are_counted_as_one(crew: Started) -> None:
    assert len(children(crew.process.pid)) == WORKERS
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: called(crew.url), range(60))) == {200}
    until(lambda: calls_counted(crew) == 60)
    assert {calls_counted(crew) for _ in range(MANY)} == {60}, "whoever is asked"
    until(lambda: len(told(crew.url, "/api/requests?limit=500")[1]["data"]) == 60)


def test_one_of_them_renews_a_token_for_all(service: Amazon, tmp_path: Path) -> None:
    before = service.world.refreshes
    with working(service, tmp_path) as crew, ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: called(crew.url), range(MANY))) == {200}
    assert service.world.refreshes == before + 1


def test_another_account_is_active_everywhere_within_a_second(standing: Started) -> None:
    assert served_by(standing) == {"one"}
    status, _ = told(standing.url, "/api/accounts/two/activate", {})
    assert status == 200
    time.sleep(1)
    assert served_by(standing) == {"two"}
    assert told(standing.url, "/api/accounts/one/activate", {})[0] == 200
    time.sleep(1)


def test_what_one_finds_out_about_an_account_all_know(standing: Started, service: Amazon) -> None:
    assert {status for status, _ in everywhere(standing, "/readyz")} == {200}
    service.world.script.append("suspended-403")
    assert called(standing.url) == 403
    until(lambda: {status for status, _ in everywhere(standing, "/readyz")} == {503}, 5)
    assert told(standing.url, "/api/accounts/one/clear", {})[0] == 200
    until(lambda: {status for status, _ in everywhere(standing, "/readyz")} == {200}, 5)


def test_a_sign_in_goes_on_wherever_its_browser_lands(standing: Started, service: Amazon) -> None:
    status, begun = told(standing.url, "/api/logins", {"kind": "builder-id"})
    assert status == 200
    place = f"/api/logins/{begun['data']['id']}"
    until(
        lambda: {told_["data"]["state"] for _, told_ in everywhere(standing, place)} == {"waiting"}
    )
    code = told(standing.url, place)[1]["data"]["user_code"]
    service.world.approve(code, service.world.add_account("three"))
    until(lambda: told(standing.url, place)[1]["data"]["state"] == "done")
    assert {status for status, _ in everywhere(standing, place)} == {200}
    accounts = [told_["data"] for _, told_ in everywhere(standing, "/api/accounts")]
    assert {len(listed) for listed in accounts} == {3}


def test_guesses_are_counted_together_and_sessions_hold_everywhere(crew: Started) -> None:
    sent = json.dumps({"password": PASSWORD}).encode()
    with asked(crew.url, "PUT", "/api/password", sent, content_type="application/json") as answer:
        cookie = "; ".join(
            line.partition(";")[0] for line in answer.headers.get_all("set-cookie", [])
        )
        assert answer.status == 200
    for _ in range(MANY):
        assert told(crew.url, "/api/status", cookie=cookie)[0] == 200
        refused = told(crew.url, "/api/status")
        assert refused[0] == 401, refused
    guesses = [told(crew.url, "/api/session", {"password": "a guess"})[0] for _ in range(12)]
    assert guesses[-1] == 429, "no worker forgets what another one has seen"


def test_the_page_s_events_come_through_and_do_not_keep_it_alive(crew: Started) -> None:
    with ExitStack() as stack:
        answers = [
            stack.enter_context(asked(crew.url, "GET", "/api/events", accept="text/event-stream"))
            for _ in range(6)
        ]
        for answer in answers:
            assert answer.readline() == b"event: status\n"
        assert called(crew.url) == 200
        for answer in answers:
            while answer.readline() != b"event: request\n":
                pass
        done = crew.stop()
    assert done.status == 0


def test_a_message_can_be_tried_on_the_page(standing: Started) -> None:
    for _ in range(6):
        with asked(
            standing.url, "POST", "/api/playground", body("hello", stream=True),
            content_type="application/json",
        ) as answer:  # fmt: skip
            assert answer.read().rstrip().endswith(b'{"type":"message_stop"}')


def test_a_killed_worker_takes_only_its_own_calls_along(crew: Started) -> None:
    """Nobody who comes is refused, and no number falls."""
    statuses: list[int] = []
    stop = time.monotonic() + 4

    def load() -> None:
        while time.monotonic() < stop:
            try:
                statuses.append(called(crew.url))
            except (OSError, http.client.HTTPException):
                statuses.append(0)

    with ThreadPoolExecutor(4) as threads:
        tasks = [threads.submit(load) for _ in range(4)]
        counted = 0.0
        for _ in range(3):
            time.sleep(0.8)
            os.kill(children(crew.process.pid)[-1], signal.SIGKILL)
            after = calls_counted(crew)
            assert after >= counted, "a counter never falls"
            counted = after
        for task in tasks:
            task.result()
    assert statuses.count(200) > len(statuses) - 3 * 4 - 1
    until(lambda: len(children(crew.process.pid)) == WORKERS)
    assert len(logged(crew, "worker.ended")) == 3
    until(lambda: {status for status, _ in everywhere(crew, "/readyz")} == {200})


def test_the_office_comes_back_and_calls_go_on_meanwhile(crew: Started) -> None:
    assert called(crew.url) == 200
    until(lambda: told(crew.url, "/api/requests")[1]["data"])
    office = children(crew.process.pid)[0]
    os.kill(office, signal.SIGKILL)
    assert {called(crew.url) for _ in range(MANY)} == {200}
    until(lambda: told(crew.url, "/api/status")[0] == 200, 5)
    until(lambda: len(told(crew.url, "/api/requests?limit=500")[1]["data"]) >= MANY / 2, 5)


def test_settings_are_read_again_by_all(crew: Started) -> None:
    (crew.home / ".env").write_text("AMQ2API_API_KEYS=sk-amq-new\n")
    crew.process.send_signal(signal.SIGHUP)
    until(lambda: len(logged(crew, "settings.read")) == WORKERS)
    assert {called(crew.url) for _ in range(MANY)} == {401}
    os.kill(children(crew.process.pid)[1], signal.SIGKILL)
    until(lambda: logged(crew, "worker.serving"))
    assert {called(crew.url) for _ in range(MANY)} == {401}, "also by those that come later"
    assert {called(crew.url, x_api_key="sk-amq-new") for _ in range(MANY)} == {200}


@pytest.mark.parametrize(
    "to_all", [False, True], ids=["the parent is told", "a terminal tells all"]
)
def test_streams_of_all_may_end(crew: Started, to_all: bool) -> None:
    with ExitStack() as stack:
        answers = [stack.enter_context(streaming(crew.url, "sim:slow:0.15")) for _ in range(12)]
        for pid in [crew.process.pid, *(children(crew.process.pid) if to_all else [])]:
            os.kill(pid, signal.SIGINT)
        ends = [answer.read().rstrip().endswith(b'{"type":"message_stop"}') for answer in answers]
        done = crew.wait()
    assert all(ends)
    assert (done.status, "Traceback" in done.err) == (0, False)


def test_a_second_signal_does_not_wait(crew: Started) -> None:
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(streaming(crew.url, "sim:stall"))
        crew.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        began = time.monotonic()
        done = crew.stop()
    assert time.monotonic() - began < 5
    assert (done.status, "Traceback" in done.err) == (0, False)


def test_workers_do_not_outlive_their_parent(crew: Started) -> None:
    pids = children(crew.process.pid)
    crew.process.kill()
    until(lambda: not any(map(lives, pids)))


def test_a_port_in_use_is_told_once(standing: Started) -> None:
    port = standing.url.rpartition(":")[2]
    done = run("serve", "--workers", "2", "--port", port)
    assert (done.status, len(done.err.splitlines())) == (1, 1)
    assert f"port {port} of 127.0.0.1 is in use" in done.err
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert run("serve", "--workers", "2", "--port", port).status == 1


def test_the_demonstration_is_one_process() -> None:
    done = run("serve", "--demo", "--workers", "2")
    assert (done.status, done.out) == (2, "")
    assert "--demo: the demonstration is one process" in done.err
