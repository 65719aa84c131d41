"""``amq2api chat``: the answer as it comes, or the gateway's own words and a status."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from amq2api.cli.chat import address, request
from amq2api.config import load
from amq2api.wire import sse
from cli.running import Started, free_port, run
from threaded import Quiet, serving

pytestmark = pytest.mark.e2e


def test_the_answer_is_shown(demo: Started) -> None:
    done = run("chat", "What is 6 * 7?", "--url", demo.url)
    assert (done.status, done.err) == (0, "")
    assert "42" in done.out
    assert done.out.endswith("\n")


def test_programs_get_the_whole_message(demo: Started) -> None:
    done = run("chat", "What is 6 * 7?", "--url", demo.url, "--json")
    assert (done.status, done.err) == (0, "")
    message = json.loads(done.out)
    assert (message["type"], message["role"]) == ("message", "assistant")
    assert "42" in message["content"][0]["text"]


PROGRAMS_HEAR = {
    "a refusal": ("sim:malformed-400", None, "HTTP 400 invalid_request_error: "),
    "nobody there": ("Hello", "http://127.0.0.1:9", "http://127.0.0.1:9: "),
}


@pytest.mark.parametrize(("message", "url", "words"), PROGRAMS_HEAR.values(), ids=PROGRAMS_HEAR)
def test_programs_hear_what_went_wrong(
    message: str, url: str | None, words: str, demo: Started
) -> None:
    done = run("chat", message, "--url", url or demo.url, "--json")
    assert (done.status, done.out) == (1, "")
    assert json.loads(done.err)["error"]["message"].startswith(words)


def test_an_answer_that_is_no_message_is_told_to_programs() -> None:
    with somebody(200, b"[]") as url:
        done = run("chat", "Hello", "--url", url, "--json")
    assert (done.status, done.out) == (1, "")
    assert "no message" in json.loads(done.err)["error"]["message"]


def test_where_the_gateway_is_follows_from_the_settings(
    demo: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", demo.url.rpartition(":")[2])
    assert run("chat", "Hello").status == 0


REFUSALS = {
    "before the answer": ("sim:malformed-400", "", "HTTP 400 invalid_request_error: "),
    "in its middle": ("sim:exception-mid:ThrottlingException", "", "overloaded_error: "),
    "unknown model": ("Hello", "gpt-4", "HTTP 404 not_found_error: model: gpt-4"),
}


@pytest.mark.parametrize(("message", "model", "words"), REFUSALS.values(), ids=REFUSALS)
def test_failures_come_in_the_gateway_s_words(
    message: str, model: str, words: str, demo: Started
) -> None:
    named = ["--model", model] if model else []
    done = run("chat", message, "--url", demo.url, *named)
    assert done.status == 1
    assert words in done.err
    assert "Traceback" not in done.err


@contextmanager
def somebody(status: int, body: bytes) -> Iterator[str]:
    """A server that says the same to everyone."""

    class Says(Quiet):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Says) as port:
        yield f"http://127.0.0.1:{port}"


HELLO = sse.encode("content_block_delta", b'{"delta":{"type":"text_delta","text":"Hello"}}')
NO_GATEWAYS: dict[str, tuple[int, bytes, str, str]] = {
    "another server": (404, b"<html>", "", "HTTP 404, and no error of the Messages API"),
    "a stream that breaks off": (200, HELLO, "Hello\n", "ended early"),
    "a delta of no shape": (200, sse.encode("content_block_delta", b"[]"), "", "content_block"),
    "an error of no shape": (200, HELLO + sse.encode("error", b"{}"), "Hello\n", "error: "),
}


@pytest.mark.parametrize(
    ("status", "body", "shown", "words"), NO_GATEWAYS.values(), ids=NO_GATEWAYS
)
def test_who_is_no_gateway_is_found_out(status: int, body: bytes, shown: str, words: str) -> None:
    with somebody(status, body) as url:
        done = run("chat", "Hello", "--url", url)
    assert (done.status, done.out) == (1, shown)
    assert words in done.err


def test_nobody_there_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run("chat", "Hello", "--url", url)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"{url}: ")


ADDRESSES = {
    "127.0.0.1": "http://127.0.0.1:3015",
    "0.0.0.0": "http://127.0.0.1:3015",
    "::": "http://[::1]:3015",
    "localhost": "http://localhost:3015",
}


@pytest.mark.parametrize(("host", "url"), ADDRESSES.items(), ids=ADDRESSES)
def test_addresses_to_talk_to(host: str, url: str) -> None:
    assert address(load(host=host)) == url


def test_a_system_prompt_is_sent_only_if_given() -> None:
    assert json.loads(request("Hello", system="Be brief."))["system"] == "Be brief."
    assert "system" not in json.loads(request("Hello"))
