"""The files of a release: built from a commit alone, the same every time, and tried."""

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path
from zipfile import ZipFile

from packaging.metadata import Metadata

from . import ROOT, Stopped


def git(*words: str, root: Path = ROOT) -> str:
    """What git says.

    Raises:
        Stopped: it refuses.
    """
    return _run(["git", *words], root).decode().strip()


def commit_time(commit: str, root: Path = ROOT) -> datetime:
    return datetime.fromtimestamp(int(git("log", "-1", "--format=%ct", commit, root=root)), UTC)


def build(commit: str, into: Path, root: Path = ROOT) -> list[Path]:
    """The sdist and the wheel of *commit*, into a directory.

    They are built twice, in two places, and the wheel a third time from the sdist.

    Raises:
        Stopped: nothing can be built, or not the same again.
    """
    when = int(commit_time(commit, root).timestamp())
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        first, second = (_built(commit, Path(place) / name, when, root) for name in ("a", "b"))
        _same(first, second)
        _same([_from_sdist(first, Path(place) / "c", when)], [_wheel(first)])
        made = [into / path.name for path in first]
        for path, kept in zip(first, made, strict=True):
            kept.write_bytes(path.read_bytes())
    return made


def check(made: Sequence[Path], version: str) -> None:
    """What a package index would refuse, and what would not work.

    Raises:
        Stopped: the metadata are wrong, or a file is missing.
    """
    wheel, info = _wheel(made), f"amq2api-{version}.dist-info"
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        for wanted in ("amq2api/py.typed", f"{info}/METADATA", f"{info}/licenses/LICENSE"):
            if wanted not in names:
                raise Stopped(f"{wheel.name} lacks {wanted}")
        _check_metadata(archive.read(f"{info}/METADATA"), version)
    if strays := [name for name in names if not name.startswith(("amq2api/", "amq2api-"))]:
        raise Stopped(f"{wheel.name} holds what is not the package's: {strays[0]}")
    sdist = _sdist(made)
    with tarfile.open(sdist) as archive:
        told = archive.extractfile(f"amq2api-{version}/PKG-INFO")
        assert told is not None
        _check_metadata(told.read(), version)


def install(wheel: Path, lock: Path, place: Path, version: str) -> Path:
    """A fresh environment with what the lock pins and the wheel; its site-packages.

    Raises:
        Stopped: it cannot be installed, or does not run.
    """
    _run([sys.executable, "-m", "venv", str(place)])
    pip = [str(place / "bin" / "pip"), "--quiet", "--disable-pip-version-check", "install"]
    _run([*pip, "--require-hashes", "-r", str(lock)])
    _run([*pip, "--no-deps", str(wheel)])
    _run([str(place / "bin" / "pip"), "--disable-pip-version-check", "check"])
    said = _run([str(place / "bin" / "amq2api"), "--version"]).decode()
    if version not in said.split():
        raise Stopped(f"the installed command calls itself {said.strip()}, not {version}")
    return next(place.glob("lib/python*/site-packages"))


def sums(files: Sequence[Path]) -> str:
    """For ``sha256sum --check``."""
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))


def _built(commit: str, place: Path, when: int, root: Path) -> list[Path]:
    # From the commit and nothing else: what only lies about is no part of a release.
    tree, out = place / "tree", place / "dist"
    tree.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(_run(["git", "archive", commit], root))) as archive:
        archive.extractall(tree, filter="data")
    return _hatch(tree, out, when)


def _from_sdist(made: Sequence[Path], place: Path, when: int) -> Path:
    with tarfile.open(_sdist(made)) as archive:
        archive.extractall(place, filter="data")
    return _wheel(_hatch(next(place.iterdir()), place / "dist", when, "-t", "wheel"))


def _hatch(tree: Path, out: Path, when: int, *words: str) -> list[Path]:
    hatch = [sys.executable, "-m", "hatchling", "build", "-d", str(out), *words]
    _run(["env", f"SOURCE_DATE_EPOCH={when}", *hatch], tree)
    return sorted(out.iterdir())


def _same(these: Sequence[Path], those: Sequence[Path]) -> None:
    for this, that in zip(these, those, strict=True):
        if this.name != that.name or this.read_bytes() != that.read_bytes():
            raise Stopped(f"{this.name} differs when it is built again")


def _check_metadata(raw: bytes, version: str) -> None:
    try:
        found = Metadata.from_email(raw, validate=True)
    except ExceptionGroup as exc:
        raise Stopped(f"metadata: {'; '.join(map(str, exc.exceptions))}") from None
    if str(found.version) != version:
        raise Stopped(f"the metadata say {found.version}, not {version}")
    parsed = BytesParser(policy=compat32).parsebytes(raw)
    if parsed.get("Description-Content-Type") != "text/markdown" or not found.description:
        raise Stopped("the metadata hold no description in Markdown")


def _wheel(made: Sequence[Path]) -> Path:
    return next(path for path in made if path.suffix == ".whl")


def _sdist(made: Sequence[Path]) -> Path:
    return next(path for path in made if path.name.endswith(".tar.gz"))


def _run(argv: Sequence[str], cwd: Path | None = None) -> bytes:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()[-1500:]
        raise Stopped(f"{' '.join(argv[:4])} … ended with {done.returncode}:\n{said}")
    return done.stdout
