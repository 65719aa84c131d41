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


class Searching:
    """The service's own tools, answered by a script."""

    def __init__(self, *answers: object, status: int = 200) -> None:
        self.answers, self.status = list(answers), status
        self.asks: list[Ask] = []

    async def __call__(self, ask: Ask) -> Answer:
        self.asks.append(ask)
        answer = self.answers.pop(0)
        if isinstance(answer, bytes):
            return Answer(self.status, answer)
        body = {"jsonrpc": "2.0", "id": json.loads(ask.body)["id"], "result": answer}
        return Answer(self.status, json.dumps(body).encode())


def listing(*names: str) -> dict[str, object]:
    return {"tools": [{"name": name, "description": "…", "inputSchema": {}} for name in names]}


def finding(*titles: str) -> dict[str, object]:
    found = {"results": [{"title": title, "url": "https://a"} for title in titles]}
    return {"content": [{"type": "text", "text": json.dumps(found)}], "isError": False}


@pytest.mark.parametrize("endpoint", [EAST, EAST.rstrip("/"), "http://127.0.0.1:1/base"])
@pytest.mark.parametrize("arn", ["", "arn:1"], ids=["no profile", "a profile"])
def test_a_search_is_asked_in_the_documented_way(endpoint: str, arn: str) -> None:
    service = Searching(finding("one", "two"))
    identity = Identity(endpoint, "", "", profile_arn=arn, user_agent="me")
    found = asyncio.run(Service(service).web_search(identity, "hush", "rust 1.90"))
    assert [hit.title for hit in found.results] == ["one", "two"]
    (ask,) = service.asks
    assert (ask.method, ask.url) == ("POST", f"{endpoint.rstrip('/')}/mcp")
    assert "x-amz-target" not in ask.headers
    assert ask.headers["content-type"] == "application/json"
    assert ask.headers["authorization"] == "Bearer hush"
    assert ask.headers["user-agent"] == "me"
    assert ask.headers.get("x-amzn-kiro-profile-arn", "") == arn
    body = json.loads(ask.body)
    assert body.pop("id").startswith("web_search_")
    assert body == {
        "jsonrpc": "2.0", "method": "tools/call",
        "params": {"name": "web_search", "arguments": {"query": "rust 1.90"}},
    }  # fmt: skip


def test_no_two_searches_share_an_id() -> None:
    service = Searching(finding(), finding())

    async def twice() -> None:
        for _ in range(2):
            await Service(service).web_search(Identity(EAST, "", ""), "hush", "x")

    asyncio.run(twice())
    assert len({json.loads(ask.body)["id"] for ask in service.asks}) == 2


@pytest.mark.parametrize("names", [[], ["web_search"], ["web_search", "other"]])
def test_the_tools_of_the_service_are_listed(names: list[str]) -> None:
    service = Searching(listing(*names))
    assert asyncio.run(Service(service).mcp_tools(Identity(EAST, "", ""), "hush")) == names
    assert json.loads(service.asks[0].body)["method"] == "tools/list"


@pytest.mark.parametrize("method", ["web_search", "mcp_tools"])
def test_a_refusal_of_the_service_is_judged_like_any_other(method: str) -> None:
    service = Service(Searching(REFUSED.body, status=403))
    identity = Identity(EAST, "", "")
    work = (
        service.mcp_tools(identity, "hush")
        if method == "mcp_tools"
        else service.web_search(identity, "hush", "x")
    )
    with pytest.raises(CredentialRefused):
        asyncio.run(_outcome(work))


async def _outcome(work: Awaitable[object]) -> object:
    return await work
