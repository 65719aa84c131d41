"""What once broke a law, tried first ever after: ``found.json``, as a failing law prints it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import example

from laws.conversations import Request
from laws.replies import Reply
from laws.retelling import Case, terms

__all__ = ["replies_found", "requests_found"]

_FOUND: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("found.json").read_text())
_Test = TypeVar("_Test", bound=Callable[..., None])


def requests_found(**others: Any) -> Callable[[_Test], _Test]:
    """For a law over ``request``; *others* are its further arguments."""

    def remember(law: _Test) -> _Test:
        for case in _FOUND["requests"].values():
            law = example(request=Request(case["body"], case["version"]), **others)(law)
        return law

    return remember


def replies_found(law: _Test) -> _Test:
    """For a law over ``case`` that does not ask what the service meant."""
    for case in _FOUND["replies"].values():
        reads = [bytes.fromhex(read) for read in case["reads"]]
        reply = Reply([], [], whole=b"".join(reads))
        law = example(case=Case(reply, reads, terms(**case["terms"])))(law)
    return law
