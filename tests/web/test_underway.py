"""Calls that are ended because the gateway ends."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from amq2api.errors import Stopping
from amq2api.web.underway import UnderWay


async def ended(work: Callable[[UnderWay], Awaitable[object]]) -> object:
    """What becomes of *work*, which waits for ever, when all calls are ended."""
    calls = UnderWay()
    task = asyncio.ensure_future(work(calls))
    await asyncio.sleep(0)
    calls.end()
    outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    assert len(calls) == 0
    return outcome


def test_a_call_hears_of_the_end_where_it_waits() -> None:
    async def work(calls: UnderWay) -> None:
        with calls.call():
            await asyncio.Event().wait()

    assert isinstance(asyncio.run(ended(work)), Stopping)


def test_what_a_call_does_about_it_is_not_cut_short() -> None:
    async def work(calls: UnderWay) -> str:
        try:
            with calls.call():
                await asyncio.Event().wait()
        except Stopping:
            await asyncio.sleep(0.01)
            return "told the client"
        return "went on"

    assert asyncio.run(ended(work)) == "told the client"


def test_whoever_is_cancelled_as_well_stays_cancelled() -> None:
    async def work(calls: UnderWay) -> None:
        task = asyncio.current_task()
        assert task is not None
        with calls.call():
            asyncio.get_running_loop().call_soon(task.cancel)
            await asyncio.Event().wait()

    assert isinstance(asyncio.run(ended(work)), asyncio.CancelledError)


def test_the_end_tells_only_whoever_waits_inside() -> None:
    async def work(calls: UnderWay) -> str:
        with calls.call():
            pass
        await asyncio.sleep(0.01)
        return "well"

    assert asyncio.run(ended(work)) == "well"


def test_an_answer_that_is_ready_at_that_moment_is_not_lost() -> None:
    """It has no place left to wait in, so nothing is raised in it."""

    async def story() -> str:
        calls, ready = UnderWay(), asyncio.get_running_loop().create_future()

        async def work() -> str:
            with calls.call():
                return str(await asyncio.shield(ready))

        task = asyncio.ensure_future(work())
        await asyncio.sleep(0)
        ready.set_result("whole")
        await task
        calls.end()
        return task.result()

    assert asyncio.run(story()) == "whole"


def test_no_call_begins_after_the_end() -> None:
    calls = UnderWay()
    calls.end()
    with pytest.raises(Stopping):
        calls.call()
