"""The OpenAPI document is kept: every operation, tried by a stranger who believes it.

All checks are on. What is left out is said with its reason.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.desk import Desk, at_desk

# Two processes and thousands of requests: on a small shared machine this takes its time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_desk(tmp_path) as found:
        yield found


def tried(desk: Desk, home: Path, *words: str) -> None:
    """A run from outside, as anyone could do it."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file",
        str(home / "schemathesis.toml"), "run", f"{desk.house.url}/openapi.json", "--no-color",
        "--generation-database=:memory:", "--seed=3", *words,
    ]  # fmt: skip
    (home / "schemathesis.toml").touch()  # nobody else's settings
    done = subprocess.run(
        command, cwd=home, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_document_is_kept(desk: Desk, tmp_path: Path) -> None:
    # A password, once set, keeps everyone out who has not the session, this run among them.
    tried(desk, tmp_path, "--max-examples=5", "--exclude-path=/api/password",
          "--request-timeout=30")  # fmt: skip
    assert desk.ask("GET", "/api/status").status == 200


def test_the_document_is_kept_when_a_password_is_set_on_the_way(desk: Desk, tmp_path: Path) -> None:
    tried(
        desk, tmp_path, "--max-examples=3", "--include-path-regex=^/api/(session|setup|password)$"
    )
    desk.ask("PUT", "/api/password", {"password": "a password of mine"})
    tried(desk, tmp_path, "--max-examples=2", "--phases=examples,fuzzing",
          "--exclude-path=/api/session", "--exclude-path=/api/setup")  # fmt: skip
    assert desk.ask("GET", "/api/accounts").error["type"] == "not_signed_in"
