"""Rules that span the messages of a conversation: I1 to I11 of upstream-protocol.md 2.10.

Everything here works on a request whose shape is known to be good.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import images, schemas
from .problems import Problem
from .rules import Rules


@dataclass(frozen=True, slots=True)
class Turn:
    """One message, with the members the rules ask for."""

    where: str
    role: str
    body: dict[str, Any]

    @property
    def context(self) -> dict[str, Any]:
        return self.body.get("userInputMessageContext") or {}

    @property
    def results(self) -> list[dict[str, Any]]:
        return self.context.get("toolResults") or []

    @property
    def uses(self) -> list[dict[str, Any]]:
        return self.body.get("toolUses") or []

    @property
    def tools(self) -> list[dict[str, Any]]:
        entries = self.context.get("tools") or []
        return [e["toolSpecification"] for e in entries if "toolSpecification" in e]


def turns(state: dict[str, Any]) -> list[Turn]:
    """History and the current message, in order."""
    out = []
    places = [f"conversationState.history[{i}]" for i in range(len(state.get("history", [])))]
    messages = [*state.get("history", []), state["currentMessage"]]
    for where, message in zip([*places, "conversationState.currentMessage"], messages, strict=True):
        ((member, body),) = message.items()
        role = "user" if member == "userInputMessage" else "assistant"
        out.append(Turn(f"{where}.{member}", role, body))
    return out


def problems(conversation: list[Turn], rules: Rules) -> Iterator[Problem]:
    """Judge the conversation as a whole, then each message."""
    yield from _order(conversation, rules)
    yield from _pairing(conversation, rules)
    for turn in conversation:
        yield from _emptiness(turn, rules)
        yield from _uses(turn, rules)
        for index, image in enumerate(turn.body.get("images") or []):
            yield from images.mismatch(image, f"{turn.where}.images[{index}]")
    yield from _tools(conversation, rules)


def _order(conversation: list[Turn], rules: Rules) -> Iterator[Problem]:
    first, last = conversation[0], conversation[-1]
    if "I1" in rules and last.role != "user":
        yield Problem("malformed", "I1", last.where)
    # k2c saw an assistant-first history accepted, so alternation alone does not forbid it.
    if "I3" in rules and (first.role != "user" or (len(conversation) > 1 and first.results)):
        yield Problem("malformed", "I3", first.where)
    if "I2" in rules:
        for earlier, later in itertools.pairwise(conversation):
            if earlier.role == later.role:
                yield Problem("malformed", "I2", later.where)


def _pairing(conversation: list[Turn], rules: Rules) -> Iterator[Problem]:
    nobody = Turn("", "user", {})
    for earlier, later in zip([nobody, *conversation], [*conversation, nobody], strict=True):
        used = [use["toolUseId"] for use in earlier.uses]
        answered = Counter(result["toolUseId"] for result in later.results)
        missing = [name for name in used if name not in answered]
        if "I4" in rules and missing:
            yield Problem("pairing", "I4", earlier.where, (
                "`tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding "
                "`tool_result` block in the next message."
            ))  # fmt: skip
        strangers = [name for name, times in answered.items() if name not in used or times > 1]
        if "I5" in rules and strangers:
            yield Problem("pairing", "I5", later.where, (
                f"unexpected `tool_use_id` found in `tool_result` blocks: {', '.join(strangers)}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the "
                "previous message."
            ))  # fmt: skip
        given = [result["toolUseId"] for result in later.results]
        if rules.strict and given != used and sorted(given) == sorted(used):
            # Images are matched to results by position (2.6).
            yield Problem("malformed", "2.6", later.where)


def _emptiness(turn: Turn, rules: Rules) -> Iterator[Problem]:
    payload = turn.results or turn.body.get("images") or turn.uses
    if "I6" in rules and not payload and not turn.body["content"].strip():
        yield Problem("malformed", "I6", f"{turn.where}.content")
    if "I7" not in rules:
        return
    for index, result in enumerate(turn.results):
        # Somebody has to have said something; a JSON block is something. Strictly, every text is.
        said = ["json" in b or bool(b.get("text", "").strip()) for b in result["content"]]
        if not any(said) or (rules.strict and not all(said)):
            yield Problem("tool", "I7", f"{turn.where}.toolResults[{index}].content")


def _uses(turn: Turn, rules: Rules) -> Iterator[Problem]:
    counts = Counter(use["toolUseId"] for use in turn.uses)
    if "I8" in rules and any(times > 1 for times in counts.values()):
        yield Problem("tool", "I8", f"{turn.where}.toolUses")
    if "I10" in rules:
        for index, use in enumerate(turn.uses):
            if _has_empty_key(use["input"]):
                yield Problem("tool", "I10", f"{turn.where}.toolUses[{index}].input")


def _has_empty_key(value: Any) -> bool:
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "" in node:
                return True
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return False


def _tools(conversation: list[Turn], rules: Rules) -> Iterator[Problem]:
    current = conversation[-1]
    where = f"{current.where}.userInputMessageContext.tools"
    declared = Counter(tool["name"] for tool in current.tools)
    named = {use["name"] for turn in conversation for use in turn.uses}
    answered = any(turn.results for turn in conversation)
    if "I9" in rules and (named - declared.keys() or (answered and not declared)):
        yield Problem("malformed", "I9", where)
    if "I11" not in rules:
        return
    if any(times > 1 for times in declared.values()):
        yield Problem("tool", "I11", where)
    for index, tool in enumerate(current.tools):
        at = f"{where}[{index}].toolSpecification.inputSchema.json"
        yield from schemas.problems(tool["inputSchema"]["json"], at, strict=rules.strict)
