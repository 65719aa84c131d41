"""A command at a terminal of its own, and somebody who types."""

import os
import pty
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from cli.running import PROGRAM, Done

_LONGEST = 30.0  # seconds a command may take to ask, or to end


def at_terminal(
    home: Path, *words: str, typing: Sequence[tuple[str, str]], **environment: str
) -> tuple[Done, str]:
    """``amq2api WORDS`` while somebody answers its questions.

    Args:
        typing: Questions, each with what is typed for an answer.

    Returns:
        How it ended, and what the terminal showed of the typing.
    """
    ours, theirs = pty.openpty()
    with (home / "out").open("wb") as out, (home / "err").open("wb") as err:
        process = subprocess.Popen(
            [*PROGRAM, *words], stdin=theirs, stdout=out, stderr=err, cwd=home,
            # Without a session of its own it would ask at the terminal that runs the tests.
            start_new_session=True,
            env={"PATH": os.defpath, "HOME": str(home), "TERM": "dumb"} | environment,
        )  # fmt: skip
    try:
        asked = 0
        for question, answer in typing:
            asked = _asked(home / "err", f"{question}: ", asked)
            os.write(ours, f"{answer}\n".encode())
        status = process.wait(_LONGEST)
        os.write(theirs, b".")
        shown = os.read(ours, 65536).decode().removesuffix(".")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
    said = [(home / name).read_text() for name in ("out", "err")]
    return Done(status, *said), shown


def _asked(said: Path, question: str, after: int) -> int:
    """Where *question* ends, once it is there. Its last space is written when echo is off."""
    end = time.monotonic() + _LONGEST
    while (place := said.read_text().find(question, after)) < 0:
        if time.monotonic() > end:
            raise AssertionError(f"it did not ask {question!r}, but: {said.read_text()}")
        time.sleep(0.02)
    return place + len(question)
