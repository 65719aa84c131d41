"""Asking for profiles: page by page, in each region, and what one region's failure means."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from amq2api.admin.course import profiles_everywhere
from amq2api.bridge.backend import Identity
from amq2api.dialects import amazonq as q
from amq2api.errors import CredentialRefused, GatewayError, ProtocolError, UpstreamBroken
from amq2api.relay.relay import Manner
from amq2api.upstream.service import Service
from amq2api.wire.exchange import Answer, Ask

EAST, EU = "https://q.us-east-1.amazonaws.com/", "https://q.eu-central-1.amazonaws.com/"
_TOKEN = "The bearer token included in the request is invalid."
REFUSED = Answer(403, json.dumps({"__type": "x#AccessDeniedException", "message": _TOKEN}).encode())


def profile(number: int) -> dict[str, str]:
    return {"arn": f"arn:{number}", "profileName": f"profile {number}"}


class Regions:
    """What is there at each endpoint: profiles in pages of ten, an answer, or a failure."""

    def __init__(self, **known: range | Answer | GatewayError) -> None:
        self.known = {EAST: known.get("east", range(0)), EU: known.get("eu", range(0))}
        self.asks: list[Ask] = []

    async def __call__(self, ask: Ask) -> Answer:
        self.asks.append(ask)
        there = self.known[ask.url]
        if isinstance(there, Answer):
            return there
        if isinstance(there, GatewayError):
            raise there
        members = json.loads(ask.body)
        assert members["maxResults"] == 10
        start = int(members.get("nextToken", 0))
        page = [profile(number) for number in there[start : start + 10]]
        following = str(start + 10) if start + 10 < len(there) else None
        return Answer(200, json.dumps({"profiles": page, "nextToken": following}).encode())


def ask_for(ask: Callable[[Ask], Awaitable[Answer]]) -> list[str]:
    identities = [Identity(endpoint, "", "") for endpoint in (EAST, EU)]
    found = asyncio.run(Service(ask).profiles(identities, "hush"))
    return [p.arn for p in found]


def test_both_regions_are_asked_in_the_documented_way() -> None:
    regions = Regions(east=range(1), eu=range(1, 3))
    assert ask_for(regions) == ["arn:0", "arn:1", "arn:2"]
    assert sorted(ask.url for ask in regions.asks) == [EU, EAST]
    for ask in regions.asks:
        assert json.loads(ask.body) == {"maxResults": 10}
        assert ask.headers["x-amz-target"] == q.LIST_PROFILES
        assert ask.headers["authorization"] == "Bearer hush"


def test_pages_are_turned_to_the_last_and_each_profile_comes_once() -> None:
    assert ask_for(Regions(east=range(25), eu=range(20, 31))) == [f"arn:{n}" for n in range(31)]


FAILING: dict[str, tuple[Regions, list[str]]] = {
    "one refuses": (Regions(east=REFUSED, eu=range(1)), ["arn:0"]),
    "one cannot be reached": (Regions(east=range(1), eu=UpstreamBroken("no road")), ["arn:0"]),
    "one answers nonsense": (Regions(east=Answer(200, b"<html>"), eu=range(2)), ["arn:0", "arn:1"]),
    "one has no end": (Regions(east=range(10**6), eu=range(1)), ["arn:0"]),
    "nobody has any": (Regions(), []),
}  # fmt: skip


@pytest.mark.parametrize(("regions", "found"), FAILING.values(), ids=FAILING)
def test_one_region_s_failure_does_not_hide_the_other(regions: Regions, found: list[str]) -> None:
    assert ask_for(regions) == found


DOWN = UpstreamBroken("no road")
ALL_FAILING: dict[str, tuple[Regions, type[GatewayError]]] = {
    "both": (Regions(east=REFUSED, eu=DOWN), CredentialRefused),
    "one, and the other has none": (Regions(east=range(0), eu=DOWN), UpstreamBroken),
    "no end anywhere": (Regions(east=range(10**6), eu=DOWN), ProtocolError),
}


@pytest.mark.parametrize(("regions", "kind"), ALL_FAILING.values(), ids=ALL_FAILING)
def test_no_profile_is_only_what_everybody_says(regions: Regions, kind: type[GatewayError]) -> None:
    with pytest.raises(GatewayError) as told:
        ask_for(regions)
    assert type(told.value) is kind


@pytest.mark.parametrize("is_default", [True, False])
def test_where_profiles_are_looked_for(*, is_default: bool) -> None:
    asked: list[str] = []

    async def ask(question: Ask) -> Answer:
        asked.append(question.url)
        assert question.headers["user-agent"] == "me"
        assert question.headers["x-amzn-codewhisperer-optout"] == "false"
        return Answer(200, b'{"profiles":[]}')

    endpoint = EAST if is_default else "http://127.0.0.1:3016/"
    manner = Manner(endpoint=endpoint, default_endpoint=is_default, user_agent="me", origin="CLI",
                    opt_out=False, attempts=1, routing="active")  # fmt: skip
    assert asyncio.run(_asked(profiles_everywhere(Service(ask), manner))) == []
    assert sorted(asked) == ([EU, EAST] if is_default else [endpoint])


async def _asked(profiles: Callable[[str], Awaitable[object]]) -> object:
    return await profiles("hush")
