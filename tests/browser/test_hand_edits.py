"""``account.json`` edited by hand while somebody looks at the page."""

import pytest
from playwright.sync_api import expect

from amq2api.sim.world import World
from browser.conftest import Visit
from browser.houses import House, people
from browser.visiting import BOTH, Language, spoken

pytestmark = pytest.mark.browser

BROKEN = '[\n  {"id": "a",\n   "refresh_token": oops}\n]'


@spoken("en")
def test_a_hand_edit_appears_by_itself(
    house: House, world: World, visit: Visit, language: Language
) -> None:
    visitor = visit(house, language)
    expect(visitor.marked("connection")).to_have_attribute("data-state", "live")
    house.write(*house.accounts(), *people(world, "Bob"))
    expect(visitor.card("Bob")).to_be_visible()
    expect(visitor.card("Alice")).to_be_visible()
    house.write({**house.accounts()[-1], "is_active": True})
    expect(visitor.card("Alice")).to_have_count(0)
    expect(visitor.marked("active", visitor.card("Bob"))).to_be_visible()


@BOTH
def test_a_broken_hand_edit_is_told_with_its_place_and_loses_nothing(
    house: House, visit: Visit, language: Language
) -> None:
    good = house.account_file.read_bytes()
    visitor = visit(house, language)
    expect(visitor.card("Alice")).to_be_visible()
    house.account_file.write_text(BROKEN)
    banner = visitor.marked("banner-store")
    expect(banner).to_contain_text(visitor.t("banner.store_at", line=3, column=21))
    expect(visitor.card("Alice")).to_be_visible()
    with visitor.refused(503, "/api/accounts"):
        visitor.button("account.delete", visitor.card("Alice")).click()
        visitor.button("remove.confirm", visitor.dialog).click()
        expect(visitor.dialog.get_by_role("alert")).to_be_visible()
    visitor.button("form.cancel").click()
    assert house.account_file.read_text() == BROKEN

    for view in ("connect", "playground", "requests", "settings"):
        visitor.go(view)
        expect(banner).to_be_visible()
    house.account_file.write_bytes(good)
    expect(banner).to_have_count(0)
