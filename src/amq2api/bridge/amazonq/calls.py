"""The tool calls of one reply: what came of each, whose they are, whether they are whole."""

from collections.abc import Mapping
from typing import Any

import msgspec

from amq2api.bridge.backend import Search
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import ProtocolError, UpstreamBroken

from .ids import client_tool_id, server_tool_id

__all__ = ["Calls"]

_BLANKS = " \t\n\r"
"""What JSON takes for space."""


class Calls:
    """Every tool call begun so far, by upstream id.

    Args:
        names: Upstream tool name to the client's, where they differ.
        search: The client's name of the tool that searches the web here, if the call offers it.
    """

    __slots__ = ("_inputs", "_names", "_search", "_searches", "clients")

    def __init__(self, names: Mapping[str, str], search: str | None) -> None:
        self._names, self._search = names, search
        self._inputs: dict[str, list[str]] = {}
        self._searches: set[str] = set()
        self.clients = False
        """Whether any call is the client's to answer."""

    def __contains__(self, key: object) -> bool:
        return key in self._inputs

    @property
    def searches_only(self) -> bool:
        """Whether the model asked for searches of the web, and for nothing of the client."""
        return bool(self._searches) and not self.clients

    def begin(self, event: q.ToolUseEvent) -> m.ToolUseBlock | m.ServerToolUseBlock:
        """The block of a new call.

        Raises:
            ProtocolError: the service does not say what is called.
        """
        key = event.tool_use_id
        if not event.name or not key:
            raise ProtocolError("a tool call without a name or an id")
        self._inputs[key] = []
        name = self._names.get(event.name, event.name)
        if name == self._search:
            self._searches.add(key)
            return m.ServerToolUseBlock(server_tool_id(key), name)
        self.clients = True
        return m.ToolUseBlock(client_tool_id(key), name)

    def fill(self, key: str, fragment: str) -> str:
        """Take more of a call's input; returns what of it a client is to hear.

        That is all but blanks before it: an input of nothing else is none (C-126).
        """
        parts = self._inputs[key]
        heard = fragment if parts else fragment.lstrip(_BLANKS)
        if heard:
            parts.append(heard)
        return heard

    def end(self, key: str) -> Search | None:
        """The call is complete; if it is a search, what is to be searched for.

        Raises:
            UpstreamBroken: its input is not.
        """
        value = _read(key, "".join(self._inputs[key]))
        if key not in self._searches:
            return None
        query = value.get("query")
        return Search(server_tool_id(key), query if isinstance(query, str) else None)


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
