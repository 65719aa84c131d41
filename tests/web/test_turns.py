"""Calls that find no room: who waits, who is served next, what the others hear."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateways import Gateway, running
from web.gates import Gate, until

CALL = {"model": "claude-sonnet-4.5", "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
KEYS = ("sk-amq-of-the-first", "sk-amq-of-the-second")

Answer = tuple[int, Any, Any]


def ask(gateway: Gateway, **headers: str) -> "asyncio.Task[Answer]":
    return asyncio.get_running_loop().create_task(gateway.post(CALL, **headers))


async def one_inside_one_in_line(
    gateway: Gateway, gate: Gate
) -> tuple["asyncio.Task[Answer]", "asyncio.Task[Answer]"]:
    first = ask(gateway)
    await until(lambda: gate.inside == 1)
    second = ask(gateway)
    await until(lambda: gateway.relay.admission.waiting == 1)
    return first, second


def told(home: Path, story: Callable[[Gateway, Gate], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        gate = Gate()
        async with running(home, **settings) as gateway:
            gateway.service.script = [gate.turn] * 50
            await story(gateway, gate)
            gate.open()
            await until(lambda: gateway.relay.admission.inside == 0)
            assert gateway.relay.admission.waiting == 0
            assert gateway.relay.admission.seats_taken == 0

    asyncio.run(run())


@pytest.mark.parametrize("limit", ["max_calls", "account_calls"])
def test_one_is_served_one_waits_and_the_next_hears_529(tmp_path: Path, limit: str) -> None:
    async def story(gateway: Gateway, gate: Gate) -> None:
        first, second = await one_inside_one_in_line(gateway, gate)
        status, headers, body = await ask(gateway)
        error = msgspec.json.decode(body)["error"]
        assert (status, error["type"]) == (529, "overloaded_error")
        assert "calls under way: 1, waiting: 1" in error["message"]
        assert int(headers["retry-after"]) >= 1
        gate.tickets.release()
        assert (await first)[0] == 200
        gate.tickets.release()
        assert (await second)[0] == 200
        assert gate.most == 1
        newest, _, refused = gateway.relay.records.recent()
        assert refused.outcome == "AtCapacity" and refused.status == 529
        assert (newest.queued or 0) > 0

    told(tmp_path, story, **{limit: 1, "queue": 1})


def test_whoever_waits_too_long_hears_it(tmp_path: Path) -> None:
    async def story(gateway: Gateway, gate: Gate) -> None:
        first = ask(gateway)
        await until(lambda: gate.inside == 1)
        status, _, body = await ask(gateway)
        assert status == 529
        assert b"no turn came in 0.2 seconds" in body
        gate.tickets.release()
        assert (await first)[0] == 200

    told(tmp_path, story, max_calls=1, queue_timeout=0.2)


@pytest.mark.parametrize("limit", ["max_calls", "account_calls"])
def test_a_client_that_leaves_the_line_leaves_it(tmp_path: Path, limit: str) -> None:
    async def story(gateway: Gateway, gate: Gate) -> None:
        first, second = await one_inside_one_in_line(gateway, gate)
        second.cancel()
        await until(lambda: gateway.relay.admission.waiting == 0)
        gate.tickets.release()
        assert (await first)[0] == 200

    told(tmp_path, story, **{limit: 1})


@pytest.mark.parametrize("limit", ["max_calls", "account_calls"])
def test_one_key_s_many_calls_do_not_keep_another_s_waiting(tmp_path: Path, limit: str) -> None:
    async def story(gateway: Gateway, gate: Gate) -> None:
        order: list[str] = []

        async def call(key: str) -> None:
            await ask(gateway, x_api_key=key)
            order.append(key)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(call(KEYS[0]))
            await until(lambda: gate.inside == 1)
            for waiting, key in enumerate((KEYS[0],) * 4 + (KEYS[1],), 1):
                tasks.create_task(call(key))
                await until(partial(_waits, gateway, waiting))
            for served in range(1, 7):
                gate.tickets.release()
                await until(partial(_are, order, served))
        assert order == [KEYS[0], KEYS[0], KEYS[1], KEYS[0], KEYS[0], KEYS[0]]

    told(tmp_path, story, **{limit: 1, "api_keys": KEYS})


def _waits(gateway: Gateway, number: int) -> bool:
    return gateway.relay.admission.waiting == number


def _are(things: list[str], number: int) -> bool:
    return len(things) == number
