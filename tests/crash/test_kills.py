"""``kill -9`` at any moment: files stay whole, no account and no refresh token is lost, and no
token is spent twice. ``scripts/soak kills`` does the same for as long as one likes.
"""

from pathlib import Path

import pytest

from crash.harness import Harness, ready
from crash.victim import Order

KILLS = 15  # of each kind
KEYS = ("", "one long passphrase")


def worked_on(harness: Harness, kills: int) -> None:
    for seed in range(kills):
        harness.kill(Order(seed, harness.key), after=harness.chance.uniform(0.02, 0.3))


@pytest.mark.parametrize("key", KEYS, ids=["in plain", "sealed"])
def test_a_process_may_be_killed_at_any_time(tmp_path: Path, key: str) -> None:
    with ready(tmp_path, key=key) as harness:
        worked_on(harness, KILLS)
        assert harness.tally.kills == KILLS and harness.tally.refreshes > KILLS
        # Between the last byte of the answer and the note of it pass some microseconds, more
        # where threads compete as here.
        assert harness.tally.dropped <= 2, harness.tally


def test_what_was_never_heard_is_fetched_again_where_the_service_allows_it(tmp_path: Path) -> None:
    with ready(tmp_path, gracious=True) as harness:
        worked_on(harness, KILLS)
        harness.kill(Order(KILLS, rounds=30), after=None)
        assert harness.tally.kills == KILLS
        assert harness.behind() == []


def test_a_process_may_be_killed_at_each_step_of_its_work(tmp_path: Path) -> None:
    with ready(tmp_path) as harness:
        step = 0
        while harness.tally.kills == step:
            harness.kill(Order(step, step=step, rounds=1), after=None)
            step += 1
        assert step > 30
        assert harness.tally.dropped <= harness.tally.noting, harness.tally


def test_a_change_of_keys_may_be_killed_at_each_step(tmp_path: Path) -> None:
    with ready(tmp_path) as harness:
        for number, key in enumerate([*KEYS[1:], "another passphrase", ""]):
            harness.kill(Order(number, harness.key, rounds=8), after=None)
            harness.rekey(key)
        assert harness.tally.kills > 20 and harness.tally.dropped == 0, harness.tally
