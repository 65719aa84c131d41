"""What holds for the project as a whole: files that must agree, and words that must not occur."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from amq2api.config import table
from pages import PAGES

ROOT = Path(__file__).parent.parent
SCRIPTS = (
    "start.sh", ".ci/run", "bench/run",
    *(f"scripts/{name}" for name in (
        "audit", "check", "docs", "fuzz", "golden", "install", "install-browser", "install-clients",
        "lint", "lock", "lowest", "profile", "release", "soak", "test", "venv",
    )),
)  # fmt: skip


def tracked() -> list[str]:
    """The files that git knows; all of them where there is no git."""
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode:
        pytest.skip("no git here")
    return [name for name in asked.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for name in tracked():
        raw = (ROOT / name).read_bytes()
        if b"\0" not in raw:
            yield name, raw.decode(errors="replace")


@pytest.mark.parametrize(("name", "make"), PAGES.items(), ids=PAGES)
def test_pages_say_what_the_code_says(name: str, make: Any) -> None:
    assert (ROOT / name).read_text() == make(), "run scripts/docs"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readmes_are_short_and_begin_with_the_two_commands(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert len(lines) <= 150
    commands = [line.split("#")[0].strip() for line in lines if line.startswith("    ./")]
    assert commands == ["./start.sh --demo", "./scripts/test"]
    first = next(place for place, line in enumerate(lines) if line.startswith("    ./"))
    assert first <= 5


def test_both_readmes_have_the_same_content() -> None:
    """The same headings, code, links and names of things, in the same order."""
    english, chinese = ((ROOT / name).read_text() for name in ("README.md", "README.zh.md"))

    def skeleton(text: str) -> dict[str, list[str]]:
        code = re.findall(r"(?ms)^```(\w+)\n(.*?)^```", text)
        without_code = re.sub(r"(?ms)^```.*?^```", "", text)
        return {
            "levels": re.findall(r"(?m)^#+", without_code),
            "code": [re.sub(r"#.*", "", block) for block in map(" ".join, code)],
            "links": sorted(re.findall(r"\]\((?!README)([^)]+)\)", text)),
            "names": sorted(set(re.findall(r"`([^`\n]+)`", without_code))),
            "dates": re.findall(r"\d{4}-\d\d-\d\d", text),
        }

    assert skeleton(english) == skeleton(chinese)


def test_links_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("changes/*.md"))
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_no_file_names_a_package_registry() -> None:
    # In parts, so that this file is none that does.
    hosts = [
        ".".join(parts)
        for parts in (
            ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
            ("yarnpkg", "com"), ("crates", "io"), ("proxy", "golang", "org"), ("rubygems", "org"),
            ("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("debian", "org"),
        )
    ]  # fmt: skip
    found = [f"{name}: {host}" for name, text in texts() for host in hosts if host in text]
    assert found == []


def test_no_file_holds_a_path_of_somebody_s_machine() -> None:
    homes = re.compile(r"(?<![\w/.~-])/(?:root|home/(?!me\b|user\b|you\b)\w+|Users/\w+|work)/")
    found = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if not name.startswith("tests/") or name == "tests/test_project.py"
        for match in homes.finditer(text)
    ]
    assert found == []


def test_modules_are_of_a_readable_size() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in (ROOT / "src").rglob("*.py")}
    assert {str(path): size for path, size in sizes.items() if size > 400} == {}


def test_nothing_is_called_after_what_says_nothing() -> None:
    vague = re.compile(r"^class \w*(Manager|Helper|Util|Utils|Processor)\b", re.MULTILINE)
    named = [str(path) for path in (ROOT / "src").rglob("*.py") if vague.search(path.read_text())]
    assert named == []


def test_the_licence_is_there_and_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_scripts_are_executable_and_parse(name: str, shell: str) -> None:
    assert (ROOT / name).stat().st_mode & 0o111
    subprocess.run([shell, "-n", ROOT / name], check=True)


def test_ci_runs_the_tests_and_nothing_else() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert lines[1:] == ['cd "$(dirname "$0")/.." && exec ./scripts/test']


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_and_hash_everything(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+==[\w.]+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_locks_agree_and_hold_what_the_project_asks_for() -> None:
    locked, for_tests = (pins(ROOT / f"requirements{kind}.lock") for kind in ("", "-dev"))
    assert locked.items() <= for_tests.items()
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {name(line) for line in declared["project"]["dependencies"]}
    assert wanted | {name(line) for line in declared["build-system"]["requires"]} <= set(locked)
    assert {name(line) for line in declared["dependency-groups"]["dev"]} <= set(for_tests)


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([a-z0-9.-]+)==([\w.]+)", lock.read_text()))


def name(requirement: str) -> str:
    """The bare name of ``uvicorn[standard]>=0.34``."""
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")


def test_the_image_copies_what_is_there_and_let_in() -> None:
    let_in = (ROOT / ".dockerignore").read_text()
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", dockerfile)
    sources = [source for line in copied for source in line.split()]
    assert "src" in sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in let_in.splitlines()


def test_the_image_runs_without_root_and_tells_its_health() -> None:
    last = (ROOT / "Dockerfile").read_text().rpartition("FROM ")[2]
    assert re.search(r"(?m)^USER 10001$", last)
    assert "/health" in re.findall(r"(?m)^HEALTHCHECK .*$", last)[0]
    known = {row.env for row in table()}
    assert set(re.findall(r"\b((?:AMQ2API|AMAZONQ)_\w+)=", last)) <= known


def test_the_composed_service_is_closed_in() -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    service = composed["services"]["amq2api"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ports"] == ["127.0.0.1:3015:3015"]
    assert service["volumes"] == ["data:/data"]
    assert set(service["environment"]) <= {row.env for row in table()}
    assert "data" in composed["volumes"]
