"""The command: ``bench/run --help``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from . import proxies, report
from .cases import CASES, USUAL
from .figures import Case, Values
from .processes import Broken, cpus
from .report import Row
from .runs import interleaved, running, stage


def main() -> int:
    options = _options()
    names = CASES if options.all else options.cases or USUAL
    try:
        samples, notes = _run([CASES[name] for name in names], options)
    except Broken as exc:
        print(f"FAILED: {exc}", file=sys.stderr)
        return 1
    rows: list[Row] = []
    for name in names:
        rows += report.rows(CASES[name], samples[name])
    print(*report.table(rows), "", *notes, sep="\n")
    if options.json:
        options.json.write_text(json.dumps(report.plain(samples, rows), indent=1))
    missed = any(each.verdict == "MISS" for each in rows)
    return 2 if options.strict and missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="What the gateway costs, beside nginx and beside no proxy at all.",
        epilog="\n".join(f"{case.name:10}{case.what}" for case in CASES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"default: {' '.join(USUAL)}")
    parser.add_argument("--all", action="store_true", help="every case, some minutes")
    parser.add_argument("--reps", type=int, default=5, help="runs of each case (default 5)")
    parser.add_argument("--strict", action="store_true", help="exit with 2 when a target is missed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument(
        "--gateway", metavar="COMMAND", help="instead of amq2api serve; knows {port} and {upstream}"
    )
    parser.add_argument(
        "--beside", metavar="NAME=COMMAND", action="append", default=[], type=_named,
        help="another of its kind, in the same run and in turn; may be given again",
    )  # fmt: skip
    options = parser.parse_args()
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if options.reps < 1:
        parser.error("--reps: at least one")
    return options


def _named(given: str) -> tuple[str, str]:
    name, sign, command = given.partition("=")
    if not (name.isidentifier() and sign and command):
        raise argparse.ArgumentTypeError("NAME=COMMAND, the name a word")
    if name in (proxies.GATEWAY, "nginx", "direct"):
        raise argparse.ArgumentTypeError(f"{name} is taken")
    return name, command


def _run(
    cases: Sequence[Case], options: argparse.Namespace
) -> tuple[dict[str, dict[str, list[Values]]], list[str]]:
    notes = []
    if None in cpus():
        notes.append("One CPU only: the load disturbs what is measured.")
    beside = dict(options.beside)
    with stage(cases, options.gateway, beside) as set_up, running(set_up, cases) as live:
        if not any(kind.name == "nginx" for kind in set_up.kinds):
            notes.append(proxies.NO_NGINX)
        return interleaved(set_up, live, cases, options.reps), notes


if __name__ == "__main__":
    sys.exit(main())
