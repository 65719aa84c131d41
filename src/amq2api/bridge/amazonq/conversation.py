"""A call as one conversation of the service: the request half of the bridge.

Whatever conversation a client sends, the state made here keeps every rule of
upstream-protocol.md 2.10; "Improperly formed request" is a bug of this package. Nothing of the
client's is lost without a note, and no word is added that does not stand in words.py.

- Texts stay as they are; several texts of one message are joined by a blank line.
- The system text heads the first user message, on every turn: an anchored place, so that the
  beginning of a conversation stays the same while it grows. ``system`` messages keep theirs.
- What concerns the answer to come (tool choice, JSON output, thinking tags) is said in the
  current message, the last, which is the only one that may differ when it becomes history.
- A prefill stays the assistant's and the current message asks to continue it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from amq2api.bridge.backend import Notes
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

from . import assistant, choice, tools, user
from .content import Reader, is_blank
from .fidelity import Ledger
from .names import Names
from .turns import Turn, gather
from .words import CONTINUE, JSON_OUTPUT, THINKING_TAGS

__all__ = ["Conversation", "convert"]

_BILLING = "x-anthropic-billing-header"
"""Begins a system block that is meant for Anthropic's meters (claude-api.md 9.3)."""


class Conversation(msgspec.Struct, frozen=True):
    state: q.ConversationState
    names: Mapping[str, str]
    """The service's tool names to the client's, where they differ."""
    no_tools: bool
    """Whether no tool may be called, declared or not."""
    notes: Notes


def convert(
    call: m.Call,
    *,
    model_id: str,
    conversation_id: str,
    origin: str,
    replay_reasoning: bool,
    think_tags: int | None,
) -> Conversation:
    """Retell a checked call.

    Args:
        replay_reasoning: Whether earlier thoughts with the service's signature go back to it.
        think_tags: Thinking budget to ask for in text, for a model that thinks no other way.

    Raises:
        BadRequest: more images in one message than the service takes.
    """
    ledger = Ledger()
    declared_names = [tools.name_of(tool) for tool in call.tools or ()]
    names = Names(declared_names)
    reader = Reader(names, ledger, declared_names)
    turns = _framed(gather(call.messages, reader, ledger), ledger)

    drafts: list[user.Draft] = []
    replies: list[q.AssistantMessage] = []
    asked: list[user.Asked] = []
    for turn in turns:
        if turn.speaker == "user":
            drafts.append(user.draft(turn, asked, reader, ledger))
        else:
            reply, asked = assistant.retell(turn, names, ledger, replay_reasoning=replay_reasoning)
            replies.append(reply)

    used = [piece.name for turn in turns for piece in turn.pieces if type(piece) is m.ToolUse]
    offered = choice.offered(call, set(used), reader.changes, ledger)
    declared = tools.declare(offered, used, names, ledger, among=call.tools)
    first, current = drafts[0], drafts[-1]
    if think_tags is not None:
        current.texts.insert(0, THINKING_TAGS.format(budget=think_tags))
    first.texts[:0] = [*_system(call, ledger), *declared.overflow]
    wishes = (choice.demand(call, offered, used, names, ledger), _form(call, ledger))
    current.texts += [wish for wish in wishes if wish]

    history: list[q.ChatMessage] = []
    for draft, reply in zip(drafts, replies, strict=False):
        history += (draft.message(origin), reply)
    changed = names.changed()
    ledger.approximated("tools.name", len(changed))
    state = q.ConversationState(
        conversation_id=conversation_id,
        chat_trigger_type="MANUAL",
        current_message=current.message(origin, model_id=model_id, tools=declared.entries),
        history=history,
    )
    no_tools = choice.closed(call, offered, used)
    return Conversation(state, changed, no_tools, ledger.notes())


def _framed(turns: list[Turn], ledger: Ledger) -> list[Turn]:
    """The same turns, beginning and ending with the user's."""
    if not turns or turns[0].speaker != "user":
        ledger.repaired("messages")
        turns.insert(0, Turn("user", 0))
    last = turns[-1]
    if last.speaker == "assistant":
        end = Turn("user", last.at)
        if not any(isinstance(piece, m.ToolUse) for piece in last.pieces):
            ledger.approximated("prefill")
            end.pieces.append(CONTINUE)
        turns.append(end)
    return turns


def _system(call: m.Call, ledger: Ledger) -> list[str]:
    if isinstance(call.system, str):
        blocks: Sequence[str] = [call.system]
    else:
        blocks = [block.text for block in call.system or ()]
        kept = [text for text in blocks if not text.startswith(_BILLING)]
        ledger.dropped("system.billing_header", len(blocks) - len(kept))
        blocks = kept
    return [text for text in blocks if not is_blank(text)]


def _form(call: m.Call, ledger: Ledger) -> str:
    """The sentence that stands for a prescribed form of the answer, or nothing."""
    config = call.output_config
    if config is not None and config.task_budget is not None:
        ledger.dropped("output_config.task_budget")
    wanted = config.format if config is not None and config.format else call.output_format
    if wanted is None:
        return ""
    ledger.approximated("output_config.format")
    # As it is, empty keys and all: it is only text, and the answer has to satisfy it.
    return JSON_OUTPUT.format(schema=bytes(wanted.schema).decode())
