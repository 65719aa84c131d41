"""Work on large calls, beside the event loop: few at a time, so that memory stays bounded, too."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

LARGE = 256 * 1024
"""Bytes of a call from which on a thread costs less than the wait of everybody else."""
_AT_ONCE = 2
_threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="large-call")


async def aside(work: Callable[[], T]) -> T:
    """What *work* gives, done in a thread, in the order of asking."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work)
