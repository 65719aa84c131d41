"""What programs get, and text of others' making."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.document import StoreBroken
from amq2api.cli.app import Complaint
from amq2api.cli.output import failure, say_json, say_json_line, visible
from amq2api.errors import BadRequest, LoginRequired, NotFound
from amq2api.upstream.failures import NameUnknown

FAILURES: dict[str, tuple[Exception, dict[str, Any]]] = {
    "words and kind": (NotFound("no such"), {"type": "not_found", "message": "no such"}),
    "no words": (LoginRequired(), {"type": "login_required", "message": "login required"}),
    "a kind of a kind": (NameUnknown("x"), {"type": "service_failed", "message": "x"}),
    "a place in the request": (
        BadRequest("bad", field="name"),
        {"type": "invalid_request", "message": "bad", "field": "name"},
    ),
    "a place in the file": (
        StoreBroken("bad", line=3, column=7),
        {"type": "store_broken", "message": "bad", "line": 3, "column": 7},
    ),
}


@pytest.mark.parametrize(("failed", "told"), FAILURES.values(), ids=FAILURES)
def test_failures_are_told_by_kind_words_and_place(failed: Exception, told: dict[str, Any]) -> None:
    assert failure(failed) == told


def test_complaints_bring_their_kind_along() -> None:
    assert (Complaint("no", 2).kind, Complaint("no").kind) == ("bad_usage", "failed")
    assert failure(Complaint("no"), "failed") == {"type": "failed", "message": "no"}


@given(st.text())
def test_whatever_text_there_is_comes_out_as_json(text: str) -> None:
    lines: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.echo", lambda line, err=False: lines.append(line))
        say_json({text: [text]})
        say_json_line({text: [text]})
    assert [json.loads(line) for line in lines] == [{text: [text]}] * 2
    assert b"\n" not in lines[1]


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_shown_is_visible_and_nothing_is_lost(text: str) -> None:
    shown = visible(text)
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not any(unicodedata.category(c) in hidden for c in shown.replace("\u200d", ""))
    assert all(c in shown for c in text if c.isprintable())


@pytest.mark.parametrize("text", ["Alice's", "公司　账号", "👩‍💻", "[bold]", "naïve é", "a b"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert visible(text) == text
