import threading

from amq2api.accounts.errand import Errand
from amq2api.accounts.files import StorageFailed

LONG = 10.0


class Work:
    """Goes on until it is let go; fails if told to."""

    def __init__(self) -> None:
        self.begun, self.gate, self.fails, self.time = 0, threading.Event(), False, 0.0
        self.errand = Errand(self, rest=60.0, clock=lambda: self.time)

    def __call__(self) -> None:
        self.begun += 1
        assert self.gate.wait(LONG)
        if self.fails:
            raise StorageFailed

    def start(self) -> "Work":
        self.errand.start()
        self.errand.join(LONG)
        return self


def test_it_is_begun_beside_and_never_twice_at_once() -> None:
    work = Work()
    for _ in range(3):
        work.errand.start()
    work.gate.set()
    work.errand.join(LONG)
    assert work.begun == 1
    assert work.start().begun == 2


def test_after_a_failure_it_rests() -> None:
    work = Work()
    work.gate.set()
    work.fails = True
    assert work.start().start().begun == 1
    work.time, work.fails = 59.9, False
    assert work.start().begun == 1
    work.time = 60.0
    assert work.start().start().begun == 3


def test_nobody_waits_for_longer_than_they_want_to() -> None:
    work = Work()
    work.errand.join(LONG)
    work.errand.start()
    work.errand.join(0.01)
    assert work.begun == 1
    work.gate.set()
    work.errand.join(LONG)
