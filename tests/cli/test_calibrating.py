"""A gauge and its file brought together while the gateway runs."""

import asyncio
from pathlib import Path

import pytest
import structlog

from amq2api.accounts.calibrationfile import CalibrationFile
from amq2api.bridge.calibration import Calibrations, Knowledge
from amq2api.bridge.tokens import Size
from amq2api.cli import calibrating
from amq2api.cli.calibrating import Calibrating


def taught(gauge: Calibrations, *texts: float) -> Calibrations:
    for at, text in enumerate(texts):
        gauge.learn("m", Size(text, 0.0), round(2_000 + text), float(at))
    return gauge


def test_what_was_learned_is_known_after_a_restart(tmp_path: Path) -> None:
    file = CalibrationFile(tmp_path / "c.json")
    asyncio.run(Calibrating(taught(Calibrations(), 1e3, 1e4, 1e5), file).save())
    later = Calibrations()
    Calibrating(later, file).load()
    assert later.count(Size(5_000.0, 0.0), "m") == pytest.approx(7_000, rel=0.05)


def test_saving_brings_what_others_have_learned(tmp_path: Path) -> None:
    file = CalibrationFile(tmp_path / "c.json")
    asyncio.run(Calibrating(taught(Calibrations(), 1e3, 1e5), file).save())
    mine = taught(Calibrations(), 1e4)
    asyncio.run(Calibrating(mine, file).save())
    assert mine.report()[0].samples == 3


def test_nothing_new_is_not_written(tmp_path: Path) -> None:
    file = CalibrationFile(tmp_path / "c.json")
    asyncio.run(Calibrating(Calibrations(), file).save())
    assert not file.path.exists()


def test_what_cannot_be_saved_is_told_once_and_kept_for_later(tmp_path: Path) -> None:
    (tmp_path / "d").touch()
    gauge = taught(Calibrations(), 1e3)
    work = Calibrating(gauge, CalibrationFile(tmp_path / "d" / "c.json"))
    with structlog.testing.capture_logs() as logs:
        asyncio.run(work.save())
        asyncio.run(work.save())
    assert [entry["event"] for entry in logs] == ["calibration.unwritable"]
    (tmp_path / "d").unlink()
    taught(gauge, 1e4)
    asyncio.run(work.save())
    assert len(CalibrationFile(tmp_path / "d" / "c.json").read()["m"].samples) == 2


class Heard(CalibrationFile):
    """Tells the loop when it was written."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(path)
        self._loop, self.written = loop, asyncio.Event()

    def join(self, news: Knowledge) -> Knowledge:
        both = super().join(news)
        self._loop.call_soon_threadsafe(self.written.set)
        return both


def test_it_is_saved_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrating, "EVERY", 0.001)

    async def story() -> None:
        file = Heard(tmp_path / "c.json", asyncio.get_running_loop())
        keeping = asyncio.ensure_future(Calibrating(taught(Calibrations(), 1e3), file).keep())
        await asyncio.wait_for(file.written.wait(), 10)
        keeping.cancel()
        assert list(file.read()) == ["m"]

    asyncio.run(story())
