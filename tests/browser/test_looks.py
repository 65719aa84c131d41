"""Every view in both languages and themes: axe finds nothing, a phone shows all of it."""

import time
from collections.abc import Iterator

import pytest

from amq2api.sim.identity import Trial
from amq2api.sim.world import World
from browser.conftest import Build, Visit
from browser.houses import House, entry
from browser.visiting import BOTH, VIEWS, Language, Visitor

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
LONG = "Seat of the very long department " * 6 + "end"
STRANGE = {
    "markup": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(2)" x=\'',
    "long": "W" * 200,
    "words": LONG[:200],
    "right to left": "حساب العمل",
    "overrides": "\u202egnp.exe",
    "scripts": "工作账户 Работа 🙂👩‍💻 ΑΒΓ",
    "template": "{name} ${7*7} %s",
    "combining": "Z" + "\u0363" * 40,
}

# Bad calls are made on purpose, and a suspended account cannot be asked for its allowance.
REFUSED = [(400, "/api/playground"), (409, "/usage")]
DIALOGS = ("add", "paste", "identity-center", "login", "backup", "edit", "remove", "export")


def furnished(build: Build, world: World) -> House:
    """Accounts in several states, a trial, and a few calls behind them."""
    names = ("Alice", "Bob", "Team <b>", LONG[:200])
    kinds = ("builder-id", "idc", "idc", "builder-id")
    accounts = [world.add_account(name, kind) for name, kind in zip(names, kinds, strict=True)]  # type: ignore[arg-type]
    for account, used in zip(accounts, (8500.5, 9700, 0, 200), strict=True):
        account.credits_used = used
    accounts[0].trial = Trial(30, 500, time.time() + 9 * 24 * 3600)
    accounts[2].refusal = "suspended-403"
    entries = [entry(account) for account in accounts]
    entries[3]["enabled"] = False
    return build(entries)


def called(visitor: Visitor) -> None:
    """Have a few records, good and bad."""
    visitor.page.evaluate("""async () => {
        for (const content of ["Hello", "sim:malformed-400", "sim:text"]) {
            const answer = await fetch("/api/playground", {method: "POST",
                headers: {"content-type": "application/json"},
                body: JSON.stringify({model: "claude-haiku-4-5", max_tokens: 99, temperature: 0.5,
                    messages: [{role: "user", content}]})});
            await answer.text();
        }
    }""")


def opened(visitor: Visitor, name: str) -> None:
    """Open one of the dialogs."""
    if name in ("edit", "remove"):
        key = {"edit": "account.edit", "remove": "account.delete"}[name]
        visitor.button(key, visitor.card("Alice")).click()
    elif name == "export":
        visitor.button("export.open").click()
    else:
        visitor.button("add.open").click()
        if name == "login":
            visitor.marked("way-builder-id").click()
            visitor.marked("user-code").wait_for()
        elif name != "add":
            visitor.marked(f"way-{name}").click()
    visitor.dialog.wait_for()


def places(visitor: Visitor) -> Iterator[str]:
    """Each view and dialog, one after another."""
    for view in VIEWS:
        visitor.go(view)
        if view == "playground":
            visitor.button("play.send").click()
            visitor.marked("play-facts").wait_for()
        yield view
    visitor.go("accounts")
    for name in DIALOGS:
        opened(visitor, name)
        yield f"dialog {name}"
        visitor.page.keyboard.press("Escape")
        visitor.dialog.wait_for(state="detached")


@BOTH
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    build: Build, world: World, visit: Visit, language: Language, theme: str
) -> None:
    visitor = visit(furnished(build, world), language, allowed=REFUSED, color_scheme=theme)
    called(visitor)
    found = {place: visitor.violations() for place in places(visitor)}
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


@BOTH
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_at_the_first_run_or_the_door(
    build: Build, visit: Visit, language: Language, theme: str
) -> None:
    inside = visit(build(), language, color_scheme=theme)
    house = build(host="0.0.0.0", api_keys="a-client-key-of-some-length")
    outside = visit(house, language, color_scheme=theme)
    assert inside.violations() + outside.violations() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("place", ["documentation", "sign-in page"])
def test_axe_finds_nothing_on_pages_without_a_script(
    empty: House, world: World, visit: Visit, theme: str, place: str
) -> None:
    device = world.identities.begin(world.identities.register(), "idc", 60, 1)
    addresses = {
        "documentation": f"{empty.url}/docs",
        "sign-in page": f"{empty.service}/device?user_code={device.user_code}",
    }
    visitor = visit(empty, color_scheme=theme, viewport=PHONE)
    visitor.page.goto(addresses[place])
    assert visitor.violations() == []
    assert visitor.sideways() <= 0


@BOTH
def test_a_phone_shows_everything_without_scrolling_sideways(
    build: Build, world: World, visit: Visit, language: Language
) -> None:
    visitor = visit(
        furnished(build, world), language, allowed=REFUSED, viewport=PHONE, has_touch=True
    )
    called(visitor)
    beyond = {place: visitor.sideways() for place in places(visitor)}
    assert {place: pixels for place, pixels in beyond.items() if pixels > 0} == {}


@BOTH
def test_a_phone_shows_the_first_run(build: Build, visit: Visit, language: Language) -> None:
    visitor = visit(build(), language, viewport=PHONE)
    assert visitor.sideways() <= 0
    assert visitor.violations() == []


@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE)
def test_whatever_an_account_is_called_it_is_text(
    build: Build, world: World, visit: Visit, name: str
) -> None:
    house = build([entry(world.add_account("a", "builder-id"), name)])
    visitor = visit(house, viewport=PHONE)
    heading = visitor.marked("account").get_by_role("heading").first
    assert heading.text_content() == name
    assert visitor.sideways() <= 0
    visitor.button("account.delete").click()
    visitor.dialog.wait_for()
    assert name in (visitor.dialog.text_content() or "")
    assert visitor.sideways() <= 0
    assert visitor.page.locator("main script, dialog script").count() == 0
