"""The table is complete, and the page is its image."""

import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amq2api.bridge.amazonq.fidelity import TABLE, Ledger, page, row_of
from amq2api.bridge.backend import Note
from amq2api.dialects import messages as m

ROOT = Path(__file__).parents[2]


def tags(union: Any) -> list[str]:
    return [str(kind.__struct_config__.tag) for kind in typing.get_args(union)]


def members(struct: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(struct)]


PLACES: dict[str, list[str]] = {
    "members of the call": members(m.Call),
    "members of a tool": [f"tools.{name}" for name in members(m.Tool)],
    "kinds of tool choice": [f"tool_choice.{kind}" for kind in tags(m.ToolChoice)],
    "kinds of thinking": [f"thinking.{kind}" for kind in tags(m.Thinkable)],
    "members of output_config": [f"output_config.{name}" for name in members(m.OutputConfig)],
    "blocks": [row_of(kind) for kind in tags(m.Block)],
    "blocks of results": [row_of(kind) for kind in tags(m.ResultBlock)],
    "image sources": [f"image.{kind}" for kind in tags(m.ImageSource)],
    "document sources": [f"document.{kind}" for kind in tags(m.DocumentSource)],
}


@pytest.mark.parametrize("subjects", PLACES.values(), ids=PLACES)
def test_everything_has_a_row(subjects: list[str]) -> None:
    assert [subject for subject in subjects if subject not in TABLE] == []


def test_a_block_is_not_taken_for_a_member_of_the_call() -> None:
    shared = set(members(m.Call)) & set(tags(m.Block))
    assert {row_of(kind) for kind in shared}.isdisjoint(shared)


def test_the_page_is_the_table() -> None:
    # What follows it is of other tables (scripts/pages.py).
    assert (ROOT / "docs/fidelity.md").read_text("utf-8").startswith(page())
    for subject, row in TABLE.items():
        assert f"| `{subject}` | {row.fate} | {row.how} |" in page()


def test_a_ledger_counts_what_is_alike() -> None:
    ledger = Ledger()
    ledger.repaired("tool_use")
    ledger.dropped("tools.strict", 2)
    ledger.repaired("tool_use")
    ledger.approximated("tools.name", 0)
    assert ledger.notes() == (Note("repaired", "tool_use", 2), Note("dropped", "tools.strict", 2))
