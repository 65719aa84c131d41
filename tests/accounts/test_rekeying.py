import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from amq2api.accounts import files
from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.document import StoreBroken
from amq2api.accounts.files import StorageFailed
from amq2api.accounts.minted import Minted, first
from amq2api.accounts.model import Token
from amq2api.accounts.rekeying import Found, Rekeying
from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import FileStore

FIRST, SECOND = Seal("one long passphrase", cost=2), Seal("another passphrase", cost=2)
THIRD = Seal("a third passphrase", cost=2)
ENTRIES: list[dict[str, Any]] = [
    {"id": name, "hue": "red", "refresh_token": f"hush-r-{name}", "client_id": f"hush-c-{name}",
     "client_secret": f"hush-s-{name}"}
    for name in "ab"
]  # fmt: skip
CHANGES = {"the first": (None, FIRST), "another": (FIRST, SECOND), "none": (FIRST, None)}
Keys = tuple[Seal | None, Seal | None]


class World:
    """Both files, full, and kept under a key or in plain."""

    def __init__(self, directory: Path, keys: Keys) -> None:
        self.accounts, self.cache = directory / "account.json", directory / "cache.json"
        self.old, self.new = keys
        self.accounts.write_text(json.dumps(ENTRIES))
        store = FileStore(self.accounts, seal=self.old)
        store.settle()
        self.held: dict[str, Minted] = {}
        for account in store.accounts():
            token = Token(f"hush-t-{account.id}", account.refresh_token, 1.0)
            self.held[account.id] = first(token, account)
            CacheFile(self.cache, self.old).put(account.id, self.held[account.id])

    @property
    def rekeying(self) -> Rekeying:
        return Rekeying(self.accounts, self.cache, old=self.old, new=self.new)

    @property
    def bytes(self) -> tuple[bytes, bytes]:
        return self.accounts.read_bytes(), self.cache.read_bytes()

    def opens(self, seal: Seal | None) -> bool:
        return (
            FileStore(self.accounts, seal=seal).entries() == ENTRIES
            and CacheFile(self.cache, seal).read() == self.held
        )


@pytest.fixture(params=CHANGES.values(), ids=list(CHANGES))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(tmp_path, request.param)


def test_all_that_opened_with_the_old_key_opens_with_the_new_one(world: World) -> None:
    before = world.bytes
    assert world.rekeying.find() == Found(accounts=2, tokens=2, unreadable=0)
    assert world.bytes == before
    world.rekeying.write()
    assert world.opens(world.new)
    shown = b"".join(world.bytes)
    assert (b"hush" in shown) is (world.new is None) and (b"enc:" in shown) is bool(world.new)
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in (world.accounts, world.cache))


def test_done_again_it_changes_nothing(world: World) -> None:
    world.rekeying.write()
    before = world.bytes
    world.rekeying.write()
    assert world.bytes == before
    assert world.rekeying.find().unreadable == 0


def test_a_crash_between_the_files_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, left = os.replace, [1]

    def once(*paths: Any) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        really(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", once)
        with pytest.raises(KeyboardInterrupt):
            world.rekeying.write()
    # The cache has changed, the accounts have not: the old key still serves them.
    assert FileStore(world.accounts, seal=world.old).entries() == ENTRIES
    assert CacheFile(world.cache, world.new).read() == world.held
    world.rekeying.write()
    assert world.opens(world.new)


def test_what_a_gateway_with_the_old_key_wrote_afterwards_is_taken_care_of(world: World) -> None:
    world.rekeying.write()
    late = Minted(Token("hush-late", "hush-late-r", 2.0), world.held["a"].seed)
    CacheFile(world.cache, world.old).put("a", late)
    world.rekeying.write()
    assert CacheFile(world.cache, world.new).read() == world.held | {"a": late}


def test_if_the_accounts_cannot_be_written_the_cache_goes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = files.replace

    def full(path: Path, raw: bytes, **more: Any) -> bool:
        if path == world.accounts:
            raise OSError(errno.ENOSPC, "No space left on device")
        return really(path, raw, **more)

    monkeypatch.setattr(files, "replace", full)
    with pytest.raises(StorageFailed, match=r"account.json cannot be written: No space"):
        world.rekeying.write()
    assert world.opens(world.old)


def test_if_the_cache_cannot_be_written_nothing_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = world.bytes
    monkeypatch.setattr(files, "replace", full)
    with pytest.raises(StorageFailed, match=r"cache.json cannot be written: No space"):
        world.rekeying.write()
    assert world.bytes == before


def test_with_a_wrong_old_key_nothing_is_written(world: World) -> None:
    if world.old is None:
        world.rekeying.write()
        world.old = FIRST
    before = world.bytes
    wrong = Rekeying(world.accounts, world.cache, old=SECOND, new=THIRD)
    for attempt in (wrong.find, wrong.write):
        with pytest.raises(StoreBroken, match="entry 1: refresh_token is encrypted"):
            attempt()
        assert world.bytes == before


def test_rows_that_no_key_opens_are_counted_and_kept(world: World) -> None:
    whole = json.loads(world.cache.read_text())
    foreign = {"access_token": THIRD.seal("hush", "access_token"), "refresh_token": "enc:v9:"}
    whole["accounts"]["z"] = foreign
    world.cache.write_text(json.dumps(whole))
    assert world.rekeying.find() == Found(accounts=2, tokens=2, unreadable=1)
    world.rekeying.write()
    assert world.opens(world.new)
    assert json.loads(world.cache.read_text())["accounts"]["z"] == foreign


def test_where_there_is_nothing_nothing_is_made(tmp_path: Path) -> None:
    rekeying = Rekeying(tmp_path / "account.json", tmp_path / "cache.json", old=None, new=FIRST)
    assert rekeying.find() == Found(0, 0, 0)
    rekeying.write()
    assert [path.name for path in tmp_path.iterdir()] == ["account.json.lock"]


@pytest.mark.parametrize("name", ["account.json", "cache.json"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    rekeying = Rekeying(tmp_path / "account.json", tmp_path / "cache.json", old=None, new=FIRST)
    with pytest.raises(StorageFailed, match=f"{name} cannot be read: Is a directory"):
        rekeying.find()
