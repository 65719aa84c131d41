"""Fragments in ``changes/`` become a section of CHANGELOG.md."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from . import Stopped

KINDS = {
    "breaking": "Breaking", "added": "Added", "changed": "Changed", "fixed": "Fixed",
    "security": "Security",
}  # fmt: skip
HEAD = "# Changelog\n\nWhat users get, version by version; the newest first.\n"
_NAME = re.compile(r"(\d+)\.(\w+)\.md")
_HEADING = re.compile(r"^## (\S+) - (\d{4}-\d\d-\d\d)$", re.MULTILINE)


def fragments(directory: Path) -> dict[Path, tuple[str, int]]:
    """The fragments, each with its kind and its issue's number.

    Raises:
        Stopped: a file's name is not that of one.
    """
    found = {}
    for path in sorted(directory.glob("*.md")):
        if path.name == "README.md":
            continue
        named = _NAME.fullmatch(path.name)
        if named is None or named[2] not in KINDS:
            raise Stopped(
                f"{path.name}: a fragment is called NUMBER.KIND.md, KIND one of {_kinds()}"
            )
        found[path] = (named[2], int(named[1]))
    return found


def section(version: str, day: date, told: Iterable[tuple[str, int, str]]) -> str:
    """A version's section from (kind, issue, text), breaking first, issues in their order."""
    by_kind: dict[str, list[tuple[int, str]]] = {}
    for kind, issue, text in told:
        by_kind.setdefault(kind, []).append((issue, text.strip()))
    lines = [f"## {version} - {day.isoformat()}", ""]
    for kind, heading in KINDS.items():
        if kind in by_kind:
            lines += [f"### {heading}", ""]
            for _, text in sorted(by_kind[kind]):
                lines += [text, ""]
    return "\n".join(lines)


def with_section(changelog: str, new: str) -> str:
    """The whole file with *new* on top.

    Raises:
        Stopped: it tells of that version already.
    """
    version, _ = headings(new)[0]
    if version in dict(headings(changelog)):
        raise Stopped(f"CHANGELOG.md tells of {version} already")
    head, mark, rest = changelog.partition("\n## ")
    return f"{(head if changelog else HEAD).rstrip()}\n\n{new.rstrip()}\n{mark}{rest}"


def headings(changelog: str) -> list[tuple[str, str]]:
    """Versions and their days, newest first."""
    return _HEADING.findall(changelog)


def gather(root: Path, version: str, day: date) -> Mapping[Path, tuple[str, int]]:
    """Write CHANGELOG.md and remove the fragments that are now in it; they are returned.

    Raises:
        Stopped: nothing has changed, or the version is told of already.
    """
    found = fragments(root / "changes")
    if not found:
        raise Stopped("changes/ holds no fragment: there is nothing to tell")
    told = [(kind, issue, path.read_text()) for path, (kind, issue) in found.items()]
    page = root / "CHANGELOG.md"
    before = page.read_text() if page.exists() else ""
    page.write_text(with_section(before, section(version, day, told)))
    for path in found:
        path.unlink()
    return found


def _kinds() -> str:
    return ", ".join(KINDS)
