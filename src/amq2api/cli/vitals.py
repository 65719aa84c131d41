"""What the operating system knows of this process, as rows for ``/metrics``."""

import os
import platform
import resource
import sys
import time
from pathlib import Path

from amq2api import __version__
from amq2api.relay.snapshots import Row

_BEGAN = time.time()
_PROC = Path("/proc/self")
_PAGE = resource.getpagesize()


def vitals() -> list[Row]:
    """Memory, file descriptors, processor time, and what runs here."""
    spent = os.times()
    rows: list[Row] = [
        ("process_resident_memory_bytes", (), float(resident())),
        ("process_max_fds", (), float(resource.getrlimit(resource.RLIMIT_NOFILE)[0])),
        ("process_cpu_seconds_total", (), spent.user + spent.system),
        ("process_start_time_seconds", (), _BEGAN),
        ("amq2api_workers", (), 1.0),
        ("amq2api_build_info", (__version__, platform.python_version()), 1.0),
    ]
    if (count := _descriptors()) is not None:
        rows.append(("process_open_fds", (), float(count)))
    return rows


def resident() -> int:
    """Bytes of memory in use now; where the system does not tell, the most there have been."""
    try:
        return int((_PROC / "statm").read_bytes().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def _descriptors() -> int | None:
    try:
        return len(os.listdir(_PROC / "fd")) - 1  # the look itself takes one
    except OSError:
        return None
