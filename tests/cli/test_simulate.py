"""``amq2api simulate``: a pretend Amazon Q, and the settings that lead a gateway to it."""

import json
import urllib.request
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from amq2api.sim.scenarios import summaries
from cli.running import run, started

pytestmark = pytest.mark.e2e


def test_scenarios_are_listed() -> None:
    done = run("simulate", "--list")
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines()] == list(summaries())


def test_an_unknown_scenario_is_refused() -> None:
    done = run("simulate", "--scenario", "nonsense", "--port", "0")
    assert (done.status, done.out) == (2, "")
    assert "'nonsense'" in done.err


def dates(url: str) -> str:
    """The one Date header of an answer."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/__sim") as told:
        (date,) = told.headers.get_all("date")
        return str(date)


@pytest.mark.parametrize("profile", ["classic", "2026"])
def test_a_gateway_uses_it_with_what_it_prints(profile: str, tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    words = ("simulate", "--profile", profile, "--scenario", "one-word")
    with started(there, *words) as simulator:
        assert parsedate_to_datetime(dates(simulator.url)) <= datetime.now(UTC)
        (here / ".env").write_text(simulator.said("PROFILE_ARN"))
        with started(here, "serve") as gateway:
            said = run("chat", "Hello", "--url", gateway.url)
            assert gateway.stop().status == 0
        assert simulator.stop().status == 0
    assert (said.status, said.err) == (0, "")
    assert len(said.out.split()) == 1


def test_programs_get_the_scenarios_and_the_way(tmp_path: Path) -> None:
    assert json.loads(run("simulate", "--list", "--json").out) == summaries()
    with started(tmp_path, "simulate", "--json") as simulator:
        told = json.loads(simulator.said("}}"))
        assert simulator.stop().status == 0
    assert told["url"] == f"{simulator.url}/"
    assert told["environment"]["AMAZONQ_API_ENDPOINT"] == told["url"]
    assert told["environment"]["AMAZONQ_REFRESH_TOKEN"].startswith("aor")
    # A pretended service's counts have no place among those of the real one.
    assert "simulated" in told["environment"]["AMQ2API_CALIBRATION_FILE"]
