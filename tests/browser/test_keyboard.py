"""Without a mouse: Tab, Enter, Space, Escape and arrows do everything."""

import pytest
from playwright.sync_api import Locator, expect

from amq2api.sim.world import World
from browser.conftest import Build, Visit
from browser.houses import House, people
from browser.visiting import BOTH, VIEWS, Language, Visitor, spoken

pytestmark = pytest.mark.browser

_FOCUS = """(element) => element === document.activeElement"""
_FOCUS_SEEN = """() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        || style.boxShadow !== "none";
}"""


def tab_to(visitor: Visitor, target: Locator) -> None:
    """Press Tab until *target* has the focus; on the way the focus is always seen."""
    for _ in range(120):
        if target.evaluate(_FOCUS):
            assert visitor.page.evaluate(_FOCUS_SEEN), "nobody sees where the focus is"
            return
        visitor.page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there")


def press(visitor: Visitor, target: Locator, key: str = "Enter") -> None:
    tab_to(visitor, target)
    visitor.page.keyboard.press(key)


@BOTH
def test_adding_switching_and_deleting(
    build: Build, world: World, visit: Visit, language: Language
) -> None:
    house = build(people(world, "Alice"))
    bob = world.add_account("bob", "builder-id").credentials
    visitor = visit(house, language)
    keyboard = visitor.page.keyboard

    press(visitor, visitor.button("add.open"))
    press(visitor, visitor.marked("way-paste"))
    expect(visitor.field("field.name")).to_be_focused()
    keyboard.type("Bob")
    for name in ("refresh_token", "client_id", "client_secret"):
        tab_to(visitor, visitor.field(f"field.{name}"))
        keyboard.type(bob[name])
    keyboard.press("Enter")
    expect(visitor.card("Bob")).to_be_visible()
    expect(visitor.button("add.open")).to_be_focused()

    press(visitor, visitor.button("account.use", visitor.card("Bob")), "Space")
    expect(visitor.marked("active", visitor.card("Bob"))).to_be_visible()

    press(visitor, visitor.button("account.delete", visitor.card("Alice")))
    expect(visitor.dialog).to_be_visible()
    keyboard.press("Escape")
    expect(visitor.dialog).to_have_count(0)
    expect(visitor.button("account.delete", visitor.card("Alice"))).to_be_focused()
    keyboard.press("Enter")
    press(visitor, visitor.button("remove.confirm", visitor.dialog))
    expect(visitor.card("Alice")).to_have_count(0)
    # What had the focus is gone: it is not lost to the top of the document.
    assert visitor.page.evaluate("() => document.activeElement !== document.body")
    assert [entry["name"] for entry in house.accounts()] == ["Bob"]


@spoken("en")
def test_signing_in(empty: House, world: World, visit: Visit, language: Language) -> None:
    visitor = visit(empty, language)
    press(visitor, visitor.button("add.builder-id"))
    link = visitor.marked("login-link")
    expect(link).to_be_focused()
    world.approve(visitor.marked("user-code").inner_text())
    expect(visitor.button("login.try")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("main h1")).to_be_focused()
    press(visitor, visitor.field("play.message"), "Control+Enter")
    expect(visitor.marked("answer")).to_have_attribute("data-state", "done")


@spoken("en")
def test_the_focus_stays_in_a_dialog(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language)
    press(visitor, visitor.button("account.edit", visitor.card("Alice")))
    expect(visitor.field("field.name")).to_be_focused()
    for _ in range(25):
        visitor.page.keyboard.press("Tab")
        # Beyond the dialog there is only the browser itself.
        assert visitor.page.evaluate(
            "() => document.activeElement === document.body"
            " || document.activeElement.closest('dialog') !== null"
        )


@spoken("zh")
def test_views_and_tabs(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language)
    for view in VIEWS[1:]:
        press(visitor, visitor.page.locator(f"nav a[href='#/{view}']:visible").first)
        heading = visitor.page.locator("main h1")
        expect(heading).to_have_text(visitor.t(f"nav.{view}"))
        expect(heading).to_be_focused()
    visitor.page.goto(f"{house.url}/#/connect")
    tabs = visitor.page.get_by_role("tab")
    tab_to(visitor, tabs.first)
    visitor.page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    visitor.page.keyboard.press("End")
    expect(tabs.last).to_have_attribute("aria-selected", "true")
    visitor.page.keyboard.press("ArrowRight")
    expect(tabs.first).to_be_focused()


def test_the_first_stop_skips_the_navigation(house: House, visit: Visit) -> None:
    visitor = visit(house)
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    assert visitor.page.evaluate("() => document.activeElement.id") == "main"
    expect(visitor.card("Alice")).to_be_visible()
