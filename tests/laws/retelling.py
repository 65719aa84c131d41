"""Replies as a client receives them: the program's own way from the service's bytes to its own."""

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import strategies as st

from amq2api.bridge.amazonq.stream import StreamTranslator, Terms
from amq2api.bridge.collect import Collector
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError
from laws.grammar import Judge
from laws.replies import Reply, reads, written

__all__ = ["NAMES", "SAID_AFTERWARDS", "Case", "Heard", "cases", "terms"]

NAMES = {"cat_9f86d081": "猫", "mcp__x": "mcp__" + "x" * 70}

SAID_AFTERWARDS = "ψ"
"""What the model says when it has what it searched for."""
AFTERWARDS = (
    written("assistantResponseEvent", {"content": SAID_AFTERWARDS}).data
    + written("metadataEvent", {"stopReason": "END_TURN"}).data
)


def terms(**changes: Any) -> Terms:
    usual = {"message_id": "msg_1", "model": "m", "input_tokens": 7, "names": NAMES}
    return Terms(**{**usual, **changes})


@dataclass
class Heard:
    """What came of a reply, judged on the way: every state in between is a legal beginning."""

    judge: Judge = field(default_factory=Judge)
    events: list[m.StreamEvent] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    """What was written, one piece for each read."""
    cut: bool = False
    """Whether the message was ended here, before its stream."""
    requests: int = 1
    searches: list[str | None] = field(default_factory=list)
    """What was searched for."""

    def take(self, events: list[m.StreamEvent]) -> None:
        data = m.render(events)
        self.events += m.apart(events)
        self.data.append(data)
        self.judge.feed(data)
        assert self.judge.settled, "half an event was written"

    @property
    def without_pings(self) -> list[m.StreamEvent]:
        return [event for event in self.events if not isinstance(event, m.Ping)]

    @property
    def message(self) -> Any:
        """The answer to a client that asked for no stream."""
        collector = Collector()
        collector.feed(self.events)
        return json.loads(msgspec.json.encode(collector.message()))


@dataclass(repr=False)
class Case:
    """One reply on its way to one client. Its ``repr`` is JSON, to be pasted into ``found``."""

    reply: Reply
    reads: list[bytes]
    """The reply's bytes as the network delivers them."""
    terms: Terms
    early: bool = False
    """Whether the answer begins before the service does, and pings on the way."""

    def __repr__(self) -> str:
        usual = msgspec.to_builtins(terms())
        told = {
            "terms": {k: v for k, v in msgspec.to_builtins(self.terms).items() if v != usual[k]},
            "early": self.early,
            "fault": self.reply.fault,
            "frames": [frame.told for frame in self.reply.frames],
            "reads": [read.hex() for read in self.reads],
        }
        return json.dumps(told)

    def hear(self) -> Heard:
        return hear(self.reads, self.terms, early=self.early)


@st.composite
def cases(
    draw: st.DrawFn, replies: st.SearchStrategy[Reply], some: st.SearchStrategy[Terms]
) -> Case:
    reply = draw(replies)
    return Case(reply, draw(reads(reply.data)), draw(some), draw(st.booleans()))


def hear(reads: list[bytes], terms: Terms, *, early: bool = False) -> Heard:
    """Retell a reply that arrives in these reads, as relay/reply.py does.

    Where the model asks for searches and nothing else, another request goes on with the answer,
    or, if it began *early*, it is paused.
    """
    translator, heard = StreamTranslator(terms), Heard()
    if early:
        heard.take([*translator.begin(), m.Ping()])
    if not _retold(translator, heard, reads, early=early):
        return heard
    if translator.unfinished and early:
        heard.take(translator.conclude("pause_turn"))
    elif translator.unfinished:
        heard.requests = 2
        translator = StreamTranslator(terms, translator.progress)
        _retold(translator, heard, [AFTERWARDS], early=early)
    return heard


def _retold(translator: StreamTranslator, heard: Heard, reads: list[bytes], *, early: bool) -> bool:
    """Whether the reply came to its end, and did not break off."""
    for read in reads:
        if translator.done or translator.failure is not None:
            break
        heard.take(translator.feed(read))
        _answer(translator, heard)
        if early:
            heard.take([m.Ping()])
    heard.cut = translator.done
    try:
        if translator.failure is not None:
            raise translator.failure
        heard.take(translator.finish())
        while translator.wanted is not None:
            _answer(translator, heard)
            if translator.failure is not None:
                raise translator.failure
            heard.take(translator.finish())
    except GatewayError as failure:
        heard.take(translator.fail(failure))
        return False
    return True


def _answer(translator: StreamTranslator, heard: Heard) -> None:
    while (wanted := translator.wanted) is not None and translator.failure is None:
        heard.searches.append(wanted.query)
        page = m.WebSearchResult("β", "γ", "ZA==")
        found: list[m.WebSearchResult] | m.WebSearchError = [page]
        if wanted.query is None:
            found = m.WebSearchError("invalid_tool_input")
        heard.take(translator.answer(m.WebSearchToolResultBlock(wanted.id, found)))
