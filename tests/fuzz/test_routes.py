"""All that clients can call, in a gateway as people run it: whatever they send, there is no 500.

The operator's routes have a document of their own: tests/admin/test_schemathesis.py.
"""

import json
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.running import Started, started, surroundings
from fuzz.corpus import inputs
from fuzz.mutating import mutated
from fuzz.public_api import DOCUMENT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "unsupported_method",
)  # fmt: skip
_READS = 0.1  # seconds to wait for an answer that need not come
_REQUESTS = 120


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    home = tmp_path_factory.mktemp("gateway")
    with started(home, "serve", "--demo") as running:
        yield running
        done = running.stop()
        assert done.status == 0, done.err[-2000:]
        assert "Traceback" not in done.err + done.out, done.err[-4000:]


def test_whatever_fits_the_document_is_answered_in_its_words(
    gateway: Started, tmp_path: Path
) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "schemathesis.toml").touch()  # nobody else's settings
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", "schemathesis.toml",
        "run", "openapi.json", "--url", gateway.url, "--no-color", "--seed=3",
        "--generation-database=:memory:", "--max-examples=12", "--request-timeout=30",
        "--checks", ",".join(_CHECKS),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env=surroundings(tmp_path), capture_output=True, text=True,
        check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_whatever_comes_over_the_wire_is_answered_or_dropped(gateway: Started) -> None:
    chance, seeds = random.Random(3), list(inputs("wire").values())
    for _ in range(_REQUESTS):
        raw = mutated(seeds, chance)
        for answer in _answers(gateway.url, raw):
            assert not answer.startswith(b"HTTP/1.1 5"), (raw, answer)
            assert answer.startswith(b"HTTP/1.1 "), (raw, answer)
    [answer] = _answers(gateway.url, b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


def _answers(url: str, raw: bytes) -> list[bytes]:
    """What is heard on a connection of its own, cut where an answer begins; it may be nothing."""
    address = urlsplit(url)
    heard = b""
    with socket.create_connection((address.hostname, address.port), timeout=_READS) as connection:
        try:
            connection.sendall(raw)
            while piece := connection.recv(65536):
                heard += piece
        except (TimeoutError, ConnectionError):
            pass  # it waits for the rest, or has heard enough
    first, *more = heard.split(b"HTTP/1.1 ")
    return ([first] if first else []) + [b"HTTP/1.1 " + each for each in more]
