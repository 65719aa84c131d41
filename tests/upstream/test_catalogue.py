"""Which models an account has: when the service is asked, and what stands in for its answer."""

import asyncio
from collections.abc import Sequence

import pytest

from amq2api.dialects import amazonq as q
from amq2api.errors import UnknownModel, UpstreamBusy
from amq2api.upstream.catalogue import LIFE, RETRY, Catalogue

SONNET = q.Model("claude-sonnet-4.5")
FRESH = q.Model("claude-fresh-9")


class World:
    """A clock, and a service that answers from a script; None is a refusal."""

    def __init__(self, *script: Sequence[q.Model] | None) -> None:
        self.now, self.asked, self.script = 0.0, 0, list(script)
        self.catalogue = Catalogue({"my-model": "claude-sonnet-4.5"}, lambda: self.now)

    async def load(self) -> list[q.Model]:
        self.asked += 1
        await asyncio.sleep(0)
        offer = self.script.pop(0) if self.script else None
        if offer is None:
            raise UpstreamBusy("not now")
        return list(offer)

    async def find(self, name: str) -> str:
        return (await self.catalogue.find(name, "a", self.load)).model_id


def test_a_list_is_good_for_its_life() -> None:
    async def story() -> None:
        world = World([SONNET], [SONNET, FRESH])
        assert await world.find("claude-sonnet-4-5-20250929") == "claude-sonnet-4.5"
        world.now = LIFE - 1
        assert await world.find("my-model") == "claude-sonnet-4.5"
        assert world.asked == 1
        world.now = LIFE
        assert await world.find("claude-fresh-9") == "claude-fresh-9"
        assert world.asked == 2

    asyncio.run(story())


def test_an_unknown_name_is_asked_for_again_but_not_at_once() -> None:
    async def story() -> None:
        world = World([SONNET], [SONNET, FRESH])
        for _ in range(2):
            with pytest.raises(UnknownModel, match="model: claude-fresh-9"):
                await world.find("claude-fresh-9")
        assert world.asked == 1
        world.now = RETRY
        assert await world.find("claude-fresh-9") == "claude-fresh-9"

    asyncio.run(story())


def test_while_the_service_does_not_tell_it_judges_claude_names_itself() -> None:
    async def story() -> None:
        world = World(None)
        assert await world.find("claude-sonnet-4-5") == "claude-sonnet-4.5"
        assert await world.find("claude-newest-7-1") == "claude-newest-7.1"
        with pytest.raises(UnknownModel):
            await world.find("gpt-x")
        assert world.asked == 1

    asyncio.run(story())


def test_a_list_outlives_a_refusal() -> None:
    async def story() -> None:
        world = World([FRESH], None, [FRESH])
        await world.find("claude-fresh-9")
        world.now = LIFE
        assert await world.find("claude-fresh-9") == "claude-fresh-9"
        world.now += RETRY
        assert await world.find("claude-fresh-9") == "claude-fresh-9"
        assert world.asked == 3

    asyncio.run(story())


def test_callers_at_once_share_one_request() -> None:
    async def story() -> None:
        world = World([SONNET])
        await asyncio.gather(*(world.find("claude-sonnet-4.5") for _ in range(20)))
        assert world.asked == 1

    asyncio.run(story())


def test_one_caller_that_leaves_does_not_take_the_others_along() -> None:
    async def story() -> None:
        world = World([SONNET])
        first = asyncio.ensure_future(world.find("claude-sonnet-4.5"))
        second = asyncio.ensure_future(world.find("claude-sonnet-4.5"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "claude-sonnet-4.5"

    asyncio.run(story())


def test_a_model_is_named_without_asking() -> None:
    async def story() -> None:
        world = World([SONNET, FRESH])
        named = world.catalogue.model_id
        # Nothing was told yet: the built-in list, the operator's aliases, and the name itself.
        assert named("claude-sonnet-4-5-20250929", "a") == "claude-sonnet-4.5"
        assert named("my-model", "a") == "claude-sonnet-4.5"
        assert named("claude-fresh-9", "a") == "claude-fresh-9"
        assert named("claude-newest-7-1", "a") == "claude-newest-7.1"
        assert named("gpt-x", "a") == "gpt-x"
        assert world.asked == 0
        await world.find("claude-fresh-9")
        assert named("anthropic.claude-fresh-9-v1:0", "a") == "claude-fresh-9"
        assert world.asked == 1

    asyncio.run(story())


def test_only_names_that_the_service_has_told_of_are_told_on() -> None:
    async def story() -> None:
        world = World([FRESH])
        assert world.catalogue.told("my-model") == "claude-sonnet-4.5"
        assert world.catalogue.told("claude-fresh-9") is None
        await world.find("claude-fresh-9")
        assert world.catalogue.told("anthropic/claude-fresh-9") == "claude-fresh-9"
        assert world.catalogue.told("claude-made-up") is None

    asyncio.run(story())
