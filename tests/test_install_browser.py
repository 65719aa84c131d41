"""scripts/install-browser on machines that have this and lack that."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "dirname", "cmp", "cat", "cp", "grep", "mkdir", "mv", "rm", "touch", "chmod", "ln")
APT = """#!/bin/sh
echo "apt-get $*" >>"$SAID"
case "$*" in
*update*) touch "$SAID.updated" ;;
*chromium*) [ -e "$SAID.updated" ] && ln -s "$(command -v sh)" "$BIN/chromium" ;;
esac
"""
NPM = """#!/bin/sh
mkdir -p node_modules/axe-core && echo "/* axe */" >node_modules/axe-core/axe.min.js
echo "npm $*" >>"$SAID"
"""


@dataclass
class Machine:
    """The project's script in a place of its own, and a PATH that holds what a test puts there."""

    home: Path

    @property
    def said(self) -> list[str]:
        """What the package managers were told."""
        words = self.home / "said"
        return words.read_text().splitlines() if words.exists() else []

    def has(self, name: str, script: str = "#!/bin/sh\n") -> None:
        program = self.home / "bin" / name
        program.write_text(script)
        program.chmod(0o755)

    def run(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        paths = {"PATH": str(self.home / "bin"), "BIN": str(self.home / "bin")}
        return subprocess.run(
            [self.home / "scripts/install-browser"], text=True, capture_output=True, check=False,
            env=paths | {"SAID": str(self.home / "said")} | environment, timeout=30,
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("scripts/install-browser", "tests/browser/package.json"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / "bin" / name).symlink_to(found)
    made = Machine(tmp_path)
    made.has("npm", NPM)
    made.has("id", "#!/bin/sh\necho 0\n")
    return made


def test_what_is_there_is_left_alone(machine: Machine) -> None:
    machine.has("google-chrome")
    machine.has("apt-get", APT)
    assert [machine.run().returncode for _ in range(2)] == [0, 0]
    assert [line.split()[0] for line in machine.said] == ["npm"]  # axe, the first time


def test_a_missing_browser_is_installed_and_lists_are_fetched_if_that_helps(
    machine: Machine,
) -> None:
    machine.has("apt-get", APT)
    done = machine.run()
    assert done.returncode == 0, done.stderr
    install = "apt-get install -qq --yes --no-install-recommends chromium"
    assert machine.said[:3] == [install, "apt-get update -qq", install]


def test_a_missing_font_is_installed_too(machine: Machine) -> None:
    machine.has("chromium")
    machine.has("fc-list")
    machine.has("apt-get", APT)
    done = machine.run()
    assert done.returncode == 0 and "boxes" in done.stderr
    assert "fonts-wqy-zenhei" in machine.said[0] and "chromium" not in machine.said[0]


@pytest.mark.parametrize("who", ["0", "1000"])
def test_who_cannot_install_it_is_told_what_to_do(machine: Machine, who: str) -> None:
    machine.has("id", f"#!/bin/sh\necho {who}\n")
    machine.has("apt-get", "#!/bin/sh\nexit 100\n")
    done = machine.run()
    assert done.returncode == 1
    assert "apt install chromium" in done.stderr and "AMQ2API_CHROMIUM" in done.stderr


def test_a_browser_of_ones_choice(machine: Machine) -> None:
    machine.has("my-browser")
    assert machine.run(AMQ2API_CHROMIUM=str(machine.home / "bin/my-browser")).returncode == 0
    done = machine.run(AMQ2API_CHROMIUM="/nowhere/chromium")
    assert done.returncode == 1 and "/nowhere/chromium is no program" in done.stderr


def test_without_npm_there_is_no_axe(machine: Machine) -> None:
    machine.has("chromium")
    (machine.home / "bin/npm").unlink()
    done = machine.run()
    assert done.returncode == 1 and "Node.js" in done.stderr
