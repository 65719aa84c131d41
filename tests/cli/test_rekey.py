"""``amq2api rekey``: the secrets at rest under another key."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.minted import first
from amq2api.accounts.model import Token
from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import FileStore
from cli.running import Done, run
from cli.terminal import at_terminal

SETTING = "AMQ2API_ENCRYPTION_KEY"
FIRST, SECOND = "the first key there is", "the second key there is"
ENTRY: dict[str, Any] = {
    "id": "a", "hue": "red", "refresh_token": "hush-r", "client_id": "hush-c",
    "client_secret": "hush-s",
}  # fmt: skip
ACCOUNTS, CACHE = Path("account.json"), Path("cache.json")


@pytest.fixture(autouse=True)
def _files(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AMQ2API_TOKEN_CACHE", str(CACHE))
    ACCOUNTS.write_text(json.dumps([ENTRY]))
    [account] = FileStore(ACCOUNTS).accounts()
    CacheFile(CACHE).put("a", first(Token("hush-t", "hush-r", 1e12), account))
    yield
    assert all(path.stat().st_mode & 0o077 == 0 for path in (ACCOUNTS, CACHE) if b"enc:" in raw())


def raw() -> bytes:
    return ACCOUNTS.read_bytes() + CACHE.read_bytes()


def opens(key: str | None) -> bool:
    """Whether *key* is the one for both files."""
    seal = None if key is None else Seal(key)
    store, cache = FileStore(ACCOUNTS, seal=seal), CacheFile(CACHE, seal)
    sealed = b"hush" not in raw()
    return store.entries() == [ENTRY] and set(cache.read()) == {"a"} and sealed is bool(seal)


def rekey(*words: str, given: str = "") -> Done:
    return run("rekey", *words, given=given.encode())


def test_from_none_to_one_to_another_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    done = rekey("--generate")
    assert (done.status, done.err) == (0, "")
    [made] = re.findall(r"^    ([\w-]{43})$", done.out, re.MULTILINE)
    assert opens(made)
    assert "Accounts: 1, cached tokens: 1." in done.out
    assert f"Set {SETTING} to the new key, then restart" in done.out

    monkeypatch.setenv(SETTING, made)
    Path("new").write_text(f"{SECOND}\n")
    done = rekey("--new-key-file", "new")
    assert (done.status, done.err) == (0, "") and opens(SECOND)
    assert SECOND not in done.out

    monkeypatch.setenv(SETTING, SECOND)
    done = rekey("--remove")
    assert (done.status, done.err) == (0, "") and opens(None)
    assert f"Remove {SETTING} from the settings, then restart" in done.out


def test_two_made_keys_differ() -> None:
    assert rekey("--generate").out != rekey("--generate", "--json").out


def test_programs_get_the_key_that_was_made_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.loads(rekey("--generate", "--json").out)
    key = said.pop("key")
    assert said == {"encrypted": True, "accounts": 1, "tokens": 1, "unreadable": 0}
    assert opens(key)
    monkeypatch.setenv(SETTING, key)
    said = json.loads(rekey("--new-key-file", "-", "--json", given=SECOND).out)
    assert (said["key"], said["encrypted"]) == (None, True)
    assert opens(SECOND)
    monkeypatch.setenv(SETTING, SECOND)
    assert json.loads(rekey("--remove", "--json").out)["encrypted"] is False


def test_the_key_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    typing = [("New key", FIRST), ("Repeat for confirmation", FIRST)]
    done, shown = at_terminal(tmp_path, "rekey", typing=typing, AMQ2API_TOKEN_CACHE=str(CACHE))
    assert done.status == 0, done.err
    assert opens(FIRST)
    assert FIRST not in shown + done.out + done.err


REFUSED: dict[str, tuple[list[str], str, str]] = {
    "two ways at once": (["--generate", "--remove"], "", "exclude each other"),
    "nobody to ask": ([], "", "nobody can be asked here: use --new-key-file"),
    "a short key": (["--new-key-file", "-"], "fifteen letters", "at least 16 characters"),
    "no key": (["--new-key-file", "-"], "\n", "standard input: must hold one line"),
    "two keys": (["--new-key-file", "-"], f"{FIRST}\n{SECOND}\n", "must hold one line"),
    "no file": (["--new-key-file", "nowhere"], "", "nowhere"),
}


@pytest.mark.parametrize(("words", "given", "why"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused(words: list[str], given: str, why: str) -> None:
    before = raw()
    done = rekey(*words, given=given)
    assert (done.status, done.out, raw()) == (2, "", before)
    assert why in done.err


def test_a_file_that_is_no_text_is_refused() -> None:
    Path("new").write_bytes(b"\xff" * 32)
    done = rekey("--new-key-file", "new")
    assert (done.status, done.out, done.err) == (2, "", "new: is not text\n")


@pytest.mark.parametrize("in_force", [None, SECOND], ids=["no key", "another key"])
def test_without_the_old_key_nothing_is_done_and_no_key_is_shown(
    in_force: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rekey("--new-key-file", "-", given=FIRST).status == 0
    before = raw()
    if in_force:
        monkeypatch.setenv(SETTING, in_force)
    done = rekey("--generate")
    assert (done.status, done.out, raw()) == (1, "", before)
    assert "account.json: entry 1: refresh_token is encrypted" in done.err
    assert SETTING in done.err


def test_what_no_key_opens_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = json.loads(CACHE.read_text())
    whole["accounts"]["b"] = {"refresh_token": "enc:v1:gone"}
    CACHE.write_text(json.dumps(whole))
    assert "Cached tokens that neither key opens: 1." in rekey("--generate").out


def test_the_key_is_out_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    ACCOUNTS.with_name("account.json.lock").mkdir()  # which cannot be locked
    done = rekey("--generate", "--json")
    assert done.status == 1
    assert json.loads(done.out)["key"]
    assert opens(None)
