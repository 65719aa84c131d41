"""admin.json: what counts as no password, and that nothing else does."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amq2api.accounts.adminfile import AdminFile, AdminFileBroken, Credentials
from amq2api.accounts.files import StorageFailed
from amq2api.errors import Conflict

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA"
SECRET = "s" * 43
WHOLE: dict[str, Any] = {
    "version": 1, "password": HASH, "setup_token": None, "session_secret": SECRET,
    "generation": 3, "signed_out": {"abc": 1760000000.0},
}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "admin.json"


def written(path: Path, **members: Any) -> AdminFile:
    path.write_text(json.dumps(WHOLE | members))
    return AdminFile(path)


def test_where_there_never_was_a_file_there_is_no_password(path: Path) -> None:
    assert AdminFile(path).read() == Credentials()
    assert not path.exists(), "reading makes none"


def test_the_first_change_makes_it_for_its_owner_only_and_with_a_secret(path: Path) -> None:
    file = AdminFile(path)
    made = file.change(lambda found: found.with_password(HASH))
    assert made == file.read() == AdminFile(path).read()
    assert (made.password, made.generation) == (HASH, 1)
    assert len(made.session_secret) >= 43
    assert path.stat().st_mode & 0o777 == 0o600
    another = AdminFile(path.with_name("another")).change(lambda found: found)
    assert another.session_secret != made.session_secret


def test_another_password_voids_what_the_one_before_opened(path: Path) -> None:
    file = written(path, setup_token="f" * 64)
    made = file.change(lambda found: found.with_password(HASH + "x"))
    assert made == Credentials(HASH + "x", None, SECRET, 4, {})
    assert file.change(lambda found: found.with_password(None)).password is None
    assert file.read().generation == 5


def test_members_that_are_not_ours_are_kept(path: Path) -> None:
    file = written(path, note="Größe", session_secret=SECRET, more={"deep": [1]})
    file.change(lambda found: replace(found, setup_token="f" * 64))
    found = json.loads(path.read_text())
    assert found == WHOLE | {"note": "Größe", "more": {"deep": [1]}, "setup_token": "f" * 64}


def test_a_change_elsewhere_shows_at_once(path: Path) -> None:
    one, other = AdminFile(path), AdminFile(path)
    one.change(lambda found: found.with_password(HASH))
    assert other.read().password == HASH
    other.change(lambda found: found.with_password(None))
    assert one.read().password is None


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in WHOLE.items() if key != name}).encode()


def having(**members: Any) -> bytes:
    return json.dumps(WHOLE | members).encode()


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not JSON"),
    "space": (b" \n", "is not JSON"),
    "torn": (having()[:-20], "is not JSON"),
    "no text": (b"\xff\xfe\x00", "is not JSON"),
    "nested beyond sense": (b"[" * 100_000, "is not JSON"),
    "a list": (b"[]", "cannot be understood"),
    "null": (b"null", "cannot be understood"),
    "nothing in it": (b"{}", "cannot be understood"),
    "a mistyped password": (without("password"), "password"),
    "a mistyped secret": (without("session_secret"), "session_secret"),
    "no generation": (without("generation"), "generation"),
    "a password that is a number": (having(password=1234567890), "password"),
    "a password in the clear": (having(password="open sesame"), "amq2api password"),
    "an empty password": (having(password=""), "not a hash"),
    "a secret that anyone can guess": (having(session_secret=""), "too short"),
    "a generation in words": (having(generation="three"), "generation"),
    "a later version": (having(version=2), "version 2"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "why"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_understood_is_never_no_password(raw: bytes, why: str, path: Path) -> None:
    path.write_bytes(raw)
    file = AdminFile(path)
    with pytest.raises(AdminFileBroken, match=r"^admin\.json ") as caught:
        file.read()
    with pytest.raises(AdminFileBroken):
        file.change(lambda found: found.with_password(None))
    assert path.read_bytes() == raw, "it is left to whoever can mend it"
    told = str(caught.value)
    assert why in told
    assert "sesame" not in told and "1234567890" not in told and SECRET not in told


def test_what_cannot_be_read_is_neither(path: Path) -> None:
    path.mkdir()
    with pytest.raises(AdminFileBroken, match="cannot be read"):
        AdminFile(path).read()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_nor_what_may_not_be_read(path: Path) -> None:
    file = written(path)
    path.chmod(0)
    with pytest.raises(AdminFileBroken, match="cannot be read"):
        file.read()


def test_a_file_that_is_gone_is_not_one_that_never_was(path: Path) -> None:
    read, made = written(path), AdminFile(path.with_name("made"))
    read.read()
    made.change(lambda found: found.with_password(HASH))
    for file in (read, made):
        file.path.unlink()
        with pytest.raises(AdminFileBroken, match="is gone"):
            file.read()
        assert AdminFile(file.path).read() == Credentials(), "a new process begins anew"


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = AdminFile(tmp_path / "file" / "admin.json")
    with pytest.raises(StorageFailed, match="cannot be written"):
        file.change(lambda found: found.with_password(HASH))


def test_a_change_that_refuses_leaves_the_file_alone(path: Path) -> None:
    file = written(path)
    before = path.stat()

    def change(_found: Credentials) -> Credentials:
        raise Conflict("no")

    with pytest.raises(Conflict):
        file.change(change)
    assert path.stat() == before


def test_changes_at_once_are_all_made(path: Path) -> None:
    def change() -> None:
        for _ in range(5):
            AdminFile(path).change(lambda found: found.with_password(HASH))

    threads = [threading.Thread(target=change) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AdminFile(path).read().generation == 40


def test_nothing_of_it_is_in_a_repr(path: Path) -> None:
    found = written(path, setup_token="f" * 64).read()
    assert repr(found) == "Credentials(generation=3)"
