"""Fragments become a changelog."""

from datetime import date
from pathlib import Path

import pytest

from releasing import Stopped, changelog

DAY = date(2027, 1, 2)


def write(root: Path, **told: str) -> None:
    (root / "changes").mkdir(exist_ok=True)
    (root / "changes/README.md").write_text("How to write one.")
    for name, text in told.items():
        (root / "changes" / f"{name.replace('_', '.').removeprefix('n')}.md").write_text(text)


def test_a_section_tells_what_breaks_first_and_issues_in_their_order() -> None:
    told = [("fixed", 7, "Z.\n"), ("fixed", 6, "Y."), ("breaking", 9, "X."), ("security", 1, "W.")]

    assert changelog.section("1.2.0", DAY, told).split("\n\n") == [
        "## 1.2.0 - 2027-01-02",
        "### Breaking", "X.",
        "### Fixed", "Y.", "Z.",
        "### Security", "W.\n",
    ]  # fmt: skip


def test_the_newest_version_comes_on_top_and_the_others_stay(tmp_path: Path) -> None:
    write(tmp_path, n1_added="One.")
    changelog.gather(tmp_path, "1.0.0", DAY)
    first = (tmp_path / "CHANGELOG.md").read_text()
    write(tmp_path, n2_fixed="Two.")

    changelog.gather(tmp_path, "1.0.1", DAY)

    both = (tmp_path / "CHANGELOG.md").read_text()
    assert changelog.headings(both) == [("1.0.1", "2027-01-02"), ("1.0.0", "2027-01-02")]
    assert both.startswith(changelog.HEAD) and both.endswith(first.removeprefix(changelog.HEAD))
    assert "\n\n\n" not in both


def test_what_is_told_is_no_fragment_any_more(tmp_path: Path) -> None:
    write(tmp_path, n1_added="One.", n12_security="Twelve.")

    gathered = changelog.gather(tmp_path, "1.0.0", DAY)

    assert {path.name for path in gathered} == {"1.added.md", "12.security.md"}
    assert [path.name for path in (tmp_path / "changes").iterdir()] == ["README.md"]


@pytest.mark.parametrize("name", ["1.new.md", "one.added.md", "1.added.fixed.md", "notes.md"])
def test_a_file_that_is_no_fragment_is_named(name: str, tmp_path: Path) -> None:
    write(tmp_path, n1_added="One.")
    (tmp_path / "changes" / name).write_text("What?")

    with pytest.raises(Stopped, match=name):
        changelog.gather(tmp_path, "1.0.0", DAY)
    assert not (tmp_path / "CHANGELOG.md").exists()


def test_without_a_change_there_is_no_release(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(Stopped, match="nothing to tell"):
        changelog.gather(tmp_path, "1.0.0", DAY)


def test_a_version_is_told_of_once(tmp_path: Path) -> None:
    write(tmp_path, n1_added="One.")
    changelog.gather(tmp_path, "1.0.0", DAY)
    write(tmp_path, n2_added="Two.")

    with pytest.raises(Stopped, match="already"):
        changelog.gather(tmp_path, "1.0.0", DAY)
    assert (tmp_path / "changes/2.added.md").exists()


def test_the_fragments_of_this_project_are_fragments() -> None:
    changelog.fragments(Path(__file__).parents[2] / "changes")
