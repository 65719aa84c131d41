import asyncio
import errno
import json
import os
from pathlib import Path

import pytest

from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.minted import first
from amq2api.accounts.model import Account, Token
from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import FileStore
from amq2api.accounts.vault import Vault

KEY, OTHER = Seal("one long passphrase", cost=2), Seal("another passphrase", cost=2)


class World:
    def __init__(self, directory: Path) -> None:
        self.accounts, self.cache = directory / "account.json", directory / "cache.json"
        entry = {"id": "a", "refresh_token": "hush-r", "client_id": "c", "client_secret": "s"}
        self.accounts.write_text(json.dumps([entry]))
        self.account: Account = FileStore(self.accounts).accounts()[0]
        self.minted = first(Token("hush-t", "hush-r", 1e12), self.account)
        CacheFile(self.cache).put("a", self.minted)

    def vault(self, seal: Seal | None) -> Vault:
        vault = Vault(self.cache, FileStore(self.accounts, seal=seal), seal)
        vault.load()
        return vault


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_loading_seals_what_is_in_plain(world: World) -> None:
    assert world.vault(KEY).held(world.account) == world.minted
    assert "hush" not in world.cache.read_text()
    assert world.vault(KEY).held(world.account) == world.minted


def test_a_cache_that_cannot_be_written_serves_and_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    vault = world.vault(KEY)
    assert vault.held(world.account) == world.minted
    assert vault.problem == "cache.json cannot be written: No space left on device"


@pytest.mark.parametrize("seal", [None, OTHER], ids=["no key", "another key"])
def test_what_does_not_open_is_not_there(world: World, seal: Seal | None) -> None:
    world.vault(KEY)
    vault = world.vault(seal)
    assert vault.held(world.account) is None
    assert vault.problem is None
    assert asyncio.run(vault.newest(world.account)) is None
    assert CacheFile(world.cache, KEY).read() == {"a": world.minted}


def test_what_is_kept_is_sealed_in_both_files(world: World) -> None:
    vault = world.vault(KEY)
    rotated = world.minted.followed_by(Token("hush-t2", "hush-r2", 1e12), world.account)
    asyncio.run(vault.keep(world.account, rotated, spent="hush-r"))
    assert "hush" not in world.cache.read_text() + world.accounts.read_text()
    [account] = FileStore(world.accounts, seal=KEY).accounts()
    assert account.refresh_token == "hush-r2"
    held = world.vault(KEY).held(account)
    assert held is not None and held.token == rotated.token
