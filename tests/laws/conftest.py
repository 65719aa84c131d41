"""Counts go with the reports of their tests, so that they survive the way between processes."""

from collections.abc import Generator

import pytest

from laws.tally import TRIED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    before = TRIED.copy()
    try:
        return (yield)
    finally:
        item.user_properties += [(f"law: {law}", n) for law, n in (TRIED - before).items()]
