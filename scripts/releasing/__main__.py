"""The command: ``scripts/release --help``."""

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from . import ROOT, Stopped, changelog, files, locked, materials

_VERSION = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
_PLACES = (
    (Path("pyproject.toml"), re.compile(r'(?m)^version = "([^"]+)"$')),
    (Path("src/amq2api/__init__.py"), re.compile(r'(?m)^__version__ = "([^"]+)"$')),
)


def main(words: Sequence[str] | None = None, root: Path = ROOT) -> int:
    options = _options(words)
    try:
        if options.step == "prepare":
            prepare(root, options.version, datetime.now(UTC))
        else:
            make(root, options.into, options.trial)
    except Stopped as exc:
        print(f"Stopped: {exc}", file=sys.stderr)
        return 1
    return 0


def prepare(root: Path, version: str, now: datetime) -> None:
    """Set the version everywhere and gather what has changed; nothing is committed.

    Raises:
        Stopped: the version is none, or there is nothing to tell.
    """
    if not _VERSION.fullmatch(version):
        raise Stopped(f"{version}: a version is three numbers, such as 1.2.0 or 1.2.0rc1")
    gathered = changelog.gather(root, version, now.date())
    for place, pattern in _PLACES:
        text = (root / place).read_text()
        (root / place).write_text(pattern.sub(lambda m: m[0].replace(m[1], version), text))
    print(f"{len(gathered)} fragments are in CHANGELOG.md under {version} now. Read it, then:")
    print(f"    git add --all && git commit -m 'Release {version}'")
    print(f"    git tag -a v{version} -m {version}")
    print("    scripts/release build")


def make(root: Path, into: Path, trial: bool) -> None:
    """All files of the release that HEAD is, into a directory.

    Raises:
        Stopped: version, tag and changelog do not agree, or something fails its test.
    """
    version = released(root, trial)
    made = files.build("HEAD", into, root)
    files.check(made, version)
    with tempfile.TemporaryDirectory() as place:
        lock = root / "requirements.lock"
        wheel = next(path for path in made if path.suffix == ".whl")
        packages = files.install(wheel, lock, Path(place) / "venv", version)
        pinned = locked.pins(lock.read_text())
        told = materials.bill(materials.parts(packages), pinned, files.commit_time("HEAD", root))
    bill = into / f"amq2api-{version}.cdx.json"
    bill.write_text(told)
    (into / "SHA256SUMS").write_text(files.sums([*made, bill]))
    print(f"In {into}, tried and not uploaded:", *sorted(path.name for path in into.iterdir()))


def released(root: Path, trial: bool) -> str:
    """The version of HEAD, which the tag and the changelog must agree on unless it is a *trial*.

    Raises:
        Stopped: they do not, or the tree has changes that are in no commit.
    """
    said = {
        str(place): match[1]
        for place, pattern in _PLACES
        if (match := pattern.search(files.git("show", f"HEAD:{place}", root=root)))
    }
    if len(said) < len(_PLACES) or len({*said.values()}) > 1:
        raise Stopped(f"the version is not the same everywhere: {said}")
    version = said["pyproject.toml"]
    if trial:
        return version
    if changed := files.git("status", "--porcelain", root=root):
        raise Stopped(f"there are changes in no commit:\n{changed}")
    if f"v{version}" not in files.git("tag", "--points-at", "HEAD", root=root).split():
        raise Stopped(f"HEAD is not tagged v{version}")
    told = changelog.headings((root / "CHANGELOG.md").read_text())
    if not told or told[0][0] != version:
        raise Stopped(f"CHANGELOG.md does not begin with {version}")
    return version


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/release",
        description="Prepare a release, and make its files: sdist, wheel, bill of materials, sums."
        " Nothing is uploaded.",
    )  # fmt: skip
    steps = parser.add_subparsers(dest="step", required=True)
    first = steps.add_parser("prepare", help="set the version, gather changes/ into CHANGELOG.md")
    first.add_argument("version")
    second = steps.add_parser("build", help="make and try the files of the tagged commit")
    second.add_argument("--into", type=Path, default=Path("dist"), help="default: dist")
    second.add_argument(
        "--trial", action="store_true", help="of whatever is committed, tagged and told of or not"
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
