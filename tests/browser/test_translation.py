"""What a call becomes, shown in the page: pasted, translated, explained; and never sent."""

import json

import pytest
from playwright.sync_api import expect

from browser.conftest import Visit
from browser.houses import House
from browser.visiting import BOTH, Language, Visitor, spoken

pytestmark = pytest.mark.browser

CALL = {
    "model": "claude-haiku-4-5", "max_tokens": 99, "temperature": 0.5,
    "messages": [{"role": "user", "content": "<b>Hello</b>"}],
}  # fmt: skip


def opened(visitor: Visitor) -> Visitor:
    visitor.go("playground")
    visitor.page.locator("summary", has_text=visitor.t("translate.title")).click()
    return visitor


@BOTH
def test_a_call_is_shown_beside_what_would_be_sent(
    house: House, visit: Visit, language: Language
) -> None:
    visitor = opened(visit(house, language))
    shown = visitor.marked("translation")
    expect(shown).to_contain_text(visitor.t("translate.none"))
    visitor.field("translate.call").fill(json.dumps(CALL))
    visitor.button("translate.show").click()
    expect(shown.locator("pre")).to_contain_text('"content": "<b>Hello</b>"')
    expect(shown.locator("pre")).to_contain_text('"modelId": "claude-haiku-4.5"')
    note = shown.locator("li", has_text="dropped:temperature")
    expect(note.locator("[lang=en]")).not_to_be_empty()
    assert visitor.violations() == []
    assert house.world.asked() == []
    # What was typed is still there after a look elsewhere.
    visitor.go("settings")
    opened(visitor)
    expect(visitor.field("translate.call")).to_have_value(json.dumps(CALL))
    expect(shown.locator("pre")).to_be_visible()


@spoken("zh")
def test_what_cannot_be_translated_is_told_at_its_place(
    house: House, visit: Visit, language: Language
) -> None:
    visitor = opened(visit(house, language))
    visitor.field("translate.call").fill("{")
    visitor.button("translate.show").click()
    expect(visitor.field("translate.call")).to_have_attribute("aria-invalid", "true")
    visitor.field("translate.call").fill(json.dumps({**CALL, "messages": []}))
    with visitor.refused(400, "/api/translation"):
        visitor.button("translate.show").click()
        expect(visitor.page.get_by_text("messages: at least one message")).to_be_visible()


@spoken("en")
def test_notes_of_a_request_are_explained(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language)
    visitor.page.evaluate("""async (call) => {
        await (await fetch("/api/playground", {method: "POST", body: JSON.stringify(call),
            headers: {"content-type": "application/json"}})).text();
    }""", CALL)  # fmt: skip
    visitor.go("requests")
    row = visitor.marked("request")
    row.locator("summary").click()
    note = row.locator("li", has_text="dropped:temperature")
    expect(note.locator("[lang=en]")).to_have_text(
        "Has no counterpart in the service; nothing of the conversation depends on it."
    )


@BOTH
def test_estimates_and_their_error(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language)
    visitor.go("settings")
    expect(visitor.page.get_by_text(visitor.t("calibration.none"))).to_be_visible()
    visitor.page.evaluate("""async (call) => {
        for (let i = 0; i < 12; i++) {
            const content = "The quick brown fox jumps over the lazy dog. ".repeat(40 + 20 * i);
            await (await fetch("/api/playground", {method: "POST", headers:
                {"content-type": "application/json"}, body: JSON.stringify({...call,
                messages: [{role: "user", content}]})})).text();
        }
    }""", CALL)  # fmt: skip
    visitor.go("accounts")
    visitor.go("settings")
    row = visitor.marked("calibration").locator("tbody tr")
    expect(row).to_contain_text("claude-haiku-4.5")
    expect(row).to_contain_text("12")
    expect(row).to_contain_text("±")
    assert visitor.violations() == []
