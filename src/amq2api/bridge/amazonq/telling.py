"""The events of one reply, each on its way into the block that it belongs to.

What says something goes to speech.py, what calls a tool to calls.py, the trailer to ending.py;
what comes too early waits in lanes.py.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

from amq2api.bridge.backend import Note, Outcome, Progress, Search
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import UpstreamBroken

from .blocks import Blocks
from .calls import Calls
from .cutting import Cutter
from .ending import Ending
from .lanes import Lanes, lane_of
from .speech import Speech
from .terms import Terms

__all__ = ["Telling"]

_FORBIDDEN = Note("dropped", "answer.tool_use")
_GOES_ON = frozenset({"end_turn", "stop_sequence", "pause_turn"})
"""Stop reasons after which a model that has searched may be asked to go on."""


More: TypeAlias = Callable[[list[Any], list[m.StreamEvent]], int]
"""Tells, of events of one class, the first ones that are only more of the open block, with
nothing to look for in them; returns how many they are."""


class Telling:
    """Takes the whole events of one reply in order, and says when it cannot go on."""

    __slots__ = (
        "_calls", "_first", "_lanes", "_outcome", "_speech", "_terms", "blocks", "cutter",
        "ending", "searches", "wanted",
    )  # fmt: skip

    def __init__(self, terms: Terms, progress: Progress, outcome: Outcome) -> None:
        self._terms, self._outcome = terms, outcome
        usage = m.Usage(terms.input_tokens, 0, 0, 0)
        head = m.MessageHead(terms.message_id, terms.model, usage)
        self.blocks = Blocks(head, begun=progress.begun, count=progress.blocks)
        self.cutter = Cutter(terms.max_tokens, terms.stop_sequences, terms.tokenizer)
        self.ending = Ending()
        self._calls = Calls(terms, self.cutter, self.blocks)
        self._speech = Speech(terms, self.cutter, self.blocks, outcome.note)
        self._lanes = Lanes()
        self._first = progress.blocks
        self.searches = progress.searches
        """How many have given results."""
        self.wanted: Search | None = None
        """A search to be made: until it is answered, everything waits."""

    @property
    def done(self) -> bool:
        """Whether the client's terms have ended the answer."""
        return self.cutter.end is not None

    @property
    def answering(self) -> bool:
        """Whether anything of the answer has come: text, reasoning or a tool call."""
        return self.blocks.index >= self._first or self.done

    @property
    def breaks_call(self) -> bool:
        """Whether an answer that breaks now does so in the middle of a tool call."""
        return self.blocks.calling or self.ending.unreadable

    def take(self, event: q.Event, out: list[m.StreamEvent]) -> None:
        """The next event, and what has waited for it.

        Raises:
            GatewayError: the reply is broken.
        """
        self._take(event, out)
        if self._lanes.count:
            self._resume(out)

    def more(self, kind: type[q.Event]) -> More | None:
        """For a class of which many events may come for one block: nearly all of a stream."""
        # Nothing waits in front of these: while a search is made, or events of another lane are
        # due, no block of theirs is open.
        if kind is q.AssistantResponseEvent:
            return self._speech.more
        if kind is q.ToolUseEvent:
            return self._calls.more
        return self._speech.more_thoughts if kind is q.ReasoningContentEvent else None

    def answer(self, block: m.WebSearchToolResultBlock, out: list[m.StreamEvent]) -> None:
        """Give out what the wanted search found, and what has waited for that."""
        self.wanted = None
        if isinstance(block.content, list):
            self.searches += 1
        self.blocks.whole(block, out)
        self._resume(out)

    def settle(self, out: list[m.StreamEvent]) -> None:
        """The stream has ended: nothing may be left open that ought to be closed.

        Raises:
            UpstreamBroken: what came is not a whole answer.
        """
        if self.wanted is not None:
            return
        self.ending.judge()
        self._speech.flush(out)
        while self.blocks.calling and not self.done:
            if not self.ending.cut_short:
                raise UpstreamBroken("the service's stream ended inside a tool call")
            self._calls.tear(out)
            self._resume(out)
        if self.done or self.wanted is not None:
            return
        if self._terms.expects_trailer and not self.ending.trailer:
            raise UpstreamBroken("the service's stream ended early: its trailer is missing")
        answered = self.answering or self._speech.withholds or _FORBIDDEN in self._outcome.notes
        if not answered and not self.ending.told:
            raise UpstreamBroken("the service's stream ended without an answer")

    def close(self, out: list[m.StreamEvent]) -> m.EndOfMessage:
        """Close what is open, now that nothing more comes; how the message ends."""
        if self.blocks.calling:
            self._calls.tear(out)
        whole = self._calls.clients and not self._calls.torn
        end = self.cutter.end or self.ending.end(tools=whole)
        self.blocks.begin(out)
        self._speech.end(out)
        return end

    def goes_on(self, end: m.EndOfMessage) -> bool:
        """Whether the model waits for what it searched, and for nothing of the client."""
        return not self.done and self._calls.searches_only and end.stop_reason in _GOES_ON

    def give_up(self, out: list[m.StreamEvent]) -> None:
        """The reply broke off: nothing that was said is lost.

        An open tool call stays open, so that no client can take it for a whole one.
        """
        self.blocks.begin(out)
        if not self.blocks.calling:
            self._speech.flush(out)
            self._speech.end(out)

    def _take(self, event: q.Event, out: list[m.StreamEvent]) -> None:
        if self.wanted is not None:
            self._lanes.hold(event)
            return
        if self.blocks.calling and (lane := lane_of(event)) not in (None, self.blocks.open):
            self._lanes.wait(lane, event)
            return
        match event:
            case q.AssistantResponseEvent(content):
                self._speech.text(content or "", out)
            case q.ToolUseEvent():
                self._tool(event, out)
            case q.ReasoningContentEvent():
                self._reasoning(event, out)
            case q.MetadataEvent() | q.ContextUsageEvent() | q.MeteringEvent():
                self.ending.take(event)
            case q.InvalidStateEvent(reason, message):
                raise UpstreamBroken(f"the service reports an invalid state: {reason} {message}")
            case q.InitialResponse() | q.MessageMetadataEvent():
                pass
            case q.OtherEvent(name):
                self._meet_stranger(name)
            case _:
                assert_never(event)

    def _meet_stranger(self, name: str) -> None:
        self._outcome.note(Note("dropped", "answer.events"))
        if name not in q.OTHER_EVENTS and name not in self._outcome.unknown_events:
            self._outcome.unknown_events.append(name)

    def _resume(self, out: list[m.StreamEvent]) -> None:
        """Let what waits go on, lane by lane, until something has to be waited for again."""
        while self.wanted is None and not self.done:
            events = self._lanes.next(calling=self.blocks.calling)
            if not events:
                return
            for event in events:
                self._take(event, out)

    def _reasoning(self, event: q.ReasoningContentEvent, out: list[m.StreamEvent]) -> None:
        thought = event.text or event.signature or event.redacted_content
        if thought and self._terms.want_thinking:
            # What nobody hears does not part the text around it.
            self._speech.flush(out)
        if event.text and not self.done:
            self._speech.think(event.text, out)
        if event.signature and not self.done:
            self._speech.sign(event.signature, out)
        if event.redacted_content and not self.done:
            self._speech.redacted(event.redacted_content, out)

    def _tool(self, event: q.ToolUseEvent, out: list[m.StreamEvent]) -> None:
        if self._terms.no_tools:
            self._outcome.note(_FORBIDDEN)
            return
        if not self._calls.begun(event.tool_use_id):
            self._speech.flush(out)
            if self.done:
                return
            block = self._calls.begin(event)
            self._speech.give_way()
            self.blocks.start(event.tool_use_id, block, out)
        self.wanted = self._calls.go_on(event, out)
