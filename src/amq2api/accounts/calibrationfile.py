"""Where it is kept across restarts how far estimates of tokens are off.

::

    {"version": 1, "models": {"claude-sonnet-4.5": {"samples": [[1043.2, 3321.0], …],
      "errors": [0.021, …], "updated_at": 1760000000.0}}}

Several gateways may share the file: each adds what it has learned to what is there.
"""

import os
from pathlib import Path

import msgspec

from amq2api.bridge.calibration import Knowledge, Known, combined
from amq2api.log import log

from . import files

_VERSION = 1


class _Whole(msgspec.Struct, frozen=True):
    version: int
    models: dict[str, Known]


class CalibrationFile:
    """Its methods block on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Knowledge:
        """What is there. A file that nobody can read is set aside: no reason to fail."""
        try:
            _, raw = files.read(self.path)
        except OSError as exc:
            log.warning("calibration.unreadable", path=str(self.path), reason=exc.strerror)
            return {}
        if not raw:
            return {}
        try:
            whole = msgspec.json.decode(raw, type=_Whole)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
            return self._set_aside(str(exc))
        if whole.version != _VERSION:
            return self._set_aside(f"version {whole.version} is not known here")
        return combined({}, whole.models)

    def join(self, news: Knowledge) -> Knowledge:
        """Add *news* to the file, on disk when this returns, and tell all that is there now.

        Raises OSError.
        """
        with files.Lock(self.path):
            both = combined(self.read(), news)
            files.replace(self.path, msgspec.json.encode(_Whole(_VERSION, both)) + b"\n")
        return both

    def _set_aside(self, reason: str) -> Knowledge:
        aside = self.path.with_name(f"{self.path.name}.broken")
        try:
            os.replace(self.path, aside)
        except OSError as exc:
            # It stays, and is written over when there is something to write.
            reason = f"{reason}; it cannot be renamed: {exc.strerror}"
        log.warning("calibration.broken", path=str(self.path), aside=str(aside), reason=reason)
        return {}
