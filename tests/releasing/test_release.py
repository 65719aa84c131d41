"""A release of a small project, with real git and real builds; nothing is downloaded."""

import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from releasing import Stopped, files
from releasing.__main__ import main, released

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "amq2api"
version = "0.1.0"
description = "A stand-in."
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
license-files = ["LICENSE"]

[tool.hatch.build.targets.wheel]
packages = ["src/amq2api"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    package = root / "src/amq2api"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""A stand-in."""\n\n__version__ = "0.1.0"\n')
    (package / "py.typed").touch()
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "README.md").write_text("# A stand-in\n")
    (root / "LICENSE").write_text("MIT License\n")
    (root / "changes").mkdir()
    (root / "changes/1.added.md").write_text("It stands in.\n")
    git(root, "init", "--quiet")
    commit(root, "Begin")
    return root


def git(root: Path, *words: str) -> None:
    named = ("-c", "user.name=Some One", "-c", "user.email=one@example.com")
    subprocess.run(["git", *named, *words], cwd=root, check=True, capture_output=True)


def commit(root: Path, why: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", why)


def test_a_release_is_prepared_tagged_and_recognised(project: Path) -> None:
    assert main(["prepare", "0.2.0"], project) == 0
    assert '__version__ = "0.2.0"' in (project / "src/amq2api/__init__.py").read_text()
    assert "## 0.2.0 - " in (project / "CHANGELOG.md").read_text()
    with pytest.raises(Stopped, match="in no commit"):
        released(project, trial=False)
    commit(project, "Release 0.2.0")
    with pytest.raises(Stopped, match=r"not tagged v0\.2\.0"):
        released(project, trial=False)
    git(project, "tag", "--annotate", "v0.2.0", "--message", "0.2.0")

    assert released(project, trial=False) == "0.2.0"


def test_the_changelog_has_to_begin_with_the_version(project: Path) -> None:
    main(["prepare", "0.2.0"], project)
    page = project / "CHANGELOG.md"
    page.write_text(page.read_text().replace("0.2.0", "0.1.9"))
    commit(project, "Release 0.2.0")
    git(project, "tag", "--annotate", "v0.2.0", "--message", "0.2.0")

    with pytest.raises(Stopped, match=r"does not begin with 0\.2\.0"):
        released(project, trial=False)


def test_the_version_has_to_be_the_same_everywhere(project: Path) -> None:
    place = project / "src/amq2api/__init__.py"
    place.write_text(place.read_text().replace("0.1.0", "0.1.1"))
    commit(project, "Forget the other place")

    with pytest.raises(Stopped, match="not the same everywhere"):
        released(project, trial=True)


@pytest.mark.parametrize("version", ["1", "1.2", "v1.2.0", "1.2.0-rc1", "next"])
def test_what_is_no_version_is_refused(
    version: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prepare", version], project) == 1
    assert version in capsys.readouterr().err
    assert (project / "changes/1.added.md").exists()


def test_files_come_from_the_commit_and_come_out_the_same(project: Path, tmp_path: Path) -> None:
    (project / "src/amq2api/stray.py").write_text("STRAY = 1\n")

    made = files.build("HEAD", tmp_path / "dist", project)

    assert [path.name for path in made] == [
        "amq2api-0.1.0-py3-none-any.whl",
        "amq2api-0.1.0.tar.gz",
    ]
    with ZipFile(made[0]) as wheel:
        assert "amq2api/stray.py" not in wheel.namelist()
        (stamp,) = {entry.date_time[:3] for entry in wheel.infolist()}
        assert stamp == files.commit_time("HEAD", project).timetuple()[:3]
    files.check(made, "0.1.0")
    with pytest.raises(Stopped, match=r"lacks amq2api-0\.2\.0"):
        files.check(made, "0.2.0")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('readme = "README.md"\n', "", "no description"),
        ('["src/amq2api"]', '["src/amq2api", "changes"]', "not the package's"),
    ],
    ids=["no description", "a stray folder"],
)  # fmt: skip
def test_what_an_index_would_refuse_is_found(
    before: str, after: str, told: str, project: Path, tmp_path: Path
) -> None:
    (project / "pyproject.toml").write_text(PYPROJECT.replace(before, after))
    commit(project, "Spoil it")
    made = files.build("HEAD", tmp_path / "dist", project)

    with pytest.raises(Stopped, match=told):
        files.check(made, "0.1.0")


def test_sums_are_those_that_sha256sum_checks(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("b.whl", "a.tar.gz")]
    for path in paths:
        path.write_text(path.name)
    (tmp_path / "SHA256SUMS").write_text(files.sums(paths))

    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.stdout == "a.tar.gz: OK\nb.whl: OK\n"
