"""Joining characters that the service cut in half.

Its strings are UTF-16 inside, and it cuts answers without regard to surrogate pairs: one
event's text may end with the first half of an emoji and the next begin with the second.
Source: upstream-protocol.md, Appendix A 7 (split surrogates).
"""

from typing import TypeAlias

import msgspec

from .events import AssistantResponseEvent, Event, ReasoningContentEvent, ToolUseEvent, TornEvent

__all__ = ["Mender"]

_LOST = "\N{REPLACEMENT CHARACTER}"

_Lane: TypeAlias = tuple[type[Event], str]
"""What the text of an event goes on: the answer, the reasoning, or one tool call."""


class Mender:
    """Feed every event of one reply in order; what comes out holds no half characters.

    An event that is whole, while nothing is ``waiting``, need not pass through here.
    """

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[_Lane, tuple[Event, str]] = {}
        """By lane, the event that ended in half a character, and that half: what comes in
        between need not be the other half."""

    def feed(self, event: Event | TornEvent) -> list[Event]:
        """The event made whole; before one that ends its lane, the half it left behind."""
        whole: Event = event.event if isinstance(event, TornEvent) else event
        lane = _lane(whole)
        if not (text := _text(whole)):
            return [*(self._release(lane) if _ends(whole) else ()), whole]
        if (held := self.waiting.pop(lane, None)) is not None:
            text = held[1] + text
        if "\ud800" <= text[-1] <= "\udbff" and not _ends(whole):
            self.waiting[lane] = (whole, text[-1])
            text = text[:-1]
        mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return [_with(whole, mended)]

    def finish(self) -> list[Event]:
        """Give out what still waits: halves whose partners never came."""
        return [event for lane in list(self.waiting) for event in self._release(lane)]

    def _release(self, lane: _Lane) -> list[Event]:
        held = self.waiting.pop(lane, None)
        return [] if held is None else [_with(held[0], _LOST)]


def _lane(event: Event) -> _Lane:
    return type(event), event.tool_use_id if isinstance(event, ToolUseEvent) else ""


def _ends(event: Event) -> bool:
    """Whether no more of its text can follow: a call is complete, a thought is signed."""
    match event:
        case ToolUseEvent(stop=stop):
            return bool(stop)
        case ReasoningContentEvent(signature=signature, redacted_content=redacted):
            return bool(signature or redacted)
        case _:
            return False


def _text(event: Event) -> str:
    match event:
        case AssistantResponseEvent(content=text):
            return text or ""
        case ReasoningContentEvent(text=text):
            return text or ""
        case ToolUseEvent(input=text):
            return text or ""
        case _:
            return ""


def _with(event: Event, text: str) -> Event:
    match event:
        case AssistantResponseEvent():
            return msgspec.structs.replace(event, content=text)
        case ReasoningContentEvent():
            return msgspec.structs.replace(event, text=text)
        case ToolUseEvent():
            return msgspec.structs.replace(event, input=text)
        case _:
            return event
