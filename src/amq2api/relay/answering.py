"""Which way an answer comes about: most take one request to the service, some take several."""

from collections.abc import Callable

from amq2api.bridge import structured
from amq2api.bridge.backend import Notes
from amq2api.dialects import messages as m

from .journey import Journey
from .relay import Relay
from .reply import Reply
from .searching import Searching
from .source import Source
from .structured import Structured


def reply_to(
    relay: Relay,
    call: m.Call,
    request_id: str,
    notes: Notes = (),
    *,
    caller: Callable[[], str] = str,
    session: str = "",
    weight: int = 0,
) -> Reply:
    """The reply to *call*, not yet opened.

    Args:
        notes: What reading the call has changed.
        caller: Tells whom the call takes its turn with; asked where there is no room.
        session: As the client names it, if it does; see :func:`.runaway.turn_of`.
        weight: Bytes of the call as it came; large ones are worked on beside the others.
    """
    journey = Journey(relay, request_id, notes, caller=caller, weight=weight)
    source: Source = journey
    if (tool := m.web_search(call)) is not None:
        source = Searching(relay, journey, tool)
    if (wanted := structured.asked(call)) is not None:
        source = Structured(source, journey, wanted)
    return Reply(relay, call, journey, source, session=session)
