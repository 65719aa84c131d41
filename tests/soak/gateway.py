"""The gateway as it is, in a process that lets itself be looked into.

``gateway.py FD WORDS…`` is ``amq2api WORDS…``; for each line on standard input it writes one to
the file descriptor: how many tasks there are, as JSON.
"""

import asyncio
import gc
import json
import os
import sys
import threading

from amq2api.cli import main


def look(fd: int) -> None:
    for _ in sys.stdin:
        gc.collect()
        # Those of another thread's loop; asyncio itself only tells about the caller's.
        tasks = [each for each in gc.get_objects() if isinstance(each, asyncio.Task)]
        names = [str(task.get_coro()).split(" at ")[0] for task in tasks if not task.done()]
        os.write(fd, json.dumps(sorted(names)).encode() + b"\n")


if __name__ == "__main__":
    threading.Thread(target=look, args=(int(sys.argv.pop(1)),), daemon=True).start()
    main()
