"""Streams by the hundred, one in ten of which is left by its client: nothing stays behind.

``scripts/soak streams`` does the same with as many as one likes.
"""

import asyncio
from pathlib import Path

import pytest

from soak.run import soak

pytestmark = pytest.mark.slow


def test_nothing_is_left_of_streams_however_they_ended(tmp_path: Path) -> None:
    asyncio.run(soak(tmp_path, 800, at_once=40))
