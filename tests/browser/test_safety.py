"""What the page must not hold, keep, load or let happen."""

import re

import pytest
from playwright.sync_api import expect

from amq2api.sim.world import World
from browser.chromium import STRANGER
from browser.conftest import Build, Visit
from browser.houses import House, people
from browser.visiting import VIEWS

pytestmark = pytest.mark.browser

_POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'",
    "img-src": "'self' data:", "connect-src": "'self'", "font-src": "'self'",
    "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'",
}  # fmt: skip
_INLINE = """() => [...document.querySelectorAll("*")].flatMap((element) =>
    [...element.attributes].map(({name}) => name)
        .filter((name) => name === "style" || name.startsWith("on")))
    .concat([...document.querySelectorAll("style")].map(() => "a style element"))
    .concat([...document.querySelectorAll("script:not([src])")].map(() => "an inline script"))
    .concat([...document.querySelectorAll("a[href^='javascript:']")].map(() => "a script link"))"""
_LOADED = "() => performance.getEntriesByType('resource').map(({name}) => name)"


@pytest.mark.parametrize("path", ["/", "/admin", "/docs"])
def test_every_page_has_the_strict_policy(house: House, visit: Visit, path: str) -> None:
    visitor = visit(house)
    answer = visitor.page.goto(house.url + path)
    assert answer is not None and answer.status == 200
    policy = answer.headers["content-security-policy"]
    parts = (part.strip().partition(" ") for part in policy.split(";") if part.strip())
    assert {name: value for name, _, value in parts} == _POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert visitor.page.evaluate(_INLINE) == []


def test_nothing_inline_and_nothing_from_elsewhere_on_any_view(house: House, visit: Visit) -> None:
    visitor = visit(house)
    for view in VIEWS:
        visitor.go(view)
        assert visitor.page.evaluate(_INLINE) == []
    visitor.go("accounts")
    visitor.button("account.edit").click()
    assert visitor.page.evaluate(_INLINE) == []
    loaded = [re.sub(r"(//[^/]+).*", r"\1", name) for name in visitor.page.evaluate(_LOADED)]
    assert set(loaded) == {house.url}


def test_an_injected_script_does_not_run(house: House, visit: Visit) -> None:
    """The policy works, and the watch of these tests notices when it has to."""
    visitor = visit(house)
    visitor.page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.harm = true";
        document.body.append(script);
    }""")
    assert visitor.page.evaluate("() => window.harm") is None
    assert visitor.problems()
    visitor.watch.problems.clear()


def test_no_secret_reaches_the_browser(build: Build, world: World, visit: Visit) -> None:
    """Answers are looked through at the end of every test; here the document and the storage."""
    house = build(people(world, "Alice", "Bob"))
    visitor = visit(house)
    texts = []
    for view in VIEWS:
        visitor.go(view)
        if view == "playground":
            visitor.button("play.send").click()
            visitor.marked("play-facts").wait_for()
        texts.append(visitor.everything())
    visitor.go("accounts")
    for key in ("account.test", "account.edit"):
        visitor.button(key, visitor.card("Alice")).click()
        texts.append(visitor.everything())
    texts.append(str(visitor.kept()))
    assert len(house.secrets()) >= 6
    assert house.leaks("\n".join(texts)) == []
    assert house.heard.text(), "nothing was listened to"


@pytest.mark.parametrize("path", ["/", "/api/status", "/v1/models"])
def test_a_name_that_was_rebound_to_this_machine_leads_nowhere(
    house: House, visit: Visit, path: str
) -> None:
    visitor = visit(house)
    port = house.url.rpartition(":")[2]
    answer = visitor.page.goto(f"http://{STRANGER}:{port}{path}")
    assert answer is not None and answer.status == 403
    assert "Alice" not in answer.text() and "claude" not in answer.text()
    visitor.watch.problems.clear()


def test_the_page_of_another_site_can_do_nothing(
    house: House, build: Build, world: World, visit: Visit
) -> None:
    """Another port is another origin. The simulator's page plays the stranger."""
    visitor = visit(house)
    page = visitor.page
    page.goto(f"{house.service}/device")
    visitor.watch.problems.clear()
    answers = page.evaluate(
        """async (url) => {
            const ask = async (path, options) => {
                try { return (await fetch(url + path, options)).type; } catch { return "blocked"; }
            };
            return [await ask("/api/accounts"), await ask("/api/status", {mode: "no-cors"}),
                    await ask("/api/accounts/export", {method: "POST", mode: "no-cors",
                        body: '{"passphrase": "correct horse"}'})];
        }""",
        house.url,
    )
    assert set(answers) <= {"blocked", "opaque"}
    before = house.accounts()
    page.evaluate(
        """(url) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = url;
            document.body.append(form);
            form.submit();
        }""",
        f"{house.url}/api/accounts/{before[0].get('id', 'x')}/activate",
    )
    page.wait_for_timeout(300)
    visitor.watch.problems.clear()
    assert house.accounts() == before
    visitor.arrive()
    expect(visitor.card("Alice")).to_be_visible()
