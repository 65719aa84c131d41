"""What holds for every test."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# The machines that run this are small and shared: how long an example takes says nothing.
settings.register_profile("shared machine", deadline=None)
# scripts/test --deep: the same laws, tried as often as a night allows.
settings.register_profile(
    "deep",
    deadline=None,
    max_examples=20_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared machine")

pytest_plugins = ["turning"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell of each law of tests/laws how many examples have satisfied it, if that was asked for."""
    if terminalreporter.config.getoption("hypothesis_profile", None) != "deep":
        return
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "call":
                continue
            for name, value in report.user_properties:
                if name.startswith("law: "):
                    counts[name.removeprefix("law: ")] += value
    terminalreporter.section("laws")
    for law, times in sorted(counts.items()):
        terminalreporter.write_line(f"{times:8,} examples: {law}")
