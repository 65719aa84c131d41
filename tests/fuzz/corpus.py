"""What each target is tried with first: seeds, and whatever once broke one."""

from pathlib import Path

_HOME = Path(__file__).with_name("corpus")


def inputs(target: str) -> dict[str, bytes]:
    """By file name, in the same order everywhere."""
    return {path.name: path.read_bytes() for path in sorted((_HOME / target).iterdir())}


def keep(target: str, name: str, data: bytes) -> Path:
    path = _HOME / target / name
    path.write_bytes(data)
    return path
