"""How the tools of a call change in the middle of its conversation (claude-api.md 3.2, 3.4).

A search finds deferred ones, a system message adds and removes some and may bring a definition
along. The service is told its tools once, with the current message: what counts is how things
stand at the end.
"""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from amq2api.dialects import messages as m

from . import builtin

__all__ = ["Changes"]


class Changes:
    """The changes read so far.

    Args:
        declared: Names of the call's own tools, which a definition on the way cannot replace.
    """

    def __init__(self, declared: Collection[str] = ()) -> None:
        self._declared = frozenset(declared)
        self.referenced: set[str] = set()
        """Tools in play because something named them, deferred or not."""
        self.removed: set[str] = set()
        self.defined: dict[str, m.Tool] = {}

    def refer(self, name: str) -> None:
        """Bring a tool into play, perhaps again."""
        self.referenced.add(name)
        self.removed.discard(name)

    def heed(self, block: m.Echo) -> bool:
        """Do what a block says of tools. Whether that is all it says, its words included."""
        match block:
            case m.ToolAddition(tool={"type": "tool_definition", "definition": definition}):
                return self._define(definition)
            case m.ToolAddition(tool={"type": "tool_reference", "name": str(name)}):
                self.refer(name)
            case m.ToolRemoval(tool={"type": "tool_reference", "name": str(name)}):
                self.removed.add(name)
            case m.ToolSearchToolResult(content={"tool_references": list(references)}):
                for name in _names(references):
                    self.refer(name)
        return False

    def _define(self, definition: Any) -> bool:
        tool = _tool(definition)
        if tool is None or not tool.name or tool.name in self._declared:
            return False
        self.defined[tool.name] = tool
        self.refer(tool.name)
        return True


def _names(references: list[Any]) -> Iterator[str]:
    for reference in references:
        match reference:
            case {"tool_name": str(name)}:
                yield name


def _tool(definition: Any) -> m.Tool | None:
    """A tool that a client runs; None for anything else."""
    try:
        tool = msgspec.json.decode(msgspec.json.encode(definition), type=m.Tool)
    except msgspec.ValidationError:
        return None
    if tool.type in (None, "custom"):
        return tool if bytes(tool.input_schema).startswith(b"{") else None
    return tool if builtin.schema(tool) is not None else None
