"""What stands in a note counts, as soon as it is whole, and is never the reason to fail."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from accounts.endpoint import TokenEndpoint, refusal
from amq2api.accounts.cachefile import CacheFile
from amq2api.accounts.minted import Minted, first
from amq2api.accounts.model import Account, Token, fingerprint
from amq2api.accounts.pending import Intent, Pending, answered
from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import FileStore
from amq2api.accounts.tokens import LEAST, TokenCache
from amq2api.errors import LoginRequired

KEY = Seal("one long passphrase", cost=2)
NOW = 1_000_000.0


class World:
    def __init__(self, directory: Path, seal: Seal | None = None) -> None:
        self.now, self.seal = NOW, seal
        self.accounts, self.cache = directory / "account.json", directory / "cache.json"
        entry = {"id": "a", "refresh_token": "r0", "client_id": "c", "client_secret": "s"}
        self.accounts.write_text(json.dumps([entry]))
        self.endpoint = TokenEndpoint({"r0"})
        self.old = first(Token("old", "r0", NOW + LEAST), self.account)
        self.file = CacheFile(self.cache, seal)
        self.file.put("a", self.old)

    @property
    def account(self) -> Account:
        return FileStore(self.accounts, seal=self.seal).accounts()[0]

    @property
    def note(self) -> Pending:
        return self.file.pending("a")

    def minted(self, refresh: str, *, expires_at: float = NOW + 3600) -> Minted:
        return self.old.followed_by(Token(f"for {refresh}", refresh, expires_at), self.account)

    def killed_after_hearing(self, refresh: str, **more: Any) -> None:
        """What a process leaves that is killed between the answer and the cache file."""
        self.killed_in_a_refresh(self.file.encoded("a", self.minted(refresh, **more)))

    def killed_in_a_refresh(self, heard: bytes = b"", *, since: float = NOW) -> None:
        fd = self.note.begin(Intent("a", fingerprint("r0"), since))
        if heard:
            answered(fd, heard)
        os.close(fd)

    def tokens(self) -> TokenCache:
        store = FileStore(self.accounts, seal=self.seal, interval=0.0)
        made = TokenCache(
            self.cache, store=store, ask=self.endpoint, seal=self.seal, now=lambda: self.now
        )
        made.load()
        return made

    def access(self, tokens: TokenCache) -> str:
        return asyncio.run(tokens.token(self.account)).access


@pytest.fixture(params=[None, KEY], ids=["in plain", "sealed"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return World(tmp_path, request.param)


def test_an_answer_that_was_only_noted_is_used_and_written_down_everywhere(world: World) -> None:
    world.killed_after_hearing("r1")
    assert world.access(world.tokens()) == "for r1"
    assert world.endpoint.asks == []
    assert world.account.refresh_token == "r1"
    assert world.note.path.read_bytes().strip() == b""
    assert CacheFile(world.cache, world.seal).read()["a"].token.refresh == "r1"


def test_a_process_that_runs_already_finds_it_when_it_renews(world: World) -> None:
    other = world.tokens()
    world.killed_after_hearing("r1")
    assert world.access(other) == "for r1"
    assert world.endpoint.asks == []


def test_a_note_that_somebody_is_at_work_on_is_left_alone(world: World) -> None:
    world.killed_after_hearing("r1")
    lock = world.file.lock("a")
    assert lock.try_acquire()
    world.file.settle()
    lock.release()
    assert world.note.read()[1] != b""
    assert CacheFile(world.cache, world.seal).read()["a"].token.refresh == "r1"


def test_a_refresh_leaves_nothing_in_its_note(world: World) -> None:
    assert world.access(world.tokens()) == "access-1"
    assert world.note.path.read_bytes().strip() == b""
    assert world.note.path.stat().st_mode & 0o777 == 0o600


def test_a_key_seals_notes_too(world: World) -> None:
    world.killed_after_hearing("r1")
    assert (b"for r1" in world.note.path.read_bytes()) is (world.seal is None)


def test_the_note_of_an_account_goes_with_it(world: World) -> None:
    world.killed_after_hearing("r1")
    asyncio.run(world.tokens().forget("a"))
    assert not world.note.path.exists()


TORN: dict[str, bytes] = {
    "nothing": b"",
    "half a row": b'{"account": "a", "access_tok',
    "no row": b'{"account": "a", "access_token": 7}',
    "of nobody": b'{"access_token": "x"}',
    "no object": b"[]",
    "no text": b"\xff\xfe\x00",
    "very deep": b"[" * 9000,
}


@pytest.mark.parametrize("row", TORN.values(), ids=TORN)
def test_a_torn_note_is_as_good_as_none(tmp_path: Path, row: bytes) -> None:
    world = World(tmp_path)
    world.killed_in_a_refresh(row)
    assert world.access(world.tokens()) == "access-1"
    world.note.path.write_bytes(row)
    world.now += 3600
    assert world.access(world.tokens()) == "access-2"


def test_a_token_put_in_by_hand_wins_over_a_note(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.killed_after_hearing("r1")
    world.accounts.write_text(world.accounts.read_text().replace('"r0"', '"mine"'))
    world.endpoint.live = {"mine"}
    assert world.access(world.tokens()) == "access-1"


def test_who_has_to_sign_in_hears_of_a_refresh_that_was_never_brought_to_an_end(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.killed_in_a_refresh(since=NOW - 60)
    world.endpoint.script = [refusal(400, "invalid_grant")] * 2
    for _ in range(2):
        with pytest.raises(LoginRequired, match=r"begun at 1970-01-12T13:45:40\+00:00 and not"):
            world.access(world.tokens())


def test_who_has_to_sign_in_for_another_reason_does_not(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.endpoint.script = [refusal(400, "invalid_grant")] * 2
    for _ in range(2):
        with pytest.raises(LoginRequired) as refused:
            world.access(world.tokens())
        assert "begun at" not in str(refused.value)
