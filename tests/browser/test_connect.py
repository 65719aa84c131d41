"""Connecting a client: what the buttons copy is what works."""

from typing import Any

import pytest
from playwright.sync_api import expect

from browser.conftest import Build, Visit
from browser.houses import House
from browser.visiting import BOTH, Language, Visitor, spoken

pytestmark = pytest.mark.browser

CLIPBOARD = ["clipboard-read", "clipboard-write"]
CLIENTS = ("Claude Code", "Python", "TypeScript", "curl", "Cline", "LangChain")


def copied(visitor: Visitor, position: int = 0) -> str:
    """What the button at *position* of the shown panel puts into the clipboard."""
    button = visitor.page.get_by_role("tabpanel").locator("[data-test='copy']").nth(position)
    button.click()
    expect(button).to_contain_text(visitor.t("copy.copied"))
    text: str = visitor.page.evaluate("() => navigator.clipboard.readText()")
    return text


@spoken("en")
def test_each_snippet_is_copied_whole(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language, "/#/connect", permissions=CLIPBOARD)
    for client in CLIENTS:
        visitor.page.get_by_role("tab", name=client, exact=True).click()
        panel = visitor.page.get_by_role("tabpanel")
        shown = panel.locator("pre, dd code").first.inner_text()
        assert copied(visitor) == shown
        if client != "Cline":
            assert house.url in shown
    expect(visitor.marked("key-note")).to_contain_text("anything")


def test_the_snippet_for_python_is_a_program_that_runs(
    house: House, visit: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor = visit(house, "en", "/#/connect", permissions=CLIPBOARD)
    visitor.page.get_by_role("tab", name="Python").click()
    names: dict[str, Any] = {}
    exec(copied(visitor), names)
    names["client"].close()
    assert "Hello" in capsys.readouterr().out


@spoken("zh")
def test_the_model_that_is_chosen_is_the_one_that_is_copied(
    house: House, visit: Visit, language: Language
) -> None:
    visitor = visit(house, language, "/#/connect", permissions=CLIPBOARD)
    models = visitor.marked("model")
    expect(models.locator("option")).not_to_have_count(1)
    other = models.locator("option").last.get_attribute("value")
    assert other is not None
    models.select_option(other)
    assert other in copied(visitor)


@BOTH
def test_client_keys_are_asked_for_and_never_shown(
    build: Build, visit: Visit, language: Language
) -> None:
    house = build(api_keys="a-key-that-nobody-sees")
    visitor = visit(house, language)
    with visitor.refused(503, "/api/models"):
        visitor.go("connect")
        expect(visitor.marked("key-note")).to_contain_text("YOUR-KEY")
        expect(visitor.page.get_by_role("tabpanel")).to_contain_text("YOUR-KEY")
    assert "nobody-sees" not in visitor.everything()
    assert "nobody-sees" not in house.heard.text()


def test_without_a_clipboard_copying_works_the_old_way(house: House, visit: Visit) -> None:
    visitor = visit(house, "en", "/#/connect")
    visitor.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject() }")
    button = visitor.page.get_by_role("tabpanel").locator("[data-test='copy']").first
    button.click()
    expect(button).to_contain_text("Copied")
    expect(button).to_be_focused()
