import errno
import json
from pathlib import Path
from typing import Any

import pytest

from amq2api.accounts import files
from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.minted import Minted, first
from amq2api.accounts.model import Account, Token, fingerprint
from amq2api.accounts.sealing import Seal, is_sealed


def account(refresh_token: str) -> Account:
    return Account(id="a", refresh_token=refresh_token, client_id="c", client_secret="s")


def line(*tokens: str, configured: str) -> Minted:
    """Minted one after the other, with the same refresh token configured all the time."""
    minted = first(Token("x", tokens[0], 1.0), account(configured))
    for token in tokens[1:]:
        minted = minted.followed_by(Token("x", token, 1.0), account(configured))
    return minted


def test_what_is_put_is_read_again(tmp_path: Path) -> None:
    cache = CacheFile(tmp_path / "cache.json")
    rows = {"a": line("r1", "r2", configured="r0"), "b": line("q", configured="q")}
    for name, minted in rows.items():
        cache.put(name, minted)
    assert CacheFile(cache.path).read() == rows
    assert cache.path.stat().st_mode & 0o777 == 0o600


SERVED: dict[str, tuple[str, bool]] = {
    "as configured when it was minted": ("r0", True),
    "as written back since": ("r9", True),
    "as configured before a rotation": ("r5", True),
    "put in by hand": ("new", False),
}


@pytest.mark.parametrize(("configured", "serves"), SERVED.values(), ids=SERVED)
def test_whom_a_token_serves(configured: str, serves: bool) -> None:
    minted = line(*(f"r{n}" for n in range(10)), configured="r0")
    assert minted.serves(account(configured)) is serves


def test_a_long_line_stays_short_and_remembers_its_root() -> None:
    minted = line(*(f"r{n}" for n in range(100)), configured="root")
    assert len(minted.spent) == 16
    assert minted.serves(account("root")) and not minted.serves(account("r0"))


GOOD = {"access_token": "x", "refresh_token": "r", "expires_at": 1, "seed": fingerprint("r")}
FOREIGN: dict[str, tuple[str, set[str]]] = {
    "no file at all": ("", set()),
    "no json": ("{", set()),
    "no utf-8": ("\udcff", set()),
    "a list": ("[]", set()),
    "no accounts": ('{"accounts": 7}', set()),
    "the older format": (
        '{"access_token": "x", "refresh_token": "r", "expires_at": "2026-01-01"}', set(),
    ),
    "one row of another kind": (json.dumps({"accounts": {"b": 7, "g": GOOD}}), {"g"}),
    "a member more": (json.dumps({"accounts": {"g": GOOD | {"hue": "red"}}}), {"g"}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "understood"), FOREIGN.values(), ids=FOREIGN)
def test_foreign_files_are_tolerated_and_replaced(
    tmp_path: Path, text: str, understood: set[str]
) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text, errors="surrogateescape")
    cache = CacheFile(path)
    assert set(cache.read()) == understood
    cache.put("a", line("r1", configured="r0"))
    assert set(cache.read()) == {"a", *understood}


def test_rows_it_does_not_understand_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text('{"accounts": {"b": {"of": "a newer version"}}}')
    CacheFile(path).put("a", line("r1", configured="r0"))
    assert json.loads(path.read_text())["accounts"]["b"] == {"of": "a newer version"}


def test_secrets_do_not_show() -> None:
    minted = line("hush-1", "hush-2", configured="hush-0")
    assert "hush" not in repr(minted)


KEY, OTHER = Seal("one long passphrase", cost=2), Seal("another passphrase", cost=2)


def rows(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["accounts"]
    return found


def hold(path: Path, seal: Seal | None, *names: str) -> dict[str, Minted]:
    """A cache file with a row for each of *names*."""
    held = {name: line(f"hush-{name}", configured=f"r-{name}") for name in names}
    for name, minted in held.items():
        CacheFile(path, seal).put(name, minted)
    return held


def test_under_a_key_tokens_are_sealed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    held = hold(path, KEY, "a", "b")
    assert CacheFile(path, KEY).read() == held
    assert "hush" not in path.read_text()
    row = rows(path)["a"]
    assert {key for key in row if is_sealed(str(row[key]))} == {"access_token", "refresh_token"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_stands_in_plain_is_taken_and_sealed(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    held = hold(path, None, "a", "b")
    cache = CacheFile(path, KEY)
    assert cache.read() == held
    cache.settle()
    assert "hush" not in path.read_text()
    assert cache.read() == held
    before = path.read_bytes(), path.stat().st_ino
    cache.settle()
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_a_row_of_another_account_seals_what_is_plain_and_keeps_what_is_sealed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cache.json"
    held = hold(path, None, "a") | hold(path, KEY, "b")
    before = rows(path)
    held |= hold(path, KEY, "c")
    assert "hush" not in path.read_text()
    assert rows(path)["b"] == before["b"]
    assert CacheFile(path, KEY).read() == held


@pytest.mark.parametrize("seal", [None, OTHER], ids=["no key", "another key"])
def test_a_row_that_does_not_open_is_as_good_as_none_but_is_kept(
    tmp_path: Path, seal: Seal | None
) -> None:
    path = tmp_path / "cache.json"
    held = hold(path, KEY, "a", "b")
    stranger = CacheFile(path, seal)
    assert stranger.read() == {}
    assert stranger.census() == (2, 2)
    stranger.settle()
    mine = hold(path, seal, "b", "c")
    assert stranger.read() == mine
    assert stranger.census() == (3, 1)
    assert CacheFile(path, KEY).read()["a"] == held["a"]


def test_a_row_of_a_newer_version_keeps_what_we_do_not_know(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(
        json.dumps({"accounts": {"b": {"refresh_token": "hush", "of": "later"}, "c": 7}})
    )
    CacheFile(path, KEY).settle()
    assert "hush" not in path.read_text()
    assert (rows(path)["b"]["of"], rows(path)["c"]) == ("later", 7)
    assert KEY.open(rows(path)["b"]["refresh_token"], "refresh_token") == "hush"


def test_a_file_that_cannot_be_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cache.json"
    held = hold(path, KEY, "a")

    def refused(_: Path) -> tuple[None, bytes]:
        raise PermissionError(errno.EACCES, "Permission denied")

    cache = CacheFile(path, KEY)
    with monkeypatch.context() as patch:
        patch.setattr(files, "read", refused)
        assert cache.read() == {}
        for attempt in (cache.settle, cache.census, lambda: cache.put("b", held["a"])):
            with pytest.raises(PermissionError):
                attempt()
    assert cache.read() == held


def test_where_there_is_no_cache_none_is_made(tmp_path: Path) -> None:
    cache = CacheFile(tmp_path / "nowhere" / "cache.json", KEY)
    cache.settle()
    assert cache.census() == (0, 0)
    assert list(tmp_path.iterdir()) == []
