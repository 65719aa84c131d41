"""``amq2api settings``: everything, and nothing secret."""

import json

import pytest

from amq2api.config import table
from cli.running import run

SECRETS = {
    "AMAZONQ_REFRESH_TOKEN": "aor-refresh-secret",
    "AMAZONQ_CLIENT_ID": "client-id-secret",
    "AMAZONQ_CLIENT_SECRET": "client-secret-secret",
    "AMQ2API_API_KEYS": "client-key-secret",
}


@pytest.fixture(autouse=True)
def _secrets_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def test_people_see_every_setting() -> None:
    done = run("settings")
    assert done.status == 0
    assert all(row.env in done.out for row in table())


def test_programs_get_what_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    rows = {row["name"]: row for row in json.loads(run("settings", "--json").out)}
    assert rows["PORT"] == {
        "name": "PORT", "value": "8080", "default": "3015", "allowed": "1 to 65535",
        "help": "Port to listen on.",
    }  # fmt: skip
    assert rows["AMAZONQ_REFRESH_TOKEN"]["value"] == "(set)"
    assert rows["AMQ2API_API_KEYS"]["value"] == "(1 set)"
    assert rows["AMAZONQ_PROFILE_ARN"]["value"] == ""
    assert list(rows) == [row.env for row in table()]


def test_brackets_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_MODEL_MAP", "a[1m]=b")
    assert "a[1m]=b" in run("settings").out


@pytest.mark.parametrize("words", [["settings"], ["settings", "--json"]], ids=" ".join)
def test_no_secret_is_shown(words: list[str]) -> None:
    done = run(*words)
    assert not any(secret in done.out + done.err for secret in SECRETS.values())
