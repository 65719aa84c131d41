"""Other programs' files: read without leaving a trace, whatever state they are in."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from accounts.test_imports import ARN, CLIENT, COMPANY, KIRO, KIRO_CLIENT, NOW, TOKEN
from amq2api.accounts import foreign
from amq2api.accounts.candidate import Candidate
from amq2api.accounts.foreign import Source, Unreadable, read, sources
from amq2api.accounts.imports import KIRO_IDE_FILE, PROFILE_KEY

LINUX, MAC = ".local/share", "Library/Application Support"
ROWS: dict[str, Any] = {
    "codewhisperer:odic:token": TOKEN | {"start_url": COMPANY, "region": "eu-west-1"},
    "codewhisperer:odic:device-registration": CLIENT,
    "telemetry": {"id": "hush"},
}
STATE: dict[str, Any] = {PROFILE_KEY: {"arn": ARN, "profile_name": "Lab"}, "other": 1}


def database(
    home: Path, program: str = "amazon-q", *, base: str = LINUX, wal: bool = False,
    rows: dict[str, Any] = ROWS,
) -> sqlite3.Connection:  # fmt: skip
    """As the program itself would have made it, and has it open."""
    path = home / base / program / "data.sqlite3"
    path.parent.mkdir(parents=True)
    made = sqlite3.connect(path)
    made.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
    made.execute("CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT)")
    made.execute("CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB)")
    made.execute("CREATE TABLE conversations (key TEXT, value TEXT)")
    for table, content in (("auth_kv", rows), ("state", STATE)):
        values = [(key, json.dumps(value)) for key, value in content.items()]
        made.executemany(f"INSERT INTO {table} VALUES (?, ?)", values)
    made.execute("INSERT INTO conversations VALUES ('hush', 'hush')")
    made.commit()
    return made


def trace(home: Path) -> dict[str, tuple[bytes, int, int]]:
    """Everything in *home*: bytes, time of change, mode."""
    return {
        str(path.relative_to(home)): (
            path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in (home, *home.rglob("*"))
    }  # fmt: skip


@contextmanager
def untouched(home: Path) -> Iterator[None]:
    before = trace(home)
    yield
    assert trace(home) == before


def refused(home: Path, source: str = "amazon-q-cli") -> str:
    with untouched(home), pytest.raises(Unreadable) as told:
        read(source, home, now=NOW)
    assert "hush" not in str(told.value)
    return str(told.value)


def the_one(home: Path, source: str = "amazon-q-cli") -> Candidate:
    with untouched(home):
        (found,) = read(source, home, now=NOW)
    assert found.fields is not None
    return found


def crashed(home: Path, *, index: bool) -> None:
    """The program was killed: its log is there, and its log's index if *index*."""
    there = database(home.with_name("alive"), wal=True)
    home.mkdir()
    target = home / LINUX / "amazon-q"
    target.mkdir(parents=True)
    for path in (home.with_name("alive") / LINUX / "amazon-q").iterdir():
        if index or not path.name.endswith("-shm"):
            (target / path.name).write_bytes(path.read_bytes())
    there.close()


PROGRAM = """
import sqlite3, sys
made = sqlite3.connect(sys.argv[1])
made.execute("INSERT INTO conversations VALUES ('a', 'b')")
made.commit()
print("open", flush=True)
sys.stdin.readline()
made.execute("INSERT INTO conversations VALUES ('c', 'd')")
made.commit()
print("written", flush=True)
"""


@contextmanager
def running(home: Path, *, wal: bool) -> Iterator[None]:
    """The program has its database open in a process of its own, and can go on afterwards."""
    database(home, wal=wal).close()
    path = home / LINUX / "amazon-q/data.sqlite3"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        try:
            yield
        finally:
            rest, _ = process.communicate(b"\n", timeout=30)
        assert rest == b"written\n"


STATES: dict[str, Callable[[Path], Any]] = {
    "closed": lambda home: database(home).close(),
    "with a log, closed": lambda home: database(home, wal=True).close(),
    "with a log, crashed": lambda home: crashed(home, index=True),
    "on a Mac": lambda home: database(home, base=MAC).close(),
}


@pytest.mark.parametrize("prepare", STATES.values(), ids=STATES)
def test_a_login_is_read_and_nothing_is_written(
    prepare: Callable[[Path], Any], tmp_path: Path
) -> None:
    prepare(tmp_path / "home")
    found = the_one(tmp_path / "home")
    assert found.label == f"Amazon Q CLI: {COMPANY}"
    assert found.fields is not None and found.fields["profile_arn"] == ARN


@pytest.mark.parametrize("wal", [False, True])
def test_a_program_that_is_running_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, *, wal: bool
) -> None:
    with running(tmp_path / "home", wal=wal):
        beside = tmp_path / "home" / LINUX / "amazon-q/data.sqlite3-shm"
        assert beside.exists() == wal
        the_one(tmp_path / "home")


def test_nothing_is_written_where_nothing_may_be(tmp_path: Path) -> None:
    home = tmp_path / "home #1 ?mode=rwc"
    database(home, wal=True).close()
    path = home / LINUX / "amazon-q"
    for target, mode in ((path / "data.sqlite3", 0o400), (path, 0o500)):
        target.chmod(mode)
    try:
        the_one(home)
    finally:
        path.chmod(0o700)


def test_kiro_s_own_keys(tmp_path: Path) -> None:
    rows = {
        "kirocli:odic:token": TOKEN, "kirocli:odic:device-registration": CLIENT,
        "kirocli:social:token": {"provider": "Google", "refresh_token": "hush"},
    }  # fmt: skip
    database(tmp_path / "home", "kiro-cli", rows=rows).close()
    usable, social = read("kiro-cli", tmp_path / "home", now=NOW)
    assert usable.fields is not None and usable.label == "Kiro CLI: Builder ID"
    assert social.fields is None and social.label == "Kiro CLI: Google"


def test_a_log_that_was_left_without_its_index(tmp_path: Path) -> None:
    crashed(tmp_path / "home", index=False)
    assert "did not close its database" in refused(tmp_path / "home")


def test_a_change_that_was_left_half_done(tmp_path: Path) -> None:
    with closing(database(tmp_path / "alive")) as there:
        there.execute("PRAGMA cache_size = 1")
        there.execute("BEGIN")
        large = [("hush", "x" * 5000)] * 100
        there.executemany("INSERT INTO conversations VALUES (?, ?)", large)
        target = tmp_path / "home" / LINUX / "amazon-q"
        target.mkdir(parents=True)
        for path in (tmp_path / "alive" / LINUX / "amazon-q").iterdir():
            (target / path.name).write_bytes(path.read_bytes())
    assert (target / "data.sqlite3-journal").stat().st_size > 0
    assert "did not close its database" in refused(tmp_path / "home")


def test_somebody_is_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "_PATIENCE", 0.1)
    with closing(database(tmp_path / "home")) as busy:
        busy.execute("BEGIN EXCLUSIVE")
        assert "is using its database; close it" in refused(tmp_path / "home")


def test_a_database_that_changes_while_it_is_taken_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    database(home, wal=True).close()
    whole = foreign._tables

    def meanwhile(known: sqlite3.Connection) -> set[str]:
        os.utime(home / LINUX / "amazon-q/data.sqlite3", ns=(1, 1))
        return whole(known)

    monkeypatch.setattr(foreign, "_tables", meanwhile)
    with pytest.raises(Unreadable, match="was writing just now; try again"):
        read("amazon-q-cli", home, now=NOW)


def write(home: Path, raw: bytes) -> None:
    path = home / LINUX / "amazon-q/data.sqlite3"
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)


def shaped(home: Path, script: str) -> None:
    database(home).close()
    with closing(sqlite3.connect(home / LINUX / "amazon-q/data.sqlite3")) as made:
        made.executescript(script)


def torn(home: Path) -> None:
    database(home).close()
    path = home / LINUX / "amazon-q/data.sqlite3"
    raw = path.read_bytes()
    path.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))


ODD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "absent": (lambda home: home.mkdir(), "Amazon Q CLI has no database here"),
    "a directory": (
        lambda home: (home / LINUX / "amazon-q/data.sqlite3").mkdir(parents=True),
        "cannot be read: Is a directory",
    ),
    "empty": (lambda home: write(home, b""), "in a way that is not known here"),
    "no database": (lambda home: write(home, b"hush " * 5000), "is damaged, or no database"),
    "torn": (torn, "is damaged, or no database"),
    "other tables": (lambda home: shaped(home, "DROP TABLE auth_kv"), "not known here"),
    "other columns": (
        lambda home: shaped(home, "DROP TABLE auth_kv; CREATE TABLE auth_kv (a, b)"),
        "not known here",
    ),
    "a view that never ends": (
        lambda home: shaped(home, """
            DROP TABLE auth_kv;
            CREATE VIEW auth_kv AS WITH RECURSIVE n(key) AS (SELECT 1 UNION ALL SELECT key + 1
            FROM n) SELECT key, 'hush' AS value FROM n;
        """),
        "not known here",
    ),
    "nobody": (lambda home: database(home, rows={"telemetry": 1}).close(), "nobody is signed in"),
    "too much": (
        lambda home: database(home, rows={"codewhisperer:odic:token": "x" * 70_000}).close(),
        "nobody is signed in",
    ),
    "no login but a number": (
        lambda home: shaped(home, "UPDATE auth_kv SET value = NULL"), "nobody is signed in",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("prepare", "words"), ODD.values(), ids=ODD)
def test_what_cannot_be_read_is_told_in_a_sentence(
    prepare: Callable[[Path], Any], words: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    prepare(home)
    assert words in refused(home)


def test_a_search_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "_LONGEST", 0.0)
    monkeypatch.setattr(foreign, "_STEPS", 1)
    database(tmp_path / "home").close()
    assert "takes too long to search" in refused(tmp_path / "home")


def test_a_database_without_a_profile(tmp_path: Path) -> None:
    shaped(tmp_path / "home", "DROP TABLE state")
    assert "no profile is told" in the_one(tmp_path / "home").doubt


def cached(home: Path, **files: bytes) -> Path:
    cache = home / ".aws/sso/cache"
    cache.mkdir(parents=True)
    for name, raw in files.items():
        (cache / f"{name}.json").write_bytes(raw)
    return cache


def test_the_cache_of_single_sign_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    kiro = KIRO_IDE_FILE.removesuffix(".json")
    cache = cached(
        home, **{kiro: json.dumps(KIRO).encode()}, abc123=json.dumps(KIRO_CLIENT).encode()
    )
    (cache / "notes.txt").write_text("hush")
    (cache / "directory.json").mkdir()
    os.mkfifo(cache / "pipe.json")
    (cache / "large.json").write_bytes(b" " * 70_000 + json.dumps(KIRO).encode())
    (cache / "gone.json").symlink_to("nowhere")
    (found,) = read("aws-sso-cache", home, now=NOW)
    assert found.label == "Kiro: Builder ID" and found.fields is not None


def test_the_cache_is_left_as_it_was(tmp_path: Path) -> None:
    kiro = KIRO_IDE_FILE.removesuffix(".json")
    cached(tmp_path / "home", **{kiro: json.dumps(KIRO).encode()}, odd=b"\xff{hush")
    with untouched(tmp_path / "home"):
        odd, kiro_s = read("aws-sso-cache", tmp_path / "home", now=NOW)
    assert (odd.label, odd.why_not) == ("odd.json", "it cannot be understood")
    assert kiro_s.fields is None


def test_a_file_of_the_cache_that_cannot_be_opened(tmp_path: Path) -> None:
    (cached(tmp_path) / "loop.json").symlink_to("loop.json")
    (found,) = read("aws-sso-cache", tmp_path, now=NOW)
    assert (found.label, found.why_not) == ("loop.json", "it cannot be understood")


def test_a_cache_that_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / ".aws/sso").mkdir(parents=True)
    (tmp_path / ".aws/sso/cache").write_text("hush")
    assert refused(tmp_path, "aws-sso-cache") == "the AWS SSO cache cannot be read: Not a directory"


def test_no_cache(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    assert refused(tmp_path / "home", "aws-sso-cache") == "the AWS SSO cache holds no logins"


def test_a_source_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="must be amazon-q-cli, kiro-cli or aws-sso-cache"):
        read("../../etc", tmp_path)


def test_where_logins_may_be_is_told_without_reading_them(tmp_path: Path) -> None:
    assert [source.exists for source in sources(tmp_path)] == [False, False, False]
    database(tmp_path, base=MAC).close()
    cached(tmp_path)
    assert sources(tmp_path) == [
        Source("amazon-q-cli", "~/Library/Application Support/amazon-q/data.sqlite3", True),
        Source("kiro-cli", "~/.local/share/kiro-cli/data.sqlite3", False),
        Source("aws-sso-cache", "~/.aws/sso/cache", True),
    ]


def test_a_mac_has_places_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert sources(tmp_path)[0].path == "~/Library/Application Support/amazon-q/data.sqlite3"
    database(tmp_path, base=LINUX).close()
    assert sources(tmp_path)[0].path == "~/.local/share/amazon-q/data.sqlite3"


def test_a_home_of_its_own_is_not_needed_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    database(tmp_path).close()
    assert sources()[0].exists and read("amazon-q-cli")


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(Unreadable, match="no home directory"):
        sources()
