"""Events of the service, and the characters it cuts in half."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import amazonq as q
from amq2api.errors import ProtocolError
from amq2api.wire.eventstream import Frame, HeaderValue

Made = q.Event | q.TornEvent
READ: dict[str, tuple[str, bytes, Made]] = {
    "text": ("assistantResponseEvent", b'{"content":"a"}', q.AssistantResponseEvent("a")),
    "only a model": (
        "assistantResponseEvent", b'{"modelId":"x"}', q.AssistantResponseEvent(None, "x")),
    "reasoning": (
        "reasoningContentEvent", b'{"text":"a","signature":"s"}',
        q.ReasoningContentEvent("a", "s")),
    "a tool": (
        "toolUseEvent", b'{"toolUseId":"i","name":"n","input":"{","stop":false}',
        q.ToolUseEvent("i", "n", "{", False)),
    "key order is free": (
        "toolUseEvent", b'{"stop":true,"name":"n","new":[1],"toolUseId":"i"}',
        q.ToolUseEvent("i", "n", None, True)),
    "metadata": ("metadataEvent", b'{"stopReason":"END_TURN"}', q.MetadataEvent("END_TURN")),
    "context": (
        "contextUsageEvent", b'{"contextUsagePercentage":4.5}', q.ContextUsageEvent(4.5)),
    "metering": ("meteringEvent", b'{"usage":0.5,"unit":"credit"}', q.MeteringEvent(0.5, "credit")),
    "head": ("initial-response", b'{"conversationId":"c"}', q.InitialResponse("c")),
    "message": ("messageMetadataEvent", b"{}", q.MessageMetadataEvent()),
    "state": (
        "invalidStateEvent", b'{"reason":"R","message":"m"}', q.InvalidStateEvent("R", "m")),
    "foreign": ("codeEvent", b'{"content":"x"}', q.OtherEvent("codeEvent", b'{"content":"x"}')),
    "unheard of": ("newEvent", b"\xff", q.OtherEvent("newEvent", b"\xff")),
    "nameless": ("", b"{}", q.OtherEvent("", b"{}")),
    "torn": (
        "assistantResponseEvent", rb'{"content":"a\ud83d"}',
        q.TornEvent(q.AssistantResponseEvent("a\ud83d"))),
}  # fmt: skip


@pytest.mark.parametrize(("event_type", "payload", "event"), READ.values(), ids=READ)
def test_events(event_type: str, payload: bytes, event: Made) -> None:
    assert q.parse(Frame({":event-type": event_type}, payload)) == event


@pytest.mark.parametrize("payload", [
    b"", b"[]", b'{"content":3}', b'{"content":"\xff"}', b'{"content":"a', rb'{"content":"\ud83d',
    rb'{"content":3,"x":"\ud83d"}', b'{"x":' + b"[" * 5000,
])  # fmt: skip
def test_a_known_event_of_the_wrong_shape_is_an_error(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        q.parse(Frame({":event-type": "assistantResponseEvent"}, payload))


def test_an_event_type_that_is_no_text_names_no_event() -> None:
    assert q.parse(Frame({":event-type": True}, b"")) == q.OtherEvent("True", b"")


@pytest.mark.parametrize("kind", ["event", "exception", "error"])
def test_message_types(kind: str) -> None:
    assert q.kind(Frame({":message-type": kind}, b"")) == kind


@pytest.mark.parametrize("headers", [{}, {":message-type": "new"}, {":message-type": True}])
def test_other_message_types_are_errors(headers: dict[str, HeaderValue]) -> None:
    with pytest.raises(ProtocolError):
        q.kind(Frame(headers, b""))


def mend(events: list[Made]) -> list[q.Event]:
    mender = q.Mender()
    return [whole for event in events for whole in mender.feed(event)] + mender.finish()


A, R = q.AssistantResponseEvent, q.ReasoningContentEvent
HIGH, LOW, WHOLE = "\ud83d", "\ude00", "\U0001f600"
OTHER = q.OtherEvent("newEvent", b"{}")


def tool(key: str, text: str | None) -> q.ToolUseEvent:
    return q.ToolUseEvent(key, "n", text)


MENDED: dict[str, tuple[list[Made], list[q.Event]]] = {
    "nothing to mend": ([A("a"), A(None), tool("i", None)], [A("a"), A(None), tool("i", None)]),
    "two halves": ([q.TornEvent(A("a" + HIGH)), q.TornEvent(A(LOW + "b"))],
                   [A("a"), A(WHOLE + "b")]),
    "reasoning": ([q.TornEvent(R(HIGH)), q.TornEvent(R(LOW))], [R(""), R(WHOLE)]),
    "a tool": ([q.TornEvent(tool("i", HIGH)), q.TornEvent(tool("i", LOW))],
               [tool("i", ""), tool("i", WHOLE)]),
    "the other half in an event of another lane": (
        [q.TornEvent(A(HIGH)), q.TornEvent(tool("i", LOW))],
        [A(""), tool("i", "\ufffd"), A("\ufffd")]),
    "another lane between the halves": (
        [q.TornEvent(A(HIGH)), R("r"), OTHER, q.TornEvent(A(LOW))],
        [A(""), R("r"), OTHER, A(WHOLE)]),
    "two lanes torn at once": (
        [q.TornEvent(tool("i", HIGH)), q.TornEvent(tool("j", HIGH)), q.TornEvent(tool("i", LOW)),
         q.TornEvent(tool("j", LOW))],
        [tool("i", ""), tool("j", ""), tool("i", WHOLE), tool("j", WHOLE)]),
    "a call ends in half a character": (
        [q.TornEvent(tool("i", HIGH)), q.ToolUseEvent("i", "n", stop=True)],
        [tool("i", ""), tool("i", "\ufffd"), q.ToolUseEvent("i", "n", stop=True)]),
    "a thought is signed after half a character": (
        [q.TornEvent(R("r" + HIGH)), R(signature="s")], [R("r"), R("\ufffd"), R(signature="s")]),
    "half a character and the end in one event": (
        [q.TornEvent(R("r" + HIGH, "s"))], [R("r\ufffd", "s")]),
    "tools are lanes of their own": (
        [q.TornEvent(tool("i", HIGH)), q.TornEvent(tool("j", LOW))],
        [tool("i", ""), tool("j", "\ufffd"), tool("i", "\ufffd")]),
    "a half that stays alone": ([q.TornEvent(A("a" + HIGH)), A("b")], [A("a"), A("\ufffdb")]),
    "an event without text between": (
        [q.TornEvent(A(HIGH)), A(None), q.TornEvent(A(LOW))], [A(""), A(None), A(WHOLE)]),
    "the end": ([q.TornEvent(A(HIGH))], [A(""), A("\ufffd")]),
}  # fmt: skip


@pytest.mark.parametrize(("events", "whole"), MENDED.values(), ids=MENDED)
def test_mending(events: list[Made], whole: list[q.Event]) -> None:
    assert mend(events) == whole


@given(st.text(), st.data())
def test_any_text_cut_between_its_code_units_is_whole_again(text: str, data: st.DataObject) -> None:
    units = text.encode("utf-16-le")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(units) // 2), max_size=6)))
    edges = [0, *(2 * cut for cut in cuts), len(units)]
    pieces = [units[a:b].decode("utf-16-le", "surrogatepass") for a, b in pairwise(edges)]
    events = mend([q.TornEvent(A(piece)) for piece in pieces])
    assert "".join(event.content or "" for event in events if isinstance(event, A)) == text
