"""Making a release: what scripts/release and scripts/audit do. Nothing here uploads anything."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


class Stopped(Exception):
    """A release cannot be made, and the message says why."""
