"""Keeping what was learned about token counts, while the gateway runs and when it stops."""

import asyncio
from collections.abc import Callable

from amq2api.accounts.calibrationfile import CalibrationFile
from amq2api.bridge.calibration import Calibrations
from amq2api.log import log

EVERY = 30.0  # seconds between looks whether there is something to keep


class Calibrating:
    """Brings a gauge and its file together. Never fatal: estimates do without."""

    def __init__(self, gauge: Calibrations, file: CalibrationFile) -> None:
        self._gauge, self._file = gauge, file
        self._failed = False
        self.heard: list[Callable[[], None]] = []
        """Told whenever something new is in the file."""

    def load(self) -> None:
        """Begin with what is known already. Blocks on the disk."""
        self._gauge.adopt(self._file.read())

    async def keep(self) -> None:
        """Save now and then, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.save()

    async def save(self) -> None:
        """Put what is new into the file, and take from it what others have learned."""
        news = self._gauge.unsaved()
        if not news:
            return
        try:
            saved = await asyncio.to_thread(self._file.join, news)
        except OSError as exc:
            self._gauge.give_back(news)
            if not self._failed:
                log.warning(
                    "calibration.unwritable", path=str(self._file.path), reason=exc.strerror
                )
            self._failed = True
            return
        self._failed = False
        self._gauge.adopt(saved)
        for tell in self.heard:
            tell()

    async def refresh(self) -> None:
        """Take in what others have put into the file."""
        self._gauge.adopt(await asyncio.to_thread(self._file.read))
