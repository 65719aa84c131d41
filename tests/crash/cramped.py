"""Tokens and accounts on a disk without room: ``cramped.py DIRECTORY``, a small file system of its
own. Fails where anything is lost, or where it should go on and does not.
"""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from accounts.endpoint import TokenEndpoint
from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.files import StorageFailed
from amq2api.accounts.minted import first
from amq2api.accounts.model import Account, Token
from amq2api.accounts.store import FileStore
from amq2api.accounts.tokens import LEAST, TokenCache

NOW = 1_000_000.0


class World:
    def __init__(self, home: Path) -> None:
        self.home, self.cache = home, home / "cache.json"
        self.endpoint = TokenEndpoint({"r0"})
        entry = {"id": "a", "refresh_token": "r0", "client_id": "c", "client_secret": "s"}
        (home / "account.json").write_text(json.dumps([entry]))

    @property
    def store(self) -> FileStore:
        return FileStore(self.home / "account.json", interval=0.0)

    @property
    def account(self) -> Account:
        return self.store.accounts()[0]

    def process(self) -> TokenCache:
        tokens = TokenCache(self.cache, store=self.store, ask=self.endpoint, now=lambda: NOW)
        tokens.load()
        return tokens

    def fill(self) -> None:
        with (self.home / "filler").open("ab", buffering=0) as file:
            try:
                while file.write(b"x" * 512):
                    pass
            except OSError:
                return

    def make_room(self) -> None:
        (self.home / "filler").unlink()


async def renewed_on_a_full_disk(world: World) -> None:
    """The room that the first renewal took is there for the next."""
    tokens = world.process()
    assert (await tokens.token(world.account)).access == "access-1"
    world.fill()
    assert (await tokens.token(world.account, refused="access-1")).access == "access-2"
    assert tokens.problem == "cache.json cannot be written: No space left on device"
    assert (await tokens.token(world.account)).access == "access-2"
    # Killed here, it takes nothing along.
    assert (await world.process().token(world.account)).access == "access-2"
    assert (await tokens.token(world.account, refused="access-2")).access == "access-3"
    world.make_room()
    heir = world.process()
    assert (await heir.token(world.account)).access == "access-3"
    assert world.account.refresh_token == "refresh-3" and heir.problem is None
    assert world.endpoint.minted == len(world.endpoint.asks) == 3


async def not_renewed_without_room(world: World) -> None:
    """What could not be kept is not asked for; a token that still lives serves."""
    CacheFile(world.cache).put("a", first(Token("old", "r0", NOW + LEAST), world.account))
    world.fill()
    assert (await world.process().token(world.account)).access == "old"
    with pytest.raises(StorageFailed, match=r"could not be kept .*No space left"):
        await world.process().token(world.account, refused="old")
    assert world.endpoint.asks == []
    world.make_room()
    assert (await world.process().token(world.account, refused="old")).access == "access-1"


async def edited_without_room(world: World) -> None:
    """The change fails, and says why; the file stays as it was."""
    before = (world.home / "account.json").read_bytes()
    world.fill()
    with pytest.raises(StorageFailed, match=r"^account.json cannot be written: No space left"):
        world.store.update("a", name="x" * 9000)
    assert (world.home / "account.json").read_bytes() == before
    assert sorted(path.name for path in world.home.iterdir()) == [
        "account.json", "account.json.lock", "filler",
    ]  # fmt: skip
    world.make_room()
    assert world.store.update("a", name="y").name == "y"


def main(home: str) -> None:
    for story in (renewed_on_a_full_disk, not_renewed_without_room, edited_without_room):
        for path in Path(home).iterdir():
            path.unlink()
        asyncio.run(story(World(Path(home))))


if __name__ == "__main__":
    main(*sys.argv[1:])
