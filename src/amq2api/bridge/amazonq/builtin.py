"""The client tools whose parameters the Claude API knows by itself (claude-api.md 3.4).

A client names their type and version and leaves the schema out; the service has never heard
of them, so they are declared like any other tool, with the parameters the API documents.
"""

from typing import Any, TypeAlias

import msgspec

from amq2api.dialects import messages as m

from .words import MEMBER

__all__ = ["description", "schema"]

_Schema: TypeAlias = dict[str, Any]

_TEXT: _Schema = {"type": "string"}
_WHOLE: _Schema = {"type": "integer"}
_NUMBER: _Schema = {"type": "number"}
_PAIR: _Schema = {"type": "array", "items": _WHOLE}


def _one_of(*values: str) -> _Schema:
    return {"type": "string", "enum": list(values)}


def _schema(required: list[str], **properties: _Schema) -> bytes:
    made: _Schema = {"type": "object", "properties": properties}
    if required:
        made["required"] = required
    return msgspec.json.encode(made)


_BASH = _schema([], command=_TEXT, restart={"type": "boolean"})

_EDITS: dict[str, _Schema] = {
    "path": _TEXT, "file_text": _TEXT, "old_str": _TEXT, "new_str": _TEXT, "insert_line": _WHOLE,
    "view_range": _PAIR,
}  # fmt: skip
_EDITOR_WITH_UNDO = _schema(
    ["command", "path"],
    command=_one_of("view", "create", "str_replace", "insert", "undo_edit"),
    **_EDITS,
)
_EDITOR = _schema(
    ["command", "path"],
    command=_one_of("view", "create", "str_replace", "insert"),
    **_EDITS,
    insert_text=_TEXT,
)

_MEMORY = _schema(
    ["command"],
    command=_one_of("view", "create", "str_replace", "insert", "delete", "rename"),
    **_EDITS,
    insert_text=_TEXT,
    old_path=_TEXT,
    new_path=_TEXT,
)

_FIRST_ACTIONS = (
    "key", "type", "mouse_move", "left_click", "left_click_drag", "right_click", "middle_click",
    "double_click", "screenshot", "cursor_position",
)  # fmt: skip
_ACTIONS = (
    *_FIRST_ACTIONS, "left_mouse_down", "left_mouse_up", "scroll", "hold_key", "wait",
    "triple_click",
)  # fmt: skip
_MOVES: dict[str, _Schema] = {
    "text": _TEXT, "coordinate": _PAIR, "start_coordinate": _PAIR, "duration": _NUMBER,
    "scroll_direction": _one_of("up", "down", "left", "right"), "scroll_amount": _WHOLE,
}  # fmt: skip

_SCHEMAS = {
    "bash_20241022": _BASH,
    "bash_20250124": _BASH,
    "text_editor_20241022": _EDITOR_WITH_UNDO,
    "text_editor_20250124": _EDITOR_WITH_UNDO,
    "text_editor_20250429": _EDITOR,
    "text_editor_20250728": _EDITOR,
    "memory_20250818": _MEMORY,
    "computer_20241022": _schema(
        ["action"], action=_one_of(*_FIRST_ACTIONS), text=_TEXT, coordinate=_PAIR
    ),
    "computer_20250124": _schema(["action"], action=_one_of(*_ACTIONS), **_MOVES),
    "computer_20251124": _schema(["action"], action=_one_of(*_ACTIONS), **_MOVES),
}
_ZOOMING = _schema(
    ["action"],
    action=_one_of(*_ACTIONS, "zoom"),
    **_MOVES,
    region={"type": "array", "items": _WHOLE},
)
_FIRST_TO_ZOOM = "computer_20251124"

_TOLD = ("display_width_px", "display_height_px", "display_number", "max_characters")


def schema(tool: m.Tool) -> bytes | None:
    """The parameters of a tool; of an unknown version those of the newest known one."""
    kind = tool.type or ""
    known = _SCHEMAS.get(kind)
    if known is None:
        family = kind.rpartition("_")[0]
        versions = [name for name in _SCHEMAS if family and name.startswith(f"{family}_20")]
        known = _SCHEMAS[max(versions)] if versions else None
    if tool.enable_zoom and kind.startswith("computer_") and kind >= _FIRST_TO_ZOOM:
        return _ZOOMING
    return known


def description(tool: m.Tool, name: str) -> str:
    """The tool's name and what the client said of its screen or its files."""
    told = [(member, getattr(tool, member)) for member in _TOLD]
    lines = [MEMBER.format(member=key, value=value) for key, value in told if value is not None]
    return "\n".join([name, *lines])
