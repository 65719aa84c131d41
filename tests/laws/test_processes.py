"""The same request gives the same bytes in every process: nothing hangs on the order of a set."""

import json
import subprocess
import sys
from pathlib import Path

from dialects.requests import RICH

TESTS = Path(__file__).parents[1]
FOUND = json.loads((TESTS / "laws/found.json").read_text())["requests"]

PROGRAM = """
import hashlib, json, sys
from laws.conversations import Request
from laws.upstream import MODELS, send
for body in json.load(sys.stdin):
    for model in MODELS.values():
        sent = send(Request(body), model)
        print(hashlib.sha256(sent.body + repr(sent.notes).encode()).hexdigest())
"""


def told(seed: str) -> str:
    """What a process says whose sets have the order of *seed*."""
    bodies = [RICH, *(case["body"] for case in FOUND.values())]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(bodies), capture_output=True, text=True,
        check=True, env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"},
    )  # fmt: skip
    return done.stdout


def test_every_process_says_the_same() -> None:
    first = told("1")
    assert len(set(first.splitlines())) > len(FOUND)
    assert told("2") == first
