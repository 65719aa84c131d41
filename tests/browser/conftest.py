"""Browsers, one for each module; visitors, with a fresh profile each; houses to visit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from amq2api.config import table
from amq2api.sim.world import World
from browser.chromium import ARGUMENTS, may_skip, missing, program
from browser.houses import House, opened, people
from browser.visiting import LOCALES, Language, Refusal, Visitor, Watch

Build = Callable[..., House]
Visit = Callable[..., Visitor]

_PATIENCE = 10_000  # milliseconds that something may take to appear
expect.set_options(timeout=_PATIENCE)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for row in table():
        monkeypatch.delenv(row.env, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    # Nobody's own sign-ins are looked for.
    person = tmp_path / "person"
    person.mkdir()
    monkeypatch.setenv("HOME", str(person))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if lacking := missing():
        if may_skip():
            pytest.skip(lacking)
        pytest.fail(lacking)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def build(tmp_path: Path, world: World) -> Iterator[Build]:
    """Opens houses: ``build(accounts, **settings)``. In the end no answer has told a secret."""
    with ExitStack() as stack:
        built: list[House] = []

        def house(accounts: Sequence[dict[str, Any]] = (), **settings: Any) -> House:
            home = tmp_path / f"house-{len(built)}"
            home.mkdir()
            built.append(stack.enter_context(opened(home, world, accounts, **settings)))
            return built[-1]

        yield house
        for each in built:
            assert each.leaks(each.heard.text()) == []


@pytest.fixture
def house(build: Build, world: World) -> House:
    """With one account, Alice's."""
    return build(people(world, "Alice"))


@pytest.fixture
def empty(build: Build) -> House:
    """With no account at all."""
    return build()


@pytest.fixture
def visit(browser: Browser, build: Build) -> Iterator[Visit]:
    """Opens the page of a house: ``visit(house, language, path, **options of the context)``.

    Nothing may go wrong in the browser but refusals that are *allowed*. The houses, which come
    from *build*, are closed after the browser has left.
    """
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def visitor(
            house: House | str,
            language: Language = "en",
            path: str = "/",
            *,
            allowed: Sequence[Refusal] = (),
            **options: Any,
        ) -> Visitor:
            url = house if isinstance(house, str) else house.url
            made = stack.enter_context(_visitor(browser, url, language, options))
            made.watch.allowed += allowed
            visitors.append(made)
            return made.arrive(path)

        yield visitor
        problems = [problem for each in visitors for problem in each.problems()]
    assert problems == []


@contextmanager
def _visitor(
    browser: Browser, url: str, language: Language, options: dict[str, Any]
) -> Iterator[Visitor]:
    usual: dict[str, Any] = {
        "locale": LOCALES[language],
        "viewport": {"width": 1280, "height": 900},
        "reduced_motion": "reduce",
    }
    with browser.new_context(**usual | options) as context:
        context.set_default_timeout(_PATIENCE)
        watch = Watch()
        watch.over(context)
        yield Visitor(context.new_page(), url, language, watch)
