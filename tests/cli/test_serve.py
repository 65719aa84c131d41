"""``amq2api serve`` as a process: it starts, it says how to use it, it stops and leaves nothing."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from amq2api import __version__
from amq2api.cli.serving import listen
from cli.running import Started, fetch, free_port, run, started

pytestmark = pytest.mark.e2e


def answers(running: Started) -> bool:
    try:
        return bool(fetch(f"{running.url}/health"))
    except OSError:
        return False


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"port {port} of 127.0.0.1 is in use; another one is chosen with --port or PORT\n"
    )


def test_an_address_of_another_machine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_API_KEYS", "a-client-key")
    done = run("serve", "--host", "192.0.2.1")
    assert (done.status, len(done.err.splitlines())) == (1, 1)
    assert "192.0.2.1" in done.err


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_sockets_know_their_protocol(host: str) -> None:
    """Else asyncio would leave Nagle's algorithm on."""
    try:
        sock = listen(host, 0)
    except Exception as exc:
        if host == "::1" and "cannot listen" in str(exc):
            pytest.skip("no IPv6 here")
        raise
    with sock:
        assert sock.proto == socket.IPPROTO_TCP


def test_the_demo_says_how_to_use_it(demo: Started) -> None:
    said = demo.said("ANTHROPIC_AUTH_TOKEN")
    assert said.index(f"    {demo.url}/\n") < said.index("curl"), "the page comes first"
    assert f"curl -N {demo.url}/v1/messages" in said
    assert f'Anthropic(base_url="{demo.url}"' in said
    assert f"ANTHROPIC_BASE_URL={demo.url}" in said


def test_the_snippet_for_python_is_a_program_that_runs(demo: Started) -> None:
    said = demo.said("Claude Code")
    snippet = said[said.index("    from anthropic") : said.index("Claude Code")]
    program = "\n".join(line.removeprefix("    ") for line in snippet.splitlines())
    printed: list[object] = []
    names: dict[str, Any] = {"print": printed.append}
    exec(program, names)
    names["client"].close()
    assert "Hello" in str(printed)


def test_the_demo_answers_like_a_gateway(demo: Started) -> None:
    assert b'"status":"healthy"' in fetch(f"{demo.url}/health")
    assert b"claude-haiku-4-5" in fetch(f"{demo.url}/v1/models")


def test_the_image_s_health_check_knows_well_from_ill(demo: Started) -> None:
    dockerfile = (Path(__file__).parents[2] / "Dockerfile").read_text()
    command = json.loads(re.findall(r"(?m)^HEALTHCHECK .*?CMD (\[.*\])$", dockerfile)[0])
    assert command[0] == "python"

    def checked(port: str) -> int:
        environment = {"PORT": port, "http_proxy": "http://127.0.0.1:9"}
        return subprocess.run(
            [sys.executable, *command[1:]], env=environment, capture_output=True, check=False
        ).returncode

    assert checked(demo.url.rpartition(":")[2]) == 0
    assert checked(str(free_port())) != 0


def test_answers_do_not_name_the_server(demo: Started) -> None:
    connection = http.client.HTTPConnection(demo.url.removeprefix("http://"))
    connection.request("GET", "/health")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.getheader("server") is None
    assert answer.getheader("request-id", "").startswith("req_")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_signal_ends_it_and_nothing_stays(sign: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", "--say", "Hello") as demo:
        demo.said("Ctrl-C")
        assert list(tmp_path.glob("amq2api-demo-*"))
        done = demo.stop(sign)
    assert done.status == 0
    assert "Traceback" not in done.err
    assert "$ amq2api chat Hello\nHello" in done.out
    assert {path.name for path in tmp_path.iterdir()} == {"out", "err"}


def test_what_goes_wrong_first_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", "--say", "sim:malformed-400") as demo:
        demo.said("Ctrl-C")
        assert b"healthy" in fetch(f"{demo.url}/health")
        done = demo.stop()
    assert done.status == 0
    assert "HTTP 400 invalid_request_error" in done.err


def test_a_signal_does_not_wait_for_a_first_answer(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", "--say", "sim:stall") as demo:
        demo.said("$ amq2api chat")
        done = demo.stop()
    assert done.status == 0
    assert "Traceback" not in done.err
    assert "Ctrl-C" not in done.out


def test_a_stream_under_way_may_end(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo") as demo:
        connection = http.client.HTTPConnection(demo.url.removeprefix("http://"))
        connection.request(
            "POST", "/v1/messages",
            b'{"model":"claude-haiku-4-5","max_tokens":1000,"stream":true,'
            b'"messages":[{"role":"user","content":"sim:slow:0.2"}]}',
        )  # fmt: skip
        answer = connection.getresponse()
        begun = answer.read(40)
        demo.process.send_signal(signal.SIGTERM)
        rest = answer.read()
        done = demo.wait()
        connection.close()
    assert b"message_start" in begun
    assert rest.rstrip().endswith(b'{"type":"message_stop"}')
    assert done.status == 0


def test_a_demo_may_begin_without_an_account(tmp_path: Path) -> None:
    """Not even with one of the environment, which is nobody's business in a demonstration."""
    real = {"AMAZONQ_REFRESH_TOKEN": "aor-real", "AMAZONQ_CLIENT_ID": "id",
            "AMAZONQ_CLIENT_SECRET": "hush"}  # fmt: skip
    with started(tmp_path, "serve", "--demo", "--no-account", "--say", "Hello", **real) as demo:
        said = demo.said("ANTHROPIC_AUTH_TOKEN")
        assert "sign in" in said and "$ amq2api chat" not in said
        refused = run("chat", "Hello", "--url", demo.url)
        done = demo.stop()
    assert (done.status, refused.status) == (0, 1)
    assert "no account" in refused.err.lower()


def test_without_an_account_means_the_demo() -> None:
    done = run("serve", "--no-account")
    assert (done.status, done.out) == (2, "")
    assert "--demo" in done.err


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo") as demo:
        connection = http.client.HTTPConnection(demo.url.removeprefix("http://"))
        connection.request(
            "POST", "/v1/messages",
            b'{"model":"claude-haiku-4-5","max_tokens":1000,"stream":true,'
            b'"messages":[{"role":"user","content":"sim:stall"}]}',
        )  # fmt: skip
        connection.getresponse().read(40)
        demo.process.send_signal(signal.SIGTERM)
        while answers(demo):
            pass
        done = demo.stop()
        connection.close()
    assert done.status == 0
    assert "Traceback" not in done.err


def test_a_key_file_opens_and_closes_the_door(tmp_path: Path) -> None:
    keys = str(tmp_path / "keys")
    with started(
        tmp_path, "serve", "--demo", AMQ2API_HOST="0.0.0.0", AMQ2API_API_KEY_FILE=keys
    ) as demo:
        key = Path(keys).read_text().strip()
        open_, closed = (
            run("chat", "Hello", "--url", demo.url, "--key", shown) for shown in (key, "wrong-key")
        )
        done = demo.stop()
    assert (open_.status, open_.out[:5]) == (0, "Hello")
    assert closed.status == 1
    assert "401 authentication_error" in closed.err
    assert done.err.count(key) == 1
    assert key not in done.out


def test_programs_are_told_where_it_is(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--demo", "--json") as demo:
        told = json.loads(demo.said("}"))
        done = demo.stop()
    assert told == {"url": demo.url, "version": __version__, "demo": True}
    assert done.out.count("\n") == 1


def test_a_message_for_people_and_lines_for_programs_exclude_each_other() -> None:
    assert run("serve", "--json", "--say", "Hello").status == 2
