"""The audit, against a service on this machine that answers as OSV documents."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from releasing import audit
from releasing.locked import Pin
from threaded import Quiet, serving

PINS = [Pin("old-part", "1.0", ("a" * 64,)), Pin("good-part", "2.0", ("b" * 64,))]
FOUND = {
    "id": "GHSA-1", "aliases": ["CVE-2027-1"], "summary": "Says what it should not.",
    "affected": [
        {
            "package": {"name": "Old_Part", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "c0ffee"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]},
            ],
        },
        {
            "package": {"name": "another", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "9"}]}],
        },
    ],
}  # fmt: skip


@contextmanager
def service(answers: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Answers by path (a list: one after the other; bytes as they are), and what was asked."""
    asked: list[Any] = []

    class Told(Quiet):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.do_GET()

        def do_GET(self) -> None:
            answer = answers.get(self.path)
            if isinstance(answer, list):
                answer = answer.pop(0)
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Told) as port:
        yield f"http://127.0.0.1:{port}", asked


def batch(*results: dict[str, Any]) -> dict[str, Any]:
    return {"results": [*results]}


def test_an_advisory_is_told_with_what_mends_it() -> None:
    answers = {
        # By name: good-part, old-part.
        "/v1/querybatch": batch({}, {"vulns": [{"id": "GHSA-1"}]}),
        "/v1/vulns/GHSA-1": FOUND,
    }
    with service(answers) as (url, asked):
        (found,) = audit.advisories(PINS, url)

    assert str(found) == (
        "old-part 1.0: GHSA-1 (CVE-2027-1), mended in 1.1. Says what it should not."
    )
    assert asked[0]["queries"][1] == {
        "package": {"name": "old-part", "ecosystem": "PyPI"}, "version": "1.0",
    }  # fmt: skip


def test_what_was_withdrawn_is_no_advisory() -> None:
    answers = {
        "/v1/querybatch": batch({}, {"vulns": [{"id": "GHSA-1"}]}),
        "/v1/vulns/GHSA-1": FOUND | {"withdrawn": "2027-01-01T00:00:00Z"},
    }
    with service(answers) as (url, _):
        assert audit.advisories(PINS, url) == []


def test_all_pages_of_an_answer_are_read() -> None:
    answers = {
        "/v1/querybatch": [
            batch({}, {"vulns": [{"id": "GHSA-1"}], "next_page_token": "more"}),
            batch({"vulns": [{"id": "GHSA-2"}]}),
        ],
        "/v1/vulns/GHSA-1": FOUND, "/v1/vulns/GHSA-2": {"id": "GHSA-2", "details": "Other.\nMore."},
    }  # fmt: skip
    with service(answers) as (url, asked):
        found = audit.advisories(PINS, url)

    assert [each.id for each in found] == ["GHSA-1", "GHSA-2"]
    assert str(found[1]) == "old-part 1.0: GHSA-2, not mended yet. Other."
    assert asked[1]["queries"] == [asked[0]["queries"][1] | {"page_token": "more"}]


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"/v1/querybatch": b"<html>"},
        {"/v1/querybatch": b"[]"},
        {"/v1/querybatch": batch({})},
        {"/v1/querybatch": {"results": None}},
    ],
    ids=["404", "no JSON", "no object", "too few results", "no results"],
)
def test_an_answer_that_is_none_is_not_taken_for_a_clean_one(answers: dict[str, Any]) -> None:
    with service(answers) as (url, _), pytest.raises(audit.Unasked):
        audit.advisories(PINS, url)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "some.lock"
    path.write_text(f"old-part==1.0 \\\n    --hash=sha256:{'a' * 64}\n")
    return path


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 1, "1 packages, 1 advisories."),
        (["--accept", "CVE-2027-1"], 0, "1 packages, 0 advisories, 1 accepted."),
        (["--accept", "CVE-2027-2"], 1, "1 packages, 1 advisories."),
    ],
    ids=["found", "accepted", "another accepted"],
)
def test_the_exit_code_says_what_was_found(
    words: list[str], code: int, told: str, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {
        "/v1/querybatch": batch({"vulns": [{"id": "GHSA-1"}]}), "/v1/vulns/GHSA-1": FOUND,
    }  # fmt: skip
    with service(answers) as (url, _):
        assert audit.main([str(lock), "--service", url, *words]) == code
    assert capsys.readouterr().out.splitlines()[-1] == told


def test_a_service_out_of_reach_is_told_and_is_no_pass(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        assert audit.main([str(lock), "--service", url]) == 2
    assert "Nothing is known" in capsys.readouterr().err
