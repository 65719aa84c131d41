"""Getting in where others can reach the address: setup, sign-in, lock-out, a session that ends."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from amq2api import config
from amq2api.cli.door import admin_access
from browser.conftest import Build, Visit
from browser.houses import House
from browser.visiting import BOTH, Language, Visitor, spoken
from cli.running import Started, started

pytestmark = pytest.mark.browser

PASSWORD = "four random words"
PUBLIC = {"host": "0.0.0.0", "api_keys": "a-client-key-of-some-length"}


def setup_token(process: Started) -> str:
    """What the gateway printed for whoever started it."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        said = (process.home / "err").read_text()
        if found := re.search(r"works once:\n\n    (\S+)\n", said):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"no setup token: {said}")


def set_up(visitor: Visitor, token: str, password: str = PASSWORD) -> None:
    visitor.field("door.token").fill(token)
    visitor.field("door.new_password").fill(password)
    visitor.field("door.repeat").fill(password)
    visitor.button("door.set_up").click()


def sign_in(visitor: Visitor, password: str = PASSWORD) -> None:
    visitor.field("door.password").fill(password)
    visitor.button("door.sign_in").click()


def protected(build: Build, **settings: object) -> House:
    """A house whose page asks for :data:`PASSWORD`."""
    house = build(**{**PUBLIC, **settings})
    own = config.load(host="0.0.0.0", admin_file=house.home / "admin.json")
    token = admin_access(own).new_setup_token()
    assert token is not None
    (house.home / "token").write_text(token)
    return house


def token_of(house: House) -> str:
    return (house.home / "token").read_text()


@BOTH
def test_a_public_gateway_is_set_up_with_the_token_it_printed(
    visit: Visit, tmp_path: Path, language: Language
) -> None:
    with started(
        tmp_path, "serve", "--demo", "--no-account",
        AMQ2API_HOST="0.0.0.0", AMQ2API_API_KEYS="a-client-key-of-some-length",
    ) as process:  # fmt: skip
        visitor = visit(process.url, language)
        expect(visitor.page.locator("#app h1")).to_have_text(visitor.t("door.setup"))
        token = setup_token(process)
        with visitor.refused(403, "/api/setup"):
            set_up(visitor, "not-the-token")
            expect(visitor.page.get_by_role("alert").or_(
                visitor.page.locator(".field-error"))).to_be_visible()  # fmt: skip
        set_up(visitor, token, "short")
        expect(visitor.field("door.new_password")).to_be_focused()
        set_up(visitor, token)
        expect(visitor.marked("guide")).to_be_visible()

        visitor.go("settings")
        visitor.button("settings.sign_out").click()
        expect(visitor.field("door.password")).to_be_visible()
        visitor.page.reload()
        sign_in(visitor)
        expect(visitor.page.locator("main h1")).to_have_text(visitor.t("nav.settings"))
        visitor.page.goto("about:blank")
        process.stop()
        assert PASSWORD not in (tmp_path / "err").read_text()


@spoken("zh")
def test_guessing_is_slowed_down(build: Build, visit: Visit, language: Language) -> None:
    house = protected(build)
    visitor = visit(house, language)
    set_up(visitor, token_of(house))
    expect(visitor.marked("guide")).to_be_visible()
    stranger = visit(house, language)
    expect(stranger.field("door.password")).to_be_focused()
    stranger.watch.allowed += [(401, "/api/session"), (429, "/api/session")]
    for _ in range(5):
        with stranger.page.expect_response("**/api/session") as answered:
            sign_in(stranger, "a wrong password")
        assert answered.value.status == 401
        expect(stranger.button("door.sign_in")).to_be_enabled()
    with stranger.page.expect_response("**/api/session") as answered:
        sign_in(stranger)
    assert answered.value.status == 429
    expect(stranger.page.get_by_role("alert").or_(
        stranger.page.locator(".field-error"))).to_contain_text(re.compile(r"\d+"))  # fmt: skip
    assert PASSWORD not in house.heard.text()
    visitor.go("settings")  # whoever is in stays in


def test_the_session_s_cookie_is_out_of_reach_for_scripts_and_other_sites(
    build: Build, visit: Visit
) -> None:
    house = protected(build)
    visitor = visit(house)
    set_up(visitor, token_of(house))
    expect(visitor.marked("guide")).to_be_visible()
    cookies = visitor.page.context.cookies()
    assert cookies
    for cookie in cookies:
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    kept = visitor.kept()
    assert (kept["cookies"], kept["session"]) == ("", {})


@spoken("en")
def test_what_was_typed_survives_the_end_of_a_session(
    build: Build, visit: Visit, language: Language
) -> None:
    house = protected(build)
    visitor = visit(house, language)
    set_up(visitor, token_of(house))
    visitor.button("guide.other_ways").click()
    visitor.marked("way-paste").click()
    visitor.field("field.name").fill("Alice")
    for name in ("refresh_token", "client_id", "client_secret"):
        visitor.field(f"field.{name}").fill("pasted-" + name)
    # What was pasted is no sign-in of anybody's.
    visitor.watch.allowed += [(401, "/api/"), (409, "/usage")]
    visitor.page.context.clear_cookies()
    visitor.button("paste.submit").click()
    again = visitor.marked("sign-in-again")
    expect(again).to_be_visible()
    expect(visitor.field("door.password", again)).to_be_focused()
    visitor.field("door.password", again).fill(PASSWORD)
    visitor.button("door.sign_in", again).click()
    expect(visitor.card("Alice")).to_be_visible()
    assert house.accounts()[0]["refresh_token"] == "pasted-refresh_token"


@spoken("zh")
def test_a_password_is_set_and_changed_in_the_settings(
    house: House, visit: Visit, language: Language
) -> None:
    visitor = visit(house, language)
    visitor.go("settings")
    visitor.page.locator("summary").filter(has_text=visitor.t("password.make")).click()
    visitor.field("door.new_password").fill(PASSWORD)
    visitor.field("door.repeat").fill(PASSWORD)
    visitor.button("password.save").click()
    visitor.expect_notice("password.saved")

    visitor.page.locator("summary").filter(has_text=visitor.t("password.change")).click()
    visitor.field("password.current").fill("not this one")
    visitor.field("door.new_password").fill("another good one")
    visitor.field("door.repeat").fill("another good one")
    visitor.watch.allowed += [(400, "/api/password"), (401, "/api/password"),
                              (403, "/api/password")]  # fmt: skip
    visitor.button("password.save").click()
    expect(visitor.field("password.current")).to_be_focused()
    visitor.field("password.current").fill(PASSWORD)
    with visitor.page.expect_response("**/api/password") as answered:
        visitor.button("password.save").click()
    assert answered.value.status == 200
    stranger = visit(house, language)
    sign_in(stranger, "another good one")
    expect(stranger.card("Alice")).to_be_visible()
