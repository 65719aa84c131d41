"""``scripts/golden``: tell which cases are not what really comes of them; ``--write`` rewrites
those.
"""

import logging
import sys

import structlog

from golden.notation import CASES, read, written
from golden.stage import played


def main(arguments: list[str]) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    wanted = [word for word in arguments if not word.startswith("--")]
    status = 0
    for path in sorted(CASES.rglob("*.txt")):
        name = str(path.relative_to(CASES))
        if wanted and not any(word in name for word in wanted):
            continue
        told = path.read_text()
        try:
            real = written(played(read(told)))
        except (AssertionError, LookupError) as problem:
            status = 1
            sys.stdout.write(f"{name}: {problem}\n")
            continue
        if real != told:
            sys.stdout.write(f"{name}\n")
            if "--write" in arguments:
                path.write_text(real)
            else:
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
