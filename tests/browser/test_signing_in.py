"""Sign-ins that take a choice, and such that end badly."""

import pytest
from playwright.sync_api import expect

from amq2api.sim.world import World
from browser.conftest import Build, Visit
from browser.houses import House, people
from browser.visiting import BOTH, Language, Visitor, spoken

pytestmark = pytest.mark.browser

START_URL = "https://acme.awsapps.com/start"


def begin(visitor: Visitor, start_url: str = START_URL, region: str = "eu-west-1") -> None:
    visitor.button("add.identity-center").click()
    visitor.field("field.start_url").fill(start_url)
    visitor.field("field.region").fill(region)
    visitor.field("field.name").fill("Acme")
    visitor.button("login.start").click()


def expect_state(visitor: Visitor, state: str) -> None:
    expect(visitor.marked("login")).to_have_attribute("data-state", state)


@BOTH
def test_one_of_several_profiles_is_picked(
    empty: House, world: World, visit: Visit, language: Language
) -> None:
    world.profiles = [("Research", "us-east-1"), ("Sales <b>", "eu-central-1")]
    visitor = visit(empty, language)
    begin(visitor)
    visitor.at_amazon()
    expect_state(visitor, "choosing_profile")
    choices = visitor.marked("profiles")
    expect(choices.get_by_role("radio")).to_have_count(2)
    choices.get_by_role("radio", name="Sales <b>").check()
    visitor.button("login.choose").click()
    expect_state(visitor, "done")
    visitor.button("dialog.close").last.click()

    (account,) = empty.accounts()
    signed_in = world.identities.accounts["signed-in-1"]
    assert account["profile_arn"] == signed_in.profiles[1].arn
    assert (account["name"], account["region"], account["start_url"]) == (
        "Acme", "eu-west-1", START_URL,
    )  # fmt: skip
    expect(visitor.card("Acme")).to_contain_text("eu-central-1")


@spoken("en")
def test_the_only_profile_is_taken_without_asking(
    empty: House, visit: Visit, language: Language
) -> None:
    visitor = visit(empty, language)
    begin(visitor)
    visitor.at_amazon()
    expect_state(visitor, "done")
    assert empty.accounts()[0]["profile_arn"].startswith("arn:aws:codewhisperer:us-east-1:")


@BOTH
def test_who_has_no_profile_is_told(
    empty: House, world: World, visit: Visit, language: Language
) -> None:
    world.profiles = []
    visitor = visit(empty, language)
    begin(visitor)
    visitor.at_amazon()
    expect_state(visitor, "failed")
    expect(visitor.dialog.get_by_role("alert")).to_be_visible()
    assert not empty.account_file.exists() or empty.accounts() == []


@BOTH
def test_a_denied_sign_in_can_be_begun_again(
    empty: House, visit: Visit, language: Language
) -> None:
    visitor = visit(empty, language)
    visitor.button("add.builder-id").click()
    visitor.at_amazon("deny")
    expect_state(visitor, "failed")
    expect(visitor.dialog.get_by_role("alert")).to_contain_text(visitor.t("login.state.failed"))
    visitor.button("login.retry").click()
    visitor.at_amazon()
    expect_state(visitor, "done")


@spoken("zh")
def test_a_code_that_was_left_too_long_is_told(
    empty: House, world: World, visit: Visit, language: Language
) -> None:
    world.device_lifetime = 2
    visitor = visit(empty, language)
    visitor.button("add.builder-id").click()
    expect_state(visitor, "failed")
    expect(visitor.button("login.retry")).to_be_focused()
    expect(visitor.marked("user-code")).to_have_count(0)


@spoken("en")
def test_a_sign_in_can_be_stopped(empty: House, visit: Visit, language: Language) -> None:
    visitor = visit(empty, language)
    visitor.button("add.builder-id").click()
    visitor.marked("user-code").wait_for()
    visitor.button("login.cancel").click()
    expect(visitor.dialog).to_have_count(0)
    expect(visitor.marked("login-pending")).to_have_count(0)


WRONG = {
    "field.start_url": ("acme", "eu-west-1"),
    "field.region": (START_URL, "Europe"),
}


@pytest.mark.parametrize(("field", "language"), [("field.start_url", "en"), ("field.region", "zh")])
def test_a_field_that_is_wrong_says_so(
    empty: House, visit: Visit, language: Language, field: str
) -> None:
    visitor = visit(empty, language)
    with visitor.refused(400, "/api/logins"):
        begin(visitor, *WRONG[field])
        wrong = visitor.field(field)
        expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()
    assert "RegisterClient" not in empty.world.counts


@spoken("en")
def test_an_account_that_needs_it_signs_in_again_in_its_place(
    build: Build, world: World, visit: Visit, language: Language
) -> None:
    house = build(people(world, "Alice", "Bob"))
    world.revoke_refresh_tokens(world.identities.accounts["Alice"])
    before = house.accounts()
    visitor = visit(house, language)
    card = visitor.card("Alice")
    visitor.button("account.test", card).click()
    expect(visitor.marked("health", card)).to_have_attribute("data-state", "needs_login")
    visitor.button("account.sign_in_again", card).click()
    if visitor.marked("way-builder-id").is_visible():
        visitor.marked("way-builder-id").click()
    visitor.at_amazon()
    expect_state(visitor, "done")
    visitor.button("dialog.close").last.click()
    expect(visitor.marked("health", card)).to_have_attribute("data-state", "ready")

    after = house.accounts()
    assert [entry["name"] for entry in after] == ["Alice", "Bob"]
    assert after[0]["refresh_token"] != before[0]["refresh_token"]
