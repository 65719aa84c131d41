"""Ending a loop that only costs: an agent whose tool calls never arrive whole, and who goes on.

The service is known to cut large tool calls, and its own clients give up after three in a row
(field-notes.md T2, A.9). An agent without a person before it would try all night.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from amq2api.dialects import messages as m
from amq2api.errors import RunawayStopped

MOST = 3
"""Answers in a row that may break in the middle of a tool call."""
REST = 600.0
"""Seconds after which it may be tried again in any case."""
_SESSIONS = 1000
_ENDS = 500  # characters of a text, at both ends, that tell it from others
_REMINDER = "<system-reminder>"  # what Claude Code itself adds to what it sends


class Turn(NamedTuple):
    """Which conversation a call belongs to and where it stands there, in few bytes."""

    conversation: int
    place: int
    """The same for the same request, whether it is to be streamed or not."""
    answers: bool
    """Whether it only answers tool calls: then it was an agent who made it."""


def turn_of(call: m.Call, session: str) -> Turn | None:
    """Where *call* stands; None if it offers no tools.

    Args:
        session: As the client names it, if it does. An agent's own helpers share it, so the
            first words of the conversation count, too.
    """
    if not call.tools or not call.messages:
        return None
    first, last = call.messages[0], call.messages[-1]
    named = session or (call.metadata.get("user_id") if isinstance(call.metadata, dict) else None)
    who = named if isinstance(named, str) else ""
    place = hash((len(call.messages), _gist(last.content)))
    return Turn(hash((who, _gist(first.content))), place, _answers(last))


@dataclass(slots=True)
class _Conversation:
    broken: int
    """Answers in a row that broke in the middle of a tool call."""
    place: int
    at: float


class Runaway:
    """The conversations whose last answers broke, the latest of them. Belongs to one event loop.

    Args:
        now: In seconds; need not be the time of day.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: OrderedDict[int, _Conversation] = OrderedDict()

    def enter(self, turn: Turn | None) -> None:
        """A call wants to be made.

        Raises:
            RunawayStopped: it would be one more of those that have broken all the time.
        """
        kept = self._kept.get(turn.conversation) if turn is not None and self._kept else None
        if turn is None or kept is None:
            return
        again = turn.answers or turn.place == kept.place
        if not again or self._now() - kept.at > REST:
            del self._kept[turn.conversation]
        elif kept.broken >= MOST:
            raise RunawayStopped(
                f"the last {kept.broken} answers of this conversation broke off in the middle of a"
                " tool call, and nothing was said that would make the next one different: the"
                " gateway stops here instead of spending more on the same. Have the model do it"
                " in smaller pieces, for example write a large file in several parts. A new"
                f" message of yours, or a rest of {REST / 60:.0f} minutes, starts afresh."
            )

    def torn(self, turn: Turn | None) -> None:
        """The answer broke in the middle of a tool call."""
        if turn is None:
            return
        kept = self._kept.pop(turn.conversation, None)
        broken = kept.broken + 1 if kept is not None else 1
        self._kept[turn.conversation] = _Conversation(broken, turn.place, self._now())
        if len(self._kept) > _SESSIONS:
            self._kept.popitem(last=False)

    def well(self, turn: Turn | None) -> None:
        """The answer came to a good end."""
        if turn is not None and self._kept:
            self._kept.pop(turn.conversation, None)


def _answers(message: m.Message) -> bool:
    """Whether it holds results of tools, and no words but those that a program puts there."""
    content = message.content
    if message.role != "user" or not isinstance(content, list):
        return False
    words = (block.text.lstrip() for block in content if isinstance(block, m.Text))
    return any(isinstance(block, m.ToolResult) for block in content) and all(
        text.startswith(_REMINDER) for text in words
    )


def _gist(content: object) -> int:
    """What tells one message from another, without reading all of a large one."""
    if isinstance(content, list):
        return hash(tuple(map(_gist_of_block, content)))
    return _gist_of_text(content) if isinstance(content, str) else 0


def _gist_of_block(block: Any) -> int:
    match block:
        case m.Text(text=text):
            return _gist_of_text(text)
        case m.ToolResult(tool_use_id=key):
            return hash(key)
        case _:
            return hash(type(block))


def _gist_of_text(text: str) -> int:
    if len(text) <= 2 * _ENDS:
        return hash(text)
    return hash((len(text), text[:_ENDS], text[-_ENDS:]))
