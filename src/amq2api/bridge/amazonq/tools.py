"""Tools as the service wants them declared (upstream-protocol.md 2.5, 2.10 I9, I11)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m

from . import builtin, searching
from .fidelity import Ledger
from .names import Names
from .rawjson import sound
from .schema import EMPTY, normalise
from .words import LONG_DESCRIPTION

__all__ = ["Declared", "declare", "name_of"]

LONGEST_DESCRIPTION = 10_000
"""The model says 10 240, counted by somebody in some unit; 10 000 UTF-16 units are safe (8.6)."""

_MOST_CACHED = 65_536
"""Bytes of one schema that may stay in memory after its request."""

# Members that tune and have no counterpart; eager_input_streaming is how we stream anyway.
_DROPPED = ("strict", "input_examples", "allowed_callers", "cache_control")


class Declared(NamedTuple):
    entries: list[q.ToolEntry]
    overflow: list[str]
    """What did not fit into descriptions, to be carried as text."""


class _Entry(NamedTuple):
    entry: q.ToolEntry
    overflow: str
    lossy: bool


def name_of(tool: m.Tool) -> str:
    """A checked tool always has a name."""
    return tool.name or ""


def declare(tools: Iterable[m.Tool], used: Sequence[str], names: Names, ledger: Ledger) -> Declared:
    """Declare *tools*, and what else the history uses, which has to be declared as well."""
    entries: list[q.ToolEntry] = []
    overflow: list[str] = []
    known: set[str] = set()
    for tool in tools:
        name = name_of(tool)
        known.add(name)
        made = _made(tool, name, names.upstream(name), ledger)
        entries.append(made.entry)
        if made.overflow:
            ledger.approximated("tools.description")
            overflow.append(made.overflow)
        if made.lossy:
            ledger.approximated("tools.input_schema")
        for member in _DROPPED:
            if getattr(tool, member):
                ledger.dropped(f"tools.{member}")
    for name in dict.fromkeys(used):
        if name not in known:
            ledger.repaired("tools")
            upstream = names.upstream(name)
            entries.append(_entry(upstream, name if name.strip() else upstream, EMPTY).entry)
    return Declared(entries, overflow)


def _made(tool: m.Tool, name: str, upstream: str, ledger: Ledger) -> _Entry:
    schema = None
    description = tool.description or ""
    if m.is_web_search(tool):
        ledger.approximated("tools.type")
        schema, description = searching.SCHEMA, searching.description(tool, description or upstream)
    elif tool.type not in (None, "custom"):
        ledger.approximated("tools.type")
        schema = builtin.schema(tool)
        description = description or builtin.description(tool, upstream)
    if not description.strip():
        ledger.approximated("tools.description")
        description = name if name.strip() else upstream
    if schema is None:
        schema = bytes(tool.input_schema)
    return _entry(upstream, description, schema)


def _entry(upstream: str, description: str, schema: bytes) -> _Entry:
    fitting, rest = _cut(description)
    # The same twenty schemas come with every request of a conversation.
    normal, lossy = (_remembered if len(schema) <= _MOST_CACHED else _normal)(schema)
    specification = q.ToolSpecification(upstream, fitting, q.InputSchema(normal))
    overflow = LONG_DESCRIPTION.format(name=upstream, rest=rest) if rest else ""
    return _Entry(q.ToolEntry(specification), overflow, lossy)


def _normal(schema: bytes) -> tuple[msgspec.Raw, bool]:
    normal, lossy = normalise(sound(schema))
    return msgspec.Raw(normal), lossy


_remembered = lru_cache(maxsize=512)(_normal)


def _cut(description: str) -> tuple[str, str]:
    """A description that fits and the rest of it, cut between characters."""
    if len(description) <= LONGEST_DESCRIPTION // 2:  # a character has at most two units
        return description, ""
    units = description.encode("utf-16-le")[: 2 * LONGEST_DESCRIPTION]
    fitting = units.decode("utf-16-le", "ignore")
    return fitting, description[len(fitting) :]
