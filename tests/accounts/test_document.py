import json
from collections.abc import Callable
from typing import Any

import pytest

from amq2api.accounts import document
from amq2api.accounts.document import StoreBroken
from amq2api.accounts.model import Entry, derived_id
from amq2api.errors import BadRequest, Conflict, NotFound


def entries(told: str) -> list[Entry]:
    """``a b*``: two accounts, b active. Each has a member that means nothing to us."""
    return [
        {"note": word, "id": word.strip("*"), "refresh_token": f"r-{word.strip('*')}",
         "client_id": "c", "client_secret": "s", "is_active": "*" in word}
        for word in told.split()
    ]  # fmt: skip


def told(listed: list[Entry]) -> str:
    return " ".join(f"{entry['id']}{'*' if entry.get('is_active') else ''}" for entry in listed)


NEW: dict[str, Any] = {"refresh_token": "r-n", "client_id": "c", "client_secret": "s", "id": "n"}
NAMELESS = {key: value for key, value in NEW.items() if key != "id"}
CHANGES: dict[str, tuple[str, Callable[[list[Entry]], list[Entry]], str]] = {
    "the first added becomes active": ("", lambda e: document.added(e, NEW), "n*"),
    "later ones do not": ("a*", lambda e: document.added(e, NEW), "a* n"),
    "unless they ask": ("a* b", lambda e: document.added(e, NEW | {"is_active": True}), "a b n*"),
    "activating": ("a* b", lambda e: document.activated(e, "b"), "a b*"),
    "activating the active": ("a* b", lambda e: document.activated(e, "a"), "a* b"),
    "removing another": ("a b* c", lambda e: document.removed(e, "c"), "a b*"),
    "removing the active one": ("a b* c", lambda e: document.removed(e, "b"), "a* c"),
    "removing the last": ("a*", lambda e: document.removed(e, "a"), ""),
    "none active": ("a b", lambda e: document.updated(e, "b", {"name": "x"}), "a* b"),
    "two active": ("a b* c*", lambda e: document.updated(e, "a", {"name": "x"}), "a b* c"),
}


@pytest.mark.parametrize(("before", "change", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(before: str, change: Callable[[list[Entry]], list[Entry]], after: str) -> None:
    start = entries(before)
    changed = change(start)
    assert told(changed) == after
    assert start == entries(before)
    assert all(entry.get("note", "").strip("*") in ("", entry["id"]) for entry in changed)


def test_an_update_keeps_order_and_strangers() -> None:
    before = {"id": "a", "x": [1, {"y": None}], "refresh_token": "r", "client_secret": "s",
              "client_id": "c", "is_active": True, "region": "eu-west-1"}  # fmt: skip
    [after] = document.updated([before], "a", {"name": "N", "refresh_token": "r2", "region": None})
    assert list(after.items()) == [
        ("id", "a"), ("x", [1, {"y": None}]), ("refresh_token", "r2"), ("client_secret", "s"),
        ("client_id", "c"), ("is_active", True), ("name", "N"),
    ]  # fmt: skip


def test_a_new_entry_is_in_the_usual_order() -> None:
    [entry] = document.added([], {"hue": None, **NEW, "created_at": "now"})
    assert list(entry) == [
        "id", "refresh_token", "client_id", "client_secret", "created_at", "hue", "is_active",
    ]  # fmt: skip


@pytest.mark.parametrize("stated", [{}, {"id": None}, {"id": " "}], ids=["no", "null", "blank"])
def test_a_derived_id_outlives_its_refresh_token(stated: Entry) -> None:
    before = stated | {"refresh_token": "r", "client_id": "c", "client_secret": "s"}
    name = derived_id("r")
    [after] = document.updated([before], name, {"refresh_token": "r2"})
    assert next(iter(after.items())) == ("id", name)
    assert document.updated([after], name, {"name": "x"})[0]["id"] == name


def test_an_id_that_is_a_number_stays_one() -> None:
    [before] = entries("7")
    assert document.activated([before | {"id": 7}], "7")[0]["id"] == 7


REFUSED: dict[str, tuple[Callable[[list[Entry]], object], type[Exception], str]] = {
    "unknown: update": (lambda e: document.updated(e, "z", {}), NotFound, "no account"),
    "unknown: remove": (lambda e: document.removed(e, "z"), NotFound, "no account"),
    "unknown: activate": (lambda e: document.activated(e, "z"), NotFound, "no account"),
    "a change of id": (lambda e: document.updated(e, "a", {"id": "z"}), BadRequest, "^id cannot"),
    "activity by update": (
        lambda e: document.updated(e, "a", {"is_active": True}), BadRequest, "^is_active cannot",
    ),
    "an unreadable change": (
        lambda e: document.updated(e, "b", {"refresh_token": None}), BadRequest,
        "entry 2: refresh_token is missing",
    ),
    "an unreadable entry": (
        lambda e: document.added(e, {"refresh_token": "x"}), BadRequest, "entry 3: client_id",
    ),
    "an id twice": (lambda e: document.added(e, NEW | {"id": "b"}), Conflict, "this id is already"),
    "a refresh token that has been replaced since": (
        lambda e: document.added(
            document.updated(
                document.added(e, NAMELESS), derived_id("r-n"), {"refresh_token": "r-d"}
            ),
            NAMELESS,
        ),
        Conflict, "was added with this refresh token",
    ),
    "a seat twice": (
        lambda e: document.added(e, NEW | {"refresh_token": "r-a"}), Conflict, "already",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_refusals(
    change: Callable[[list[Entry]], object], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        change(entries("a* b"))


def newcomer(id_: str, **more: Any) -> Entry:
    return {"id": id_, "refresh_token": f"r-{id_}", "client_id": "c",
            "client_secret": "s"} | more  # fmt: skip


_TWICE = "an account with this refresh token is already in the list"
_SAME_ID = "an account with this id is already in the list"
NEWCOMERS: dict[str, tuple[str, list[Any], str, list[tuple[str, str]]]] = {
    "the first": ("", [newcomer("n"), newcomer("m")], "n* m", []),
    "the first say who is active": (
        "", [newcomer("n"), newcomer("m", is_active=True)], "n m*", [],
    ),
    "later ones do not": ("a b*", [newcomer("n", is_active=True)], "a b* n", []),
    "seats that are here": (
        "a*", [newcomer("n", refresh_token="r-a"), newcomer("m")], "a* m", [("n", _TWICE)],
    ),
    "ids that are here": (
        "a*", [newcomer("a", refresh_token="r-n", name="N")], "a*", [("N", _SAME_ID)],
    ),
    "twice among themselves": (
        "", [newcomer("n"), newcomer("n"), newcomer("m", refresh_token="r-n")], "n*",
        [("n", _TWICE), ("m", _TWICE)],
    ),
    "unreadable ones": (
        "a*",
        [newcomer("n", client_id=7, name="N"), newcomer("m"), {"name": ["x"]}, newcomer("l")],
        "a* m l",
        [("N", "entry 1: client_id must be a string"),
         ("entry 3", "entry 3: name must be a string")],
    ),
    "none": ("a*", [], "a*", []),
}  # fmt: skip


@pytest.mark.parametrize(("before", "new", "after", "passed"), NEWCOMERS.values(), ids=NEWCOMERS)
def test_several_at_once(
    before: str, new: list[Any], after: str, passed: list[tuple[str, str]]
) -> None:
    start = entries(before)
    grown, fresh, why_not = document.added_all(start, new)
    assert told(grown) == after
    assert fresh == [entry["id"] for entry in grown[len(start) :]]
    assert why_not == passed
    assert start == entries(before)


ROTATIONS: dict[str, tuple[str, str, str | None]] = {
    "spent": ("b", "r-b r-older", "fresh"),
    "another was put in by hand": ("b", "r-older", None),
    "the account is gone": ("z", "r-b", None),
}


@pytest.mark.parametrize(("wanted", "spent", "outcome"), ROTATIONS.values(), ids=ROTATIONS)
def test_rotation(wanted: str, spent: str, outcome: str | None) -> None:
    after = document.rotated(entries("a* b"), wanted, spent=frozenset(spent.split()), fresh="fresh")
    assert (after and after[1]["refresh_token"]) == outcome


BROKEN: dict[str, tuple[bytes, int | None, int | None, str]] = {
    "a comma too many": (b'[\n  {"id": "a"},\n]', 3, 1, "x.json, line 3, column 1: "),
    "a comma too few": (b'[{"id": "a" "b": 1}]', 1, 13, "line 1, column 13: Expecting ','"),
    "no utf-8": (b'[\n {"id": "\xff"}]', 2, 10, "line 2, column 10: not UTF-8"),
    "no utf-8 at all": (b"\xff", 1, 1, "line 1, column 1: not UTF-8"),
    "no list": (b"{}", None, None, "x.json: must hold a list"),
    "no account": (b"[7]", None, None, "x.json: entry 1: is not an object"),
    "an id twice": (
        json.dumps(entries("a") + entries("a")).encode(), None, None, "entry 2: id is already",
    ),
    "no end of brackets": (b"[" * 100_000, None, None, "x.json: cannot be read"),
    "no end of digits": (b"[" + b"9" * 5000 + b"]", None, None, "x.json: cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "line", "column", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_files(raw: bytes, line: int | None, column: int | None, words: str) -> None:
    with pytest.raises(StoreBroken) as raised:
        document.parse(raw, name="x.json")
    assert (raised.value.line, raised.value.column) == (line, column)
    assert words in str(raised.value)


@pytest.mark.parametrize("raw", [b"", b" \n", b"[]", b"\xef\xbb\xbf[]"])
def test_empty_files(raw: bytes) -> None:
    assert document.parse(raw, name="x.json") == []


@pytest.mark.parametrize("name", ["Größe 工作", "\ud800"], ids=["unicode", "half a pair"])
def test_what_is_rendered_is_read_again(name: str) -> None:
    listed = [entry | {"name": name, "n": 1e400, "i": 10**30} for entry in entries("a*")]
    raw = document.render(listed)
    assert document.parse(raw, name="x.json") == listed
    assert raw.endswith(b"\n") and (name.encode(errors="ignore") in raw)
