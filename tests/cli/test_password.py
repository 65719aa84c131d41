"""``amq2api password``: who can write the file gets in, whatever was forgotten."""

import asyncio
import json
from pathlib import Path

import pytest

from amq2api.accounts.adminfile import AdminFile
from amq2api.admin.passwords import Passwords
from cli.running import run

PASSWORD = "correct horse"


def fits(password: str) -> bool:
    kept = AdminFile(Path("admin.json")).read().password or ""
    return asyncio.run(Passwords().fits(password, kept))


def test_it_is_taken_from_a_file_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    (tmp_path / "new").write_text(f"{PASSWORD}\n")
    done = run("password", "--password-file", "new")
    assert (done.status, done.err) == (0, "")
    assert "admin.json" in done.out and PASSWORD not in done.out
    assert fits(PASSWORD)
    assert PASSWORD not in (tmp_path / "admin.json").read_text()
    assert (tmp_path / "admin.json").stat().st_mode & 0o777 == 0o600


def test_standard_input_and_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_ADMIN_FILE", "elsewhere/admin.json")
    done = run("password", "--password-file", "-", "--json", given=PASSWORD.encode())
    assert done.status == 0
    assert json.loads(done.out) == {"password_set": True, "file": "elsewhere/admin.json"}
    assert AdminFile(tmp_path / "elsewhere" / "admin.json").read().generation == 1


def test_another_one_voids_what_was_opened_with_the_first() -> None:
    for password in (PASSWORD, "battery staple"):
        assert run("password", "--password-file", "-", given=password.encode()).status == 0
    held = AdminFile(Path("admin.json")).read()
    assert held.generation == 2 and fits("battery staple") and not fits(PASSWORD)


def test_it_can_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    run("password", "--password-file", "-", given=PASSWORD.encode())
    at_home = run("password", "--remove")
    assert (at_home.status, at_home.err) == (0, "")
    assert "Whoever can reach the port" in at_home.out
    assert AdminFile(Path("admin.json")).read().password is None
    monkeypatch.setenv("AMQ2API_ALLOWED_HOSTS", "q.example.com")
    assert "setup token" in run("password", "--remove").out
    told = json.loads(run("password", "--remove", "--json").out)
    assert told == {"password_set": False, "file": "admin.json"}


REFUSED = {
    "too short": (("--password-file", "-"), b"secret-9!", "10 to 1024"),
    "too long": (("--password-file", "-"), b"x" * 1025, "10 to 1024"),
    "nothing": (("--password-file", "-"), b"", "one line"),
    "two lines": (("--password-file", "-"), b"correct horse\nbattery staple", "one line"),
    "no text": (("--password-file", "-"), b"\xff\xfe" * 8, "not text"),
    "nobody to ask": ((), b"", "--password-file"),
    "both": (("--remove", "--password-file", "-"), b"correct horse", "exclude"),
}


@pytest.mark.parametrize(("words", "given", "why"), REFUSED.values(), ids=REFUSED)
def test_refusals(words: tuple[str, ...], given: bytes, why: str, tmp_path: Path) -> None:
    done = run("password", *words, given=given)
    assert (done.status, done.out) == (2, "")
    assert why in done.err and "secret-9!" not in done.err
    assert not (tmp_path / "admin.json").exists()


def test_a_broken_file_is_left_to_whoever_can_mend_it(tmp_path: Path) -> None:
    (tmp_path / "admin.json").write_text("{")
    done = run("password", "--password-file", "-", "--json", given=PASSWORD.encode())
    assert (done.status, done.out) == (1, "")
    assert json.loads(done.err)["error"]["type"] == "admin_file_broken"
    assert (tmp_path / "admin.json").read_text() == "{"
