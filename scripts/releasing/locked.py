"""What a lock pins: names, versions and the hashes of all files that are accepted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.markers import Marker
from packaging.utils import canonicalize_name


@dataclass(frozen=True)
class Pin:
    name: str
    version: str
    hashes: tuple[str, ...]  # sha256, one for each file of that version
    marker: Marker | None = None

    @property
    def wanted_here(self) -> bool:
        return self.marker is None or self.marker.evaluate()


def pins(lock: str) -> dict[str, Pin]:
    """The lock's pins by canonical name.

    Raises:
        ValueError: an entry is no pin with hashes.
    """
    return {pin.name: pin for pin in _entries(lock)}


def _entries(lock: str) -> Iterator[Pin]:
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        said = entry.replace("\\\n", " ")
        requirement = said.partition(" --hash")[0]
        pinned, _, marker = requirement.partition(";")
        name, sign, version = pinned.strip().partition("==")
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", said))
        if not (sign and hashes):
            raise ValueError(f"no pin with hashes: {requirement.strip()}")
        yield Pin(
            canonicalize_name(name), version, hashes, Marker(marker.strip()) if marker else None
        )
