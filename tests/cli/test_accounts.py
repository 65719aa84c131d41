"""``amq2api accounts``: what each command does, says and refuses."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from cli.amazon import Amazon
from cli.running import Done, run

FILE = Path("account.json")
SECRET_MEMBERS = ("refresh_token", "client_id", "client_secret")


def write(*entries: dict[str, Any]) -> None:
    FILE.write_text(json.dumps(entries))


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FILE.read_text())
    return found


def entry(name: str, **members: Any) -> dict[str, Any]:
    """An account that no service knows."""
    secrets = {member: f"{member}-of-{name}-which-is-secret" for member in SECRET_MEMBERS}
    return {"id": f"id-{name}", "name": name, **secrets, **members}


def accounts(*words: str, **given: Any) -> Done:
    return run("accounts", *words, **given)


def told(*words: str, **given: Any) -> Any:
    """What a program gets that asks for it."""
    done = accounts(*words, "--json", **given)
    assert done.err == ""
    return json.loads(done.out)


def test_people_see_who_is_there() -> None:
    write(
        entry("home", is_active=True),
        entry("work", profile_arn="arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABC"),
        entry("spare", enabled=False),
        entry("soon", registration_expires_at=4.1e9),
    )
    done = accounts("list")
    head, _, *rows = done.out.splitlines()
    assert (done.status, done.err) == (0, "")
    assert head.split() == ["name", "id", "kind", "state", "token"]
    assert [" ".join(row.split()) for row in rows] == [
        "● home id-home Builder ID ready none yet",
        "work id-work Identity Center ready none yet",
        "spare id-spare Builder ID disabled none yet",
        "soon id-soon Builder ID ready none yet",
    ]


def test_programs_get_what_the_api_tells() -> None:
    write(entry("home", is_active=True), entry("work"))
    home, work = told("list")
    assert (home["id"], home["is_active"], work["is_active"]) == ("id-home", True, False)
    assert home["refresh_token"] == "refresh_to..."
    assert home["client_secret"] == "***"
    assert home["health"]["state"] == "ready"
    assert home["token"] == {"present": False, "expired": False, "expires_at": None}


def test_an_empty_list_says_what_to_do() -> None:
    assert "amq2api login" in accounts("list").out
    assert told("list") == []


def test_a_sign_in_that_has_ended_shows() -> None:
    write(entry("home", registration_expires_at=1.0))
    assert "needs login" in accounts("list").out
    assert told("list")[0]["health"]["reason"] == "RegistrationExpired"


def test_the_account_of_the_environment_is_listed_and_cannot_be_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for member in SECRET_MEMBERS:
        monkeypatch.setenv(f"AMAZONQ_{member.upper()}", "secret-of-the-environment")
    assert "environment" in accounts("list").out
    done = accounts("edit", "environment", "--name", "x")
    assert (done.status, done.out) == (1, "")
    assert "AMAZONQ_" in done.err


def test_adding_takes_secrets_from_a_file_and_names_from_options(tmp_path: Path) -> None:
    secrets = {member: f"{member}-value" for member in SECRET_MEMBERS}
    (tmp_path / "new").write_text(json.dumps(secrets | {"region": "eu-central-1"}))
    done = accounts("add", "--json-file", "new", "--name", "公司 [bold]")
    assert done.status == 0
    assert "公司 [bold]" in done.out
    (kept,) = entries()
    assert {key: kept[key] for key in SECRET_MEMBERS} == secrets
    assert (kept["name"], kept["region"], kept["is_active"]) == (
        "公司 [bold]",
        "eu-central-1",
        True,
    )
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o600


def test_adding_from_standard_input_tells_a_program_the_id() -> None:
    given = json.dumps({member: "secret-value" for member in SECRET_MEMBERS}).encode()
    added = told("add", "--json-file", "-", given=given)
    assert added["id"] == entries()[0]["id"]
    assert added["refresh_token"] == "secret-val..."


def test_editing_changes_what_is_named_and_nothing_else() -> None:
    write(entry("home", is_active=True, profile_arn="arn:x", note="mine"), entry("work"))
    changed = told("edit", "home", "--name", "new home", "--disable", "--profile-arn", "")
    assert (changed["name"], changed["enabled"], changed["profile_arn"]) == (
        "new home",
        False,
        None,
    )
    home, work = entries()
    assert home == entry("home", is_active=True, note="mine") | {
        "name": "new home", "enabled": False,
    }  # fmt: skip
    assert work["name"] == "work"
    assert told("edit", "new home", "--enable")["enabled"] is True


def test_editing_replaces_what_an_account_signs_in_with() -> None:
    write(entry("home", registration_expires_at=1.0))
    secrets = {member: f"new-{member}" for member in SECRET_MEMBERS}
    changed = told("edit", "home", "--json-file", "-", given=json.dumps(secrets).encode())
    assert changed["health"]["state"] == "ready"
    assert {key: entries()[0][key] for key in SECRET_MEMBERS} == secrets


def test_activating_moves_the_mark() -> None:
    write(entry("home", is_active=True), entry("work"))
    assert accounts("activate", "id-w").out == "work (id-work): serves now\n"
    assert [e["is_active"] for e in entries()] == [False, True]
    assert told("activate", "home")["is_active"] is True


def test_removing_needs_a_yes() -> None:
    write(entry("home"), entry("work"))
    refused = accounts("remove", "home")
    assert (refused.status, len(entries())) == (2, 2)
    assert "--yes" in refused.err
    assert told("remove", "home", "--yes") == {"id": "id-home"}
    assert accounts("remove", "work", "--yes").out == "work (id-work): removed\n"
    assert entries() == []


REFUSED: dict[str, tuple[list[str], bytes, int, str, str]] = {
    "nobody by that name": (["activate", "nobody"], b"", 1, "not_found", "home (id-home)"),
    "two by that name": (["remove", "twin", "--yes"], b"", 1, "ambiguous", "id-twin-2"),
    "nothing to change": (["edit", "home"], b"", 2, "bad_usage", "nothing to change"),
    "an account and all": (["test", "home", "--all"], b"", 2, "bad_usage", "--all"),
    "no such option": (["list", "--nonsense"], b"", 2, "bad_usage", "No such option"),
    "a secret as an option": (
        ["add", "--refresh-token", "x"], b"", 2, "bad_usage", "No such option",
    ),
    "nobody to ask for secrets": (["add"], b"", 2, "bad_usage", "--json-file"),
    "no file": (["add", "--json-file", "nowhere"], b"", 2, "bad_usage", "nowhere"),
    "no JSON": (["add", "--json-file", "-"], b"secret-given", 2, "bad_usage", "standard input"),
    "no text": (["add", "--json-file", "-"], b"\xff\xfe", 2, "bad_usage", "is not JSON"),
    "a list": (["add", "--json-file", "-"], b"[]", 2, "bad_usage", "one JSON object"),
    "a deep hole": (["add", "--json-file", "-"], b"[" * 100_000, 2, "bad_usage", "is not JSON"),
    "half of the secrets": (
        ["add", "--json-file", "-"], b'{"refresh_token": "secret-given"}', 2, "bad_usage",
        "client_id is missing",
    ),
    "a member nobody knows": (
        ["add", "--json-file", "-"],
        b'{"refresh_token": "a", "client_id": "b", "client_secret": "c", "refreshToken": "d"}',
        2, "bad_usage", "refreshToken",
    ),
    "a member of another kind": (
        ["edit", "home", "--json-file", "-"], b'{"region": 7}', 1, "invalid_request", "region",
    ),
    "a region that is none": (
        ["edit", "home", "--region", "evil.example"], b"", 1, "invalid_request", "region",
    ),
    "a login that is here already": (
        ["add", "--json-file", "-"],
        json.dumps({key: entry("home")[key] for key in SECRET_MEMBERS}).encode(), 1, "conflict",
        "refresh token",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "given", "status", "kind", "said"), REFUSED.values(), ids=REFUSED
)
def test_what_makes_no_sense_is_refused_to_people_and_programs(
    words: list[str], given: bytes, status: int, kind: str, said: str
) -> None:
    write(
        entry("home"),
        entry("twin", id="id-twin-1"),
        entry("twin", id="id-twin-2", refresh_token="t"),
    )
    before = FILE.read_bytes()
    for_people, for_programs = (accounts(*words, *more, given=given) for more in ([], ["--json"]))
    assert (for_people.status, for_people.out) == (for_programs.status, for_programs.out)
    assert (for_programs.status, for_programs.out) == (status, "")
    error = json.loads(for_programs.err)["error"]
    assert error["type"] == kind
    assert said in error["message"]
    assert said in for_people.err
    assert "secret-given" not in for_people.err + for_programs.err
    assert FILE.read_bytes() == before


@pytest.mark.parametrize("words", [["list"], ["activate", "home"], ["remove", "home", "--yes"]])
def test_a_broken_file_is_told_with_its_place_and_left_alone(words: list[str]) -> None:
    FILE.write_text('[\n  {"name": "home",,}\n]')
    done = accounts(*words, "--json")
    assert (done.status, done.out) == (1, "")
    error = json.loads(done.err)["error"]
    assert (error["type"], error["line"], error["column"]) == ("store_broken", 2, 19)
    assert "line 2, column 19" in accounts(*words).err
    assert FILE.read_text() == '[\n  {"name": "home",,}\n]'


@pytest.mark.e2e
def test_a_test_says_that_all_is_well(service: Amazon) -> None:
    write(service.seat("home"))
    done = accounts("test")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("ok  home (account-")
    verdict = told("test", "home")
    assert (verdict["ok"], verdict["state"], verdict["remedy"]) == (True, "ready", "")
    assert verdict["usage"]["quotas"]
    assert service.world.refreshes == 2


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "suspended": ({"refusal": "suspended-403"}, "AccountSuspended", "AWS support"),
    "used up": ({"credits_used": 10_000.0}, "QuotaExhausted", "renewed"),
    "not entitled": ({"refusal": "not-authorized-403"}, "NotEntitled", "subscription"),
}


@pytest.mark.e2e
@pytest.mark.parametrize(("members", "reason", "todo"), WRONG.values(), ids=WRONG)
def test_a_test_says_what_is_wrong_and_what_to_do(
    members: dict[str, Any], reason: str, todo: str, service: Amazon
) -> None:
    write(service.seat("home"))
    for name, value in members.items():
        setattr(service.person("home"), name, value)
    done = accounts("test")
    assert done.status == 1
    assert done.out.startswith("not ok  home")
    assert todo in done.out
    verdict = json.loads(accounts("test", "--json").out)
    assert (verdict["ok"], verdict["reason"]) == (False, reason)


@pytest.mark.e2e
def test_a_dead_sign_in_is_told(service: Amazon) -> None:
    write(service.seat("home"))
    service.world.revoke_refresh_tokens()
    done = accounts("test", "--json")
    assert done.status == 1
    assert json.loads(done.out)["state"] == "needs_login"
    asked = accounts("usage", "--json")
    assert (asked.status, asked.out) == (1, "")
    assert json.loads(asked.err)["error"]["type"] == "login_required"
    assert "Sign in again" in accounts("usage").err


@pytest.mark.e2e
def test_all_are_tested_and_one_that_fails_does_not_hide_the_others(service: Amazon) -> None:
    write(service.seat("home"), service.seat("work"), service.seat("spare"))
    service.person("work").refusal = "suspended-403"
    done = accounts("test", "--all")
    assert done.status == 1
    assert [line.split()[:3] for line in done.out.splitlines() if not line.startswith(" ")] == [
        ["ok", "home", f"({entries()[0]['id']}):"],
        ["not", "ok", "work"],
        ["ok", "spare", f"({entries()[2]['id']}):"],
    ]
    asked = accounts("usage", "--all", "--json")
    assert (asked.status, asked.err) == (1, "")
    home, work, spare = json.loads(asked.out)
    assert home["quotas"] and spare["quotas"]
    assert (work["name"], work["error"]["type"]) == ("work", "account_suspended")
    shown = accounts("usage", "--all")
    assert "suspended" in shown.out
    assert shown.out.count("Credits") == 2


@pytest.mark.e2e
def test_usage_shows_bars_and_dates(service: Amazon) -> None:
    write(service.seat("home"))
    service.person("home").credits_used = 2500.0
    done = accounts("usage")
    assert done.status == 0
    (row,) = [line for line in done.out.splitlines() if line.startswith("Credits")]
    assert row.count("█") == 5
    assert all(words in row for words in ("25 %", "2,500", "10,000", "-"))
    usage = told("usage")
    assert usage["quotas"][0]["percent"] == 25.0
    assert usage["resets_at"] == usage["quotas"][0]["resets_at"]


@pytest.mark.e2e
def test_no_output_holds_a_secret(service: Amazon) -> None:
    write(service.seat("home", id="home-id"), service.seat("work"))
    secrets = {entry[member] for entry in entries() for member in SECRET_MEMBERS}
    said = ""
    for words in (
        ["list"], ["test", "--all"], ["usage", "--all"], ["activate", "work"],
        ["edit", "home", "--name", "new"], ["activate", "nobody"], ["list", "--nonsense"],
        ["remove", "new", "--yes"],
    ):  # fmt: skip
        for more in ([], ["--json"]):
            done = accounts(*words, *more)
            said += done.out + done.err
    secrets |= {entry["refresh_token"] for entry in entries()}
    tokens = json.loads(Path("tokens.json").read_text())["accounts"].values()
    secrets |= {row[key] for row in tokens for key in ("access_token", "refresh_token")}
    assert len(said) > 1000
    assert not [secret for secret in secrets if secret in said]


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_what_is_written_is_closed_to_others(umask: int) -> None:
    before = os.umask(umask)
    try:
        write(entry("home"))
        accounts("edit", "home", "--name", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o600
