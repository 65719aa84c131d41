"""What the card of an account shows, and what its buttons do."""

import base64
import time

import pytest
from playwright.sync_api import Locator, expect

from amq2api.sim.identity import Trial
from amq2api.sim.world import World
from browser.conftest import Build, Visit
from browser.houses import House, entry, people
from browser.visiting import BOTH, Language, Visitor, spoken

pytestmark = pytest.mark.browser

DAY = 24 * 3600.0
_PIXEL = """async ([picture, x, y]) => {
    const image = new Image();
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    return [...canvas.getImageData(image.width * x, image.height * y, 1, 1).data].slice(0, 3);
}"""


def ask(visitor: Visitor, message: str = "Hello") -> None:
    """Ask something in the playground and wait for the end."""
    visitor.go("playground")
    visitor.field("play.message").fill(message)
    visitor.button("play.send").click()
    answer = visitor.marked("answer")
    expect(answer).not_to_have_attribute("data-state", "idle")
    expect(answer).to_have_attribute("aria-busy", "false")
    visitor.go("accounts")


def quota(card: Locator, position: int = 0) -> Locator:
    return card.locator("[data-test='quota']").nth(position)


def filled(visitor: Visitor, meter: Locator, height: float) -> str:
    """The colour near the left end of a bar, at a share of its height from the top."""
    picture = base64.b64encode(meter.screenshot()).decode()
    red, green, blue = visitor.page.evaluate(_PIXEL, [picture, 0.04, height])
    if green > red:
        return "good"
    return "warn" if green - blue > 60 else "bad"


@BOTH
def test_one_click_switches_and_the_next_call_goes_there(
    build: Build, world: World, visit: Visit, language: Language
) -> None:
    house = build(people(world, "Alice", "Bob"))
    visitor = visit(house, language)
    ask(visitor)
    assert house.asker() == "Alice"
    visitor.button("account.use", visitor.card("Bob")).click()
    visitor.expect_notice("account.activated", name="Bob")
    expect(visitor.marked("active", visitor.card("Bob"))).to_be_visible()
    expect(visitor.marked("active")).to_have_count(1)
    ask(visitor)
    assert house.asker() == "Bob"


VERDICTS = {
    "works": (None, "true", "wrong.none", "ready"),
    "suspended": ("suspended-403", "false", "wrong.AccountSuspended", "suspended"),
    "revoked": ("", "false", "wrong.LoginRequired", "needs_login"),
    "not entitled": ("not-authorized-403", "false", "wrong.NotEntitled", "ready"),
}


@pytest.mark.parametrize(("case", "language"), [
    ("works", "en"), ("suspended", "en"), ("suspended", "zh"), ("revoked", "en"),
    ("revoked", "zh"), ("not entitled", "zh"),
])  # fmt: skip
def test_a_test_says_in_one_sentence_what_is_wrong(
    house: House, world: World, visit: Visit, language: Language, case: str
) -> None:
    refusal, ok, words, state = VERDICTS[case]
    alice = world.identities.accounts["Alice"]
    visitor = visit(house, language)
    card = visitor.card("Alice")
    quota(card).wait_for()
    alice.refusal = refusal or None
    if refusal == "":
        world.revoke_refresh_tokens(alice)
        world.expire_tokens(alice)
    visitor.button("account.test", card).click()
    verdict = visitor.marked("verdict", card)
    expect(verdict).to_have_attribute("data-ok", ok)
    expect(verdict).to_contain_text(visitor.t(words))
    expect(visitor.marked("health", card)).to_have_attribute("data-state", state)


@pytest.mark.parametrize(("used", "tone", "language"), [
    (10, "good", "en"), (80, "warn", "en"), (80, "warn", "zh"), (95, "bad", "en"),
    (95, "bad", "zh"), (100, "bad", "zh"),
])  # fmt: skip
def test_allowances_are_bars_that_change_colour_when_nearly_gone(
    house: House, world: World, visit: Visit, language: Language, used: int, tone: str
) -> None:
    alice = world.identities.accounts["Alice"]
    alice.credits_used, alice.credits_limit = used * 0.5, 50.0
    alice.resets_at = time.time() + 3 * DAY
    visitor = visit(house, language)
    card = visitor.card("Alice")
    expect(visitor.marked("usage", card)).to_contain_text("Q DEVELOPER FREE")
    bar = quota(card)
    expect(bar).to_have_attribute("data-tone", tone)
    expect(bar.locator("meter")).to_have_js_property("value", used)
    expect(bar).to_contain_text(f"{used}%")
    year = time.strftime("%Y", time.gmtime(alice.resets_at))
    expect(bar).to_contain_text(year)
    upper, lower = (filled(visitor, bar.locator("meter"), height) for height in (0.2, 0.8))
    assert upper == lower == tone


@spoken("zh")
def test_trials_and_classic_plans_have_bars_too(
    house: House, world: World, visit: Visit, language: Language
) -> None:
    alice = world.identities.accounts["Alice"]
    alice.trial = Trial(120.5, 500, time.time() + 5 * DAY)
    visitor = visit(house, language)
    card = visitor.card("Alice")
    expect(visitor.marked("quota", card)).to_have_count(2)
    expect(quota(card, 1)).to_contain_text(visitor.t("quota.FREE_TRIAL"))
    world.profile = "classic"
    visitor.button("usage.refresh", card).click()
    expect(quota(card)).to_contain_text(visitor.t("quota.AGENTIC_REQUEST"))


@spoken("en")
def test_an_account_is_renamed_disabled_and_enabled(
    build: Build, world: World, visit: Visit, language: Language
) -> None:
    house = build([*people(world, "Alice"), entry(world.add_account("Bob"), colour="blue")])
    visitor = visit(house, language)
    visitor.button("account.edit", visitor.card("Bob")).click()
    visitor.field("field.name").fill("Robert")
    visitor.dialog.get_by_role("checkbox", name=visitor.t("edit.enabled")).uncheck()
    visitor.button("edit.save").click()
    visitor.expect_notice("edit.saved", name="Robert")
    card = visitor.card("Robert")
    expect(visitor.marked("health", card)).to_have_attribute("data-state", "disabled")
    assert (house.accounts()[1]["name"], house.accounts()[1]["enabled"]) == ("Robert", False)
    assert house.accounts()[1]["colour"] == "blue"

    visitor.button("account.edit", card).click()
    visitor.dialog.get_by_role("checkbox", name=visitor.t("edit.enabled")).check()
    visitor.button("edit.save").click()
    expect(visitor.marked("health", card)).to_have_attribute("data-state", "ready")


@spoken("en")
def test_credentials_are_replaced_together(
    house: House, world: World, visit: Visit, language: Language
) -> None:
    fresh = world.add_account("fresh", "builder-id").credentials
    visitor = visit(house, language)
    visitor.button("account.edit", visitor.card("Alice")).click()
    visitor.dialog.locator("summary").click()
    visitor.field("field.refresh_token").fill(fresh["refresh_token"])
    visitor.field("field.client_id").fill(fresh["client_id"])
    visitor.button("edit.save").click()
    expect(visitor.field("field.client_secret")).to_be_focused()
    visitor.field("field.client_secret").fill(fresh["client_secret"])
    visitor.button("edit.save").click()
    visitor.expect_notice("edit.saved", name="Alice")
    ask(visitor)
    assert house.asker() == "fresh"


@BOTH
def test_deleting_asks_first(build: Build, world: World, visit: Visit, language: Language) -> None:
    house = build(people(world, "Alice", "Bob"))
    visitor = visit(house, language)
    visitor.button("account.delete", visitor.card("Alice")).click()
    expect(visitor.page.get_by_role("alertdialog")).to_contain_text("Alice")
    visitor.button("form.cancel").click()
    expect(visitor.dialog).to_have_count(0)
    assert len(house.accounts()) == 2

    visitor.button("account.delete", visitor.card("Alice")).click()
    visitor.button("remove.confirm", visitor.dialog).click()
    visitor.expect_notice("remove.done", name="Alice")
    expect(visitor.card("Alice")).to_have_count(0)
    expect(visitor.marked("active", visitor.card("Bob"))).to_be_visible()
    assert [entry["name"] for entry in house.accounts()] == ["Bob"]


@BOTH
def test_health_is_shown_with_its_reason_and_can_be_cleared(
    house: House, world: World, visit: Visit, language: Language
) -> None:
    visitor = visit(house, language)
    card = visitor.card("Alice")
    quota(card).wait_for()
    visitor.watch.allowed.append((402, "/api/playground"))
    visitor.watch.allowed.append((429, "/api/playground"))
    world.scenario = "quota-402"
    ask(visitor)
    health = visitor.marked("health", card)
    expect(health).to_have_attribute("data-state", "quota_used")
    expect(health).to_contain_text(visitor.t("health.quota_used.words"))
    expect(health.locator("time")).not_to_have_count(0)
    world.scenario = "echo"
    visitor.button("account.clear", health).click()
    visitor.expect_notice("account.cleared", name="Alice")
    expect(health).to_have_attribute("data-state", "ready")


@spoken("en")
def test_a_suspended_account_serves_nothing_until_it_is_cleared(
    house: House, world: World, visit: Visit, language: Language
) -> None:
    alice = world.identities.accounts["Alice"]
    visitor = visit(house, language)
    card = visitor.card("Alice")
    quota(card).wait_for()
    alice.refusal = "suspended-403"
    visitor.watch.allowed.append((403, "/api/playground"))
    ask(visitor)
    expect(visitor.marked("health", card)).to_have_attribute("data-state", "suspended")
    asked = len(house.world.asked())
    ask(visitor)
    assert len(house.world.asked()) == asked
    alice.refusal = None
    visitor.button("account.clear", card).click()
    expect(visitor.marked("health", card)).to_have_attribute("data-state", "ready")
    ask(visitor)
    assert house.world.asked()[-1].status == 200


@spoken("zh")
def test_an_account_of_the_environment_cannot_be_changed_here(
    build: Build, world: World, visit: Visit, language: Language
) -> None:
    alice = world.add_account("alice", "builder-id").credentials
    house = build(**alice)
    visitor = visit(house, language)
    card = visitor.marked("account")
    expect(card).to_contain_text("AMAZONQ_*")
    for key in ("account.edit", "account.delete", "account.use"):
        expect(visitor.button(key, card)).to_have_count(0)
    visitor.button("account.test", card).click()
    expect(visitor.marked("verdict", card)).to_have_attribute("data-ok", "true")
