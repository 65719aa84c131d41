"""A person at the page: what they see and press, and a watch on all that goes wrong meanwhile."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
)

from browser.chromium import AXE

Language = Literal["en", "zh"]
Refusal = tuple[int, str]
"""Status, and a part of the address."""
LOCALES: dict[Language, str] = {"en": "en-GB", "zh": "zh-CN"}


def spoken(*languages: Language) -> pytest.MarkDecorator:
    """Try something in these languages: in both where words matter, else in one of them."""
    return pytest.mark.parametrize("language", languages)


BOTH = spoken("en", "zh")
VIEWS = ("accounts", "connect", "playground", "requests", "settings")

_BUTTONS = {
    ("en", "approve"): "Approve", ("en", "deny"): "Deny",
    ("zh", "approve"): "批准", ("zh", "deny"): "拒绝",
}  # fmt: skip
"""Of the simulator's own page."""
_HERE = frozenset({"127.0.0.1", "localhost"})
_REPORTED = "Content Security Policy violation:"
_REPORT = f"""addEventListener("securitypolicyviolation", (event) => console.error(
    {json.dumps(_REPORTED)}, event.violatedDirective, event.blockedURI, event.sourceFile))"""
_REFUSED = "Failed to load resource: the server responded with a status of"
_AXE = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations.flatMap(({id, nodes}) => nodes.map(
        (node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""


@dataclass
class Watch:
    """Whatever should not happen while somebody looks at the page."""

    problems: list[str] = field(default_factory=list)
    allowed: list[Refusal] = field(default_factory=list)
    """What the gateway may refuse in this test."""

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(_REPORT)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note(f"uncaught: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("requestfailed", self._failed)

    def _note(self, problem: str) -> None:
        self.problems.append(problem)

    def _console(self, message: ConsoleMessage) -> None:
        # A refused request is judged where its status is known.
        if message.type in ("error", "warning") and not message.text.startswith(_REFUSED):
            self._note(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.hostname not in _HERE:
            self._note(f"another host was asked: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and not any(
            status == response.status and part in response.url for status, part in self.allowed
        ):
            asked = response.request
            self._note(f"{response.status} for {asked.method} {asked.url}")

    def _failed(self, request: Request) -> None:
        # Given up by the browser: because the page it belongs to was left or stopped it.
        if request.failure != "net::ERR_ABORTED":
            self._note(f"{request.failure}: {request.method} {request.url}")


@dataclass
class Visitor:
    """Somebody with a browser of their own at the page of a gateway."""

    page: Page
    url: str
    language: Language
    watch: Watch
    words: dict[str, str] = field(default_factory=dict)
    """The page's words in this language, by key."""

    def problems(self) -> list[str]:
        """What went wrong so far in any of their tabs."""
        for page in self.page.context.pages:
            page.evaluate("() => 0")  # whatever was on its way has come before this answer
        return self.watch.problems

    def arrive(self, path: str = "/") -> "Visitor":
        """Open the page and wait until it is drawn."""
        self.page.goto(self.url + path)
        expect(self.page.locator("#app h1").first).to_be_visible()
        self.words = self._words()
        return self

    def go(self, view: str) -> None:
        """Follow the link to a view."""
        self.page.locator(f"nav a[href='#/{view}']:visible").first.click()
        expect(self.page.locator("main h1")).to_have_text(self.t(f"nav.{view}"))

    def t(self, key: str, **values: object) -> str:
        """What the page says for *key*."""
        return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], "")), self.words[key])

    def _words(self) -> dict[str, str]:
        module = f"/static/js/i18n/{self.language}.js"
        words: dict[str, str] = self.page.evaluate(
            "async (path) => (await import(path)).default", module
        )
        return words

    def marked(self, name: str, within: Locator | None = None) -> Locator:
        """The element that is marked *name* for tests."""
        return (within or self.page).locator(f"[data-test='{name}']")

    def button(self, key: str, within: Locator | None = None, **values: object) -> Locator:
        """The button whose name begins with the words for *key*."""
        name = re.compile("^" + re.escape(self.t(key, **values)))
        return (within or self.page).get_by_role("button", name=name)

    def field(self, key: str, within: Locator | None = None) -> Locator:
        """The field with the label *key*."""
        name = re.compile("^" + re.escape(self.t(key)))
        return (within or self.page).get_by_label(name)

    def card(self, name: str) -> Locator:
        """The card of the account that is called *name*."""
        heading = self.page.get_by_role("heading", name=name, exact=True)
        return self.marked("account").filter(has=heading)

    @property
    def dialog(self) -> Locator:
        return self.page.locator("dialog[open]")

    def at_amazon(self, answer: Literal["approve", "deny"] = "approve") -> None:
        """Open the sign-in page in a second tab, compare the code, press a button, come back."""
        code = self.marked("user-code").inner_text()
        with self.page.context.expect_page() as opened:
            self.marked("login-link").click()
        there = opened.value
        expect(there.locator(".code")).to_have_text(code)
        there.get_by_role("button", name=_BUTTONS[self.language, answer], exact=True).click()
        expect(there.get_by_role("button")).to_have_count(0)
        there.close()

    def expect_notice(self, key: str, **values: object) -> None:
        expect(self.marked("notice")).to_contain_text(self.t(key, **values))

    @contextmanager
    def refused(self, status: int, part: str) -> Iterator[None]:
        """Allow the gateway to refuse what the block does, and waits for."""
        self.watch.allowed.append((status, part))
        yield
        self.problems()
        self.watch.allowed.remove((status, part))

    def sideways(self) -> int:
        """How many pixels of the page lie beyond the right edge."""
        beyond: int = self.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return beyond

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found: list[str] = self.page.evaluate(_AXE)
        return found

    def kept(self) -> dict[str, Any]:
        """What the browser has stored for the page."""
        stored: dict[str, Any] = self.page.evaluate(
            "() => ({local: {...localStorage}, session: {...sessionStorage},"
            " cookies: document.cookie})"
        )
        return stored

    def everything(self) -> str:
        """All that the document holds, what was typed into fields included."""
        fields = "[...document.querySelectorAll('input,textarea')].map((field) => field.value)"
        text: str = self.page.evaluate(
            f"() => document.documentElement.outerHTML + {fields}.join('\\n')"
        )
        return text
