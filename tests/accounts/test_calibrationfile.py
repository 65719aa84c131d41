"""What was learned about counts survives restarts, other processes, and hands that break it."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from amq2api.accounts import files
from amq2api.accounts.calibrationfile import CalibrationFile
from amq2api.bridge.calibration import Known, Sample

KNOWN = Known((Sample(1000.0, 2300.0),), (0.02,), 7.0)


@pytest.fixture
def file(tmp_path: Path) -> CalibrationFile:
    return CalibrationFile(tmp_path / "calibration.json")


def test_what_was_joined_is_there_after_a_restart(file: CalibrationFile) -> None:
    file.join({"m": KNOWN})
    assert CalibrationFile(file.path).read() == {"m": KNOWN}


def test_only_its_owner_may_read_it(file: CalibrationFile) -> None:
    file.join({"m": KNOWN})
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_its_form_can_be_read_by_people(file: CalibrationFile) -> None:
    file.join({"m": KNOWN})
    assert json.loads(file.path.read_text()) == {
        "version": 1,
        "models": {"m": {"samples": [[1000.0, 2300.0]], "errors": [0.02], "updated_at": 7.0}},
    }


def test_no_file_is_no_knowledge(file: CalibrationFile) -> None:
    assert file.read() == {}


def test_each_process_adds_to_what_the_other_wrote(file: CalibrationFile) -> None:
    other = Known((Sample(5000.0, 7000.0),), (0.5,), 9.0)
    file.join({"m": KNOWN})
    both = CalibrationFile(file.path).join({"m": other, "n": other})
    joined = Known((*KNOWN.samples, *other.samples), (0.02, 0.5), 9.0)
    assert both == {"m": joined, "n": other} == file.read()


_WORKER = """
import sys
from pathlib import Path
from amq2api.accounts.calibrationfile import CalibrationFile
from amq2api.bridge.calibration import Known, Sample
file = CalibrationFile(Path(sys.argv[1]))
for turn in range(8):
    at = 2.0 ** (int(sys.argv[2]) * 8 + turn)
    file.join({"m": Known((Sample(at, at),), (), at)})
"""


def test_two_processes_at_once_lose_nothing(file: CalibrationFile) -> None:
    workers = [
        subprocess.Popen([sys.executable, "-c", _WORKER, str(file.path), str(number)])
        for number in range(2)
    ]
    assert [worker.wait(30) for worker in workers] == [0, 0]
    sizes = sorted(sample.text for sample in file.read()["m"].samples)
    assert sizes == [2.0**power for power in range(16)]


BROKEN: dict[str, bytes] = {
    "cut off": b'{"version": 1, "models": {"m": {"sam',
    "no JSON": b"hello",
    "no UTF-8": b'{"version": 1, "models": {"\xff": {}}}',
    "another shape": b'{"version": 1, "models": []}',
    "text where numbers belong": b'{"version": 1, "models": {"m": {"samples": [["a", "b"]]}}}',
    "a number too large": b'{"version": 1, "models": {"m": {"errors": [1e999]}}}',
    "nested without end": b"[" * 100_000,
    "a later version": b'{"version": 2, "models": {}}',
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_file_broken_by_hand_is_set_aside(file: CalibrationFile, raw: bytes) -> None:
    file.path.write_bytes(raw)
    with structlog.testing.capture_logs() as logs:
        assert file.read() == {}
    assert [entry["event"] for entry in logs] == ["calibration.broken"]
    assert not file.path.exists()
    assert file.path.with_name("calibration.json.broken").read_bytes() == raw
    assert file.join({"m": KNOWN}) == {"m": KNOWN}


def test_samples_that_make_no_sense_are_left_out(file: CalibrationFile) -> None:
    senseless = [[-5.0, 100.0], [0.0, 100.0], [1000.0, 1.0], [1e300, 1e300], [1000.0, 2300.0]]
    models = {"m": {"samples": senseless, "errors": [0.02], "updated_at": 7.0}}
    file.path.write_text(json.dumps({"version": 1, "models": models}))
    assert file.read() == {"m": KNOWN}


def test_a_broken_file_that_cannot_be_renamed_is_written_over(
    file: CalibrationFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.path.write_bytes(b"hello")
    file.path.with_name("calibration.json.broken").mkdir()
    with structlog.testing.capture_logs() as logs:
        assert file.read() == {}
    assert "cannot be renamed" in logs[0]["reason"]
    assert file.join({"m": KNOWN}) == {"m": KNOWN} == file.read()


def test_a_file_that_cannot_be_opened_is_no_knowledge(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        assert CalibrationFile(tmp_path).read() == {}
    assert [entry["event"] for entry in logs] == ["calibration.unreadable"]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = CalibrationFile(tmp_path / "file" / "calibration.json")
    with pytest.raises(OSError, match="file"):
        file.join({"m": KNOWN})


def test_a_crash_while_writing_leaves_the_old_file(
    file: CalibrationFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.join({"m": KNOWN})

    def crash(*_: object, **__: object) -> bool:
        raise OSError("no space")

    monkeypatch.setattr(files, "replace", crash)
    with pytest.raises(OSError, match="no space"):
        file.join({"n": KNOWN})
    assert file.read() == {"m": KNOWN}
