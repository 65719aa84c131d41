"""What the operating system and the interpreter are asked for, so that many calls fit in."""

import asyncio
import contextlib
import ctypes
import resource
import sys

_ENOUGH = 1 << 20  # descriptors; there are systems that take no more, or call it infinite
# Seconds for which a thread that works on a large call may hold up everybody else. Python's own
# 0.005 would be felt: a stream's events come every few hundredths of a second.
_TURN = 0.001
# Bytes of free memory that are kept for the next call, and from which on a piece of memory is
# asked of the system by itself. A call of 5 MB needs several times that for a moment; where it
# goes back to the system each time, a third of the call's time goes into fetching it again.
_KEPT, _APART = 64 * 1024 * 1024, 32 * 1024 * 1024
_LATER = 10.0  # seconds after which nobody may need what a crowd of large calls took up
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as mallopt(3) numbers them


def make_room() -> None:
    """As many descriptors as are allowed, short turns for threads, and memory that stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Where that is more than the system takes, what there is has to do.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    sys.setswitchinterval(_TURN)
    with contextlib.suppress(AttributeError):  # only the GNU library has it
        keep = ctypes.CDLL(None).mallopt
        keep(_TRIM_THRESHOLD, _KEPT)
        keep(_MMAP_THRESHOLD, _APART)


class GivingBack:
    """Memory that many large calls took up at once goes back to the system a little later.

    By itself it would not: what is freed lies in pieces between others that are in use. Of
    624 MB after 300 calls of 1 MB, 438 go back in 29 ms. Called with the most bytes that the
    calls had at once.
    """

    def __init__(self) -> None:
        self._due = False

    def __call__(self, most: int) -> None:
        if most > _KEPT and not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(_LATER, self._begin)

    def _begin(self) -> None:
        self._due = False
        with contextlib.suppress(AttributeError):  # only the GNU library has it
            trim = ctypes.CDLL(None).malloc_trim
            # In a thread: others need not wait unless they want memory of the same arena.
            asyncio.get_running_loop().run_in_executor(None, trim, 0)
