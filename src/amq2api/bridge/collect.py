"""A stream folded into one message: the answer to a call that asked for no stream."""

from collections.abc import Iterable
from typing import Any

import msgspec

from amq2api.dialects import messages as m
from amq2api.errors import UpstreamBroken


class Collector:
    """Feed it every event of one stream; then ask for the message."""

    def __init__(self) -> None:
        self._head: m.MessageHead | None = None
        self._blocks: list[m.ContentBlock] = []
        self._parts: list[str] = []
        self._signature = ""
        self._end: m.MessageDelta | None = None

    def feed(self, events: Iterable[m.StreamEvent]) -> None:
        for event in events:
            match event:
                case m.ContentBlockDeltas(_, _, texts):
                    self._parts += texts
                case m.ContentBlockDelta(_, delta):
                    self._add(delta)
                case m.ContentBlockStart(_, block):
                    self._blocks.append(block)
                case m.ContentBlockStop():
                    self._close()
                case m.MessageStart(head):
                    self._head = head
                case m.MessageDelta():
                    self._end = event
                case _:
                    pass

    @property
    def content(self) -> list[m.ContentBlock]:
        """The blocks so far; of one that is open only its beginning."""
        return self._blocks

    def message(self) -> m.WholeMessage:
        """The whole message.

        Raises:
            UpstreamBroken: the events were no whole stream.
        """
        if self._head is None or self._end is None:
            raise UpstreamBroken("the answer ended early")
        end = self._end.delta
        return m.WholeMessage(
            id=self._head.id,
            model=self._head.model,
            content=self._blocks,
            stop_reason=end.stop_reason,
            stop_sequence=end.stop_sequence,
            stop_details=end.stop_details,
            usage=self._end.usage,
        )

    def _add(self, delta: m.Delta) -> None:
        match delta:
            case m.TextDelta(text) | m.ThinkingDelta(text) | m.InputJsonDelta(text):
                self._parts.append(text)
            case m.SignatureDelta(signature):
                self._signature = signature

    def _close(self) -> None:
        text = "".join(self._parts)
        block = self._blocks.pop()
        whole = self._filled(block, text)
        if whole is not None:
            self._blocks.append(whole)
        self._parts, self._signature = [], ""

    def _filled(self, block: m.ContentBlock, text: str) -> m.ContentBlock | None:
        match block:
            case m.TextBlock():
                return m.TextBlock(text)
            case m.ThinkingBlock():
                return m.ThinkingBlock(text, self._signature)
            case m.RedactedThinkingBlock() | m.WebSearchToolResultBlock():
                return block
            case m.ToolUseBlock(id, name):
                value = _object(text)
                return None if value is None else m.ToolUseBlock(id, name, value)
            case m.ServerToolUseBlock(id, name):
                value = _object(text)
                return None if value is None else m.ServerToolUseBlock(id, name, value)


def _object(text: str) -> dict[str, Any] | None:
    """A tool call's input; None where the model ran out of room inside it.

    Half an input cannot be told in a whole message, and an empty one would be a lie: the call
    is left out, and ``stop_reason`` says why.
    """
    if not text.strip():
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
