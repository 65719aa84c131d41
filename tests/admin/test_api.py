"""Every route with what it answers and how it refuses, over real sockets."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from admin.desk import Desk, at_desk

LISTED = [
    "id", "name", "is_active", "refresh_token", "client_id", "client_secret", "profile_arn",
    "created_at",
]  # fmt: skip
DETAILED = {
    *LISTED, "enabled", "region", "start_url", "auth", "source", "api_region",
    "registration_expires_at", "health", "token",
}  # fmt: skip
NEW = {"refresh_token": "aorNEWNEWNEWNEW", "client_id": "client-client", "client_secret": "hush"}
ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABC"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with at_desk(tmp_path_factory.mktemp("desk")) as found:
        yield found


@pytest.fixture
def one(desk: Desk) -> str:
    """The id of the first account."""
    found: str = desk.accounts()[0]["id"]
    return found


def test_the_list_has_exactly_the_members_that_its_users_know(desk: Desk) -> None:
    for entry in desk.accounts():
        assert list(entry) == LISTED
        assert entry["client_secret"] == "***"
        assert entry["refresh_token"].endswith("...") and len(entry["refresh_token"]) == 13


def test_an_account_comes_changes_serves_and_goes(desk: Desk) -> None:
    first = desk.accounts()[0]["id"]
    added = desk.ask("POST", "/api/accounts", {"name": " work ", **NEW, "profile_arn": ARN})
    assert list(added.data) == LISTED
    assert added.data["refresh_token"] == "aorNEWNEWN..." and added.data["name"] == "work"
    place = f"/api/accounts/{added.data['id']}"

    details = desk.ask("GET", place).data
    assert set(details) == DETAILED
    assert details["api_region"] == "eu-central-1" and details["source"] == "file"
    assert details["health"]["state"] == "ready" and details["token"]["present"] is False

    changes = {"name": "<script>alert(1)</script>", "enabled": False, "region": "eu-west-1"}
    changed = desk.ask("PATCH", place, changes).data
    assert changed["name"] == "<script>alert(1)</script>" and changed["region"] == "eu-west-1"
    assert changed["health"]["state"] == "disabled"
    back = desk.ask("PATCH", place, {"name": None, "region": "", "profile_arn": None,
                                     "enabled": True}).data  # fmt: skip
    assert (back["name"], back["region"], back["profile_arn"]) == ("", None, None)
    assert desk.ask("PATCH", place, {}).data == back

    assert desk.ask("POST", f"{place}/activate").data["is_active"] is True
    assert [entry["is_active"] for entry in desk.accounts()] == [False, True]
    assert desk.ask("POST", f"/api/accounts/{first}/activate").data["id"] == first
    assert desk.ask("DELETE", place).data == {"id": added.data["id"]}
    assert desk.ask("GET", place).status == 404
    assert [entry["id"] for entry in desk.accounts()] == [first]


def test_new_credentials_forget_what_was_wrong_with_the_old(desk: Desk) -> None:
    wanted, seat = desk.add("exchanged", region="us-east-1")
    place = f"/api/accounts/{wanted}"
    seat.refusal = "suspended-403"
    assert desk.ask("POST", f"{place}/test").data["state"] == "suspended"
    fresh = desk.house.world.add_account("fresh").credentials
    changed = desk.ask("PATCH", place, fresh).data
    assert changed["health"]["state"] == "ready" and changed["id"] == wanted
    assert desk.ask("POST", f"{place}/test").data["ok"] is True
    desk.ask("DELETE", place)


REFUSED: dict[str, tuple[str, str, Any, int, str, str | None]] = {
    # what: method, path ({id} is an account), body, status, type, field
    "no such account": ("GET", "/api/accounts/nobody", None, 404, "not_found", None),
    "an id of dots": ("GET", "/api/accounts/..%2f..%2fetc", None, 404, "not_found", None),
    "a guessed number": ("DELETE", "/api/accounts/1", None, 404, "not_found", None),
    "activating nobody": ("POST", "/api/accounts/x/activate", None, 404, "not_found", None),
    "testing nobody": ("POST", "/api/accounts/x/test", None, 404, "not_found", None),
    "clearing nobody": ("POST", "/api/accounts/x/clear", None, 404, "not_found", None),
    "usage of nobody": ("GET", "/api/accounts/x/usage", None, 404, "not_found", None),
    "changing nobody": ("PATCH", "/api/accounts/x", {"name": "a"}, 404, "not_found", None),
    "no path": ("GET", "/api/nothing", None, 404, "not_found", None),
    "a slash too many": ("GET", "/api/accounts/", None, 404, "not_found", None),
    "no method": ("PUT", "/api/accounts", {}, 405, "method_not_allowed", None),
    "no such file": ("GET", "/static/../app.py", None, 404, "not_found", None),
    "no body": ("POST", "/api/accounts", None, 400, "invalid_request", None),
    "no JSON": ("POST", "/api/accounts", b"{", 400, "invalid_request", None),
    "too deep": ("POST", "/api/accounts", b"[" * 100_000, 400, "invalid_request", None),
    "not UTF-8": ("POST", "/api/accounts", b'{"name":"\xff"}', 400, "invalid_request", None),
    "a list": ("POST", "/api/accounts", [], 400, "invalid_request", None),
    "a secret missing": (
        "POST", "/api/accounts", {"refresh_token": "a", "client_id": "b"}, 400,
        "invalid_request", "client_secret",
    ),
    "an empty secret": (
        "POST", "/api/accounts", NEW | {"client_id": " "}, 400, "invalid_request", "client_id",
    ),
    "a number for a secret": (
        "POST", "/api/accounts", NEW | {"client_id": 5}, 400, "invalid_request", "client_id",
    ),
    "two words": (
        "POST", "/api/accounts", NEW | {"refresh_token": "a b"}, 400, "invalid_request",
        "refresh_token",
    ),
    "a mistyped member": (
        "POST", "/api/accounts", NEW | {"profil_arn": "x"}, 400, "invalid_request", "profil_arn",
    ),
    "no ARN": (
        "POST", "/api/accounts", NEW | {"profile_arn": "arn:x"}, 400, "invalid_request",
        "profile_arn",
    ),
    "no region": (
        "PATCH", "/api/accounts/{id}", {"region": "x.evil.example/"}, 400, "invalid_request",
        "region",
    ),
    "no address": (
        "PATCH", "/api/accounts/{id}", {"start_url": "javascript:alert(1)"}, 400,
        "invalid_request", "start_url",
    ),
    "a name with a line break": (
        "PATCH", "/api/accounts/{id}", {"name": "a\nb"}, 400, "invalid_request", "name",
    ),
    "a name with a NUL": (
        "PATCH", "/api/accounts/{id}", {"name": "a\0"}, 400, "invalid_request", "name",
    ),
    "half a letter": (
        "PATCH", "/api/accounts/{id}", b'{"name":"\\ud800"}', 400, "invalid_request", "name",
    ),
    "a name of 201 letters": (
        "PATCH", "/api/accounts/{id}", {"name": "a" * 201}, 400, "invalid_request", "name",
    ),
    "a secret removed": (
        "PATCH", "/api/accounts/{id}", {"client_id": None}, 400, "invalid_request", "client_id",
    ),
    "an id changed": (
        "PATCH", "/api/accounts/{id}", {"id": "mine"}, 400, "invalid_request", "id",
    ),
    "a word for a truth": (
        "PATCH", "/api/accounts/{id}", {"enabled": "true"}, 400, "invalid_request", "enabled",
    ),
    "too few requests": ("GET", "/api/requests?limit=0", None, 400, "invalid_request", "limit"),
    "requests in words": ("GET", "/api/requests?limit=x", None, 400, "invalid_request", "limit"),
    "a short passphrase": (
        "POST", "/api/accounts/export", {"passphrase": "short"}, 400, "invalid_request",
        "passphrase",
    ),
    "no bundle": (
        "POST", "/api/accounts/import", {"passphrase": "long enough", "bundle": {}}, 400,
        "invalid_request", "bundle.format",
    ),
    "no consent": (
        "POST", "/api/imports", {"source": "kiro-cli", "consent": False}, 400, "invalid_request",
        "consent",
    ),
    "no such program": (
        "POST", "/api/imports", {"source": "passwd", "consent": True}, 400, "invalid_request",
        "source",
    ),
    "no kind of login": ("POST", "/api/logins", {}, 400, "invalid_request", "kind"),
    "a strange login": (
        "POST", "/api/logins", {"kind": "github"}, 400, "invalid_request", "kind",
    ),
    "a login without a place": (
        "POST", "/api/logins", {"kind": "identity-center", "region": "us-east-1"}, 400,
        "invalid_request", "start_url",
    ),
    "a login for nobody": (
        "POST", "/api/logins", {"kind": "builder-id", "account_id": "x"}, 404, "not_found", None,
    ),
    "no such login": ("GET", "/api/logins/x", None, 404, "not_found", None),
    "cancelling none": ("DELETE", "/api/logins/x", None, 404, "not_found", None),
    "choosing for none": (
        "POST", "/api/logins/x/profile", {"profile_arn": ARN}, 404, "not_found", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind", "field"), REFUSED.values(), ids=REFUSED
)
def test_refusals_name_the_place(
    desk: Desk, one: str, method: str, path: str, body: Any, status: int, kind: str,
    field: str | None,
) -> None:  # fmt: skip
    answer = desk.ask(method, path.replace("{id}", one), body)
    assert (answer.status, answer.error["type"]) == (status, kind)
    assert answer.error["field"] == field
    if field is not None:
        assert answer.error["message"].startswith(f"{field}: ")
    assert len(desk.accounts()) == 1


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_what_a_form_could_send_is_not_taken(desk: Desk, content_type: str) -> None:
    """A page elsewhere can make a browser send these without being asked first."""
    answer = desk.ask("POST", "/api/accounts", NEW, content_type=content_type)
    assert (answer.status, answer.error["type"]) == (400, "invalid_request")


ALLOWED = {
    "/api/accounts": "GET, POST", "/api/accounts/{id}": "DELETE, GET, PATCH",
    "/api/accounts/{id}/test": "POST", "/api/accounts/export": "POST",
    "/api/accounts/import": "POST", "/api/imports": "GET, POST", "/api/logins": "GET, POST",
    "/api/logins/x": "DELETE, GET", "/api/status": "GET", "/api/playground": "POST",
    "/docs": "GET",
}  # fmt: skip


@pytest.mark.parametrize(("path", "methods"), ALLOWED.items(), ids=ALLOWED)
def test_other_methods_are_told_what_there_is(
    desk: Desk, one: str, path: str, methods: str
) -> None:
    answer = desk.ask("PUT", path.replace("{id}", one), {})
    assert (answer.status, answer.headers["allow"]) == (405, methods)
    assert answer.error["type"] == "method_not_allowed"


def test_ten_megabytes_of_name_are_refused_at_once(desk: Desk, one: str) -> None:
    began = time.monotonic()
    answer = desk.ask("PATCH", f"/api/accounts/{one}", {"name": "a" * 10_000_000})
    assert (answer.status, answer.error["type"]) == (413, "request_too_large")
    assert time.monotonic() - began < 3


def test_a_seat_is_listed_once(desk: Desk, one: str) -> None:
    known = desk.entries()[0]
    again = {name: known[name] for name in ("refresh_token", "client_id", "client_secret")}
    answer = desk.ask("POST", "/api/accounts", again)
    assert (answer.status, answer.error["type"]) == (409, "conflict")
    assert answer.error["field"] == "refresh_token"
    other, _ = desk.add("other")
    answer = desk.ask("PATCH", f"/api/accounts/{other}", again)
    assert (answer.status, answer.error["field"]) == (409, "refresh_token")
    desk.ask("DELETE", f"/api/accounts/{other}")


def test_of_many_who_delete_one_account_one_succeeds(desk: Desk) -> None:
    gone, _ = desk.add("gone")
    with ThreadPoolExecutor(10) as people:
        statuses = list(
            people.map(lambda _: desk.ask("DELETE", f"/api/accounts/{gone}").status, range(20))
        )
    assert sorted(statuses) == [200] + [404] * 19


def test_with_an_account_go_its_tokens(desk: Desk) -> None:
    gone, _ = desk.add("gone")
    assert desk.ask("POST", f"/api/accounts/{gone}/test").data["ok"]
    cache = desk.home / "token_cache.json"
    assert gone in cache.read_text()
    desk.ask("DELETE", f"/api/accounts/{gone}")
    assert gone not in cache.read_text()


def test_status_and_models_and_requests(desk: Desk, one: str) -> None:
    status = desk.ask("GET", "/api/status").data
    assert status["simulated"] is False and status["encrypted"] is False
    assert status["client_keys"] == 0 and status["password_set"] is False
    assert status["serving"] == {"account_id": one, "why": "active", "error": None}
    assert [set(account) for account in status["accounts"]] == [DETAILED]
    models = desk.ask("GET", "/api/models").data
    assert {"id": "claude-sonnet-4-5", "display_name": "Claude Sonnet 4.5"} in models
    question = {"model": "claude-sonnet-4-5", "max_tokens": 64,
                "messages": [{"role": "user", "content": "a word of mine"}]}  # fmt: skip
    played = desk.ask("POST", "/api/playground", question)
    assert played.status == 200 and played.body["type"] == "message"
    streamed = desk.ask("POST", "/api/playground", question | {"stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.raw.rstrip().endswith(b'{"type":"message_stop"}')
    records = desk.ask("GET", "/api/requests?limit=2").data
    assert [record["stream"] for record in records] == [True, False]
    assert all(record["account"] == one and record["ok"] for record in records)
    assert "a word of mine" not in json.dumps(records)
    assert len(desk.ask("GET", "/api/requests?limit=1").data) == 1


def test_how_well_tokens_are_estimated(desk: Desk, one: str) -> None:
    question = {"model": "claude-sonnet-4-5", "max_tokens": 4096,
                "messages": [{"role": "user", "content": "a word of mine " * 50}]}  # fmt: skip
    assert desk.ask("POST", "/api/playground", question).status == 200
    known = {each["model"]: each for each in desk.ask("GET", "/api/calibration").data}
    learned = known["claude-sonnet-4.5"]
    assert set(learned) == {"model", "samples", "offset", "slope", "error", "updated_at"}
    assert learned["samples"] >= 1 and learned["error"] < 1 and learned["updated_at"] > 1.7e9
    assert "a word of mine" not in json.dumps(known)


def test_accounts_leave_in_a_bundle_and_come_back(desk: Desk) -> None:
    leaving, _ = desk.add("leaving")
    packed = desk.ask("POST", "/api/accounts/export", {"passphrase": "open sesame"}).data
    desk.ask("DELETE", f"/api/accounts/{leaving}")
    wrong = desk.ask("POST", "/api/accounts/import", {"passphrase": "open barley", **packed})
    assert (wrong.status, wrong.error["type"]) == (403, "passphrase_refused")
    arrived = desk.ask("POST", "/api/accounts/import", {"passphrase": "open sesame", **packed})
    assert [account["id"] for account in arrived.data["added"]] == [leaving]
    assert [skipped["reason"] for skipped in arrived.data["skipped"]] == [
        "an account with this refresh token is already in the list"
    ]
    desk.ask("DELETE", f"/api/accounts/{leaving}")


def test_a_login_is_shown_until_it_is_taken_back(desk: Desk) -> None:
    begun = desk.ask("POST", "/api/logins", {"kind": "builder-id", "name": "by code"}).data
    place = f"/api/logins/{begun['id']}"
    until = time.monotonic() + 10
    while (login := desk.ask("GET", place).data)["state"] == "starting":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert login["state"] == "waiting" and login["user_code"]
    assert [each["id"] for each in desk.ask("GET", "/api/logins").data] == [begun["id"]]
    early = desk.ask("POST", f"{place}/profile", {"profile_arn": ARN})
    assert (early.status, early.error["type"]) == (409, "conflict")
    assert desk.ask("DELETE", place).data["state"] == "cancelled"
    assert desk.ask("GET", place).status == 404


def test_a_login_ends_with_an_account(desk: Desk, one: str) -> None:
    begun = desk.ask("POST", "/api/logins", {"kind": "builder-id", "name": "by code"}).data
    place, until = f"/api/logins/{begun['id']}", time.monotonic() + 20
    approved = False
    while (login := desk.ask("GET", place).data)["state"] != "done":
        assert login["state"] in ("starting", "waiting") and time.monotonic() < until
        if login["user_code"] and not approved:
            approved = bool(desk.house.world.approve(login["user_code"]))
        time.sleep(0.1)
    signed_in = desk.ask("GET", f"/api/accounts/{login['account_id']}").data
    assert signed_in["name"] == "by code" and signed_in["registration_expires_at"] > time.time()
    desk.ask("DELETE", f"/api/accounts/{login['account_id']}")
    assert [account["id"] for account in desk.accounts()] == [one]


CLIENT = {
    "clientId": "another-program",
    "clientSecret": "hush",
    "expiresAt": "2999-01-01T00:00:00Z",
}
TOKEN = {
    "startUrl": "https://acme.awsapps.com/start", "region": "us-east-1", "clientIdHash": "abc",
    "refreshToken": "aor-of-another-program", "accessToken": "aoa",
    "expiresAt": "2020-01-01T00:00:00Z",
}  # fmt: skip


def test_other_programs_are_looked_for_and_taken_from_with_consent(
    desk: Desk, one: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = desk.ask("GET", "/api/imports").data
    assert [each["source"] for each in found] == ["amazon-q-cli", "kiro-cli", "aws-sso-cache"]
    assert all(each["path"].startswith("~/") and not each["exists"] for each in found)
    wish = {"source": "aws-sso-cache", "consent": True}
    assert desk.ask("POST", "/api/imports", wish).error["type"] == "not_found"

    cache = tmp_path / ".aws/sso/cache"
    cache.mkdir(parents=True)
    assert desk.ask("GET", "/api/imports").data[2]["exists"] is True
    empty = desk.ask("POST", "/api/imports", wish)
    assert (empty.status, empty.error["field"]) == (409, "source")

    (cache / "abc.json").write_text(json.dumps(CLIENT))
    (cache / "token.json").write_text(json.dumps(TOKEN))
    (added,) = desk.ask("POST", "/api/imports", wish).data["added"]
    assert added["refresh_token"] == "aor-of-ano..." and added["name"]
    again = desk.ask("POST", "/api/imports", wish).data
    assert again["added"] == [] and len(again["skipped"]) == 1
    desk.ask("DELETE", f"/api/accounts/{added['id']}")
    assert [account["id"] for account in desk.accounts()] == [one]


def test_no_admin_side_where_none_is_wanted(tmp_path_factory: pytest.TempPathFactory) -> None:
    with at_desk(tmp_path_factory.mktemp("closed"), admin=False) as desk:
        for path in ("/api/accounts", "/docs", "/openapi.json", "/admin", "/static/docs.css"):
            assert desk.ask("GET", path).status == 404
        assert desk.ask("GET", "/").body == {"name": "amq2api"}


def test_the_account_of_the_environment_is_tested_and_not_changed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("environment")
    seat = {"refresh_token": "aor-of-the-environment", "client_id": "c", "client_secret": "s"}
    with at_desk(home, **seat) as desk:
        desk.file.unlink()
        time.sleep(0.6)  # the store looks twice a second
        (entry,) = desk.accounts()
        place = f"/api/accounts/{entry['id']}"
        assert desk.ask("GET", place).data["source"] == "environment"
        assert desk.ask("POST", f"{place}/test").data["reason"] == "LoginRequired"
        for method, path, body in (
            ("PATCH", place, {"name": "x"}), ("DELETE", place, None),
            ("POST", f"{place}/activate", None),
        ):  # fmt: skip
            answer = desk.ask(method, path, body)
            assert (answer.status, answer.error["type"]) == (409, "conflict")
            assert "AMAZONQ_" in answer.error["message"]
        assert desk.ask("POST", f"{place}/clear").data["health"]["state"] == "ready"
