"""Every command test starts with nothing set, in a directory of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from amq2api.config import table
from amq2api.log import log
from cli.amazon import Amazon, amazon
from cli.running import Started, free_port, started


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for row in table():
        monkeypatch.delenv(row.env, raising=False)
    monkeypatch.chdir(tmp_path)
    # As at the start of a process: a logger keeps the settings under which it was first used.
    structlog.reset_defaults()
    vars(log).pop("bind", None)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """``amq2api serve --demo`` in a process of its own."""
    with started(tmp_path_factory.mktemp("demo"), "serve", "--demo") as process:
        yield process


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Amazon]:
    """A pretend Amazon that the settings of this test lead to."""
    with amazon() as pretended:
        for name, value in pretended.settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AMQ2API_TOKEN_CACHE", str(tmp_path / "tokens.json"))
        monkeypatch.setenv("AMQ2API_CALIBRATION_FILE", str(tmp_path / "calibration.json"))
        monkeypatch.setenv("PORT", str(free_port()))
        yield pretended
