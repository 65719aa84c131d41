"""The tool calls of one reply: what came of each, whose they are, whether they are whole."""

from typing import Any

import msgspec

from amq2api.bridge.backend import Search
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import ProtocolError, UpstreamBroken

from .blocks import Blocks
from .cutting import Cutter
from .ids import client_tool_id, server_tool_id
from .terms import Terms

__all__ = ["Calls"]

_BLANKS = " \t\n\r"
"""What JSON takes for space."""


class Calls:
    """Puts tool calls into *blocks*, each for as long as its block is open."""

    __slots__ = ("_blocks", "_cutter", "_inputs", "_searches", "_terms", "clients", "torn")

    def __init__(self, terms: Terms, cutter: Cutter, blocks: Blocks) -> None:
        self._terms, self._cutter, self._blocks = terms, cutter, blocks
        self._inputs: dict[str, list[str]] = {}
        """What the client has heard of every call begun so far, by upstream id."""
        self._searches: frozenset[str] = frozenset()
        self.clients = False
        """Whether any call is the client's to answer."""
        self.torn = False
        """Whether one was cut in the middle of its input."""

    @property
    def searches_only(self) -> bool:
        """Whether the model asked for searches of the web, and for nothing of the client."""
        return bool(self._searches) and not self.clients

    def begun(self, key: str) -> bool:
        return key in self._inputs

    def begin(self, event: q.ToolUseEvent) -> m.ToolUseBlock | m.ServerToolUseBlock:
        """The block of a new call.

        Raises:
            ProtocolError: the service does not say what is called.
        """
        key = event.tool_use_id
        if not event.name or not key:
            raise ProtocolError("a tool call without a name or an id")
        self._inputs[key] = []
        name = self._terms.names.get(event.name, event.name)
        if name == self._terms.search:
            self._searches |= {key}
            return m.ServerToolUseBlock(server_tool_id(key), name)
        self.clients = True
        return m.ToolUseBlock(client_tool_id(key), name)

    def go_on(self, event: q.ToolUseEvent, out: list[m.StreamEvent]) -> Search | None:
        """The next piece of a call; the search it asks for, if it is one and this its end.

        Raises:
            ProtocolError: it has ended before.
            UpstreamBroken: it ends in the middle of its input.
        """
        key = event.tool_use_id
        if key != self._blocks.open:
            if event.input:
                raise ProtocolError(f"tool call {key!r} goes on after its end")
            return None
        if event.input:
            self._fill(key, self._cutter.count(event.input), out)
        if event.stop and self._cutter.end is None:
            return self._end(key, out)
        return None

    def more(self, events: list[q.ToolUseEvent], out: list[m.StreamEvent]) -> int:
        """Tell of the first *events* those that are only more of an input that has begun; how
        many they are.
        """
        key = self._blocks.open
        parts = self._inputs.get(key or "")
        texts: list[str] = []
        if parts:
            for event in events:
                if event.tool_use_id != key or event.stop or not event.input:
                    break
                texts.append(event.input)
        if texts and parts is not None and (kept := self._cutter.count_all(texts)):
            parts += kept
            self._blocks.add(m.InputJsonDelta, kept, out)
        return len(texts)

    def tear(self, out: list[m.StreamEvent]) -> None:
        """Close a call in the middle of its input: it must not look like a whole one (C-141).

        Without any input it would. What every input begins with shows that there was more.
        """
        if not self._inputs[self._blocks.open or ""]:
            self._blocks.add(m.InputJsonDelta, ["{"], out)
        self._blocks.close(out)
        self.torn = True

    def _fill(self, key: str, fragment: str, out: list[m.StreamEvent]) -> None:
        # Blanks before an input are none: an input of nothing else is empty (C-126).
        parts = self._inputs[key]
        heard = fragment if parts else fragment.lstrip(_BLANKS)
        if heard:
            parts.append(heard)
            self._blocks.add(m.InputJsonDelta, [heard], out)

    def _end(self, key: str, out: list[m.StreamEvent]) -> Search | None:
        value = _read(key, "".join(self._inputs[key]))
        self._blocks.close(out)
        if key in self._searches:
            query = value.get("query")
            return Search(server_tool_id(key), query if isinstance(query, str) else None)
        if self._terms.one_tool:
            self._cutter.end = m.EndOfMessage("tool_use")
        return None


def _read(key: str, text: str) -> dict[str, Any]:
    """A closed call's input is an empty text or a JSON object; anything else was cut (3.5)."""
    if not text:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as exc:
        raise UpstreamBroken(f"the input of tool call {key!r} is cut or not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise UpstreamBroken(f"the input of tool call {key!r} is not an object")
    return value
