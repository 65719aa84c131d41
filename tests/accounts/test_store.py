import errno
import json
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amq2api.accounts.document import StoreBroken
from amq2api.accounts.files import StorageFailed
from amq2api.accounts.model import Entry, from_environment
from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import AccountStore, FileStore
from amq2api.errors import BadRequest, NotFound

ENVIRONMENT = from_environment(refresh_token="r-e", client_id="c", client_secret="s")


def entry(name: str, **more: Any) -> Entry:
    return {"id": name, "refresh_token": f"r-{name}", "client_id": "c", "client_secret": "s"} | more


class World:
    """A store, the file under it, and a clock that stands still until told."""

    def __init__(self, directory: Path, seal: Seal | None = None) -> None:
        self.path, self.time = directory / "account.json", 0.0
        self.store = FileStore(
            self.path, ENVIRONMENT, seal=seal, clock=lambda: self.time, now=lambda: 0.0
        )

    def by_hand(self, content: str | list[Entry]) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        self.path.write_text(text)

    def wait(self) -> "World":
        self.time += 0.5
        return self

    @property
    def file(self) -> list[Entry]:
        listed: list[Entry] = json.loads(self.path.read_text())
        return listed

    @property
    def told(self) -> str:
        return " ".join(a.id + "*" * a.is_active for a in self.store.accounts())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_edit_by_hand_is_seen_in_time_but_not_looked_for_at_each_call(world: World) -> None:
    world.by_hand([entry("a")])
    assert world.told == "a"
    world.by_hand([entry("a"), entry("b", is_active=True)])
    assert world.told == "a"
    assert world.wait().told == "a b*"
    world.path.unlink()
    assert world.wait().store.accounts() == (ENVIRONMENT,)


def test_an_unchanged_file_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.by_hand([entry("a")])
    assert world.told == "a"
    monkeypatch.setattr(json, "loads", pytest.fail)
    assert world.wait().told == "a"


def test_two_edits_within_one_tick_are_both_seen(world: World) -> None:
    world.by_hand([entry("a")])
    tick = world.path.stat().st_mtime_ns
    world.store = FileStore(world.path, clock=lambda: world.time, now=lambda: tick / 1e9)
    for name in "abc":
        world.by_hand([entry(name)])
        os.utime(world.path, ns=(tick, tick))
        assert world.wait().told == name


@pytest.mark.parametrize("content", [None, "", "[]"], ids=["no file", "nothing in it", "no entry"])
def test_the_environment_serves_alone(world: World, content: str | None) -> None:
    if content is not None:
        world.by_hand(content)
    assert world.store.accounts() == (ENVIRONMENT,)
    assert world.store.problem is None
    assert FileStore(world.path).accounts() == ()
    world.store.add(entry("a"))
    assert world.told == "a*"


def test_the_environments_account_is_not_the_files_to_change(world: World) -> None:
    with pytest.raises(NotFound):
        world.store.remove(ENVIRONMENT.id)
    assert not world.store.rotate(ENVIRONMENT.id, spent={"r-e"}, fresh="x")
    assert not world.path.exists()


def test_the_operations(world: World) -> None:
    store: AccountStore = world.store
    added = store.add({k: v for k, v in entry("a").items() if k != "id"} | {"hue": "red"})
    assert (added.is_active, added.extra, added.created_at) == (
        True, {"hue": "red"}, "1970-01-01T00:00:00Z",
    )  # fmt: skip
    assert store.add(entry("b")).id == "b"
    assert world.told == f"{added.id}* b"
    assert store.activate("b").is_active
    assert world.told == f"{added.id} b*"
    assert store.update("b", name="N", region="eu-west-1").name == "N"
    assert store.rotate("b", spent={"r-b"}, fresh="r-b2")
    assert not store.rotate("b", spent={"r-b"}, fresh="r-b3")
    store.remove("b")
    assert world.told == f"{added.id}*"
    assert world.file[0]["hue"] == "red"
    assert world.path.stat().st_mode & 0o777 == 0o600
    assert {p.name for p in world.path.parent.iterdir()} == {"account.json", "account.json.lock"}


CHANGES: dict[str, Callable[[FileStore], object]] = {
    "add": lambda store: store.add(entry("z")),
    "update": lambda store: store.update("a", name="x"),
    "remove": lambda store: store.remove("a"),
    "activate": lambda store: store.activate("a"),
    "rotate": lambda store: store.rotate("a", spent={"r-a"}, fresh="x"),
}
TORN = '[\n  {"id": "a",,\n'


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_broken_file_is_told_of_and_never_written(
    world: World, change: Callable[[FileStore], object]
) -> None:
    world.by_hand([entry("a")])
    assert world.told == "a"
    world.by_hand(TORN)
    with pytest.raises(StoreBroken) as raised:
        change(world.store)
    assert (raised.value.line, raised.value.column) == (2, 14)
    assert world.path.read_text() == TORN
    assert world.told == "a"
    assert str(world.store.problem) == str(raised.value)
    world.by_hand([entry("a"), entry("b")])
    assert world.wait().told == "a b"
    assert world.store.problem is None


BREAKS: dict[str, tuple[str, str]] = {
    "syntax": (TORN, "account.json, line 2, column 14"),
    "shape": ("{}", "account.json: must hold a list"),
    "entry": ('[{"refresh_token": 1}]', "account.json: entry 1: refresh_token must be"),
    "emptied": ("  ", "account.json: is empty"),
}


@pytest.mark.parametrize(("content", "words"), BREAKS.values(), ids=BREAKS)
def test_the_last_good_accounts_go_on_serving(world: World, content: str, words: str) -> None:
    world.by_hand([entry("a", is_active=True)])
    assert world.told == "a*"
    world.by_hand(content)
    for _ in range(2):
        assert world.wait().told == "a*"
        assert words in str(world.store.problem)


def test_a_file_broken_from_the_start_is_not_taken_for_an_empty_one(world: World) -> None:
    world.by_hand(TORN)
    assert world.store.accounts() == ()
    assert world.store.problem is not None


def test_a_file_that_cannot_be_read(world: World) -> None:
    world.path.mkdir()
    assert world.told == ""
    assert "cannot be read: Is a directory" in str(world.store.problem)
    with pytest.raises(StorageFailed, match="Is a directory"):
        world.store.add(entry("a"))
    world.path.rmdir()
    assert world.wait().store.accounts() == (ENVIRONMENT,)


def test_several_are_added_in_one_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.by_hand([entry("a", is_active=True)])
    really, syncs = os.fsync, list[int]()

    def counted(fd: int) -> None:
        syncs.append(fd)
        really(fd)

    monkeypatch.setattr(os, "fsync", counted)
    new = [entry("b", hue="red", created_at="2026-01-01"), entry("a") | {"name": "A"}, entry("c")]
    added, passed = world.store.add_all(new)
    assert len(syncs) == 2  # the file and its directory
    assert [(a.id, a.created_at, a.extra) for a in added] == [
        ("b", "2026-01-01", {"hue": "red"}), ("c", "1970-01-01T00:00:00Z", {}),
    ]  # fmt: skip
    assert passed == [("A", "an account with this refresh token is already in the list")]
    assert world.told == "a* b c"
    assert world.store.add_all(new)[0] == []
    assert len(syncs) == 2


def test_all_that_is_in_the_file_can_be_had(world: World) -> None:
    assert world.store.entries() == []
    world.by_hand([entry("a", hue=["red", None])])
    assert world.store.entries() == [entry("a", hue=["red", None])]
    world.path.unlink()
    world.path.mkdir()
    with pytest.raises(StorageFailed, match=r"account.json cannot be read: Is a dir"):
        world.store.entries()


def test_a_full_disk_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.store.add(entry("a"))
    before = world.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageFailed, match=r"account.json cannot be written: No space"):
            world.store.add(entry("b"))
    assert (world.path.read_bytes(), world.told) == (before, "a*")
    world.store.add(entry("b"))
    assert world.told == "a* b"


def test_an_edit_by_hand_during_a_change_is_built_upon(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.by_hand([entry("a")])
    really, edits = os.fsync, [[entry("a"), entry("h", note="by hand")]]

    def edited_meanwhile(fd: int) -> None:
        if edits:
            world.by_hand(edits.pop())
        really(fd)

    monkeypatch.setattr(os, "fsync", edited_meanwhile)
    world.store.add(entry("b"))
    assert world.told == "a* h b"
    assert world.file[1]["note"] == "by hand"


def test_a_file_that_does_not_come_to_rest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.by_hand([entry("a")])
    monkeypatch.setattr(os, "fsync", lambda _: world.by_hand(world.path.read_text() + " "))
    with pytest.raises(StorageFailed, match="edited by someone else"):
        world.store.add(entry("b"))
    assert world.told == "a"


def test_threads_and_stores_do_not_lose_each_others_changes(tmp_path: Path) -> None:
    worlds = [World(tmp_path) for _ in range(2)]

    def add(number: int) -> None:
        for part in range(5):
            worlds[number % 2].store.add(entry(f"{number}-{part}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {entry["id"] for entry in worlds[0].file}
    assert ids == {f"{number}-{part}" for number in range(4) for part in range(5)}
    assert worlds[0].wait().told == worlds[1].wait().told


NAMES = st.sampled_from("abcd")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
OPERATIONS = st.one_of(
    st.tuples(st.just("add"), NAMES, JSON),
    st.tuples(st.just("hand"), NAMES, JSON),
    st.tuples(st.sampled_from(["update", "remove", "activate", "rotate", "look"]), NAMES,
              st.none()),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(OPERATIONS, max_size=12), st.sampled_from([None, Seal("a key", cost=2)]))
def test_whatever_happens_one_is_active_and_nothing_is_lost(
    operations: list[tuple[str, str, Any]], seal: Seal | None
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory), seal)
        strangers: dict[str, Any] = {}
        for operation, name, value in operations:
            world.store.close()
            if operation == "hand":
                listed = world.file if world.path.exists() else []
                kept = [entry for entry in listed if entry["id"] != name]
                world.by_hand([*kept, entry(name, stranger=value, is_active=True)])
                strangers[name] = value
                continue
            try:
                act(world, operation, name, value)
            except (NotFound, BadRequest):
                continue
            if operation == "add":
                strangers[name] = value
            if operation == "remove":
                del strangers[name]
            if operation != "look" and strangers:
                assert world.told.count("*") == 1
        world.store.close()
        assert {e["id"]: e["stranger"] for e in (world.file if strangers else [])} == strangers
        held = {account.id: account.refresh_token for account in world.wait().store.accounts()}
        assert not strangers or held == {name: f"r-{name}" for name in strangers}
        world.store.close()


def act(world: World, operation: str, name: str, value: Any) -> None:
    store = world.store
    match operation:
        case "add":
            store.add(entry(name, stranger=value))
        case "update":
            store.update(name, name="changed")
        case "remove":
            store.remove(name)
        case "activate":
            assert store.activate(name).is_active
        case "rotate":
            if not store.rotate(name, spent={f"r-{name}"}, fresh=f"r-{name}"):
                raise NotFound
        case _:
            world.wait().store.accounts()
