"""Asking the gateway something in the page itself."""

import pytest
from playwright.sync_api import Locator, expect

from amq2api.sim.world import World
from browser.conftest import Build, Visit
from browser.houses import House, people
from browser.visiting import BOTH, Language, Visitor, spoken

pytestmark = pytest.mark.browser


def ask(visitor: Visitor, message: str) -> Locator:
    """Send *message*; gives the answer's place."""
    visitor.go("playground")
    visitor.field("play.message").fill(message)
    visitor.button("play.send").click()
    return visitor.marked("answer")


@BOTH
def test_an_answer_streams_and_ends_with_its_numbers(
    house: House, visit: Visit, language: Language
) -> None:
    visitor = visit(house, language)
    answer = ask(visitor, "sim:slow:0.05")
    expect(answer).to_have_attribute("data-state", "writing")
    expect(answer).to_have_attribute("data-state", "done")
    facts = visitor.marked("play-facts")
    expect(facts).to_contain_text(visitor.t("outcome.end_turn"))
    expect(facts.locator("dd")).to_have_count(4)


@spoken("en")
def test_a_stream_can_be_stopped(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language)
    answer = ask(visitor, "sim:stall")
    expect(answer).to_have_attribute("data-state", "writing")
    visitor.marked("stop").click()
    expect(answer).to_have_attribute("data-state", "stopped")
    kept = visitor.marked("answer-text").inner_text()
    assert kept
    for _ in range(100):
        if house.world.disconnects:
            break
        visitor.page.wait_for_timeout(50)
    assert house.world.disconnects, "the service was not told"
    answer = ask(visitor, "Hello again")
    expect(answer).to_have_attribute("data-state", "done")


@pytest.mark.parametrize(("scenario", "language"), [
    ("malformed-400", "en"), ("throttle", "zh"), ("quota-402", "en"), ("suspended-403", "zh"),
    ("internal-500", "en"),
])  # fmt: skip
def test_a_refusal_is_told_in_words(
    house: House, visit: Visit, language: Language, scenario: str
) -> None:
    visitor = visit(house, language)
    for status in (400, 402, 403, 429, 500, 502, 503, 529):
        visitor.watch.allowed.append((status, "/api/playground"))
    answer = ask(visitor, f"sim:{scenario}")
    expect(answer).to_have_attribute("data-state", "failed")
    expect(answer.get_by_role("alert")).to_contain_text(visitor.t("play.failed"))
    assert len(answer.get_by_role("alert").inner_text()) > len(visitor.t("play.failed")) + 10


@spoken("zh")
def test_what_came_before_a_failure_stays(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language)
    answer = ask(visitor, "sim:exception-mid")
    expect(answer).to_have_attribute("data-state", "failed")
    assert visitor.marked("answer-text").inner_text()


@spoken("en")
def test_what_was_typed_outlives_a_look_elsewhere(
    house: House, visit: Visit, language: Language
) -> None:
    visitor = visit(house, language)
    visitor.go("playground")
    visitor.field("play.message").fill("Half a question")
    visitor.go("requests")
    visitor.go("playground")
    expect(visitor.field("play.message")).to_have_value("Half a question")


@spoken("zh")
def test_its_fields_are_checked(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language)
    visitor.go("playground")
    visitor.field("play.message").fill(" ")
    visitor.button("play.send").click()
    expect(visitor.field("play.message")).to_be_focused()
    visitor.field("play.message").fill("Hello")
    visitor.page.locator("main summary").first.click()
    visitor.field("play.max_tokens").fill("0")
    visitor.button("play.send").click()
    expect(visitor.field("play.max_tokens")).to_be_focused()
    assert house.world.asked() == []


def test_what_a_model_says_is_text_and_nothing_else(
    build: Build, world: World, visit: Visit
) -> None:
    house = build(people(world, "Alice"))
    visitor = visit(house)
    script = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    answer = ask(visitor, script)
    expect(answer).to_have_attribute("data-state", "done")
    assert visitor.marked("answer-text").locator("img, script").count() == 0
