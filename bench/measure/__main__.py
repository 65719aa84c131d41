"""The command: ``bench/run --help``."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from . import proxies, report
from .cases import CASES, USUAL, Case
from .processes import Broken, cpus
from .report import Sample
from .runs import bench


def main() -> int:
    options = _options()
    cases = [CASES[name] for name in options.cases or USUAL]
    try:
        samples, notes = _run(cases, options.reps, options.gateway)
    except Broken as exc:
        print(f"FAILED: {exc}", file=sys.stderr)
        return 1
    rows = [report.row(case, samples[case.name]) for case in cases]
    print(*report.table(rows), "", *notes, sep="\n")
    if options.json:
        options.json.write_text(json.dumps(_plain(samples)))
    missed = any(each.verdict == "MISS" for each in rows)
    return 2 if options.strict and missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="CPU time of the gateway per event and per request, beside nginx's.",
        epilog="\n".join(f"{case.name:10}{case.what}" for case in CASES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"default: {' '.join(USUAL)}")
    parser.add_argument("--reps", type=int, default=5, help="runs of each case (default 5)")
    parser.add_argument("--strict", action="store_true", help="exit with 2 when a target is missed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument(
        "--gateway", metavar="COMMAND", help="instead of amq2api serve; knows {port} and {upstream}"
    )
    options = parser.parse_args()
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if options.reps < 1:
        parser.error("--reps: at least one")
    return options


def _run(
    cases: Sequence[Case], reps: int, command: str | None
) -> tuple[dict[str, dict[str, list[Sample]]], list[str]]:
    notes = []
    if None in cpus():
        notes.append("One CPU only: the load disturbs what is measured.")
    with bench(command) as all_of_it:
        gateway = all_of_it.gateway
        notes.append(f"The gateway answered {gateway.answered_after:.2f} s after its start.")
        memory = gateway.megabytes()
        all_of_it.warm_up()
        samples = all_of_it.interleaved(cases, reps)
        notes.append(f"It had {memory:.0f} MB then and {gateway.megabytes():.0f} MB at the end.")
        if len(all_of_it.targets) == 1:
            notes.append(proxies.NO_NGINX)
    return samples, notes


def _plain(
    samples: dict[str, dict[str, list[Sample]]],
) -> dict[str, dict[str, list[dict[str, float]]]]:
    return {
        name: {proxy: [asdict(sample) for sample in given] for proxy, given in of_case.items()}
        for name, of_case in samples.items()
    }


if __name__ == "__main__":
    sys.exit(main())
