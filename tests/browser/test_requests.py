"""The table of recent requests: who served, why, what was lost on the way; and no content."""

import json
import urllib.request

import pytest
from playwright.sync_api import expect

from amq2api.sim.world import World
from browser.conftest import Build, Visit
from browser.houses import House, people
from browser.visiting import BOTH, Language, spoken

pytestmark = pytest.mark.browser


def call(house: House, text: str, **members: object) -> int:
    """A client's call; gives the status."""
    body = {"model": "claude-haiku-4-5", "max_tokens": 100,
            "messages": [{"role": "user", "content": text}], **members}  # fmt: skip
    request = urllib.request.Request(
        f"{house.url}/v1/messages", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


@BOTH
def test_calls_appear_as_they_end(house: House, visit: Visit, language: Language) -> None:
    visitor = visit(house, language)
    visitor.go("requests")
    expect(visitor.marked("requests-empty")).to_be_visible()
    assert call(house, "an unspeakable secret", temperature=0.5) == 200
    row = visitor.marked("request")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("claude-haiku-4-5")
    expect(row).to_contain_text("Alice")
    expect(row).to_contain_text(visitor.t("why.active"))
    expect(row).to_contain_text(visitor.t("outcome.end_turn"))
    row.locator("summary").click()
    expect(row.locator("details code").first).to_be_visible()
    assert call(house, "sim:malformed-400") == 400
    expect(row).to_have_count(2)
    expect(row.first).to_have_attribute("data-ok", "false")
    expect(row.first).to_contain_text(visitor.t("outcome.RequestRefused"))
    assert "unspeakable" not in visitor.everything()
    assert "unspeakable" not in house.heard.text("/api/")


@spoken("zh")
def test_a_failover_is_explained(
    build: Build, world: World, visit: Visit, language: Language
) -> None:
    house = build(people(world, "Alice", "Bob"), routing="failover")
    alice = world.identities.accounts["Alice"]
    alice.credits_used = alice.credits_limit
    assert call(house, "Hello") == 200
    visitor = visit(house, language, "/#/requests")
    row = visitor.marked("request").first
    expect(row).to_contain_text("Bob")
    expect(row).to_contain_text(visitor.t("why.failover"))
    assert call(house, "Hello again") == 200
    expect(visitor.marked("request")).to_have_count(2)
    expect(row).to_contain_text(visitor.t("why.passed"))
    expect(row).to_contain_text("Alice")
    expect(row).to_contain_text(visitor.t("health.quota_used"))
