"""Which tools a request may use, for a service that knows no tool_choice and no deferred tools."""

from collections.abc import Collection

from amq2api.dialects import messages as m

from .changes import Changes
from .fidelity import Ledger
from .names import Names
from .tools import name_of
from .words import TOOL_ANY, TOOL_NONE, TOOL_ONE

__all__ = ["closed", "demand", "offered"]


def offered(call: m.Call, used: Collection[str], changes: Changes, ledger: Ledger) -> list[m.Tool]:
    """The tools to declare: those the choice leaves, and those the history cannot do without.

    A deferred tool is held back until something in the conversation names it, and one that was
    removed on the way unless it was used before.
    """
    forced = _forced(call)
    only_used = isinstance(call.tool_choice, m.NoTool) or forced is not None
    made: list[m.Tool] = []
    for tool in (*(call.tools or ()), *changes.defined.values()):
        name = name_of(tool)
        if name in used or name == forced:
            made.append(tool)
        elif only_used or name in changes.removed:
            continue
        elif tool.defer_loading and name not in changes.referenced:
            ledger.dropped("tools.defer_loading")
        else:
            made.append(tool)
    if used and closed(call, made, used):
        none = isinstance(call.tool_choice, m.NoTool)
        ledger.approximated("tool_choice.none" if none else "tools")
    return made


def closed(call: m.Call, tools: Collection[m.Tool], used: Collection[str]) -> bool:
    """Whether no tool may be called, though the history's are declared: they have to be (I9).

    *tools* are those :func:`offered`. A client that offers none is not to be called back for
    those it *used*.
    """
    return isinstance(call.tool_choice, m.NoTool) or (bool(used) and not tools)


def demand(
    call: m.Call, tools: Collection[m.Tool], used: Collection[str], names: Names, ledger: Ledger
) -> str:
    """The sentence that stands for ``any``, ``tool`` and ``none``, or nothing."""
    choice = call.tool_choice
    if closed(call, tools, used):
        return TOOL_NONE if used else ""
    if choice is None or not tools:
        return ""
    if choice.disable_parallel_tool_use:
        ledger.approximated("tool_choice.disable_parallel_tool_use")
    forced = _forced(call)
    if forced is not None:
        ledger.approximated("tool_choice.tool")
        return TOOL_ONE.format(name=names.upstream(forced))
    if isinstance(choice, m.AutoTool):
        return ""
    ledger.approximated("tool_choice.any")
    return TOOL_ANY


def _forced(call: m.Call) -> str | None:
    """The one tool a call insists on, provided that it declares it."""
    choice = call.tool_choice
    if not isinstance(choice, m.OneTool):
        return None
    return choice.name if any(name_of(tool) == choice.name for tool in call.tools or ()) else None
