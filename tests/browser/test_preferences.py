"""Language and theme: chosen, kept, and all that is ever kept in the browser."""

import json
from typing import Any, Literal

import pytest
from playwright.sync_api import expect

from browser.conftest import Visit
from browser.houses import House
from browser.visiting import VIEWS

pytestmark = pytest.mark.browser


def test_the_language_is_the_browser_s_until_another_is_chosen(house: House, visit: Visit) -> None:
    visitor = visit(house, "zh")
    expect(visitor.page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(visitor.page.locator("main h1")).to_have_text(visitor.t("nav.accounts"))
    visitor.marked("language").click()
    expect(visitor.page.locator("html")).to_have_attribute("lang", "en")
    expect(visitor.page.locator("main h1")).to_have_text("Accounts")
    visitor.page.reload()
    expect(visitor.page.locator("main h1")).to_have_text("Accounts")
    visitor.marked("language").click()
    visitor.page.reload()
    expect(visitor.page.locator("main h1")).to_have_text(visitor.t("nav.accounts"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_system_s_until_another_is_chosen(
    house: House, visit: Visit, scheme: Literal["light", "dark"]
) -> None:
    visitor = visit(house, color_scheme=scheme)
    other = {"light": "dark", "dark": "light"}[scheme]

    def background() -> str:
        colour: str = visitor.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        return colour

    own = background()
    visitor.go("settings")
    visitor.page.get_by_role("radio", name=visitor.t(f"theme.{other}"), exact=True).check()
    chosen = background()
    assert chosen != own
    visitor.page.reload()
    visitor.page.locator("main h1").wait_for()
    assert background() == chosen
    visitor.page.get_by_role("radio", name=visitor.t("theme.system"), exact=True).check()
    assert background() == own


def test_nothing_is_kept_in_the_browser_but_preferences(house: House, visit: Visit) -> None:
    visitor = visit(house)
    for view in VIEWS:
        visitor.go(view)
    assert visitor.kept() == {"local": {}, "session": {}, "cookies": ""}
    visitor.marked("language").click()
    visitor.marked("theme").click()
    kept: dict[str, Any] = visitor.kept()
    assert list(kept["local"]) == ["amq2api"]
    assert json.loads(kept["local"]["amq2api"]) == {"language": "zh", "theme": "light"}
    assert (kept["session"], kept["cookies"]) == ({}, "")
    databases = visitor.page.evaluate("async () => (await indexedDB.databases()).length")
    caches = visitor.page.evaluate("async () => (await caches.keys()).length")
    assert (databases, caches) == (0, 0)


@pytest.mark.parametrize("kept", ["no json", "[]", '{"language": "tlh", "theme": 7}', "null"])
def test_nonsense_that_was_kept_does_no_harm(house: House, visit: Visit, kept: str) -> None:
    visitor = visit(house)
    visitor.page.evaluate("(kept) => localStorage.setItem('amq2api', kept)", kept)
    visitor.page.reload()
    expect(visitor.page.locator("main h1")).to_have_text("Accounts")
    visitor.marked("language").click()
    expect(visitor.page.locator("html")).to_have_attribute("lang", "zh-CN")
