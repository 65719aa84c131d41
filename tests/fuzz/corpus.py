"""What each target is tried with first: seeds, and whatever once broke one."""

from pathlib import Path


def home(target: str) -> Path:
    return Path(__file__).with_name("corpus") / target


def inputs(target: str) -> dict[str, bytes]:
    """By file name, in the same order everywhere."""
    return {path.name: path.read_bytes() for path in sorted(home(target).iterdir())}


def keep(target: str, name: str, data: bytes) -> Path:
    path = home(target) / name
    path.write_bytes(data)
    return path
