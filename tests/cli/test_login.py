"""``amq2api login`` as a process of its own, against a pretended Amazon."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from amq2api.sim.identity import Account
from cli.amazon import Amazon, finished
from cli.keyboard import at_keyboard
from cli.running import PROGRAM, run, started, surroundings

pytestmark = pytest.mark.e2e

COMPANY = ("--start-url", "https://acme.awsapps.com/start", "--region", "eu-west-1")
LOGIN = ("login", "--no-browser", *COMPANY)
TWO = [("Team", "us-east-1"), ("Lab", "eu-central-1")]
_LONGEST = 30.0


@contextmanager
def answering(
    service: Amazon, *, says: str = "yes", person: Account | None = None
) -> Iterator[None]:
    """Somebody who answers each code as soon as it is shown, until the block ends."""
    over = threading.Event()

    def answer() -> None:
        while not over.wait(0.05):
            for device in list(service.world.identities.devices.values()):
                if says == "no":
                    service.world.deny(device.user_code)
                elif device.account is None:
                    service.world.approve(device.user_code, person)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def entries(home: Path) -> list[dict[str, Any]]:
    file = home / "account.json"
    found: list[dict[str, Any]] = json.loads(file.read_bytes()) if file.exists() else []
    return found


def test_programs_get_a_line_for_each_step(service: Amazon, tmp_path: Path) -> None:
    with answering(service):
        done = finished(tmp_path, "login", "--json", settings=service.settings)
    assert (done.status, done.err) == (0, "")
    steps = [json.loads(line) for line in done.out.splitlines()]
    assert [step["state"] for step in steps] == ["starting", "waiting", "done"]
    assert steps[1]["verification_uri_complete"].endswith(steps[1]["user_code"])
    (entry,) = entries(tmp_path)
    assert steps[-1]["account_id"] == entry["id"]
    assert (entry["name"], entry["auth"], entry["is_active"]) == ("Builder ID", "builder-id", True)
    assert (tmp_path / "account.json").stat().st_mode & 0o777 == 0o600
    for secret in ("refresh_token", "client_id", "client_secret"):
        assert entry[secret] not in done.out


def test_people_get_a_link_and_a_code(service: Amazon, tmp_path: Path) -> None:
    with answering(service):
        done = finished(tmp_path, "login", "--name", "mine", settings=service.settings)
    assert (done.status, done.err) == (0, "")
    code = done.out.partition("code  ")[2][:9]
    assert f"\n    {service.url}device?user_code={code}\n" in done.out
    assert f"Signed in. The account is mine ({entries(tmp_path)[0]['id']})." in done.out
    assert "It is the active account." in done.out
    with answering(service):
        done = finished(tmp_path, "login", settings=service.settings)
    assert "`amq2api accounts activate` makes it the active one." in done.out


def test_a_browser_is_told_to_open_the_link(service: Amazon, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > "$HOME/opened"\n')
    browser.chmod(0o700)
    settings = {**service.settings, "BROWSER": str(browser)}
    for words, opened in (((), True), (("--no-browser",), False), (("--json",), False)):
        (tmp_path / "opened").unlink(missing_ok=True)
        with answering(service):
            done = finished(tmp_path, "login", *words, settings=settings)
        assert done.status == 0
        assert ("Your browser was told to show it." in done.out) == opened
        assert (tmp_path / "opened").exists() == opened
        if opened:
            link = (tmp_path / "opened").read_text().strip()
            assert link.startswith(f"{service.url}device?user_code=") and link in done.out


def test_a_browser_that_would_take_the_terminal_is_not_asked(
    service: Amazon, tmp_path: Path
) -> None:
    lynx = tmp_path / "w3m"
    lynx.write_text('#!/bin/sh\ntouch "$HOME/opened"\n')
    lynx.chmod(0o700)
    settings = {**service.settings, "PATH": f"{tmp_path}:{os.defpath}"}
    with answering(service):
        done = finished(tmp_path, "login", settings=settings)
    assert done.status == 0 and not (tmp_path / "opened").exists()


def test_denied(service: Amazon, tmp_path: Path) -> None:
    with answering(service, says="no"):
        done = finished(tmp_path, "login", "--json", settings=service.settings)
    assert done.status == 1
    assert json.loads(done.out.splitlines()[-1])["state"] == "failed"
    error = json.loads(done.err)["error"]
    assert error["type"] == "login_failed" and "access was denied" in error["message"]
    assert entries(tmp_path) == []


def test_ctrl_c_leaves_nothing_behind(service: Amazon, tmp_path: Path) -> None:
    with _waiting(tmp_path, "--json", **service.settings) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=_LONGEST)
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["state"] == "cancelled"
    assert json.loads(err)["error"] == {
        "type": "cancelled", "message": "Cancelled. Nothing was stored.",
    }  # fmt: skip
    assert entries(tmp_path) == []


@contextmanager
def _waiting(home: Path, *words: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A login that has shown its code."""
    with subprocess.Popen(
        [*PROGRAM, "login", *words], cwd=home, env=surroundings(home) | settings,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while b"waiting" not in process.stdout.readline():
            assert process.poll() is None
        try:
            yield process
        finally:
            process.kill()


NONSENSE: dict[str, tuple[tuple[str, ...], str]] = {
    "half a place": (("--region", "eu-west-1"), "--start-url: is missing"),
    "the other half": (COMPANY[:2], "--region: is missing"),
    "not encrypted": (("--start-url", "http://acme.com", *COMPANY[2:]), "--start-url: must be"),
    "no region": ((*COMPANY[:2], "--region", "here"), "--region: is not the name"),
    "a profile of a Builder ID": (("--profile", "arn:x"), "--profile: Builder ID has none"),
    "a name without end": (("--name", "x" * 201), "--name: has more than 200 characters"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "said"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_told_by_its_option(words: tuple[str, ...], said: str) -> None:
    done = run("login", *words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(said)


def test_the_only_profile_of_a_company(service: Amazon, tmp_path: Path) -> None:
    with answering(service):
        done = finished(tmp_path, "login", *COMPANY, settings=service.settings)
    assert done.status == 0 and "The account is acme (" in done.out
    assert entries(tmp_path)[0]["profile_arn"].startswith("arn:aws:codewhisperer:us-east-1:")


def test_several_profiles_and_nobody_to_choose(service: Amazon, tmp_path: Path) -> None:
    service.world.profiles = TWO
    person = service.world.add_account("ann")
    with answering(service, person=person):
        done = finished(tmp_path, "login", *COMPANY, settings=service.settings)
    assert done.status == 1 and entries(tmp_path) == []
    assert "say --profile with one of these:" in done.err and person.profiles[1].arn in done.err
    wanted = person.profiles[1].arn
    with answering(service, person=person):
        done = finished(tmp_path, "login", *COMPANY, "--profile", wanted, settings=service.settings)
    assert done.status == 0
    assert entries(tmp_path)[0]["profile_arn"] == wanted


def test_a_profile_is_chosen_at_the_terminal(service: Amazon, tmp_path: Path) -> None:
    service.world.profiles = TWO
    with answering(service):
        status, shown = at_keyboard(
            tmp_path, *LOGIN, typing=[("[1-2]", "3\n"), ("[1-2]", "2\n")], **service.settings
        )
    assert status == 0, shown
    assert "1  Team (us-east-1)" in shown and "2  Lab (eu-central-1)" in shown
    assert shown.count("Which one shall be used?") == 2
    assert "Waiting for the confirmation" in shown
    assert entries(tmp_path)[0]["profile_arn"].split(":")[3] == "eu-central-1"


def test_ctrl_c_at_the_terminal_while_choosing(service: Amazon, tmp_path: Path) -> None:
    service.world.profiles = TWO
    with answering(service):
        status, shown = at_keyboard(
            tmp_path, *LOGIN, typing=[("[1-2]", "\x03")], **service.settings
        )
    assert status == 130 and "Cancelled. Nothing was stored." in shown
    assert entries(tmp_path) == []


def test_signing_in_again(service: Amazon, tmp_path: Path) -> None:
    with answering(service):
        assert finished(tmp_path, "login", *COMPANY, settings=service.settings).status == 0
    (old,) = entries(tmp_path)
    with answering(service):
        done = finished(tmp_path, "login", "--account", "acme", settings=service.settings)
    assert done.status == 0
    (new,) = entries(tmp_path)
    assert new["id"] == old["id"] and new["start_url"] == old["start_url"]
    assert new["refresh_token"] != old["refresh_token"]
    unknown = finished(
        tmp_path, "login", "--account", "nobody", "--json", settings=service.settings
    )
    assert unknown.status == 1 and json.loads(unknown.err)["error"]["type"] == "not_found"


def test_a_gateway_that_runs_uses_the_account_at_once(service: Amazon, tmp_path: Path) -> None:
    with started(tmp_path, "serve", **service.settings) as gateway:
        assert run("chat", "Hello", "--url", gateway.url).status == 1
        with answering(service):
            done = finished(tmp_path, "login", settings=service.settings)
        assert done.status == 0
        time.sleep(0.6)  # the gateway looks at the file twice a second
        answer = run("chat", "What is 6 * 7?", "--url", gateway.url)
        assert (answer.status, answer.err) == (0, "")
        # It found the token that came with the sign-in, too.
        assert service.world.refreshes == 0
