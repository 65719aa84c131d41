"""``amq2api doctor``: what it finds, what it says to do, and what its report keeps to itself."""

import json
import socket
import stat
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any, cast

import pytest

from amq2api import __version__
from amq2api.cli.checks import seat
from amq2api.cli.checks.check import Check
from cli.amazon import NOTHING, Amazon
from cli.running import Done, Started, free_port, run
from threaded import Quiet, serving

pytestmark = pytest.mark.e2e

FILE, TOKENS = Path("account.json"), Path("tokens.json")
LOOKED_AT = [
    "python", "packages", "settings", "client_keys", "account_file", "token_cache", "admin_file",
    "directories", "account", "clock", "network", "token", "models", "quota", "message", "gateway",
]  # fmt: skip
SECRET_MEMBERS = ("refresh_token", "client_id", "client_secret")


@pytest.fixture(autouse=True)
def home(service: Amazon) -> dict[str, Any]:
    """One good account is configured."""
    seat = service.seat("home", id="id-home", is_active=True)
    keep(seat)
    return seat


def keep(*entries: dict[str, Any]) -> None:
    FILE.write_text(json.dumps(entries))
    FILE.chmod(0o600)


def look(*words: str) -> tuple[Done, dict[str, Check]]:
    """The checks by name; where there are several of one name, the worst."""
    done = run("doctor", "--json", *words)
    assert done.err == ""
    told = json.loads(done.out)
    rank = ["skipped", "ok", "note", "problem"]
    found: dict[str, Check] = {}
    for check in sorted(
        (Check(**row) for row in told["checks"]), key=lambda c: rank.index(c.state)
    ):
        found[check.name] = check
    assert told["ok"] == (done.status == 0) == ("problem" not in {c.state for c in found.values()})
    return done, found


def test_all_is_well(service: Amazon) -> None:
    done = run("doctor", "--json")
    assert (done.status, done.err) == (0, "")
    told = json.loads(done.out)
    assert told["ok"] is True
    assert {row["name"]: row["state"] for row in told["checks"]} == dict.fromkeys(LOOKED_AT, "ok")
    assert list(dict.fromkeys(row["name"] for row in told["checks"])) == LOOKED_AT
    assert len(service.world.asked()) == 1


def test_people_get_a_line_for_each_and_are_told_what_it_costs() -> None:
    done = run("doctor")
    assert done.status == 0
    assert [" ".join(line.split()[1:3]) for line in done.out.splitlines()[:4]] == [
        "python Python", "packages amq2api", "settings Every", "client keys",
    ]  # fmt: skip
    assert "All is well." in done.out
    assert "costs one request" in done.err
    assert "\x1b" not in done.out


def test_without_a_message_none_is_sent(service: Amazon) -> None:
    _, found = look("--no-message")
    assert found["message"].state == "skipped"
    assert found["quota"].state == "ok"
    assert service.world.asked() == []
    assert run("doctor", "--no-message").err == ""


def test_offline_nobody_is_asked(service: Amazon) -> None:
    done, found = look("--offline")
    assert done.status == 0
    assert {c.name for c in found.values() if c.state == "skipped"} == {
        "clock", "network", "token", "models", "quota", "message",
    }  # fmt: skip
    assert not service.world.requests


def refusing(name: str) -> Callable[[Amazon], None]:
    def change(service: Amazon) -> None:
        service.person("home").refusal = name

    return change


def revoked(service: Amazon) -> None:
    service.world.revoke_refresh_tokens()


def used_up(service: Amazon) -> None:
    service.person("home").credits_used = 10_000


def broken(_service: Amazon) -> None:
    FILE.write_text('[\n  {"id": "id-home",,}\n]')


def open_to_all(_service: Amazon) -> None:
    FILE.chmod(0o644)


def gone(_service: Amazon) -> None:
    FILE.unlink()


def disabled(service: Amazon) -> None:
    keep(service.seat("other", enabled=False))


def ended(service: Amazon) -> None:
    keep(service.seat("other", registration_expires_at=1.0))


def a_directory(_service: Amazon) -> None:
    FILE.unlink()
    FILE.mkdir()


def admin_broken(_service: Amazon) -> None:
    Path("admin.json").write_text("{")
    Path("admin.json").chmod(0o600)


SICK: dict[str, tuple[Callable[[Amazon], None], str, str, str, set[str]]] = {
    # how: the check that has a problem, words of it, words of what to do, what is not tried then
    "the sign-in is void": (
        revoked, "token", "sign-in has ended", "Sign in again", {"models", "quota", "message"},
    ),
    "the account is suspended": (
        refusing("suspended-403"), "models", "suspended", "AWS support", {"quota", "message"},
    ),
    "the allowance is used up": (used_up, "quota", "used up; it is renewed", "Wait", {"message"}),
    "the account may not": (
        refusing("not-authorized-403"), "models", "may not use", "subscription",
        {"quota", "message"},
    ),
    "the file is broken": (
        broken, "account_file", "line 2, column 20", "Mend it",
        {"token", "models", "quota", "message"},
    ),
    "the file is open to others": (open_to_all, "account_file", "mode 0644", "chmod 600", set()),
    "the file is a directory": (
        a_directory, "account_file", "", "", {"token", "models", "quota", "message"},
    ),
    "there is no account": (
        gone, "account", "No account is configured", "amq2api login",
        {"token", "models", "quota", "message"},
    ),
    "every account is disabled": (
        disabled, "account", "disabled", "amq2api accounts",
        {"token", "models", "quota", "message"},
    ),
    "the registration has ended": (ended, "account", "ends on 1970", "--account", set()),
    "the admin file is broken": (admin_broken, "admin_file", "not JSON", "password", set()),
}  # fmt: skip


@pytest.mark.parametrize(("how", "name", "words", "todo", "skipped"), SICK.values(), ids=SICK)
def test_what_is_wrong_is_found_and_what_to_do_is_said(
    how: Callable[[Amazon], None], name: str, words: str, todo: str, skipped: set[str],
    service: Amazon,
) -> None:  # fmt: skip
    how(service)
    done, found = look()
    assert done.status == 1
    assert found[name].state == "problem"
    assert words in found[name].message
    assert todo in found[name].remedy
    assert {c.name for c in found.values() if c.state == "skipped"} == skipped


def test_people_see_what_is_wrong_and_what_to_do(service: Amazon) -> None:
    revoked(service)
    done = run("doctor")
    assert done.status == 1
    (at,) = [n for n, line in enumerate(done.out.splitlines()) if line.startswith("problem")]
    assert done.out.splitlines()[at].split()[:2] == ["problem", "token"]
    assert "→ Sign in again" in done.out.splitlines()[at + 1]
    assert "There are problems" in done.out


SETTINGS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "nonsense": ({"AMQ2API_ROUTING": "random"}, "problem", "'random' makes no sense", "Correct"),
    "a typing error": (
        {"AMQ2API_ROUTNG": "active"},
        "problem",
        "AMQ2API_ROUTNG",
        "AMQ2API_ROUTING",
    ),
    "a name of nobody's": ({"AMAZONQ_FAVOURITE_COLOUR": "blue"}, "note", "COLOUR", "Remove"),
}


@pytest.mark.parametrize(("given", "state", "words", "todo"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_do_nothing_are_named(
    given: dict[str, str], state: str, words: str, todo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    done, found = look("--offline")
    assert found["settings"].state == state
    assert words in found["settings"].message
    assert todo in found["settings"].remedy
    assert done.status == (state == "problem")
    assert set(LOOKED_AT) - {"client_keys", "admin_file", "directories"} <= set(found)


KEYS: dict[str, tuple[dict[str, str], str, str]] = {
    "listed": ({"AMQ2API_API_KEYS": "one-key,another-key"}, "ok", "there are 2"),
    "to be made": ({"AMQ2API_API_KEY_FILE": "keys"}, "ok", "will be made"),
    "public without": ({"AMQ2API_HOST": "0.0.0.0"}, "problem", "no client key"),
    "an empty file": ({"AMQ2API_API_KEY_FILE": "/dev/null"}, "problem", "holds no key"),
}


@pytest.mark.parametrize(("given", "state", "words"), KEYS.values(), ids=KEYS)
def test_client_keys(
    given: dict[str, str], state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    _, found = look("--offline")
    assert found["client_keys"].state == state
    assert words in found["client_keys"].message


def test_secrets_under_a_key_and_under_another_one(
    monkeypatch: pytest.MonkeyPatch, service: Amazon
) -> None:
    assert look()[0].status == 0  # which leaves a token in the cache
    monkeypatch.setenv("AMQ2API_ENCRYPTION_KEY", "a-key-of-many-letters")
    _, found = look("--offline")
    assert found["account_file"].state == found["token_cache"].state == "note"
    assert "not encrypted yet" in found["account_file"].message
    assert run("accounts", "edit", "id-home", "--name", "sealed").status == 0
    done, found = look()
    assert done.status == 0
    assert "the key fits" in found["account_file"].message
    assert "the key fits" in found["token_cache"].message
    monkeypatch.setenv("AMQ2API_ENCRYPTION_KEY", "another-key-of-many-letters")
    _, found = look("--offline")
    assert found["account_file"].state == found["token_cache"].state == "problem"
    assert "another key" in found["account_file"].message
    assert "another key" in found["token_cache"].message


def test_a_cache_that_cannot_be_read_is_no_problem() -> None:
    TOKENS.write_text("not JSON")
    TOKENS.chmod(0o600)
    _, found = look("--offline")
    assert found["token_cache"].state == "note"


def test_places_that_cannot_be_written_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AMQ2API_TOKEN_CACHE", str(tmp_path / "file" / "below" / "tokens.json"))
    _, found = look("--offline")
    assert found["directories"].state == "problem"
    assert str(tmp_path / "file" / "below") in found["directories"].about


def test_settings_with_which_no_gateway_starts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_CALIBRATION_FILE", str(TOKENS))
    _, found = look()
    assert (found["gateway"].state, "AMQ2API_TOKEN_CACHE" in found["gateway"].about) == (
        "problem", True,
    )  # fmt: skip


ROADS: dict[str, tuple[str, str, str]] = {
    "nobody listens": ("http://127.0.0.1:9/", "cannot be reached", "firewall"),
    "no such name": ("http://service.invalid/", "not known", "name server"),
    "no TLS": ("https://127.0.0.1:{port}/", "TLS", "SSL_CERT_FILE"),
}


@pytest.mark.parametrize(("url", "words", "todo"), ROADS.values(), ids=ROADS)
def test_where_the_road_ends_is_told(
    url: str, words: str, todo: str, service: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = service.url.rstrip("/").rpartition(":")[2]
    monkeypatch.setenv("AMAZONQ_API_ENDPOINT", url.format(port=port))
    done, found = look()
    assert done.status == 1
    assert words in found["network"].message
    assert todo in found["network"].remedy
    assert found["token"].state == "ok"
    assert found["clock"].state == "ok"


def test_a_proxy_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, service: Amazon
) -> None:
    monkeypatch.setenv("AMAZONQ_API_ENDPOINT", "http://service.invalid/")
    monkeypatch.setenv("http_proxy", f"http://user:hush@127.0.0.1:{free_port()}")
    _, found = look("--no-message")
    assert "service.invalid through 127.0.0.1:" in found["network"].about
    assert "HTTPS_PROXY" in found["network"].remedy
    assert "hush" not in repr(found)


@contextmanager
def somebody(pages: Mapping[str, Any] = NOTHING, *, hours_ahead: float = 0.0) -> Iterator[str]:
    """A server that knows only *pages*, each JSON, and has a clock of its own."""

    class Answers(Quiet):
        def do_GET(self) -> None:
            page = json.dumps(pages.get(self.path, "")).encode()
            self.send_response_only(200 if self.path in pages else 404)
            self.send_header("date", formatdate(time.time() + 3600 * hours_ahead, usegmt=True))
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_POST = do_GET

    with serving(Answers) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.mark.parametrize(
    ("hours_ahead", "state", "words"),
    [(0.0, "ok", "agrees"), (1.0, "problem", "behind"), (-1.0, "problem", "ahead of")],
)
def test_a_wrong_clock_is_found(
    hours_ahead: float, state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with somebody(hours_ahead=hours_ahead) as url:
        monkeypatch.setenv("AMAZONQ_API_ENDPOINT", url)
        _, found = look()
    assert found["clock"].state == state
    assert words in found["clock"].message


def test_nobody_is_waited_for_without_end(service: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast(dict[str, float], seat.LIMITS), "token", 0.1)
    service.world.token_delay = 1.0
    _, found = look()
    assert found["token"].state == "problem"
    assert "no answer within 0.1 seconds" in found["token"].message
    assert found["models"].state == found["message"].state == "skipped"


def test_a_token_that_the_service_forgot_is_renewed(service: Amazon) -> None:
    assert look()[0].status == 0
    service.world.expire_tokens()
    assert look()[0].status == 0
    assert service.world.refreshes == 2


def test_a_running_gateway_is_recognised(demo: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", demo.url.rpartition(":")[2])
    _, found = look("--offline")
    assert found["gateway"].state == "ok"
    assert found["gateway"].message == f"One is running, and is {__version__} like this."


HEALTH = {"/health": {"status": "healthy", "has_token": True, "token_expired": False}}
OTHERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "of another version": (
        HEALTH | {"/openapi.json": {"info": {"title": "amq2api", "version": "9.9.9"}}},
        "note", "it is 9.9.9",
    ),
    "without an admin side": (HEALTH, "ok", "not told"),
    "of another kind": (
        HEALTH | {"/openapi.json": {"info": {"title": "else", "version": "9"}}}, "ok", "not told",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pages", "state", "words"), OTHERS.values(), ids=OTHERS)
def test_a_gateway_s_version_is_told_where_it_tells_it(
    pages: dict[str, Any], state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with somebody(pages) as url:
        monkeypatch.setenv("PORT", url.rstrip("/").rpartition(":")[2])
        _, found = look("--offline")
    assert found["gateway"].state == state
    assert words in found["gateway"].message


def test_somebody_else_on_the_port_is_no_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    with somebody() as url:
        monkeypatch.setenv("PORT", url.rstrip("/").rpartition(":")[2])
        _, found = look("--offline")
    assert found["gateway"].state == "problem"
    assert "PORT" in found["gateway"].remedy


def test_a_port_that_is_taken_but_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        _, found = look("--offline")
    assert found["gateway"].state == "problem"
    assert "in use" in found["gateway"].message


def bundle(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as found:
        return {name: found.read(name).decode() for name in found.namelist()}


def test_a_report_may_be_shared(
    service: Amazon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AMQ2API_API_KEYS", "sk-amq-a-client-key-of-mine")
    monkeypatch.setenv(
        "AMAZONQ_PROFILE_ARN", "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABC"
    )
    home = service.seat(
        "alice@example.com", id="3f2b8c1e-1111-4aaa-9999-123456789abc",
        start_url="https://d-0123456789.awsapps.com/start",
    )  # fmt: skip
    keep(home)
    service.person("alice@example.com").refusal = "suspended-403-old"
    done, _ = look("--report", "found.zip")
    assert json.loads(done.out)["report"] == str(tmp_path / "found.zip")
    assert stat.S_IMODE(Path("found.zip").stat().st_mode) == 0o600
    told = bundle(Path("found.zip"))
    assert sorted(told) == ["accounts.json", "report.json", "settings.json", "versions.json"]
    (kept,), settings = json.loads(FILE.read_text()), json.loads(told["settings.json"])
    tokens = json.loads(TOKENS.read_text())["accounts"][home["id"]]
    private = [
        *(seat[member] for seat in (home, kept) for member in SECRET_MEMBERS),
        tokens["access_token"], tokens["refresh_token"], "sk-amq-a-client-key-of-mine",
        home["profile_arn"].split(":")[4], "123456789012", "alice", "d-0123456789", home["id"],
        str(tmp_path), *(home[member][:10] for member in SECRET_MEMBERS),
    ]  # fmt: skip
    assert not [secret for secret in private if secret in "".join(told.values())]
    assert settings["AMQ2API_API_KEYS"] == "(1 set)"
    assert settings["AMQ2API_TOKEN_CACHE"] == "~/tokens.json"
    assert settings["AMAZONQ_API_ENDPOINT"] == service.url
    (account,) = json.loads(told["accounts.json"])
    assert account["health"]["state"] == "suspended"
    assert account["has_profile"] is True
    assert {row["name"]: row["state"] for row in json.loads(told["report.json"])}[
        "models"
    ] == "problem"
    assert json.loads(told["versions.json"])["packages"]["aiohttp"]


def test_a_report_takes_nobody_s_place(tmp_path: Path) -> None:
    before = FILE.read_bytes()
    done = run("doctor", "--report", "account.json")
    assert (done.status, done.out) == (2, "")
    assert "another name" in done.err
    assert FILE.read_bytes() == before
    (tmp_path / "file").touch()
    assert run("doctor", "--offline", "--report", "file/below.zip").status == 1


def test_a_report_is_made_even_when_nothing_can_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AMQ2API_ROUTING", "random")
    done = run("doctor", "--report", "found.zip")
    assert done.status == 1
    assert "may be shared" in done.out
    told = bundle(Path("found.zip"))
    assert json.loads(told["settings.json"]) == {}
    assert "AMQ2API_ROUTING" in told["report.json"]


def test_no_output_holds_a_secret(service: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ2API_API_KEYS", "sk-amq-a-client-key-of-mine")
    said = ""
    for words in ([], ["--json"], ["--offline"], ["--report", "a.zip"]):
        done = run("doctor", *words)
        said += done.out + done.err
    revoked(service)
    TOKENS.unlink()
    done = run("doctor")
    said += done.out + done.err
    secrets = {json.loads(FILE.read_text())[0][member] for member in SECRET_MEMBERS}
    assert not [secret for secret in {*secrets, "sk-amq-a-client-key-of-mine"} if secret in said]
