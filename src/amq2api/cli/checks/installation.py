"""The program itself: which Python, which packages."""

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from amq2api import __version__

from .check import Check

_PACKAGE = "amq2api"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def checks() -> Iterator[Check]:
    here = machine()
    yield Check("python", "ok", f"Python {here['python']} on {here['system']} {here['machine']}.")
    yield _packages(installed())


def machine() -> dict[str, str]:
    """What this runs on."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
    }


def installed() -> dict[str, str]:
    """The versions of this program and of what it is built on; empty where one is missing."""
    return {name: _version(name) for name in (_PACKAGE, *_required())}


def _packages(found: dict[str, str]) -> Check:
    name = "packages"
    if missing := sorted(package for package, at in found.items() if not at):
        return Check(
            name, "problem", f"Not installed: {', '.join(missing)}.",
            "Install amq2api again, with what it depends on.",
        )  # fmt: skip
    if found[_PACKAGE] != __version__:
        return Check(
            name, "problem",
            f"The code is {__version__}, but {found[_PACKAGE]} is what was installed.",
            "Install amq2api again; the packages it needs may have changed.",
        )  # fmt: skip
    return Check(name, "ok", f"amq2api {__version__} and the {len(found) - 1} packages it needs.")


def _required() -> list[str]:
    try:
        lines = requires(_PACKAGE) or []
    except PackageNotFoundError:
        return []
    names = (_NAME.match(line) for line in lines if "extra ==" not in line)
    return [name.group() for name in names if name]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
