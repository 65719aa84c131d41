"""Calls to a gateway in another process, byte by byte as they come."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from cli.running import Started

T = TypeVar("T")
_LONGEST = 20.0  # seconds


def connect(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=_LONGEST)


def body(text: str, *, stream: bool) -> bytes:
    return json.dumps({
        "model": "claude-haiku-4-5", "max_tokens": 1000, "stream": stream,
        "messages": [{"role": "user", "content": text}],
    }).encode()  # fmt: skip


@contextmanager
def asked(
    url: str, method: str, path: str, sent: bytes | None = None, **headers: str
) -> Iterator[http.client.HTTPResponse]:
    """The answer to a request on a connection of its own."""
    connection = connect(url)
    try:
        connection.request(method, path, sent, {k.replace("_", "-"): v for k, v in headers.items()})
        yield connection.getresponse()
    finally:
        connection.close()


@contextmanager
def streaming(url: str, text: str) -> Iterator[http.client.HTTPResponse]:
    """A stream that has begun."""
    with asked(url, "POST", "/v1/messages", body(text, stream=True)) as answer:
        assert b"message_start" in answer.read(40)
        yield answer


def told(
    url: str, path: str, given: Any = None, method: str | None = None, **headers: str
) -> tuple[int, Any]:
    """Status and JSON of the answer to a GET, or to a POST of *given*."""
    sent = None if given is None else json.dumps(given).encode()
    method = method or ("GET" if given is None else "POST")
    with asked(url, method, path, sent, content_type="application/json", **headers) as answer:
        return answer.status, json.loads(answer.read())


def called(url: str, text: str = "hello", **headers: str) -> int:
    """The status of a call."""
    sent = body(text, stream=False)
    with asked(url, "POST", "/v1/messages", sent, **headers) as answer:
        answer.read()
        return answer.status


def until(true: Callable[[], T], seconds: float = _LONGEST) -> T:
    """What *true* gives, once it is something; a failed connection is nothing yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := true():
                return found
        except (OSError, http.client.HTTPException):
            pass
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.02)


def logged(running: Started, event: str) -> list[dict[str, Any]]:
    """The log lines of one kind that there are so far."""
    lines = (running.home / "err").read_text().splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in found if line["event"] == event]
