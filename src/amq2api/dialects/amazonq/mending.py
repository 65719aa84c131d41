"""Joining characters that the service cut in half.

Its strings are UTF-16 inside, and it cuts answers without regard to surrogate pairs: one
event's text may end with the first half of an emoji and the next begin with the second.
Source: upstream-protocol.md, Appendix A 7 (split surrogates).
"""

import msgspec

from .events import AssistantResponseEvent, Event, ReasoningContentEvent, ToolUseEvent

__all__ = ["Mender"]

_LOST = "\N{REPLACEMENT CHARACTER}"


class Mender:
    """Feed every event of one reply in order; what comes out holds no half characters.

    Costs one comparison per event as long as nothing was cut.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: tuple[Event, str] | None = None
        """The event that ended in half a character, emptied, and that half."""

    def feed(self, event: Event) -> list[Event]:
        """The event made whole; before it, what a half of another kind left behind."""
        text = _text(event)
        if self._held is None and (not text or text.isascii() or _whole(text)):
            return [event]
        return [*self._release(event), *self._mend(event, text)]

    def finish(self) -> list[Event]:
        """Give out what still waits: a half whose partner never came."""
        held, self._held = self._held, None
        return [] if held is None else [_with(held[0], _LOST)]

    def _release(self, event: Event) -> list[Event]:
        if self._held is None or _lane(self._held[0]) == _lane(event):
            return []
        return self.finish()

    def _mend(self, event: Event, text: str) -> list[Event]:
        held, self._held = self._held, None
        if held is not None:
            text = held[1] + text
        if not text:
            self._held = held
            return [event]
        if "\ud800" <= text[-1] <= "\udbff":
            self._held = (event, text[-1])
            text = text[:-1]
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return [_with(event, whole)]


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lane(event: Event) -> tuple[type[Event], str]:
    return type(event), event.tool_use_id if isinstance(event, ToolUseEvent) else ""


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
