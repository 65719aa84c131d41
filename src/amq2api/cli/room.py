"""What the operating system and the interpreter are asked for, so that many calls fit in."""

import contextlib
import resource
import sys

_ENOUGH = 1 << 20  # descriptors; there are systems that take no more, or call it infinite
# Seconds for which a thread that works on a large call may hold up everybody else. Python's own
# 0.005 would be felt: a stream's events come every few hundredths of a second.
_TURN = 0.001


def make_room() -> None:
    """As many descriptors as are allowed, and short turns for threads."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Where that is more than the system takes, what there is has to do.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    sys.setswitchinterval(_TURN)
