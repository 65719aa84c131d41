"""What ``amq2api serve`` says about the page, as a process; and that a page left open does not
keep it from stopping.
"""

import http.client
import json
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cli.running import Done, Started, started

pytestmark = pytest.mark.e2e

KEYS = {"AMQ2API_API_KEYS": "sk-amq-0123456789"}
ACCOUNT = {"AMAZONQ_REFRESH_TOKEN": "aor-0", "AMAZONQ_CLIENT_ID": "id",
           "AMAZONQ_CLIENT_SECRET": "hush", "AMAZONQ_TOKEN_ENDPOINT": "http://127.0.0.1:9/token",
           "AMAZONQ_API_ENDPOINT": "http://127.0.0.1:9/"}  # fmt: skip
TOKEN = re.compile(r"\n\n    (\S+)\n")
PASSWORD = "correct horse"


def served(home: Path, *words: str, **environment: str) -> tuple[str, Done]:
    with started(home, "serve", *words, **environment) as gateway:
        wait_for("serving", gateway)
        time.sleep(0.2)
        return gateway.url, gateway.stop()


def wait_for(words: str, gateway: Started) -> str:
    end = time.monotonic() + 20
    while words not in (said := (gateway.home / "err").read_text()):
        assert time.monotonic() < end, said
        time.sleep(0.02)
    return said


def ask(url: str, method: str, path: str, body: Any = None, cookie: str = "") -> Any:
    """The answer's JSON, and the cookies that it set."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    headers = {"content-type": "application/json", "cookie": cookie}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    cookies = [line.partition(";")[0] for line in answer.headers.get_all("set-cookie", [])]
    connection.close()
    return told, "; ".join(cookies)


def test_the_page_is_pointed_at_most_of_all_without_an_account(tmp_path: Path) -> None:
    url, done = served(tmp_path)
    assert f"There is no account yet: open {url}/ in a browser to sign in." in done.err
    url, done = served(tmp_path, **ACCOUNT)
    assert f"Open {url}/ in a browser to manage accounts." in done.err
    assert "no account" not in done.err
    (tmp_path / "account.json").write_text("[{")
    url, done = served(tmp_path)
    assert "There is no account yet" not in done.err, "nobody knows, while the file is broken"
    assert "token is shown" not in done.err


def test_without_an_admin_side_there_is_nothing_to_point_at(tmp_path: Path) -> None:
    _, done = served(tmp_path, AMQ2API_ADMIN="false", AMQ2API_HOST="0.0.0.0", **KEYS)
    assert "browser" not in done.err and "browser" not in done.out
    assert not (tmp_path / "admin.json").exists()


def test_the_demonstration_points_at_it_once(tmp_path: Path) -> None:
    _, done = served(tmp_path, "--demo")
    assert "browser" not in done.err


def test_a_setup_token_is_shown_at_each_start_until_it_is_used(tmp_path: Path) -> None:
    public = {"AMQ2API_HOST": "0.0.0.0", "AMQ2API_LOG_FORMAT": "json", **KEYS}
    _, first = served(tmp_path, **public)
    with started(tmp_path, "serve", **public) as gateway:
        said = wait_for("setup token", gateway)
        (token,) = TOKEN.findall(said)
        assert token not in first.err
        told, _ = ask(gateway.url, "POST", "/api/setup", {"token": token, "password": PASSWORD})
        assert told["data"] == {"state": "signed_in", "password_set": True}
        done = gateway.stop()
    _, after = served(tmp_path, **public)
    assert TOKEN.findall(after.err) == [] and "setup token" not in after.err
    lines = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert lines and token not in json.dumps(lines), "it is in no log line"
    for each in (first, done, after):
        assert PASSWORD not in each.err + each.out and token not in each.out


def test_a_name_behind_a_proxy_wants_a_password_too(tmp_path: Path) -> None:
    url, done = served(tmp_path, AMQ2API_ALLOWED_HOSTS="q.example.com")
    assert f"Open {url}/ or https://q.example.com/ in a browser" in done.err
    assert len(TOKEN.findall(done.err)) == 1


def test_a_broken_admin_file_is_told_and_calls_go_on(tmp_path: Path) -> None:
    (tmp_path / "admin.json").write_text("{")
    _, done = served(tmp_path, AMQ2API_HOST="0.0.0.0", **KEYS)
    assert done.status == 0
    assert "admin.closed" in done.err and "admin.json is not JSON" in done.err
    assert TOKEN.findall(done.err) == []


def test_a_page_left_open_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo") as gateway:
        request = urllib.request.Request(
            f"{gateway.url}/api/events", headers={"accept": "text/event-stream"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as page:
            assert page.readline() == b"event: status\n"
            begun = time.monotonic()
            done = gateway.stop()
            assert time.monotonic() - begun < 10
            assert page.read().endswith(b"\n\n")
    assert done.status == 0
    assert "Traceback" not in done.err
