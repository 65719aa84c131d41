"""Accounts that come without signing in: pasted, imported from this machine, from a backup."""

import json
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

from amq2api.sim.world import World
from browser.conftest import Build, Visit
from browser.houses import House, people
from browser.visiting import BOTH, Language, Visitor, spoken

pytestmark = pytest.mark.browser

PASSPHRASE = "correct horse battery staple"


def choose(visitor: Visitor, way: str) -> None:
    visitor.button("guide.other_ways").or_(visitor.button("add.open")).first.click()
    visitor.marked(f"way-{way}").click()


@BOTH
def test_pasted_credentials_become_an_account(
    empty: House, world: World, visit: Visit, language: Language
) -> None:
    alice = world.add_account("alice", "builder-id").credentials
    visitor = visit(empty, language)
    choose(visitor, "paste")
    visitor.field("field.name").fill("爱丽丝 🙂")
    for name in ("refresh_token", "client_id", "client_secret"):
        visitor.field(f"field.{name}").fill(f"  {alice[name]}\n")
    visitor.button("paste.submit").click()
    visitor.expect_notice("paste.done", name="爱丽丝 🙂")
    # The allowance can be asked for: the three fit together.
    expect(visitor.marked("quota", visitor.card("爱丽丝 🙂"))).to_be_visible()
    (account,) = empty.accounts()
    assert (account["client_id"], account["client_secret"]) == (
        alice["client_id"], alice["client_secret"],
    )  # fmt: skip


@spoken("zh")
def test_each_field_that_is_missing_says_so(empty: House, visit: Visit, language: Language) -> None:
    visitor = visit(empty, language)
    choose(visitor, "paste")
    for name in ("refresh_token", "client_id", "client_secret"):
        visitor.button("paste.submit").click()
        field = visitor.field(f"field.{name}")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
        expect(visitor.dialog).to_contain_text(visitor.t("form.missing"))
        field.fill("x")


@spoken("en")
def test_what_the_gateway_refuses_stands_at_its_field(
    house: House, world: World, visit: Visit, language: Language
) -> None:
    visitor = visit(house, language)
    alice = world.identities.accounts["Alice"].credentials
    choose(visitor, "paste")
    for name in ("refresh_token", "client_id", "client_secret"):
        visitor.field(f"field.{name}").fill(alice[name])
    with visitor.refused(409, "/api/accounts"):
        visitor.button("paste.submit").click()
        field = visitor.field("field.refresh_token")
        expect(field).to_have_attribute("aria-invalid", "true")
    visitor.dialog.locator("summary").click()
    field.fill("aor-another")
    visitor.field("field.profile_arn").fill("arn:nonsense")
    with visitor.refused(400, "/api/accounts"):
        visitor.button("paste.submit").click()
        expect(visitor.field("field.profile_arn")).to_be_focused()
    assert len(house.accounts()) == 1


def amazon_q_cli(person: Path, world: World) -> Path:
    """Amazon Q CLI signed in on this machine, as upstream-protocol.md 5.6 describes its file."""
    database = person / ".local/share/amazon-q/data.sqlite3"
    database.parent.mkdir(parents=True)
    known = world.add_account("of the CLI", "builder-id").credentials
    token = {
        "access_token": "aoaOLD", "expires_at": "2020-01-01T00:00:00Z",
        "refresh_token": known["refresh_token"], "region": "us-east-1",
        "start_url": "https://view.awsapps.com/start", "oauth_flow": "DeviceCode", "scopes": [],
    }  # fmt: skip
    client = {
        "client_id": known["client_id"], "client_secret": known["client_secret"],
        "client_secret_expires_at": "2099-01-01T00:00:00Z", "region": "us-east-1",
        "oauth_flow": "DeviceCode", "scopes": [],
    }  # fmt: skip
    rows = {"token": token, "device-registration": client}
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT)")
        connection.execute("CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB)")
        connection.executemany(
            "INSERT INTO auth_kv VALUES (?, ?)",
            [(f"codewhisperer:odic:{name}", json.dumps(row)) for name, row in rows.items()],
        )
    connection.close()
    return database


@BOTH
def test_a_sign_in_of_this_machine_is_copied_with_consent(
    empty: House, world: World, visit: Visit, tmp_path: Path, language: Language
) -> None:
    database = amazon_q_cli(tmp_path / "person", world)
    before = database.read_bytes()
    visitor = visit(empty, language)
    choose(visitor, "machine")
    expect(visitor.dialog.get_by_role("radio", name="Amazon Q CLI")).to_be_checked()
    expect(visitor.dialog).to_contain_text(visitor.t("import.warning"))
    visitor.button("import.submit").click()
    consent = visitor.dialog.get_by_role("checkbox", name=visitor.t("import.consent"))
    expect(consent).to_be_focused()
    assert not empty.account_file.exists() or empty.accounts() == []
    consent.check()
    visitor.button("import.submit").click()
    expect(visitor.marked("import-results").get_by_role("listitem")).to_have_count(1)
    (account,) = empty.accounts()
    assert account["refresh_token"].startswith("aor")
    assert database.read_bytes() == before


@spoken("zh")
def test_a_machine_without_a_sign_in_says_what_was_looked_for(
    empty: House, visit: Visit, language: Language
) -> None:
    visitor = visit(empty, language)
    choose(visitor, "machine")
    expect(visitor.dialog).to_contain_text(visitor.t("import.none"))
    expect(visitor.dialog).to_contain_text("~/.aws/sso/cache")
    assert str(empty.home.parent) not in visitor.everything()


@BOTH
def test_a_backup_moves_accounts_to_another_house(
    build: Build, world: World, visit: Visit, tmp_path: Path, language: Language
) -> None:
    first = build(people(world, "Alice", "Bob"))
    second = build([first.accounts()[1]])
    # Both have Bob's sign-in: one of them invalidates that of the other.
    visitor = visit(first, language, allowed=[(409, "/usage")])
    visitor.button("export.open").click()
    visitor.field("export.passphrase").fill(PASSPHRASE)
    visitor.field("door.repeat_passphrase").fill("another")
    visitor.button("export.submit").click()
    expect(visitor.field("door.repeat_passphrase")).to_be_focused()
    visitor.field("door.repeat_passphrase").fill(PASSPHRASE)
    with visitor.page.expect_download() as downloading:
        visitor.button("export.submit").click()
    backup = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(backup)
    assert first.leaks(backup.read_text()) == []

    other = visit(second, language, allowed=[(409, "/usage")])
    choose(other, "backup")
    chooser = other.field("backup.file")
    chooser.set_input_files(backup)
    other.field("backup.passphrase").fill("wrong horse")
    with other.refused(403, "/api/accounts/import"):
        other.button("backup.submit").click()
        expect(other.field("backup.passphrase")).to_be_focused()
    other.field("backup.passphrase").fill(PASSPHRASE)
    other.button("backup.submit").click()
    results = other.marked("import-results")
    expect(results.get_by_role("listitem")).to_have_count(2)
    expect(results).to_contain_text("Alice")
    assert [entry["name"] for entry in second.accounts()] == ["Bob", "Alice"]


@spoken("zh")
def test_a_file_that_is_no_backup_is_told(
    empty: House, visit: Visit, tmp_path: Path, language: Language
) -> None:
    (tmp_path / "letter.json").write_text("Dear Alice")
    visitor = visit(empty, language)
    choose(visitor, "backup")
    visitor.field("backup.passphrase").fill(PASSPHRASE)
    visitor.button("backup.submit").click()
    expect(visitor.dialog).to_contain_text(visitor.t("backup.file_missing"))
    visitor.field("backup.file").set_input_files(tmp_path / "letter.json")
    visitor.button("backup.submit").click()
    expect(visitor.dialog).to_contain_text(visitor.t("backup.not_json"))
