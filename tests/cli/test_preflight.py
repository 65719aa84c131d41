"""What keeps the gateway from starting, in one sentence, and what does not."""

import os
import resource
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from amq2api.accounts.sealing import Seal
from amq2api.cli.app import Complaint
from amq2api.cli.preflight import preflight, writable
from amq2api.config import load
from cli.running import run

KEY = "a key of some length"
ACCOUNT = {"refresh_token": "aor-1", "client_id": "id", "client_secret": "hush"}
IN_ENVIRONMENT = {f"AMAZONQ_{name.upper()}": value for name, value in ACCOUNT.items()}


def written(path: Path, account: dict[str, str]) -> None:
    path.write_bytes(msgspec.json.encode([account]))


def sealed(home: Path) -> None:
    secrets = {name: Seal(KEY).seal(value, name) for name, value in ACCOUNT.items()}
    written(home / "account.json", secrets)


def a_file(name: str) -> Callable[[Path], None]:
    return lambda home: home.joinpath(name).touch()


def a_directory(name: str) -> Callable[[Path], None]:
    return lambda home: home.joinpath(name).mkdir()


def nothing(_home: Path) -> None:
    pass


Made = Callable[[Path], object]
"""What puts things into the home that is given."""


@pytest.fixture
def arranged(
    made: Made, given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The home, with what a row has *made* in it and the settings it has *given* in force."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    made(tmp_path)
    return tmp_path


REFUSED: dict[str, tuple[Made, dict[str, str], tuple[str, ...]]] = {
    # what: what is there, settings, words of the complaint
    "accounts in a directory's place": (
        a_directory("account.json"), {}, ("AMQ2API_ACCOUNT_FILE", "directory")),
    "tokens in a directory's place": (
        a_directory("tokens"), {"AMQ2API_TOKEN_CACHE": "tokens"},
        ("AMQ2API_TOKEN_CACHE", "directory")),
    "the password in a directory's place": (
        a_directory("admin.json"), {}, ("AMQ2API_ADMIN_FILE", "directory")),
    "a file where a directory has to be": (
        a_file("place"), {"AMQ2API_ACCOUNT_FILE": "place/account.json"},
        ("AMQ2API_ACCOUNT_FILE", "place is not a directory")),
    "one file for two things": (
        nothing, {"AMQ2API_TOKEN_CACHE": "./account.json"},
        ("AMQ2API_ACCOUNT_FILE and AMQ2API_TOKEN_CACHE", "the same file")),
    "one file for two things, by a link": (
        lambda home: home.joinpath("tokens").symlink_to("account.json"),
        {"AMQ2API_TOKEN_CACHE": "tokens"},
        ("AMQ2API_ACCOUNT_FILE and AMQ2API_TOKEN_CACHE", "the same file")),
    "accounts under a key that nobody has told": (
        sealed, {}, ("account.json", "is encrypted", "AMQ2API_ENCRYPTION_KEY")),
    "accounts under another key": (
        sealed, {"AMQ2API_ENCRYPTION_KEY": "another key of some length"},
        ("account.json", "another key", "AMQ2API_ENCRYPTION_KEY")),
    "the gateway as the service": (
        nothing, {"PORT": "3111", "AMAZONQ_API_ENDPOINT": "http://localhost:3111/"},
        ("AMAZONQ_API_ENDPOINT", "this gateway itself")),
    "the gateway as the sign-in service": (
        nothing, {"PORT": "3111", "AMQ2API_HOST": "::1",
                  "AMAZONQ_TOKEN_ENDPOINT": "http://127.0.0.1:3111/token"},
        ("AMAZONQ_TOKEN_ENDPOINT", "this gateway itself")),
}  # fmt: skip


@pytest.mark.parametrize(("made", "given", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.usefixtures("arranged")
def test_what_cannot_work_is_told_in_one_sentence(words: tuple[str, ...]) -> None:
    done = run("serve")
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert all(word in done.err for word in words), done.err
    assert KEY not in done.err and "hush" not in done.err


ACCEPTED: dict[str, tuple[Made, dict[str, str]]] = {
    "nothing is there yet": (nothing, {}),
    "directories are to be made": (nothing, {"AMQ2API_ACCOUNT_FILE": "a/b/account.json"}),
    "accounts under the key": (sealed, {"AMQ2API_ENCRYPTION_KEY": KEY}),
    "accounts that can be mended while it runs": (
        lambda home: home.joinpath("account.json").write_text("[{"), {}),
    "another service on another port": (
        nothing, {"AMAZONQ_API_ENDPOINT": "http://127.0.0.1:3112/"}),
}  # fmt: skip


@pytest.mark.parametrize(("made", "given"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_can_work_is_let_pass(arranged: Path) -> None:
    preflight(load())
    assert not (arranged / "a").exists(), "looking makes nothing"


def closed(directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    directory.chmod(0o500)
    if os.access(directory, os.W_OK):
        pytest.skip("nothing is closed to root")
    return directory


def test_no_place_for_accounts_is_told(tmp_path: Path) -> None:
    file = closed(tmp_path / "closed") / "account.json"
    with pytest.raises(Complaint, match=r"AMQ2API_ACCOUNT_FILE: there is no .*account.json"):
        preflight(load(account_file=file, token_cache=tmp_path / "tokens"))


@pytest.mark.parametrize(
    ("given", "works"),
    [({}, True), ({"workers": 2}, False), (ACCOUNT, False)],
    ids=["a file takes renewed logins", "workers share tokens", "an account without a file"],
)
def test_a_token_cache_that_cannot_be_written(
    given: dict[str, object], works: bool, tmp_path: Path
) -> None:
    settings = load(token_cache=closed(tmp_path / "closed") / "tokens", **given)
    if works:
        with capture_logs() as logs:
            preflight(settings)
        assert [entry["event"] for entry in logs] == ["token_cache.unwritable"]
    else:
        with pytest.raises(Complaint, match=r"AMQ2API_TOKEN_CACHE: .* cannot be written"):
            preflight(settings)


def test_a_few_descriptors_are_told_and_no_reason_not_to_start(tmp_path: Path) -> None:
    with capture_logs() as logs:
        preflight(load(token_cache=tmp_path / "tokens", max_calls=100_000))
    told = [entry for entry in logs if entry["event"] == "descriptors.few"]
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert bool(told) == (0 <= allowed < 200_000)


@pytest.mark.parametrize(
    ("name", "can"),
    [("file", True), ("missing", True), ("new/missing", True), ("directory", False),
     ("file/below", False)],
)  # fmt: skip
def test_where_a_file_can_be(name: str, can: bool, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    assert writable(tmp_path / name) == can
