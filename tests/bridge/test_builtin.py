"""The client tools whose parameters a client leaves to the API: every version, whole."""

from typing import Any

import msgspec
import pytest

from amq2api.bridge.amazonq import builtin
from amq2api.dialects import messages as m

EDITS = ["file_text", "insert_line", "insert_text", "new_str", "old_str", "path", "view_range"]
EDITS_WITHOUT_TEXT = [name for name in EDITS if name != "insert_text"]
MOVES = [
    "coordinate", "duration", "scroll_amount", "scroll_direction", "start_coordinate", "text",
]  # fmt: skip
FIRST = [
    "cursor_position", "double_click", "key", "left_click", "left_click_drag", "middle_click",
    "mouse_move", "right_click", "screenshot", "type",
]  # fmt: skip
LATER = sorted([
    *FIRST, "hold_key", "left_mouse_down", "left_mouse_up", "scroll", "triple_click", "wait",
])  # fmt: skip
MEMORY = ["create", "delete", "insert", "rename", "str_replace", "view"]
EDIT = ["create", "insert", "str_replace", "view"]
UNDO = sorted([*EDIT, "undo_edit"])

# The parameters, and what may be done with the one that says what to do.
KINDS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "bash_20241022": ({}, ["command", "restart"], []),
    "bash_20250124": ({}, ["command", "restart"], []),
    "bash_20990101": ({}, ["command", "restart"], []),
    "text_editor_20241022": ({}, ["command", *EDITS_WITHOUT_TEXT], UNDO),
    "text_editor_20250124": ({}, ["command", *EDITS_WITHOUT_TEXT], UNDO),
    "text_editor_20250429": ({}, ["command", *EDITS], EDIT),
    "text_editor_20250728": ({"max_characters": 9}, ["command", *EDITS], EDIT),
    "memory_20250818": ({}, ["command", *EDITS, "new_path", "old_path"], MEMORY),
    "computer_20241022": ({}, ["action", "coordinate", "text"], FIRST),
    "computer_20250124": ({}, ["action", *MOVES], LATER),
    "computer_20251124": ({}, ["action", *MOVES], LATER),
    "computer_20251124 ": ({"enable_zoom": False}, ["action", *MOVES], LATER),
    "computer_20251124  ": (
        {"enable_zoom": True}, ["action", *MOVES, "region"], sorted([*LATER, "zoom"]),
    ),
    "computer_20250124 ": ({"enable_zoom": True}, ["action", *MOVES], LATER),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "members", "parameters", "doings"),
                         [(kind, *row) for kind, row in KINDS.items()], ids=KINDS)  # fmt: skip
def test_parameters(
    kind: str, members: dict[str, Any], parameters: list[str], doings: list[str]
) -> None:
    made = builtin.schema(m.Tool(name="tool", type=kind.strip(), **members))
    assert made is not None
    schema = msgspec.json.decode(made)
    assert sorted(schema["properties"]) == sorted(parameters)
    doing = schema["properties"].get("action") or schema["properties"]["command"]
    assert sorted(doing.get("enum", [])) == doings
    assert set(schema.get("required", [])) <= set(parameters)


def test_what_a_client_says_of_its_screen_is_told() -> None:
    tool = m.Tool(
        name="computer", type="computer_20251124", display_width_px=800, display_height_px=600,
        display_number=0, enable_zoom=True,
    )  # fmt: skip
    assert builtin.description(tool, "computer") == (
        "computer\ndisplay_width_px: 800\ndisplay_height_px: 600\ndisplay_number: 0"
    )
    files = m.Tool(name="edit", type="text_editor_20250728", max_characters=10_000)
    assert builtin.description(files, "edit") == "edit\nmax_characters: 10000"


def test_a_tool_of_no_family() -> None:
    assert builtin.schema(m.Tool(name="x", type="toaster_20250101")) is None
