"""py-spy's samples, summed up."""

import subprocess
import sys
from pathlib import Path

from measure.profile import spent

PLACE = "/somewhere/.venv/lib/python3.11/site-packages"
SAMPLES = [
    "run (asyncio/runners.py:118);feed (/checkout/src/amq2api/wire/sse.py:7);"
    f"cut ({PLACE}/x/y.py:3) 6",
    "run (asyncio/runners.py:118);feed (/checkout/src/amq2api/wire/sse.py:9) 3",
    "run (asyncio/runners.py:118) 1",
    "_bootstrap (threading.py:1002);_worker (concurrent/futures/thread.py:81) 90",
]


def test_time_is_a_function_s_wherever_in_it_it_was_seen() -> None:
    seen = spent(SAMPLES)

    assert seen.samples == 10
    assert seen.own == {
        "cut (x/y.py)": 6,
        "feed (amq2api/wire/sse.py)": 3,
        "run (asyncio/runners.py)": 1,
    }
    assert seen.whole["feed (amq2api/wire/sse.py)"] == 9


def test_a_recursion_counts_once() -> None:
    assert spent(["f (a.py:1);f (a.py:2);f (a.py:1) 5"]).whole == {"f (a.py)": 5}


def test_the_table_leaves_out_who_holds_everything() -> None:
    head, rule, *lines = spent(SAMPLES).lines(2)

    assert head.count("|") == rule.count("|") == lines[0].count("|") == 5
    assert "60.0 % | cut (x/y.py) | 90.0 % | feed" in lines[0]
    assert not any("100.0 %" in line for line in lines)


def test_nothing_recorded_is_no_accident() -> None:
    assert list(spent([]).lines(5))[2:] == []


def test_who_has_no_py_spy_is_told_where_it_comes_from() -> None:
    bench = Path(__file__).parents[2] / "bench"
    asked = subprocess.run(
        [sys.executable, "-m", "measure.profile", "req"], cwd=bench,
        env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 1 and "py-spy is not installed" in asked.stderr
