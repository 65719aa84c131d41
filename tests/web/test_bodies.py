"""Large bodies: so many bytes of them are at hand, and others wait before they are read."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateways import Gateway, Service, answer, running
from web.gates import Gate, until

ROOM = 1 << 20  # the least there can be
CALL: dict[str, Any] = {"model": "claude-sonnet-4.5", "max_tokens": 9,
                        "messages": [{"role": "user", "content": "hi"}]}  # fmt: skip
COUNT = "/v1/messages/count_tokens"


def large(size: int) -> bytes:
    return msgspec.json.encode(
        CALL | {"messages": [{"role": "user", "content": "x" * (size - 200)}]}
    )


HALF = large(700_000)  # of which there is no room for two


def told(home: Path, story: Callable[[Gateway, Gate], Awaitable[None]], **settings: Any) -> None:
    """*story* with one large call whose answer the service keeps back."""

    async def run() -> None:
        gate = Gate()
        async with running(
            home, Service(script=[gate.turn] * 9), held_bodies=ROOM, **settings
        ) as gateway:
            room = gateway.relay.admission.bodies.room
            first = asyncio.ensure_future(gateway.post(HALF))
            await until(lambda: len(gateway.service.calls) == 1)
            assert room.inside == len(HALF)
            await story(gateway, gate)
            gate.open()
            assert (await first)[0] == 200
            await until(lambda: gateway.relay.admission.inside == 0)
            assert (room.inside, gateway.relay.admission.waiting) == (0, 0)

    asyncio.run(run())


def test_the_next_one_waits_and_a_small_one_does_not(tmp_path: Path) -> None:
    async def story(gateway: Gateway, gate: Gate) -> None:
        second = asyncio.ensure_future(gateway.post(HALF))
        await until(lambda: gateway.relay.admission.waiting == 1)
        assert (await gateway.post(CALL, COUNT))[0] == 200
        assert len(gateway.service.calls) == 1 and not second.done()
        gate.open()
        assert (await second)[0] == 200
        newest, first = gateway.relay.records.recent()
        assert (newest.queued or 0) > 0 and not first.queued

    told(tmp_path, story)


@pytest.mark.parametrize("path", ["/v1/messages", COUNT])
def test_who_cannot_wait_hears_how_things_stand(tmp_path: Path, path: str) -> None:
    async def story(gateway: Gateway, gate: Gate) -> None:
        status, headers, body = await gateway.post(HALF, path)
        error = msgspec.json.decode(body)["error"]
        assert (status, error["type"]) == (529, "overloaded_error")
        assert f"bytes of large calls at hand: {len(HALF)}, waiting: 0" in error["message"]
        assert int(headers["retry-after"]) >= 1

    told(tmp_path, story, queue=0)


async def post(gateway: Gateway, body: bytes, path: str = "/v1/messages") -> int:
    async with gateway.http.post(gateway.url + path, data=io.BytesIO(body)) as response:
        await response.read()
        return response.status


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """A body whose length nobody tells."""
    for at in range(0, len(body), 50_000):
        yield body[at : at + 50_000]


def test_one_of_unknown_length_is_held_once_it_is_large(tmp_path: Path) -> None:
    async def story(gateway: Gateway, gate: Gate) -> None:
        url = f"{gateway.url}{COUNT}"
        async with gateway.http.post(url, data=pieces(large(100_000))) as response:
            assert response.status == 200
        async with gateway.http.post(url, data=pieces(HALF)) as response:
            assert response.status == 529

    told(tmp_path, story, queue=0)


def test_one_of_unknown_length_holds_no_more_than_it_has(tmp_path: Path) -> None:
    async def story() -> None:
        gate = Gate()
        async with running(tmp_path, Service(script=[gate.turn]), held_bodies=ROOM) as gateway:
            room = gateway.relay.admission.bodies.room

            async def post() -> int:
                url = f"{gateway.url}/v1/messages"
                async with gateway.http.post(url, data=pieces(HALF)) as response:
                    return response.status

            first = asyncio.ensure_future(post())
            await until(lambda: len(gateway.service.calls) == 1)
            assert room.inside == len(HALF)
            gate.open()
            assert await first == 200
            assert room.inside == 0

    asyncio.run(story())


def test_one_that_is_larger_than_all_room_is_served_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, held_bodies=ROOM) as gateway:
            done = await asyncio.gather(*(post(gateway, large(2 * ROOM)) for _ in range(3)))
            assert done == [200] * 3

    asyncio.run(story())


ENDINGS: dict[str, tuple[bytes, str, int]] = {
    # what goes wrong: the body, where it goes, the status
    "no JSON": (b"x" * 700_000, "/v1/messages", 400),
    "no call": (b"[" + b" " * 700_000 + b"]", "/v1/messages", 400),
    "nothing to count": (b"x" * 700_000, COUNT, 400),
    "more than is taken": (large(3_000_000), "/v1/messages", 413),
    "the service refuses": (HALF, "/v1/messages", 400),
}


@pytest.mark.parametrize(("body", "path", "status"), ENDINGS.values(), ids=ENDINGS)
def test_however_it_ends_its_room_is_free_again(
    tmp_path: Path, body: bytes, path: str, status: int
) -> None:
    async def story() -> None:
        refuses = answer(400, {"__type": "ValidationException", "message": "Improperly formed"})
        service = Service(script=[refuses] * 2)
        async with running(
            tmp_path, service, held_bodies=ROOM, max_body=2_000_000, queue=0
        ) as gateway:
            for _ in range(2):
                assert await post(gateway, body, path) == status
            assert gateway.relay.admission.bodies.room.inside == 0

    asyncio.run(story())


def test_a_client_that_leaves_the_line_is_not_served(tmp_path: Path) -> None:
    async def story(gateway: Gateway, gate: Gate) -> None:
        waiting = asyncio.ensure_future(gateway.post(HALF))
        await until(lambda: gateway.relay.admission.waiting == 1)
        waiting.cancel()
        gate.open()  # nobody reads from it, and so nobody knows before its turn
        await until(lambda: gateway.relay.admission.inside == 0)
        assert len(gateway.service.calls) == 1

    told(tmp_path, story)


def test_a_client_that_leaves_before_the_answer_makes_room(tmp_path: Path) -> None:
    async def story() -> None:
        gate = Gate()
        async with running(tmp_path, Service(script=[gate.turn]), held_bodies=ROOM) as gateway:
            call = asyncio.ensure_future(gateway.post(HALF))
            await until(lambda: len(gateway.service.calls) == 1)
            call.cancel()
            await until(lambda: gateway.relay.admission.bodies.room.inside == 0)

    asyncio.run(story())
