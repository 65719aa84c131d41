"""Nothing that was logged in a story of everything is a secret, or said in a call."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from quieting import LEAKS, MARK

_STORY = Path(__file__).with_name("quieting.py")


@dataclass(frozen=True)
class Told:
    """What a story left behind. *secrets* are those that the service made up."""

    out: str
    logged: str
    leaked: str
    """What was logged after leaks had been put in."""
    secrets: list[str]

    @classmethod
    def of(cls, home: Path, form: str) -> "Told":
        path = [str(_STORY.parent), *sys.path]
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; import quieting;"
             f" from pathlib import Path; quieting.main(Path({str(home)!r}), {form!r})"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        logged, _, leaked = done.stderr.partition(LEAKS)
        return cls(done.stdout, logged, leaked, home.joinpath("secrets").read_text().split("\n"))


def leaks(text: str, secrets: list[str]) -> list[str]:
    """The lines with a secret or with content in them, shortened."""
    return [
        line[:2000]
        for line in text.splitlines()
        if MARK in line or any(secret in line for secret in secrets)
    ]


@pytest.fixture(scope="module", params=["json", "console"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told.of(tmp_path_factory.mktemp("quiet"), request.param)


def test_what_is_logged_holds_no_secret_and_no_content(told: Told) -> None:
    assert len(told.secrets) > 10
    assert told.logged.count("request_id") > 200
    assert "words left out" in told.logged
    assert "debug" in told.logged
    assert leaks(told.logged, told.secrets) == []


def test_what_is_told_to_whoever_asks_holds_none_either(told: Told) -> None:
    assert "amq2api_calls_total" in told.out
    assert leaks(told.out, told.secrets) == []
    assert "shows a secret" not in told.out


def test_a_leak_would_be_found(told: Told) -> None:
    found = "\n".join(leaks(told.leaked, told.secrets))
    assert "note" in found
    assert f"no number {MARK}" in found
