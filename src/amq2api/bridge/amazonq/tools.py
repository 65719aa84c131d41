"""Tools as the service wants them declared (upstream-protocol.md 2.5, 2.10 I9, I11)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import msgspec

from amq2api.bridge.seen import Seen
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
    entries: list[msgspec.Raw]
    overflow: list[str]
    """What did not fit into descriptions, to be carried as text."""


class _Entry(NamedTuple):
    """One tool's declaration, encoded, and what else there is to tell of it."""

    upstream: str
    entry: msgspec.Raw
    overflow: str = ""
    approximated: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


_Known: TypeAlias = dict[int, tuple[m.Tool, _Entry]]
# The same twenty tools come with every request of a conversation, as the same objects: by the
# id of each.
_shared: Seen[m.SharedTools, _Known] = Seen(32)


_UNKNOWN: tuple[None, None] = (None, None)


def name_of(tool: m.Tool) -> str:
    """A checked tool always has a name."""
    return tool.name or ""


def declare(
    tools: Iterable[m.Tool],
    used: Sequence[str],
    names: Names,
    ledger: Ledger,
    *,
    among: Sequence[m.Tool] | None = None,
) -> Declared:
    """Declare *tools*, and what else the history uses, which has to be declared as well.

    Args:
        among: The tools of the call, which most of them are.
    """
    known: _Known = {}
    room = 0
    if isinstance(among, m.SharedTools):
        room = len(among)
        known = found if (found := _shared.get(among)) is not None else _shared.put(among, known)
    entries: list[msgspec.Raw] = []
    overflow: list[str] = []
    declared: set[str] = set()
    for tool in tools:
        name = name_of(tool)
        declared.add(name)
        upstream = names.upstream(name)
        same, made = known.get(id(tool), _UNKNOWN)
        if made is None or same is not tool or made.upstream != upstream:
            made = _made(tool, name, upstream)
            if len(known) < room:
                known[id(tool)] = tool, made
        entries.append(made.entry)
        if made.overflow:
            overflow.append(made.overflow)
        for subject in made.approximated:
            ledger.approximated(subject)
        for subject in made.dropped:
            ledger.dropped(subject)
    for name in dict.fromkeys(used):
        if name not in declared:
            ledger.repaired("tools")
            upstream = names.upstream(name)
            entries.append(_entry(upstream, name if name.strip() else upstream, EMPTY)[0])
    return Declared(entries, overflow)


def _made(tool: m.Tool, name: str, upstream: str) -> _Entry:
    schema, approximated = None, []
    description = tool.description or ""
    if m.is_web_search(tool):
        approximated.append("tools.type")
        schema, description = searching.SCHEMA, searching.description(tool, description or upstream)
    elif tool.type not in (None, "custom"):
        approximated.append("tools.type")
        schema = builtin.schema(tool)
        description = description or builtin.description(tool, upstream)
    if not description.strip():
        approximated.append("tools.description")
        description = name if name.strip() else upstream
    if schema is None:
        schema = bytes(tool.input_schema)
    entry, overflow, lossy = _entry(upstream, description, schema)
    if overflow:
        approximated.append("tools.description")
    if lossy:
        approximated.append("tools.input_schema")
    dropped = [f"tools.{member}" for member in _DROPPED if getattr(tool, member)]
    return _Entry(upstream, entry, overflow, tuple(approximated), tuple(dropped))


def _entry(upstream: str, description: str, schema: bytes) -> tuple[msgspec.Raw, str, bool]:
    """The declaration, what did not fit into it, and whether its schema lost anything."""
    fitting, rest = _cut(description)
    normal, lossy = (_remembered if len(schema) <= _MOST_CACHED else _normal)(schema)
    specification = q.ToolSpecification(upstream, fitting, q.InputSchema(normal))
    overflow = LONG_DESCRIPTION.format(name=upstream, rest=rest) if rest else ""
    return msgspec.Raw(q.encode(q.ToolEntry(specification))), overflow, lossy


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
