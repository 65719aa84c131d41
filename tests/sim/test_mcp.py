"""InvokeMCP as it is documented, in both encodings (upstream-protocol.md 6.5)."""

import json
from typing import Any

import pytest

from amq2api.dialects import amazonq as q
from amq2api.errors import GatewayError, ProtocolError, RequestRefused, UpstreamBroken
from amq2api.sim.mcp import FAULTS
from sim.client import JSON_1_0, Answer, Bench

SEARCH: dict[str, Any] = {
    "id": "web_search_1", "jsonrpc": "2.0", "method": "tools/call",
    "params": {"name": "web_search", "arguments": {"query": "rust 1.90"}},
}  # fmt: skip


def invoked(bench: Bench, body: Any, *, rest: bool = True, profile: str = "") -> Answer:
    known = {"authorization": f"Bearer {bench.token}"}
    if profile:
        known[q.PROFILE_HEADER] = profile
    raw = json.dumps(body).encode()
    if rest:
        return bench.send("POST", "/mcp", headers=known, body=raw)
    known |= {"content-type": JSON_1_0, "x-amz-target": "KiroRuntimeService.InvokeMCP"}
    return bench.send("POST", "/", headers=known, body=raw)


def called(**params: Any) -> dict[str, Any]:
    return {**SEARCH, "params": params}


@pytest.mark.parametrize("rest", [True, False], ids=["path", "target"])
def test_a_search_finds_the_same_pages_each_time(*, rest: bool) -> None:
    first, again = (invoked(Bench(), SEARCH, rest=rest) for _ in range(2))
    assert first.json() == again.json()
    found = q.read_search(first.body, "web_search_1")
    assert found.query == "rust 1.90" and found.total_results == len(found.results) >= 3
    assert all(hit.url.startswith("https://") and hit.snippet for hit in found.results)


def test_only_the_search_tool_is_advertised() -> None:
    body = {"id": "t", "jsonrpc": "2.0", "method": "tools/list", "params": {}}
    assert q.read_tools(invoked(Bench(), body).body, "t") == ["web_search"]


@pytest.mark.parametrize("barred", ["account", "everybody"])
def test_an_account_without_it_has_no_tool(barred: str) -> None:
    bench = Bench()
    if barred == "account":
        bench.control(account={"name": "alice", "web_search": False})
    else:
        bench.control(web_search=False)
    listed = invoked(bench, {"id": "t", "jsonrpc": "2.0", "method": "tools/list"})
    assert q.read_tools(listed.body, "t") == []
    assert invoked(bench, SEARCH).json()["error"]["code"] == -32602


INVALID: dict[str, Any] = {
    "no object": [1],
    "no version": {**SEARCH, "jsonrpc": None},
    "no method": {"id": "1", "jsonrpc": "2.0"},
    "a method of nobody": {**SEARCH, "method": "resources/list"},
    "an id of another kind": {**SEARCH, "id": 1},
    "params of another kind": {**SEARCH, "params": []},
    "an unknown member": {**SEARCH, "stream": True},
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_what_the_model_of_the_operation_does_not_know_is_refused(body: Any) -> None:
    answer = invoked(Bench(), body)
    assert (answer.status, answer.json()["message"]) == (400, "Improperly formed request.")


REFUSED: dict[str, dict[str, Any]] = {
    "another tool": called(name="web_fetch", arguments={"url": "https://a"}),
    "no arguments": called(name="web_search"),
    "no query": called(name="web_search", arguments={}),
    "a query of another kind": called(name="web_search", arguments={"query": 1}),
    "an empty query": called(name="web_search", arguments={"query": " "}),
    "a long query": called(name="web_search", arguments={"query": "x" * 201}),
    "another argument": called(name="web_search", arguments={"query": "x", "count": 3}),
    "another parameter": called(name="web_search", arguments={"query": "x"}, meta=1),
}  # fmt: skip


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_what_the_tool_does_not_take_is_an_error_of_json_rpc(body: dict[str, Any]) -> None:
    answer = invoked(Bench(), body)
    assert (answer.status, answer.json()["error"]["code"]) == (200, -32602)
    with pytest.raises(RequestRefused):
        q.read_search(answer.body, "web_search_1")


def test_another_version_of_json_rpc_is_an_error_of_json_rpc() -> None:
    assert invoked(Bench(), {**SEARCH, "jsonrpc": "1.0"}).json()["error"]["code"] == -32600


def test_other_methods_are_answered_with_nothing() -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert invoked(Bench(), body).json() == {"id": None, "jsonrpc": "2.0", "result": {}}


@pytest.mark.parametrize("place", ["header", "body"])
def test_the_profile_counts_in_either_place(place: str) -> None:
    bench = Bench()
    account = bench.world.add_account("bob")
    account.needs_profile = True
    bench.token = bench.world.access_token(account)
    assert invoked(bench, SEARCH).json()["message"] == "profileArn is required for this request."

    def asked(arn: str) -> int:
        if place == "body":
            return invoked(bench, {**SEARCH, "profileArn": arn}).status
        return invoked(bench, SEARCH, profile=arn).status

    assert asked(account.profile_arn or "") == 200
    assert asked("arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL") == 403


def test_nobody_searches_without_a_token() -> None:
    bench = Bench()
    assert bench.send("POST", "/mcp", body=json.dumps(SEARCH).encode()).status == 403


GOOD_FAULTS = {"nothing"}
BROKEN = {"is-error": UpstreamBroken, "error": UpstreamBroken, "failed": UpstreamBroken}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_search_can_go_wrong_once(fault: str) -> None:
    bench = Bench()
    bench.control(search_faults=[fault])
    answer = invoked(bench, SEARCH)
    if fault in GOOD_FAULTS:
        assert q.read_search(answer.body, "web_search_1").results == []
    else:
        with pytest.raises(GatewayError) as told:
            q.read_search(answer.body, "web_search_1")
        assert type(told.value) is BROKEN.get(fault, ProtocolError)
    assert q.read_search(invoked(bench, SEARCH).body, "web_search_1").results


def test_a_search_can_meet_a_refusal() -> None:
    bench = Bench()
    bench.control(search_faults=["", "throttle-429"])
    assert [invoked(bench, SEARCH).status for _ in range(3)] == [200, 429, 200]


def test_a_search_can_take_its_time() -> None:
    bench = Bench()
    bench.control(search_delay=4)
    assert invoked(bench, SEARCH).status == 200 and bench.slept == [4]
