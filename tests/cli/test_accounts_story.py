"""An account's life on the command line, while a gateway runs on the same files."""

import json
import os
import pty
import time
from pathlib import Path
from typing import Any

import pytest

from cli.amazon import Amazon, amazon, finished
from cli.running import PROGRAM, Done, Started, run, started, surroundings

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def chat(gateway: Started) -> Done:
    return run("chat", "Hello", "--url", gateway.url)


def served_by(pretended: Amazon) -> str:
    return pretended.world.asked()[-1].account


def when_it_counts(gateway: Started, pretended: Amazon, name: str) -> Done:
    """The first call that the account *name* serves; a change is seen within a second."""
    end = time.monotonic() + 5
    while True:
        done = chat(gateway)
        if done.status == 0 and served_by(pretended) == name:
            return done
        if time.monotonic() > end:
            raise AssertionError(f"not served by {name}: {done.err}")
        time.sleep(0.1)


def test_a_running_gateway_follows(tmp_path: Path) -> None:
    with amazon() as pretended, started(tmp_path, "serve", **pretended.settings) as gateway:

        def accounts(*words: str, given: bytes = b"") -> Any:
            done = finished(
                tmp_path, "accounts", *words, "--json", given=given, settings=pretended.settings
            )
            assert (done.status, done.err) == (0, "")
            return json.loads(done.out)

        assert "no account is configured" in chat(gateway).err

        home, work = (
            accounts("add", "--json-file", "-", given=json.dumps(pretended.seat(name)).encode())
            for name in ("home", "work")
        )
        when_it_counts(gateway, pretended, "home")
        assert [(a["name"], a["is_active"]) for a in accounts("list")] == [
            ("home", True), ("work", False),
        ]  # fmt: skip
        assert accounts("test", "work")["ok"] is True
        assert accounts("usage", work["id"])["quotas"][0]["percent"] < 1

        accounts("activate", "work")
        when_it_counts(gateway, pretended, "work")
        renamed = accounts("edit", "work", "--name", "公司")
        assert (renamed["id"], renamed["name"]) == (work["id"], "公司")
        assert chat(gateway).status == 0

        assert accounts("remove", "公司", "--yes") == {"id": work["id"]}
        when_it_counts(gateway, pretended, "home")
        assert [(a["id"], a["is_active"]) for a in accounts("list")] == [(home["id"], True)]

        stopped = gateway.stop()
    assert stopped.status == 0
    assert "Traceback" not in stopped.err


def test_both_renew_a_token_only_once_between_them(tmp_path: Path) -> None:
    with amazon() as pretended:
        (tmp_path / "account.json").write_text(json.dumps([pretended.seat("home")]))
        with started(tmp_path, "serve", **pretended.settings) as gateway:
            when_it_counts(gateway, pretended, "home")
            assert pretended.world.refreshes == 1
            assert finished(tmp_path, "accounts", "usage", settings=pretended.settings).status == 0
            assert pretended.world.refreshes == 1
            # A test renews for certain, and the service drops the old refresh token.
            assert finished(tmp_path, "accounts", "test", settings=pretended.settings).status == 0
            pretended.world.expire_tokens()
            assert chat(gateway).status == 0
            assert gateway.stop().status == 0
    (kept,) = json.loads((tmp_path / "account.json").read_text())
    assert kept["refresh_token"] == pretended.person("home").refresh_token


def typed(home: Path, *lines: str) -> tuple[int, str]:
    """``accounts add`` on a terminal where *lines* are typed; its status and all that showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execve(PROGRAM[0], [*PROGRAM, "accounts", "add"], surroundings(home))
    shown, prompts = b"", [b"Refresh token: ", b"Client id: ", b"Client secret: "]
    left = [line.encode() for line in lines]
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
            if left and prompts[-len(left)] in shown:
                os.write(terminal, left.pop(0) + b"\n")
    except OSError:  # the other side is closed
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_secrets_are_asked_for_and_not_shown(tmp_path: Path) -> None:
    secrets = ("aor-typed-refresh-token", "typed-client-id", "typed-client-secret")
    status, shown = typed(tmp_path, *secrets)
    assert (status, "added" in shown) == (0, True)
    assert not any(secret in shown for secret in secrets)
    (kept,) = json.loads((tmp_path / "account.json").read_text())
    assert tuple(kept[key] for key in ("refresh_token", "client_id", "client_secret")) == secrets


def test_what_a_terminal_has_cut_is_not_taken(tmp_path: Path) -> None:
    status, shown = typed(tmp_path, "aor-" + "x" * 5000, "typed-client-id", "s" * 20)
    assert status == 2
    assert "refresh_token: the terminal may have cut it" in shown
    assert not (tmp_path / "account.json").exists()
