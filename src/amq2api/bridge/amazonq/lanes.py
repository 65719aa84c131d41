"""Which events have to wait, and the order in which they come forth.

Where Q interleaves (upstream-protocol.md, Appendix A 7), what belongs to other blocks waits
until an open tool call is closed; and while a search of the web is under way, everything does.
"""

from collections import deque

from amq2api.dialects import amazonq as q

from .blocks import TEXT, THINKING

__all__ = ["Lanes", "lane_of"]


class Lanes:
    """Events that came too early, each lane's together, in order of its first."""

    __slots__ = ("_held", "_lanes", "count")

    def __init__(self) -> None:
        self._lanes: dict[str, list[q.Event]] = {}
        self._held: deque[q.Event] | None = None
        """Made when it is needed: hardly any reply does, and an empty one takes most of a KB."""
        self.count = 0

    def wait(self, lane: str, event: q.Event) -> None:
        """Until the open tool call is closed."""
        self._lanes.setdefault(lane, []).append(event)
        self.count += 1

    def hold(self, event: q.Event) -> None:
        """Until a search is answered."""
        if self._held is None:
            self._held = deque()
        self._held.append(event)
        self.count += 1

    def next(self, *, calling: bool) -> list[q.Event]:
        """What comes forth first: one lane, or one event that was held; nothing if all waits.

        Args:
            calling: Whether a tool call is open. Its own events may be among those held.
        """
        events: list[q.Event] = []
        if self._lanes and not calling:
            events = self._lanes.pop(next(iter(self._lanes)))
        elif self._held:
            events = [self._held.popleft()]
        self.count -= len(events)
        return events


def lane_of(event: q.Event) -> str | None:
    """Which block an event belongs to; None if to none."""
    match event:
        case q.AssistantResponseEvent(content):
            return TEXT if content else None
        case q.ReasoningContentEvent():
            return THINKING
        case q.ToolUseEvent(tool_use_id):
            return tool_use_id
        case _:
            return None
