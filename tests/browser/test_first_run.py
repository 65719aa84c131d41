"""From nothing to an answer, as somebody goes who has read nothing."""

import pytest
from playwright.sync_api import expect

from amq2api.sim.world import World
from browser.conftest import Visit
from browser.houses import House
from browser.visiting import BOTH, Language, spoken

pytestmark = pytest.mark.browser

_WATCH = """() => {
    const answer = document.querySelector("[data-test=answer-text]");
    window.grown = [];
    new MutationObserver(() => window.grown.push(answer.textContent.length))
        .observe(answer, {childList: true, characterData: true, subtree: true});
}"""
"""Notes how long the answer is whenever it changes."""


@BOTH
def test_a_new_user_is_led_from_nothing_to_a_streamed_answer(
    empty: House, world: World, visit: Visit, language: Language
) -> None:
    visitor = visit(empty, language)
    expect(visitor.marked("guide")).to_be_visible()
    visitor.button("add.builder-id").click()
    visitor.at_amazon()
    expect(visitor.marked("login")).to_have_attribute("data-state", "done")
    (account,) = empty.accounts()
    assert account["is_active"] and account["start_url"] == "https://view.awsapps.com/start"

    visitor.button("login.try").click()
    expect(visitor.page.locator("main h1")).to_have_text(visitor.t("nav.playground"))
    world.frame_delay = 0.15
    visitor.page.evaluate(_WATCH)
    visitor.button("play.send").click()
    expect(visitor.marked("answer")).to_have_attribute("data-state", "done")
    grown = visitor.page.evaluate("() => window.grown")
    whole = visitor.marked("answer-text").inner_text()
    assert len(grown) > 1 and grown == sorted(grown) and grown[-1] == len(whole) > 10
    assert empty.asker() == "signed-in-1"

    visitor.go("accounts")
    progress = visitor.marked("guide-progress")
    progress.get_by_role("link", name=visitor.t("guide.3")).click()
    expect(visitor.marked("base-url")).to_have_text(empty.url)
    visitor.go("accounts")
    visitor.button("guide.hide").click()
    expect(progress).to_have_count(0)


@spoken("zh")
def test_views_without_an_account_lead_to_the_first_step(
    empty: House, visit: Visit, language: Language
) -> None:
    visitor = visit(empty, language)
    with visitor.refused(503, "/api/models"):
        for view in ("playground", "connect"):
            visitor.go(view)
            visitor.page.locator("main").get_by_role("link", name=visitor.t("guide.1")).click()
            expect(visitor.marked("guide")).to_be_visible()
    visitor.go("requests")
    expect(visitor.marked("requests-empty")).to_be_visible()


@BOTH
def test_a_sign_in_goes_on_without_its_dialog(
    empty: House, world: World, visit: Visit, language: Language
) -> None:
    visitor = visit(empty, language)
    visitor.button("add.builder-id").click()
    code = visitor.marked("user-code").inner_text()
    visitor.page.keyboard.press("Escape")
    expect(visitor.dialog).to_have_count(0)
    visitor.page.reload()
    waiting = visitor.marked("login-pending")
    expect(waiting).to_contain_text(code)
    visitor.button("login.continue", waiting).click()
    expect(visitor.marked("user-code")).to_have_text(code)
    world.approve(code)
    expect(visitor.marked("login")).to_have_attribute("data-state", "done")
    expect(waiting).to_have_count(0)
