"""Marks on everything that a request says, so that each word can be found again, once.

A mark is made of characters that nobody uses. It stands behind the text that it marks.
"""

import copy
from typing import Any, NamedTuple

from bridge.conversations import Json

__all__ = ["Mark", "marked"]

_DIGITS = {ord("0") + digit: chr(0xE100 + digit) for digit in range(10)}


class Mark(NamedTuple):
    tag: str
    text: str
    """What is marked, with its mark."""
    place: str
    """``said``, ``quoted``, ``result``, ``input``, ``echo``, ``system``, ``cleared``,
    ``definition`` or ``tool``."""
    of: str = ""
    """Whose text: a role; of a tool its name."""


def marked(body: Json) -> tuple[Json, list[Mark]]:
    """The same request with a mark behind every text that the model should come to read."""
    pen = _Pen()
    made = copy.deepcopy(body)
    if isinstance(made.get("system"), str):
        made["system"] = pen.mark(made["system"], "system")
    else:
        for block in made.get("system") or ():
            if not block["text"].startswith("x-anthropic-billing-header"):
                block["text"] = pen.mark(block["text"], "system")
    for tool in made.get("tools") or ():
        if tool.get("description"):
            name = tool.get("name", "web_search")
            tool["description"] = pen.mark(tool["description"], "tool", name)
    last = max(at for at, message in enumerate(made["messages"]) if message["role"] == "user")
    for at, message in enumerate(made["messages"]):
        cleared = message.get("clear_at") == "next_user_message" and at < last
        pen.message(message, cleared=cleared)
    return made, pen.marks


class _Pen:
    def __init__(self) -> None:
        self.marks: list[Mark] = []

    def mark(self, text: str, place: str, of: str = "") -> str:
        if not text.strip():
            return text
        tag = f"\ue200{str(len(self.marks)).translate(_DIGITS)}\ue201"
        self.marks.append(Mark(tag, text + tag, place, of))
        return text + tag

    def message(self, message: Json, *, cleared: bool) -> None:
        role, content = message["role"], message.get("content")
        place = "cleared" if cleared else "said"
        if isinstance(content, str):
            message["content"] = self.mark(content, place, role)
        for block in content if isinstance(content, list) else ():
            if block["type"] == "text":
                block["text"] = self.mark(block["text"], place, role)
            else:
                self.block(block)

    def block(self, block: Json) -> None:
        match block["type"]:
            case "document" | "search_result":
                self.quotation(block, "quoted")
            case "tool_result":
                self.result(block)
            case "tool_use":
                block["input"] = self.leaves(block["input"], "input")
            case "server_tool_use" | "mcp_tool_use":
                block["input"] = self.leaves(block["input"], "echo")
            case "tool_addition":
                tool = block["tool"]
                if isinstance(tool, dict) and tool.get("type") == "tool_definition":
                    definition = tool["definition"]
                    definition["description"] = self.mark(definition["description"], "definition")
            case "mcp_tool_listing":
                block["tools"] = self.leaves(block["tools"], "echo")
            case kind if kind.endswith("tool_result") or kind == "compaction":
                if kind != "tool_search_tool_result":
                    block["content"] = self.leaves(block["content"], "echo")

    def quotation(self, block: Json, place: str) -> None:
        for name in ("title", "context", "source"):
            if isinstance(block.get(name), str):
                block[name] = self.mark(block[name], place)
        source = block["source"] if block["type"] == "document" else block
        if source.get("type") == "text":
            source["data"] = self.mark(source["data"], place)
        elif isinstance(source["content"], str):
            source["content"] = self.mark(source["content"], place)
        else:
            for part in source["content"]:
                if part["type"] == "text":
                    part["text"] = self.mark(part["text"], place)

    def result(self, block: Json) -> None:
        content = block.get("content")
        if isinstance(content, str):
            block["content"] = self.mark(content, "result")
        for part in content if isinstance(content, list) else ():
            match part["type"]:
                case "text":
                    part["text"] = self.mark(part["text"], "result")
                case "document" | "search_result":
                    self.quotation(part, "result")
                case "browser_state":
                    part["content"] = self.leaves(part["content"], "result")

    def leaves(self, value: Any, place: str) -> Any:
        """Every text in some JSON, but for what says of what kind it is."""
        if isinstance(value, str):
            return self.mark(value, place)
        if isinstance(value, list):
            return [self.leaves(inner, place) for inner in value]
        if isinstance(value, dict):
            fixed = ("type", "error_code", "encrypted_content")
            return {k: v if k in fixed else self.leaves(v, place) for k, v in value.items()}
        return value
