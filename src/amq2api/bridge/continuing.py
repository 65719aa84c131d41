"""The request that goes on with an answer, where one request to the service was not enough."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from amq2api.dialects import messages as m

from .amazonq.words import JSON_AGAIN, JSON_REPAIR
from .structured import Misfit

__all__ = ["continued", "corrected"]

_read = msgspec.json.Decoder(list[m.Block]).decode
_write = msgspec.json.Encoder().encode


def continued(call: m.Call, said: Sequence[m.ContentBlock]) -> m.Call:
    """*call* with what was answered so far, for more of the same answer.

    The blocks go back as a client would send them. A tool that had to be called was called, so
    nothing is forced any more.
    """
    return _after(call, [m.Message("assistant", _echoed(said))])


def corrected(call: m.Call, said: Sequence[m.ContentBlock], misfit: Misfit) -> m.Call:
    """*call* with an answer that does not fit, and what is wrong with it, for another answer."""
    words = JSON_REPAIR.format(place=misfit.place, rule=misfit.rule) if misfit.rule else JSON_AGAIN
    answer = [m.Message("assistant", _echoed(said))] if said else []
    return _after(call, [*answer, m.Message("user", words)])


def _after(call: m.Call, turns: list[m.Message]) -> m.Call:
    return replace(call, messages=[*call.messages, *turns], tool_choice=_unforced(call))


def _echoed(said: Sequence[m.ContentBlock]) -> list[m.Block]:
    return _read(_write(said))


def _unforced(call: m.Call) -> m.ToolChoice | None:
    choice = call.tool_choice
    if isinstance(choice, m.AnyTool | m.OneTool):
        return m.AutoTool(disable_parallel_tool_use=choice.disable_parallel_tool_use)
    return choice
