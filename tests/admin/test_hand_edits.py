"""People edit account.json while the page does, and nobody loses anything."""

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from admin.desk import Answer, Desk, at_desk
from amq2api.accounts.store import FileStore


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_desk(tmp_path) as found:
        # The gateway renews the token when it starts, and writes the rotated one and an id into
        # the file: an edit that began before and ends after that would be a story of its own.
        soon(lambda: "id" in found.entries()[0])
        yield found


def soon(seen: Callable[[], bool]) -> None:
    """The store looks twice a second."""
    until = time.monotonic() + 5
    while not seen():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_hand_edit_shows_without_a_restart(desk: Desk) -> None:
    entries = desk.entries()
    entries[0]["name"] = "by hand"
    second = {"id": "2", "refresh_token": "aor-second-by-hand", "name": "second"}
    entries.append(entries[0] | second)
    desk.file.write_text(json.dumps(entries))
    soon(lambda: [a["name"] for a in desk.accounts()] == ["by hand", "second"])


def test_a_broken_hand_edit_is_told_with_its_place_and_loses_nothing(desk: Desk) -> None:
    (known,) = desk.accounts()
    good = desk.file.read_text()
    broken = good.replace("{", '{\n  "name": "half,\n', 1)
    desk.file.write_text(broken)
    soon(lambda: desk.ask("GET", "/api/status").data["store_problem"] is not None)
    problem = desk.ask("GET", "/api/status").data["store_problem"]
    assert (problem["line"], problem["column"]) == (3, 17)
    assert "account.json, line 3, column 17" in problem["message"]
    # What was known goes on serving, and the file is its editor's.
    assert [account["id"] for account in desk.accounts()] == [known["id"]]
    assert desk.ask("GET", f"/api/accounts/{known['id']}/usage").status == 200
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        answer = desk.ask(method, f"/api/accounts/{known['id']}", body)
        assert (answer.status, answer.error["type"]) == (503, "store_broken")
        assert "line 3" in answer.error["message"]
    assert desk.file.read_text() == broken
    desk.file.write_text(good)
    soon(lambda: desk.ask("GET", "/api/status").data["store_problem"] is None)


def test_members_that_mean_nothing_here_survive(desk: Desk) -> None:
    entries = desk.entries()
    entries[0] |= {"note": "mine", "tags": {"a": [1, None]}}
    desk.file.write_text(json.dumps(entries))
    soon(lambda: True)
    place = f"/api/accounts/{desk.accounts()[0]['id']}"
    assert desk.ask("PATCH", place, {"name": "renamed", "region": "us-east-1"}).status == 200
    assert desk.ask("POST", f"{place}/activate").status == 200
    (entry,) = desk.entries()
    assert (entry["note"], entry["tags"]) == ("mine", {"a": [1, None]})
    assert (entry["name"], entry["is_active"]) == ("renamed", True)


QUESTION = {"model": "claude-sonnet-4-5", "max_tokens": 16,
            "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
Job = tuple[str, Callable[[int], Any], int]


def test_fifty_at_once_and_the_command_line_lose_nothing(desk: Desk) -> None:
    seats = [desk.add(f"seat {number}")[0] for number in range(10)]
    elsewhere = FileStore(desk.file)  # as another process has it

    def add(number: int) -> Answer:
        body = {"name": f"new {number}", "refresh_token": f"aor-new-{number}",
                "client_id": "c", "client_secret": "s"}  # fmt: skip
        return desk.ask("POST", "/api/accounts", body)

    def rename(number: int) -> Answer:
        return desk.ask("PATCH", f"/api/accounts/{seats[number % 5]}", {"name": f"n{number}"})

    def remove(number: int) -> Answer:
        return desk.ask("DELETE", f"/api/accounts/{seats[5 + number % 5]}")

    def call(_number: int) -> Answer:
        return desk.ask("POST", "/v1/messages", QUESTION)

    def command(number: int) -> str:
        return elsewhere.update(seats[0], **{f"by_command_{number}": number}).id

    jobs: list[Job] = [
        *(("add", add, n) for n in range(15)), *(("rename", rename, n) for n in range(15)),
        *(("remove", remove, n) for n in range(10)), *(("call", call, n) for n in range(10)),
        *(("command", command, n) for n in range(5)),
    ]  # fmt: skip
    random.Random(5).shuffle(jobs)
    with ThreadPoolExecutor(len(jobs)) as people:
        under_way = [(kind, people.submit(work, number)) for kind, work, number in jobs]
        done = [(kind, doing.result()) for kind, doing in under_way]

    statuses = {kind: sorted(a.status for k, a in done if k == kind)
                for kind in ("add", "rename", "remove", "call")}  # fmt: skip
    assert statuses == {
        "add": [200] * 15, "rename": [200] * 15, "remove": [200] * 5 + [404] * 5,
        "call": [200] * 10,
    }  # fmt: skip
    entries = {entry["id"]: entry for entry in desk.entries()}
    assert {answer.data["id"] for kind, answer in done if kind == "add"} <= entries.keys()
    assert set(seats[:5]) <= entries.keys() and not set(seats[5:]) & entries.keys()
    assert len(entries) == 1 + 5 + 15
    assert all(entries[seats[0]][f"by_command_{n}"] == n for n in range(5))
    assert sum(entry.get("is_active", False) for entry in entries.values()) == 1
    assert {account["id"] for account in desk.accounts()} == entries.keys()


def test_an_edit_while_calls_run_and_tokens_turn_is_kept(desk: Desk) -> None:
    with ThreadPoolExecutor(10) as people:
        calls = [people.submit(desk.ask, "POST", "/v1/messages", QUESTION) for _ in range(30)]
        for number in range(3):
            entries = desk.entries()
            entries[0][f"by_hand_{number}"] = number
            draft = desk.file.with_name("draft")
            draft.write_text(json.dumps(entries))
            draft.replace(desk.file)
            time.sleep(0.1)
        assert {call.result().status for call in calls} == {200}
    place = f"/api/accounts/{desk.accounts()[0]['id']}"
    assert desk.ask("POST", f"{place}/test").data["ok"] is True  # which renews the token
    (entry,) = desk.entries()
    assert [entry[f"by_hand_{number}"] for number in range(3)] == [0, 1, 2]
    held = desk.house.world.demo_account()["refresh_token"]
    assert entry["refresh_token"] == held
