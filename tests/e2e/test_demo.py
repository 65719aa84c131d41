"""``amq2api serve --demo`` as a person starts it: a process of its own, and clients at its port."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from anthropic import Anthropic

from e2e.asking import MODEL, fetch

pytestmark = pytest.mark.e2e


class Demo(NamedTuple):
    url: str
    process: "subprocess.Popen[str]"


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    port = _free_port()
    command = [sys.executable, "-m", "amq2api", "serve", "--demo", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            _wait_for(port, process)
            yield Demo(f"http://127.0.0.1:{port}", process)
        finally:
            process.kill()


def _wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    process.kill()
    pytest.fail(f"it does not answer: {process.communicate()[0]}")


def test_a_demonstration(demo: Demo) -> None:
    with Anthropic(base_url=demo.url, api_key="anything", max_retries=0, timeout=20) as client:
        with client.messages.stream(
            model=MODEL, max_tokens=1024, messages=[{"role": "user", "content": "Hello!"}]
        ) as stream:
            assert stream.get_final_text().startswith("Hello! I am Claude Sonnet 4.5")
        assert client.models.list().data
    assert fetch(f"{demo.url}/health").status == 200
    # The page says who answers: nobody is to take the pretence for Amazon.
    assert json.loads(fetch(f"{demo.url}/api/status").body)["data"]["simulated"] is True
    # Nor is anybody's real sign-in to be taken there.
    assert json.loads(fetch(f"{demo.url}/api/imports").body)["data"] == []

    demo.process.send_signal(signal.SIGTERM)
    said, _ = demo.process.communicate(timeout=20)
    assert demo.process.returncode == 0
    assert f"A gateway is up at {demo.url}" in said
    # Of the call there is a line, and in it neither what was said nor a secret.
    assert "end_turn" in said and "I am Claude Sonnet" not in said
    assert not re.search(r"ao[ar]-\w|Bearer ", said)
