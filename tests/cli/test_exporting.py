"""``amq2api export``: accounts in a bundle, which only its passphrase opens."""

import json
from pathlib import Path
from typing import Any

import pytest

from amq2api.accounts import bundle
from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import FileStore
from cli.running import Done, run
from cli.terminal import at_terminal

WORDS = "open sesame, please"
ENTRIES: list[dict[str, Any]] = [
    {"id": "a", "hue": ["red"], "refresh_token": "hush-r", "client_id": "hush-c",
     "client_secret": "hush-s", "name": "Büro"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("account.json").write_text(json.dumps(ENTRIES))
    Path("words").write_text(f"{WORDS}\n")


def export(*words: str) -> Done:
    done = run("export", *words, "--passphrase-file", "words")
    assert not any(secret in done.out + done.err for secret in ("hush", WORDS))
    return done


def test_a_bundle_on_standard_output() -> None:
    for words in ([], ["-"], ["--json"]):
        done = export(*words)
        assert (done.status, done.err) == (0, "")
        assert bundle.unpack(json.loads(done.out), WORDS) == ENTRIES


def test_a_bundle_in_a_file_is_private_and_not_written_over() -> None:
    path = Path("out.json")
    done = export("out.json")
    assert (done.status, done.out) == (0, "Accounts: 1, written to out.json.\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert bundle.unpack(before := json.loads(path.read_text()), WORDS) == ENTRIES

    done = export("out.json")
    assert (done.status, done.out) == (2, "")
    assert done.err == "out.json is there already; --force writes over it\n"
    assert json.loads(path.read_text()) == before

    done = export("out.json", "--force", "--json")
    assert json.loads(done.out) == {"file": "out.json", "accounts": 1}
    after = json.loads(path.read_text())
    assert after != before and bundle.unpack(after, WORDS) == ENTRIES


def test_secrets_at_rest_are_opened_first(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "a key of some length"
    FileStore(Path("account.json"), seal=Seal(key)).settle()
    done = export()
    assert (done.status, done.out) == (1, "")
    assert "set AMQ2API_ENCRYPTION_KEY" in done.err
    monkeypatch.setenv("AMQ2API_ENCRYPTION_KEY", key)
    assert bundle.unpack(json.loads(export().out), WORDS) == ENTRIES


def test_the_passphrase_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    typing = [("Passphrase", WORDS), ("Repeat for confirmation", WORDS)]
    done, shown = at_terminal(tmp_path, "export", typing=typing)
    assert done.status == 0, done.err
    assert bundle.unpack(json.loads(done.out), WORDS) == ENTRIES
    assert WORDS not in shown + done.err


@pytest.mark.parametrize("content", [None, "[]"], ids=["no file", "no account"])
def test_where_there_is_no_account_there_is_no_bundle(content: str | None) -> None:
    Path("account.json").unlink()
    if content:
        Path("account.json").write_text(content)
    done = export("out.json")
    assert (done.status, done.out) == (1, "")
    assert done.err == "account.json: there is no account to export\n"
    assert not Path("out.json").exists()


def test_a_broken_account_file_is_told_of() -> None:
    Path("account.json").write_text("[{]")
    done = export()
    assert (done.status, done.out) == (1, "")
    assert "account.json, line 1, column 3" in done.err


def test_a_place_that_cannot_be_written() -> None:
    Path("there").mkdir()
    done = export("there", "--force")
    assert (done.status, done.out) == (1, "")
    assert "there cannot be written: Is a directory" in done.err


PASSPHRASES = {"too short": "seven77", "too long": "x" * 1025, "none": "\n", "two": f"{WORDS}\nx"}


@pytest.mark.parametrize("words", PASSPHRASES.values(), ids=PASSPHRASES)
def test_a_passphrase_that_is_no_good_is_refused(words: str) -> None:
    Path("words").write_text(words)
    done = export("out.json")
    assert (done.status, done.out) == (2, "")
    assert "8 to 1024 characters" in done.err or "must hold one line" in done.err
    assert not Path("out.json").exists()


def test_somebody_must_be_there_to_be_asked() -> None:
    done = run("export")
    assert (done.status, done.out) == (2, "")
    assert done.err == "nobody can be asked here: use --passphrase-file\n"
