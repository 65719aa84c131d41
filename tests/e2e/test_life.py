"""How a gateway lives and ends: as a process, with calls under way."""

import http.client
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cli.running import Started, started
from e2e.calls import body, called, connect, logged, streaming, told, until

pytestmark = pytest.mark.e2e

JSON = {"AMQ2API_LOG_FORMAT": "json"}
HASTE = {"AMQ2API_DRAIN_TIMEOUT": "1", "AMQ2API_FIRST_EVENT_GRACE": "0.2", **JSON}


def end(running: Started) -> None:
    running.process.send_signal(signal.SIGTERM)


def is_closed(running: Started) -> bool:
    connection = connect(running.url)
    try:
        connection.connect()
    except ConnectionRefusedError:
        return True
    finally:
        connection.close()
    return False


def last_event(raw: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw.rstrip().rpartition(b"data: ")[2])
    return found


def test_it_lives_and_is_ready(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo") as demo:
        assert told(demo.url, "/livez") == (200, {"status": "alive"})
        assert told(demo.url, "/readyz") == (200, {
            "status": "ready", "accounts": "ok", "files": "ok", "draining": False,
        })  # fmt: skip


def test_without_an_account_it_lives_and_is_not_ready(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", "--no-account") as demo:
        assert told(demo.url, "/livez")[0] == 200
        status, parts = told(demo.url, "/readyz")
        assert (status, parts["accounts"]) == (503, "no account can serve")


def test_before_it_hangs_up_it_says_that_it_will(tmp_path: Path) -> None:
    """Whoever sends it calls has a moment to look, and what is sent meanwhile is served."""
    with (
        started(tmp_path, "serve", "--demo") as demo,
        streaming(demo.url, "sim:slow:0.3") as answer,
    ):
        end(demo)
        until(lambda: told(demo.url, "/readyz")[0] == 503)
        status, parts = told(demo.url, "/readyz")
        assert (status, parts["draining"], parts["status"]) == (503, True, "not ready")
        assert told(demo.url, "/livez")[0] == 200
        assert called(demo.url) == 200
        until(lambda: is_closed(demo))
        assert last_event(answer.read()) == {"type": "message_stop"}
        done = demo.wait()
    assert (done.status, "Traceback" in done.err) == (0, False)


def test_an_idle_gateway_ends_at_once(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo") as demo:
        kept = connect(demo.url)
        kept.request("GET", "/livez")
        kept.getresponse().read()
        began = time.monotonic()
        assert demo.stop().status == 0
        assert time.monotonic() - began < 2, "a connection that is kept open is no call"
        kept.close()


def test_calls_that_do_not_end_in_time_are_told_why(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", **HASTE) as demo, ThreadPoolExecutor() as threads:

        def whole() -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
            connection = connect(demo.url)
            connection.request("POST", "/v1/messages", body("sim:stall", stream=False))
            answer = connection.getresponse()
            found = json.loads(answer.read())
            connection.close()
            return answer.status, found, answer.headers

        asking = threads.submit(whole)
        with streaming(demo.url, "sim:stall") as answer:
            time.sleep(0.3)
            end(demo)
            last = last_event(answer.read())
        status, found, headers = asking.result()
        done = demo.wait()
    assert last["type"] == "error" and "being stopped" in last["error"]["message"]
    assert last["request_id"].startswith("req_")
    assert (status, found["type"]) == (503, "error") and "being stopped" in str(found)
    assert headers["retry-after"] and headers["request-id"] == found["request_id"]
    assert (done.status, "Traceback" in done.err) == (0, False)
    calls = [json.loads(line) for line in done.err.splitlines() if '"event":"call"' in line]
    assert sorted(call["outcome"] for call in calls) == ["Stopping", "Stopping"]


def test_no_patience_is_an_end_in_words_all_the_same(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", **HASTE | {"AMQ2API_DRAIN_TIMEOUT": "0"}) as demo:
        with streaming(demo.url, "sim:stall") as answer:
            began = time.monotonic()
            end(demo)
            last = last_event(answer.read())
        assert demo.wait().status == 0
    assert last["type"] == "error"
    assert time.monotonic() - began < 3


def test_whoever_takes_nothing_does_not_keep_it_alive(tmp_path: Path) -> None:
    """A client that reads no more is cut off a little after it was told."""
    with started(tmp_path, "serve", "--demo", **HASTE) as demo:
        connection = connect(demo.url)
        connection.request("POST", "/v1/messages", body("sim:long:200000", stream=True))
        connection.getresponse().read(40)
        end(demo)
        began = time.monotonic()
        assert demo.wait().status == 0
        assert time.monotonic() - began < 15
        connection.close()


def change(running: Started, **settings: str) -> None:
    """Put settings into ``.env`` and have them read."""
    before = len(logged(running, "settings.read") + logged(running, "settings.refused"))
    lines = "".join(f"{name}={value}\n" for name, value in settings.items())
    (running.home / ".env").write_text(lines)
    running.process.send_signal(signal.SIGHUP)
    until(
        lambda: len(logged(running, "settings.read") + logged(running, "settings.refused")) > before
    )


def test_settings_are_read_again(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", **JSON) as demo:
        with streaming(demo.url, "sim:slow:0.1") as answer:
            change(
                demo,
                AMQ2API_API_KEYS="sk-amq-new",
                AMQ2API_LOG_LEVEL="debug",
                AMQ2API_ADMIN="false",
            )
            assert last_event(answer.read()) == {"type": "message_stop"}, "who is in stays"
        assert called(demo.url) == 401
        assert called(demo.url, x_api_key="sk-amq-new") == 200
        (read,) = logged(demo, "settings.read")
        assert read["changed"] == ["AMQ2API_API_KEYS", "AMQ2API_LOG_LEVEL"]
        (told_,) = logged(demo, "settings.wait_for_a_restart")
        assert told_["names"] == ["AMQ2API_ADMIN"]
        change(demo, AMQ2API_ATTEMPTS="a lot")
        (refused,) = logged(demo, "settings.refused")
        assert "AMQ2API_ATTEMPTS: 'a lot' makes no sense here" in refused["reason"]
        assert called(demo.url, x_api_key="sk-amq-new") == 200, "nothing has changed"
        change(demo, AMQ2API_LOG_LEVEL="warning")
        lines = len(logged(demo, "call"))
        assert called(demo.url) == 200
        assert len(logged(demo, "call")) == lines
        done = demo.stop()
    assert done.status == 0
    assert "sk-amq-new" not in done.err


def test_a_new_patience_holds_for_the_end(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", **JSON) as demo:
        change(demo, AMQ2API_DRAIN_TIMEOUT="0")
        with streaming(demo.url, "sim:stall") as answer:
            began = time.monotonic()
            end(demo)
            assert last_event(answer.read())["type"] == "error"
        assert demo.wait().status == 0
        assert time.monotonic() - began < 5


def test_a_terminal_s_hang_up_reads_settings_and_does_not_kill(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", **JSON) as demo:
        os.kill(demo.process.pid, signal.SIGHUP)
        until(lambda: logged(demo, "settings.read"))
        assert called(demo.url) == 200
        assert demo.stop().status == 0
