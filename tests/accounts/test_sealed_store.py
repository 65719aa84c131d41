"""account.json under a key: stories of people, programs and keys."""

import errno
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amq2api.accounts import files
from amq2api.accounts.document import StoreBroken
from amq2api.accounts.files import StorageFailed
from amq2api.accounts.model import SECRETS, Entry, derived_id
from amq2api.accounts.sealing import Seal, is_sealed
from amq2api.accounts.store import FileStore
from amq2api.errors import BadRequest

KEY, OTHER = Seal("one long passphrase", cost=2), Seal("another passphrase", cost=2)


def entry(name: str, **more: Any) -> Entry:
    return {"id": name, "refresh_token": f"r-{name}", "client_id": f"c-{name}",
            "client_secret": f"s-{name}"} | more  # fmt: skip


class World:
    """A store, the file under it, and a clock that stands still until told."""

    def __init__(self, directory: Path, seal: Seal | None = KEY) -> None:
        self.path, self.time = directory / "account.json", 0.0
        self.store = self.opened(seal)

    def opened(self, seal: Seal | None) -> FileStore:
        return FileStore(self.path, seal=seal, clock=lambda: self.time, now=lambda: 0.0)

    def by_hand(self, entries: list[Entry]) -> None:
        self.path.write_text(json.dumps(entries))

    def look(self, seconds: float = 0.5) -> "World":
        self.time += seconds
        self.store.accounts()
        return self

    def sealed(self) -> "World":
        """Once the thread is done that a look began."""
        self.look().store.close()
        return self

    @property
    def file(self) -> list[Entry]:
        listed: list[Entry] = json.loads(self.path.read_text())
        return listed

    def all_sealed(self) -> bool:
        return all(is_sealed(e[key]) for e in self.file for key in SECRETS)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_someone_puts_in_is_taken_at_once_and_sealed_soon(world: World) -> None:
    plain = [entry("a", hue="red"), entry("b", is_active=True, refresh_token=" r-b\n")]
    world.by_hand(plain)
    world.path.chmod(0o644)
    assert [a.refresh_token for a in world.store.accounts()] == ["r-a", "r-b"]
    world.store.close()
    assert world.all_sealed()
    assert world.path.stat().st_mode & 0o777 == 0o600
    assert [{**e, **{key: None for key in SECRETS}} for e in world.file] == [
        {**e, **{key: None for key in SECRETS}} for e in plain
    ]
    assert world.store.entries() == plain
    assert world.look().store.accounts() == world.opened(KEY).accounts()
    assert {p.name for p in world.path.parent.iterdir()} == {"account.json", "account.json.lock"}


def test_nobody_waits_while_someone_else_holds_the_file(world: World) -> None:
    world.by_hand([entry("a")])
    with files.Lock(world.path):
        assert [a.id for a in world.store.accounts()] == ["a"]
        assert [a.id for a in world.look().store.accounts()] == ["a"]
        assert not world.all_sealed()
    world.store.close()
    assert world.all_sealed()


def test_one_more_in_the_open_among_sealed_ones(world: World) -> None:
    world.store.add(entry("a"))
    [before] = world.file
    world.by_hand([before, entry("b")])
    assert world.sealed().all_sealed()
    assert world.file[0] == before
    world.by_hand([before | {"client_secret": "s-new"}, world.file[1]])
    assert world.sealed().all_sealed()
    assert [a.client_secret for a in world.store.accounts()] == ["s-new", "s-b"]


def test_an_edit_by_hand_while_sealing_is_built_upon(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, edits = os.fsync, [[entry("a"), entry("h", note="by hand")]]

    def edited_meanwhile(fd: int) -> None:
        if edits:
            world.by_hand(edits.pop())
        really(fd)

    world.by_hand([entry("a")])
    monkeypatch.setattr(os, "fsync", edited_meanwhile)
    world.sealed()
    assert world.all_sealed()
    assert [(e["id"], e.get("note")) for e in world.file] == [("a", None), ("h", "by hand")]


def test_a_file_that_stands_as_it_ought_to_is_not_written(world: World) -> None:
    world.store.add(entry("a"))
    # As someone may have laid it out.
    world.path.write_text(json.dumps(world.file, indent=7))
    before = files.stamp(world.path)
    world.sealed().store.settle()
    assert files.stamp(world.path) == before


CHANGES: dict[str, Callable[[FileStore], object]] = {
    "add": lambda store: store.add(entry("z")),
    "add all": lambda store: store.add_all([entry("z")]),
    "update": lambda store: store.update("a", name="x"),
    "remove": lambda store: store.remove("b"),
    "activate": lambda store: store.activate("b"),
    "rotate": lambda store: store.rotate("a", spent={"r-a"}, fresh="r-a2"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_seals_what_is_new_and_leaves_the_rest(
    world: World, change: Callable[[FileStore], object]
) -> None:
    world.by_hand([entry("a", hue="red"), entry("b"), entry("c")])
    before = {(e["id"], key): e[key] for e in world.sealed().file for key in SECRETS}
    change(world.store)
    after = {(e["id"], key): e[key] for e in world.file for key in SECRETS}
    assert world.all_sealed() and world.file[0]["hue"] == "red"
    rotated = {("a", "refresh_token")} if change is CHANGES["rotate"] else set()
    assert {at for at in before.keys() & after.keys() if before[at] != after[at]} == rotated
    assert [a.client_id for a in world.store.accounts()] == [f"c-{e['id']}" for e in world.file]


def test_rotation_and_ids_go_by_the_plain_values(world: World) -> None:
    nameless = {key: value for key, value in entry("a").items() if key != "id"}
    world.by_hand([nameless])
    [account] = world.sealed().store.accounts()
    assert account.id == derived_id("r-a")
    assert not world.store.rotate(account.id, spent={world.file[0]["refresh_token"]}, fresh="x")
    assert world.store.rotate(account.id, spent={"r-a"}, fresh="r-a2")
    assert not world.store.rotate(account.id, spent={"r-a"}, fresh="r-a3")
    assert world.store.accounts()[0].refresh_token == "r-a2"


LOCKED_OUT: dict[str, tuple[Seal | None, str]] = {
    "no key": (None, "there is no key: set AMQ2API_ENCRYPTION_KEY"),
    "another key": (OTHER, "another key than AMQ2API_ENCRYPTION_KEY"),
}


@pytest.mark.parametrize(("seal", "words"), LOCKED_OUT.values(), ids=LOCKED_OUT)
@pytest.mark.parametrize("change", [*CHANGES.values(), FileStore.settle, FileStore.entries],
                         ids=[*CHANGES, "settle", "entries"])  # fmt: skip
def test_whoever_cannot_open_the_file_serves_what_they_know_and_writes_nothing(
    tmp_path: Path, seal: Seal | None, words: str, change: Callable[[FileStore], object]
) -> None:
    world = World(tmp_path, seal)
    world.by_hand([entry("a"), entry("b")])
    world.sealed()
    here = world.store.accounts()
    World(tmp_path).by_hand([entry("a"), entry("b"), entry("c")])
    World(tmp_path).sealed()
    before = world.path.read_bytes()
    with pytest.raises(StoreBroken, match=words):
        change(world.store)
    assert world.path.read_bytes() == before
    assert world.look().store.accounts() == here
    assert str(world.store.problem).startswith("account.json: entry 1: refresh_token is encrypted")


def test_a_newcomer_without_the_key_has_no_account_and_says_why(world: World) -> None:
    world.store.add(entry("a"))
    stranger = world.opened(None)
    assert stranger.accounts() == ()
    assert "set AMQ2API_ENCRYPTION_KEY" in str(stranger.problem)
    assert world.look().store.problem is None


def test_one_damaged_value_is_mended_by_a_plain_one(world: World) -> None:
    world.store.add(entry("a"))
    world.store.add(entry("b"))
    broken = world.file
    broken[1]["client_id"] = broken[1]["client_id"][:-3] + "AAA"
    world.by_hand(broken)
    assert "entry 2: client_id is encrypted with" in str(world.look().store.problem)
    broken[1]["client_id"] = "c-b"
    world.by_hand(broken)
    assert world.sealed().look().store.problem is None
    assert world.all_sealed()
    assert [a.client_id for a in world.store.accounts()] == ["c-a", "c-b"]


def test_a_file_that_cannot_be_written_serves_and_is_sealed_once_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []

    def full(fd: int) -> None:
        writes.append(fd)
        raise OSError(errno.ENOSPC, "No space left on device")

    world.by_hand([entry("a")])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for _ in range(3):
            world.sealed()
        assert len(writes) == 1
        assert [a.refresh_token for a in world.store.accounts()] == ["r-a"]
        assert not world.all_sealed() and world.store.problem is None
        with pytest.raises(StorageFailed):
            world.store.settle()
    world.look(60.0).store.close()
    assert world.all_sealed()


def test_a_secret_that_looks_sealed_is_refused_by_the_door(tmp_path: Path) -> None:
    for seal in (None, KEY):
        world = World(tmp_path, seal)
        with pytest.raises(BadRequest, match="client_id begins with enc:"):
            world.store.add(entry("a", client_id="enc:v1:copied"))
        assert not world.path.exists()


def test_many_edits_at_once_lose_nothing(tmp_path: Path) -> None:
    worlds = [World(tmp_path) for _ in range(2)]
    path = worlds[0].path

    def program(number: int) -> None:
        for part in range(5):
            worlds[number % 2].look().store.add(entry(f"{number}-{part}", stranger=part))

    def person(number: int) -> None:
        for part in range(5):
            # A person's edit that falls between two of the programs': one that falls within
            # is the story above.
            with files.Lock(path):
                listed = json.loads(path.read_text()) if path.exists() else []
                path.write_text(json.dumps([*listed, entry(f"hand-{number}-{part}")]))

    crowd = [threading.Thread(target=program, args=(n,)) for n in range(10)]
    crowd += [threading.Thread(target=person, args=(n,)) for n in range(3)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    for world in worlds:
        world.sealed()
    expected = {f"{n}-{part}" for n in range(10) for part in range(5)}
    expected |= {f"hand-{n}-{part}" for n in range(3) for part in range(5)}
    assert {e["id"] for e in worlds[0].file} == expected
    assert worlds[0].all_sealed()
    opened = {a.id: a.refresh_token for a in worlds[1].look().store.accounts()}
    assert opened == {name: f"r-{name}" for name in expected}
