"""JSON that is nested without end: refused in words wherever it stands, and never the end of us."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from amq2api.relay.aside import LARGE
from gateways import Gateway, running

CALL = b'{"model":"claude-sonnet-4.5","max_tokens":10,"messages":[{"role":"user","content":%b}]%b}'
HI = b'"hi"'


def objects(depth: int, inner: bytes = b"1") -> bytes:
    return b'{"a":' * depth + inner + b"}" * depth


def lists(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def schemas(depth: int) -> bytes:
    return b'{"type":"object","properties":{"a":' * depth + b"{}" + b"}}" * depth


def tool(schema: bytes) -> bytes:
    return b',"tools":[{"name":"t","input_schema":%b}]' % schema


def results(depth: int) -> bytes:
    block = b'[{"type":"tool_result","tool_use_id":"t","content":'
    return block * depth + b'"x"' + b"}]" * depth


def history(depth: int) -> bytes:
    used = b'{"type":"tool_use","id":"t","name":"t","input":%b}' % objects(depth)
    told = b'{"type":"tool_result","tool_use_id":"t","content":"x"}'
    return (
        b'{"model":"claude-sonnet-4.5","max_tokens":10,"messages":[{"role":"user","content":"hi"},'
        b'{"role":"assistant","content":[%b]},{"role":"user","content":[%b]}]}' % (used, told)
    )


PLACES: dict[str, Callable[[int], bytes]] = {
    "all of it": lists,
    "a message": lambda depth: CALL % (lists(depth), b""),
    "tool results in tool results": lambda depth: CALL % (results(depth), b""),
    "a tool's input": history,
    "a schema": lambda depth: CALL % (HI, tool(schemas(depth))),
    "a schema's own words": lambda depth: CALL % (
        HI, tool(b'{"type":"object","default":' + objects(depth) + b"}")
    ),
    "alternatives of a schema": lambda depth: CALL % (
        HI, tool(b'{"type":"object","properties":{"a":' + b'{"anyOf":[' * depth + b"{}"
                 + b"]}" * depth + b"}}"),
    ),
    "a format": lambda depth: CALL % (
        HI, b',"output_config":{"format":{"type":"json_schema","schema":%b}}' % schemas(depth)
    ),
    "metadata": lambda depth: CALL % (HI, b',"metadata":{"user_id":%b}' % objects(depth)),
    "a member that nobody knows": lambda depth: CALL % (HI, b',"zzz":%b' % objects(depth)),
}  # fmt: skip


async def told(gateway: Gateway, body: bytes) -> list[tuple[int, str]]:
    answers = []
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        status, _, raw = await gateway.post(body, path)
        answer = msgspec.json.decode(raw)
        answers.append((status, answer["error"]["message"] if status != 200 else ""))
    return answers


@pytest.mark.parametrize("place", PLACES)
def test_what_is_nested_too_deeply_is_refused(place: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as gateway:
            for depth in (480, 492, 970, 984):
                for room in (b"", b" " * LARGE):  # with so much, it is read in a thread
                    for status, words in await told(gateway, room + PLACES[place](depth)):
                        assert status != 500, f"{depth}: {words}"
            for depth in (10_000, 18_000):
                for status, words in await told(gateway, PLACES[place](depth)):
                    assert (status, "nested too deeply" in words) == (400, True)

    asyncio.run(story())
