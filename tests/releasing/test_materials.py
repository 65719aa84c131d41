"""The bill of materials says what is installed, and only what the lock allows."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from releasing import Stopped, locked, materials
from releasing.locked import Pin
from releasing.materials import Part

MADE = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
HASH, OTHER = "a" * 64, "b" * 64
LOCK = f"""\
some-part==1.0 \\
    --hash=sha256:{HASH} \\
    --hash=sha256:{OTHER}
windows-only==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:{HASH}
"""


def part(name: str, version: str = "1.0", licence: str = "MIT", *needs: str) -> Part:
    return Part(name, version, licence, "A part.", frozenset(needs))


def install(site: Path, name: str, version: str, *headers: str) -> None:
    place = site / f"{name}-{version}.dist-info"
    place.mkdir(parents=True)
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *headers]
    (place / "METADATA").write_text("\n".join(lines) + "\n\n")


def test_a_lock_is_read_with_its_hashes_and_markers() -> None:
    pinned = locked.pins(LOCK)

    assert pinned["some-part"].hashes == (HASH, OTHER)
    assert pinned["some-part"].wanted_here
    assert not pinned["windows-only"].wanted_here


@pytest.mark.parametrize("line", ["some-part>=1.0", "some-part==1.0", "-e ."])
def test_a_lock_that_pins_nothing_is_none(line: str) -> None:
    with pytest.raises(ValueError, match="no pin"):
        locked.pins(line)


def test_this_project_s_locks_are_read_whole() -> None:
    root = Path(__file__).parents[2]
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (root / name).read_text()
        assert sum(len(pin.hashes) for pin in locked.pins(text).values()) == text.count("--hash=")


def test_parts_are_what_is_needed_and_not_what_else_lies_there(tmp_path: Path) -> None:
    install(
        tmp_path,
        "amq2api",
        "1.0",
        "Requires-Dist: Some.Part[fast]>=1",
        "Requires-Dist: gone; sys_platform == 'never'",
    )
    install(
        tmp_path,
        "some_part",
        "1.5",
        "License-Expression: MIT",
        "Requires-Dist: quick; extra == 'fast'",
        "Requires-Dist: slow; extra == 'other'",
    )
    install(
        tmp_path,
        "quick",
        "2.0",
        "Classifier: License :: OSI Approved :: ISC License (ISCL)",
        "Requires-Dist: some-part",
    )
    install(tmp_path, "pip", "99")

    found = materials.parts(tmp_path)

    assert found.keys() == {"amq2api", "some-part", "quick"}
    assert (found["some-part"].version, found["some-part"].licence) == ("1.5", "MIT")
    assert found["quick"].licence == "ISC License (ISCL)"
    assert found["some-part"].needs == {"quick"}


def test_what_is_needed_must_be_there(tmp_path: Path) -> None:
    install(tmp_path, "amq2api", "1.0", "Requires-Dist: absent")
    with pytest.raises(Stopped, match="absent"):
        materials.parts(tmp_path)


def test_the_bill_names_each_part_with_its_hashes_its_licence_and_who_needs_it() -> None:
    found = {
        "amq2api": part("amq2api", "3.0", "MIT", "some-part"),
        "some-part": part("some-part", "1.0", "ISC License"),
    }

    told = json.loads(materials.bill(found, locked.pins(LOCK), MADE))

    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["timestamp"] == "2027-01-02T03:04:05+00:00"
    assert told["metadata"]["component"]["purl"] == "pkg:pypi/amq2api@3.0"
    (other,) = told["components"]
    assert other["purl"] == "pkg:pypi/some-part@1.0"
    assert {each["content"] for each in other["hashes"]} == {HASH, OTHER}
    assert other["licenses"] == [{"license": {"id": "ISC"}}]
    assert {"ref": "amq2api@3.0", "dependsOn": ["some-part@1.0"]} in told["dependencies"]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Apache-2.0 OR MIT", {"expression": "Apache-2.0 OR MIT"}),
        ("Apache 2.0", {"license": {"id": "Apache-2.0"}}),
        ("Some words of its own", {"license": {"name": "Some words of its own"}}),
    ],
    ids=["an expression", "words for one", "words for none"],
)
def test_licences_are_written_as_spdx_where_they_are(said: str, written: object) -> None:
    found = {"amq2api": part("amq2api", "3.0", said)}
    told = json.loads(materials.bill(found, {}, MADE))
    assert told["metadata"]["component"]["licenses"] == [written]


def test_the_same_parts_make_the_same_bill() -> None:
    one = {"amq2api": part("amq2api", "1.0", "MIT", "some-part"), "some-part": part("some-part")}
    other = dict(reversed(one.items()))
    pinned = locked.pins(LOCK)
    assert materials.bill(one, pinned, MADE) == materials.bill(other, pinned, MADE)


@pytest.mark.parametrize(
    "pinned",
    [{}, {"some-part": Pin("some-part", "1.1", (HASH,))}],
    ids=["not in the lock", "another version"],
)
def test_what_the_lock_does_not_pin_is_refused(pinned: dict[str, Pin]) -> None:
    found = {"amq2api": part("amq2api"), "some-part": part("some-part")}
    with pytest.raises(Stopped, match=r"some-part 1\.0"):
        materials.bill(found, pinned, MADE)
