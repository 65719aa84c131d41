"""Joining characters that the service cut in half.

Its strings are UTF-16 inside, and it cuts answers without regard to surrogate pairs: one
event's text may end with the first half of an emoji and the next begin with the second.
Source: upstream-protocol.md, Appendix A 7 (split surrogates).
"""

import msgspec

from .events import AssistantResponseEvent, Event, ReasoningContentEvent, ToolUseEvent, TornEvent

__all__ = ["Mender"]

_LOST = "\N{REPLACEMENT CHARACTER}"


class Mender:
    """Feed every event of one reply in order; what comes out holds no half characters.

    An event that is whole, while nothing is ``waiting``, need not pass through here.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: tuple[Event, str] | None = None
        """The event that ended in half a character, and that half."""

    @property
    def waiting(self) -> bool:
        return self._held is not None

    def feed(self, event: Event | TornEvent) -> list[Event]:
        """The event made whole; before it, what a half of another kind left behind."""
        whole: Event = event.event if isinstance(event, TornEvent) else event
        out = self._release(whole)
        if not (text := _text(whole)):
            return [*out, whole]
        text = (self._held[1] if self._held else "") + text
        self._held = None
        if "\ud800" <= text[-1] <= "\udbff":
            self._held = (whole, text[-1])
            text = text[:-1]
        mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return [*out, _with(whole, mended)]

    def finish(self) -> list[Event]:
        """Give out what still waits: a half whose partner never came."""
        held, self._held = self._held, None
        return [] if held is None else [_with(held[0], _LOST)]

    def _release(self, event: Event) -> list[Event]:
        if self._held is None or _lane(self._held[0]) == _lane(event):
            return []
        return self.finish()


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
