"""Processes that share the port: started together, started anew when they die, and stopped
together.

Each has a listening socket of its own, between which the system spreads those who connect. The
sockets belong to the parent, too, so that whoever connects while a worker is away waits for the
next one instead of being refused.
"""

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import typer

from amq2api.log import log

from .app import Complaint
from .orders import BEAT, CUT, RELOAD, STOP, UP
from .signs import Signals

_SOUND = 10.0  # seconds that a worker has to live not to be taken for one that cannot
_FIRST, _LONGEST = 0.25, 30.0  # seconds between its death and the next one, if it is
_DEAF = 12  # beats, a minute: no work that a worker does takes its loop for so long
# Seconds beyond their patience after which workers are killed: they have their own ways to end,
# and a token that is being renewed must not be lost.
_FAREWELL = 60.0


@dataclass(frozen=True, slots=True)
class Post:
    """What a worker is given."""

    number: int
    listening: socket.socket
    line: socket.socket
    """To its parent: orders come, and :data:`UP` goes."""
    again: bool
    """Whether there was another one in its place before."""


@dataclass(slots=True)
class _Worker:
    number: int
    pid: int = 0
    """0 while there is none."""
    line: socket.socket | None = None
    began: float = 0.0
    due: float | None = None
    """When it is to be started."""
    missed: int = 0
    """Beats in a row that were not heard, from its start on."""
    deaths: int = 0
    """So many in a row came too early."""
    started: int = 0


@dataclass(slots=True)
class Crew:
    """The parent's side.

    Args:
        listening: One socket for each worker.
        patience: Seconds that calls get to end in when all are stopped.
        farewell: Seconds beyond that after which workers are killed.
        beat: Seconds between two signs of life of a worker.
    """

    listening: Sequence[socket.socket]
    patience: float
    farewell: float = _FAREWELL
    beat: float = BEAT
    _workers: list[_Worker] = field(default_factory=list, init=False)
    _ever_up: bool = field(default=False, init=False)
    _failed: bool = field(default=False, init=False)
    _beats_at: float = field(default=0.0, init=False)
    """When beats are counted next."""
    _kill_at: float | None = field(default=None, init=False)
    """When those that have not ended are killed; set once they were told to end."""

    def post(self) -> Post:
        """Start the workers. Returns in each of them; the parent stays, until all have ended.

        Raises:
            typer.Exit: in the parent, at the end.
            Complaint: in the parent, if the workers could not even begin.
        """
        self._workers = [_Worker(number, due=0.0) for number in range(len(self.listening))]
        gc.collect()
        gc.freeze()  # what nobody touches stays in memory once
        with Signals() as signals:
            while True:
                for worker in self._due():
                    if (post := self._start(worker)) is not None:
                        return post
                if self._kill_at is not None and not any(w.pid for w in self._workers):
                    break
                self._heed(signals.wait(self._lines(), self._pause()))
                self._count_beats()
        if self._failed:
            raise Complaint("the workers ended before they could serve; what is above says why")
        raise typer.Exit

    def _due(self) -> list[_Worker]:
        now = time.monotonic()
        return [one for one in self._workers if one.due is not None and one.due <= now]

    def _start(self, worker: _Worker) -> Post | None:
        """None in the parent."""
        try:
            return self._fork(worker)
        except OSError as exc:
            # No process or no descriptor is left; there may be one later.
            worker.due = time.monotonic() + _LONGEST
            log.error("worker.not_started", worker=worker.number, reason=exc.strerror)
            return None

    def _fork(self, worker: _Worker) -> Post | None:
        ours, theirs = socket.socketpair()
        again, worker.due, worker.missed = worker.started > 0, None, 0
        sys.stdout.flush()
        sys.stderr.flush()
        worker.pid = os.fork()
        if worker.pid == 0:
            ours.close()
            # Else these would outlive the parent, and their workers would not notice its end.
            for other in self._workers:
                if other.line is not None:
                    other.line.close()
            return Post(worker.number, self._own(worker.number), theirs, again)
        theirs.close()
        ours.setblocking(False)
        worker.line, worker.began = ours, time.monotonic()
        worker.started += 1
        return None

    def _own(self, number: int) -> socket.socket:
        own = self.listening[number]
        for other in self.listening:
            if other is not own:
                other.close()
        return own

    def _heed(self, signs: Sequence[int]) -> None:
        for sign in signs:
            if sign == signal.SIGHUP:
                self._tell(RELOAD)
            elif sign in (signal.SIGINT, signal.SIGTERM):
                self._stop(STOP if self._kill_at is None else CUT)
        for worker in self._workers:
            if worker.line is not None:
                self._hear(worker, worker.line)
            if worker.pid:
                self._look_after(worker)

    def _hear(self, worker: _Worker, line: socket.socket) -> None:
        try:
            words = line.recv(16)
        except BlockingIOError:
            return
        except ConnectionError:
            words = b""
        if UP in words:
            self._ever_up, worker.missed = True, 0
        if not words:  # it is about to end; until then there is nothing to wait for here
            line.close()
            worker.line = None

    def _count_beats(self) -> None:
        """Kill workers that serve no more and do not know it: the system goes on sending them
        clients.

        What is counted is turns of this loop, not time: where the whole machine stood still,
        the parent did, too.
        """
        now = time.monotonic()
        if now < self._beats_at or self._kill_at is not None:
            return
        self._beats_at = now + self.beat
        for worker in self._workers:
            if worker.pid:
                worker.missed += 1
                if worker.missed > _DEAF:
                    log.error("worker.hangs", worker=worker.number)
                    os.kill(worker.pid, signal.SIGKILL)

    def _look_after(self, worker: _Worker) -> None:
        if self._kill_at is not None and time.monotonic() > self._kill_at:
            os.kill(worker.pid, signal.SIGKILL)
        done, status = os.waitpid(worker.pid, os.WNOHANG)
        if not done:
            return
        worker.pid = 0
        if worker.line is not None:
            worker.line.close()
            worker.line = None
        if self._kill_at is not None:
            return
        if not self._ever_up:
            self._failed = True
            self._stop(CUT)
            return
        worker.due = time.monotonic() + self._rest(worker)
        log.error("worker.ended", worker=worker.number, status=os.waitstatus_to_exitcode(status))

    def _rest(self, worker: _Worker) -> float:
        """How long nobody takes its place: not at all, unless it keeps dying."""
        early = time.monotonic() - worker.began < _SOUND
        worker.deaths = worker.deaths + 1 if early else 0
        return min(_LONGEST, _FIRST * 2.0 ** (worker.deaths - 1)) if worker.deaths else 0.0

    def _stop(self, order: bytes) -> None:
        if self._kill_at is None:
            # The workers hold them still, for as long as they take calls.
            for sock in self.listening:
                sock.close()
            self._kill_at = time.monotonic() + self.patience + self.farewell
        for worker in self._workers:
            worker.due = None
        self._tell(order)

    def _tell(self, order: bytes) -> None:
        for worker in self._workers:
            if worker.line is not None:
                with suppress(OSError):  # it is about to be noticed
                    worker.line.send(order)

    def _lines(self) -> list[socket.socket]:
        return [worker.line for worker in self._workers if worker.line is not None]

    def _pause(self) -> float | None:
        """Seconds until something is to be done without being asked."""
        moments = [worker.due for worker in self._workers if worker.due is not None]
        if self._kill_at is not None:
            moments.append(self._kill_at)
        elif any(worker.pid for worker in self._workers):
            moments.append(self._beats_at)
        return max(0.0, min(moments) - time.monotonic()) + 0.01 if moments else None
