"""``amq2api import``: what other programs keep, and bundles."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.test_foreign import database, trace
from accounts.test_imports import CLIENT, KIRO, KIRO_CLIENT, TOKEN
from amq2api.accounts import bundle
from amq2api.accounts.imports import KIRO_IDE_FILE
from cli.keyboard import at_keyboard
from cli.running import run

ENTRY = {"refresh_token": "hush-b", "client_id": "i", "client_secret": "s", "name": "old",
         "id": "7", "label": "kept"}  # fmt: skip
PASSPHRASE = "correct horse"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of somebody who is signed in to Amazon Q CLI, and to Kiro in two ways."""
    home = tmp_path / "home"
    rows = {"codewhisperer:odic:token": TOKEN, "codewhisperer:odic:device-registration":
            CLIENT | {"client_secret_expires_at": "2999-01-01T00:00:00Z"}}  # fmt: skip
    database(home, rows=rows).close()
    cache = home / ".aws/sso/cache"
    cache.mkdir(parents=True)
    social = {"authMethod": "social", "provider": "Github", "refreshToken": "hush"}
    files: dict[str, Any] = {
        KIRO_IDE_FILE: social,
        "other.json": KIRO | {"startUrl": "https://acme.awsapps.com/start", "clientId": "hush-i",
                              "clientSecret": "hush-s", "refreshToken": "hush-o"},
        "abc123.json": KIRO_CLIENT,
    }  # fmt: skip
    for name, found in files.items():
        (cache / name).write_text(json.dumps(found))
    monkeypatch.setenv("HOME", str(home))
    return home


def entries() -> list[dict[str, Any]]:
    file = Path("account.json")
    found: list[dict[str, Any]] = json.loads(file.read_bytes()) if file.exists() else []
    return found


def test_without_words_it_lists_where_logins_may_be(home: Path) -> None:
    before = trace(home)
    done = run("import")
    assert (done.status, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert ["amazon-q-cli", "~/.local/share/amazon-q/data.sqlite3", "yes"] in lines
    assert ["kiro-cli", "~/.local/share/kiro-cli/data.sqlite3", "no"] in lines
    listed = json.loads(run("import", "--json").out)
    assert {"source": "aws-sso-cache", "path": "~/.aws/sso/cache", "exists": True} in listed
    assert trace(home) == before and entries() == []


def test_a_login_is_copied_once_and_left_where_it_was(home: Path) -> None:
    before = trace(home)
    done = run("import", "--from", "amazon-q-cli", "--yes")
    assert done.status == 0
    assert "can invalidate each other's" in done.err
    (entry,) = entries()
    assert done.out == f"Added: Amazon Q CLI: Builder ID ({entry['id']})\n"
    assert (entry["refresh_token"], entry["auth"]) == ("hush-r", "builder-id")
    assert entry["is_active"] is True and entry["created_at"]
    assert "hush" not in done.out + done.err
    again = run("import", "--from", "amazon-q-cli", "--yes")
    assert again.status == 1 and len(entries()) == 1
    assert "Not added: Amazon Q CLI: Builder ID: " in again.out and "already" in again.out
    assert again.err.endswith("no account was added\n")
    assert trace(home) == before


def test_what_cannot_be_used_and_what_is_doubtful_is_told(home: Path) -> None:
    done = run("import", "--from", "aws-sso-cache", "--yes")
    assert done.status == 0
    assert "Not added: Kiro: Github: a Kiro sign-in with a social account" in done.out
    assert "Added: AWS SSO cache: https://acme.awsapps.com/start (" in done.out
    assert "what it may be used for is not told" in done.out and "no profile is told" in done.out


def test_programs_get_one_object(home: Path) -> None:
    done = run("import", "--from", "aws-sso-cache", "--yes", "--json")
    told = json.loads(done.out)
    (added,), (skipped,) = told["added"], told["skipped"]
    assert added["id"] == entries()[0]["id"] and "is not told" in added["doubt"]
    assert skipped["name"] == "Kiro: Github" and "social" in skipped["reason"]


def test_consent_is_asked_for_and_nothing_is_done_without(home: Path, tmp_path: Path) -> None:
    before = trace(home)
    unasked = run("import", "--from", "amazon-q-cli")
    assert unasked.status == 2 and "--yes" in unasked.err
    asked = ("import", "--from", "amazon-q-cli")
    status, shown = at_keyboard(tmp_path, *asked, typing=[("[y/N]", "n\n")], HOME=str(home))
    assert status == 1 and "can invalidate each other's" in shown
    assert entries() == [] and trace(home) == before
    status, _ = at_keyboard(tmp_path, *asked, typing=[("[y/N]", "y\n")], HOME=str(home))
    assert status == 0 and len(entries()) == 1


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(bundle.pack([ENTRY], PASSPHRASE, now=0.0, cost=2**14)))
    return file


@pytest.mark.usefixtures("packed")
def test_a_bundle_is_added_whole() -> None:
    done = run("import", "bundle.json", "--passphrase-file", "-", given=PASSPHRASE.encode())
    assert (done.status, done.out, done.err) == (0, "Added: old (7)\n", "")
    (entry,) = entries()
    assert ENTRY.items() <= entry.items()
    again = run("import", "bundle.json", "--passphrase-file", "-", given=PASSPHRASE.encode())
    assert again.status == 1 and "Not added: old: " in again.out


COMPLAINTS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "another passphrase": (("bundle.json", "--passphrase-file", "wrong"), 1, "wrong passphrase"),
    "a short one": (("bundle.json", "--passphrase-file", "short"), 2, "8 to 1024 characters"),
    "nobody to ask": (("bundle.json",), 2, "--passphrase-file"),
    "no such file": (("gone.json", "--passphrase-file", "wrong"), 2, "gone.json is not there"),
    "a directory": ((".", "--passphrase-file", "wrong"), 2, ". cannot be read: Is a directory"),
    "no JSON": (("wrong", "--passphrase-file", "wrong"), 2, "wrong is no bundle"),
    "no bundle": (("other.json", "--passphrase-file", "wrong"), 1, "this is no bundle"),
    "both": (("bundle.json", "--from", "kiro-cli"), 2, "FILE and --from exclude each other"),
    "unknown source": (("--from", "netscape", "--yes"), 2, "'netscape' is none of amazon-q-cli"),
    "absent source": (("--from", "kiro-cli", "--yes"), 1, "Kiro CLI has no database here"),
}  # fmt: skip


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize(("words", "status", "said"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_complaints(
    words: tuple[str, ...], status: int, said: str, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "wrong").write_text("wrong horse")
    (tmp_path / "short").write_text("horse")
    (tmp_path / "other.json").write_text("[]")
    done = run("import", *words)
    assert (done.status, done.out) == (status, "")
    assert said in done.err and "Traceback" not in done.err
    assert entries() == []
