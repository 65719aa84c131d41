"""Assistant turns as the service's assistant messages: text, tool uses, reasoning."""

import binascii
from collections.abc import Sequence

import msgspec

from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

from .content import kind
from .fidelity import Ledger, row_of
from .names import Names, fitting
from .rawjson import sound
from .turns import Turn
from .user import Asked
from .words import SEPARATOR, is_marker

__all__ = ["retell"]

_THOUGHTS = (m.Thinking, m.RedactedThinking)


def retell(
    turn: Turn, names: Names, ledger: Ledger, *, replay_reasoning: bool
) -> tuple[q.AssistantMessage, list[Asked]]:
    """The message, and its tool uses, which the next user message has to answer."""
    texts: list[str] = []
    uses: list[q.ToolUse] = []
    asked: list[Asked] = []
    thoughts: list[m.Thinking | m.RedactedThinking] = []
    taken: set[str] = set()
    for piece in turn.pieces:
        if type(piece) is str:
            texts.append(piece)
        elif type(piece) is m.ToolUse:
            upstream_id = fitting(piece.id, taken)
            taken.add(upstream_id)
            if upstream_id != piece.id:
                ledger.approximated("tool_use.id")
            asked.append(Asked(piece.id, upstream_id))
            uses.append(q.ToolUse(upstream_id, names.upstream(piece.name), _input(piece, ledger)))
        elif isinstance(piece, _THOUGHTS):
            thoughts.append(piece)
    reasoning: q.ReasoningContent | msgspec.UnsetType = msgspec.UNSET
    if thoughts:
        reasoning = _reasoning(thoughts, ledger, replay=replay_reasoning)
    said = q.AssistantResponseMessage(SEPARATOR.join(texts), uses, reasoning)
    return q.AssistantMessage(said), asked


def _input(use: m.ToolUse, ledger: Ledger) -> msgspec.Raw:
    raw = bytes(use.input)
    made = sound(raw)
    if made is raw:
        return use.input
    ledger.repaired("tool_use.input")
    return msgspec.Raw(made)


def _reasoning(
    thoughts: Sequence[m.Thinking | m.RedactedThinking], ledger: Ledger, *, replay: bool
) -> q.ReasoningContent | msgspec.UnsetType:
    """The last thought that the service can recognise: a message has room for one (2.3)."""
    kept = next((t for t in reversed(thoughts) if replay and _is_genuine(t)), None)
    for thought in thoughts:
        if thought is not kept:
            ledger.dropped(row_of(kind(thought)))
    if kept is None:
        return msgspec.UNSET
    if isinstance(kept, m.RedactedThinking):
        return q.ReasoningContent(redacted_content=kept.data)
    return q.ReasoningContent(reasoning_text=q.ReasoningText(kept.thinking, kept.signature or ""))


def _is_genuine(thought: m.Thinking | m.RedactedThinking) -> bool:
    proof = thought.signature if isinstance(thought, m.Thinking) else thought.data
    if not proof or is_marker(proof):
        return False
    if isinstance(thought, m.Thinking):
        return True
    try:
        return bool(binascii.a2b_base64(thought.data, strict_mode=True))
    except ValueError:  # binascii.Error, and non-ASCII text
        return False
