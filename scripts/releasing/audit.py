"""Whether anything that a lock pins has a published advisory: ``scripts/audit --help``.

One question to OSV (https://google.github.io/osv.dev/api) names every package and version of the
lock; each advisory it knows is then read. Nothing else leaves this machine.
"""

import argparse
import http.client
import json
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from . import ROOT
from .locked import Pin, pins

SERVICE = "https://api.osv.dev"
_PATIENCE = 30.0  # seconds for one answer


class Unasked(Exception):
    """The service could not be asked, or did not answer as documented: nothing is known."""


@dataclass(frozen=True)
class Advisory:
    package: str
    version: str
    id: str
    aliases: tuple[str, ...]
    summary: str
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        also = f" ({', '.join(self.aliases)})" if self.aliases else ""
        mended = f"mended in {', '.join(self.fixed)}" if self.fixed else "not mended yet"
        return f"{self.package} {self.version}: {self.id}{also}, {mended}. {self.summary}".rstrip()


def advisories(pinned: Iterable[Pin], service: str = SERVICE) -> list[Advisory]:
    """What is known of these versions; what was withdrawn is left out.

    Raises:
        Unasked: see there.
    """
    asked = sorted(pinned, key=lambda pin: pin.name)
    found = []
    for pin, ids in zip(asked, _known(asked, service), strict=True):
        for each in sorted(ids):
            told = _ask(f"{service}/v1/vulns/{each}")
            if not told.get("withdrawn"):
                found.append(_advisory(pin, told))
    return found


def main(words: Sequence[str] | None = None) -> int:
    options = _options(words)
    pinned = [pin for lock in options.locks for pin in pins(lock.read_text()).values()]
    try:
        found = advisories(
            {(pin.name, pin.version): pin for pin in pinned}.values(), options.service
        )
    except Unasked as exc:
        print(f"Nothing is known, {options.service} was not asked: {exc}", file=sys.stderr)
        return 2
    accepted = [each for each in found if {each.id, *each.aliases} & {*options.accept}]
    left = [each for each in found if each not in accepted]
    print(*left, sep="\n", end="\n" if left else "")
    more = f", {len(accepted)} accepted" if accepted else ""
    print(f"{len(pinned)} packages, {len(left)} advisories{more}.")
    return 1 if left else 0


def _known(asked: Sequence[Pin], service: str) -> list[set[str]]:
    """The ids of advisories, for each pin; asked again for as long as an answer has more pages."""
    known: list[set[str]] = [set() for _ in asked]
    todo: Mapping[int, str | None] = dict.fromkeys(range(len(asked)))
    while todo:
        queries = [_query(asked[place], page) for place, page in todo.items()]
        results = _ask(f"{service}/v1/querybatch", {"queries": queries}).get("results")
        if not isinstance(results, list) or len(results) != len(todo):
            raise Unasked("the answer has not one result for each question")
        rest = {}
        for place, result in zip(todo, results, strict=True):
            known[place] |= {vuln["id"] for vuln in result.get("vulns", ())}
            if page := result.get("next_page_token"):
                rest[place] = page
        todo = rest
    return known


def _query(pin: Pin, page: str | None) -> dict[str, Any]:
    package = {"name": pin.name, "ecosystem": "PyPI"}
    return {"package": package, "version": pin.version, **({"page_token": page} if page else {})}


def _advisory(pin: Pin, told: Mapping[str, Any]) -> Advisory:
    summary = told.get("summary") or str(told.get("details", "")).partition("\n")[0]
    return Advisory(
        pin.name, pin.version, told["id"], tuple(sorted(told.get("aliases", ()))),
        summary.strip(), tuple(dict.fromkeys(_fixed(pin, told))),
    )  # fmt: skip


def _fixed(pin: Pin, told: Mapping[str, Any]) -> Iterator[str]:
    for affected in told.get("affected", ()):
        if canonicalize_name(affected.get("package", {}).get("name", "")) != pin.name:
            continue
        for span in affected.get("ranges", ()):
            # A GIT range counts commits.
            if span.get("type") != "GIT":
                yield from (event["fixed"] for event in span["events"] if "fixed" in event)


def _ask(url: str, question: Mapping[str, Any] | None = None) -> dict[str, Any]:
    body = None if question is None else json.dumps(question).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            told = json.load(answer)
    except (OSError, http.client.HTTPException) as exc:
        raise Unasked(str(getattr(exc, "reason", exc))) from None
    except ValueError:
        raise Unasked("the answer is no JSON") from None
    if not isinstance(told, dict):
        raise Unasked("the answer is no JSON object")
    return told


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/audit",
        description="Ask OSV whether what the locks pin has a published advisory. Exit code 0:"
        " it has none; 1: it has; 2: the service could not be asked.",
    )  # fmt: skip
    parser.add_argument("locks", nargs="*", type=Path, default=[ROOT / "requirements.lock"])
    parser.add_argument(
        "--accept", action="append", default=[], metavar="ID",
        help="an advisory that is known and does no harm here; may be given again",
    )  # fmt: skip
    parser.add_argument("--service", default=SERVICE, metavar="URL", help=f"instead of {SERVICE}")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
