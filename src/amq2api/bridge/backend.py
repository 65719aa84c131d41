"""What a back end gives: a call made ready, its reply retold, and notes on what was changed.

Everything that waits is written once, in relay/ and upstream/, against these values.
"""

from collections.abc import Iterable
from typing import Protocol, TypeAlias

import msgspec

from amq2api.bridge import tokens
from amq2api.dialects import messages as m
from amq2api.errors import GatewayError
from amq2api.wire.exchange import Ask


class Note(msgspec.Struct, frozen=True):
    """What happened to one thing a client sent. One row of fidelity.py, applied.

    ``str()`` gives the short form used in logs and in the ``amq2api-fidelity`` header:
    ``approximated:tool_choice`` or ``approximated:tools.name=3``.
    """

    fate: str
    """``approximated``, ``dropped`` or ``repaired``. What is carried needs no note."""
    subject: str
    """The field or block, as in the fidelity table."""
    count: int = 1

    def __str__(self) -> str:
        return f"{self.fate}:{self.subject}" + (f"={self.count}" if self.count > 1 else "")


Notes: TypeAlias = tuple[Note, ...]


def merged(notes: Iterable[Note]) -> Notes:
    """Equal notes as one, with their counts added."""
    given = tuple(notes)
    if len(given) < 2:
        return given
    counts: dict[tuple[str, str], int] = {}
    for note in given:
        key = (note.fate, note.subject)
        counts[key] = counts.get(key, 0) + note.count
    return tuple(Note(fate, subject, count) for (fate, subject), count in counts.items())


class Identity(msgspec.Struct, frozen=True):
    """Who asks upstream, and with what: everything a request needs that the call does not say."""

    endpoint: str
    """Base URL of the service."""
    conversation_id: str
    """A fresh UUID: the service keeps no memory by it (upstream-protocol.md 2.2)."""
    message_id: str
    """``msg_…``, the id the client will see."""
    profile_arn: str = ""
    origin: str = "CLI"
    user_agent: str = "amq2api"
    opt_out: bool = True
    expects_trailer: bool = False
    """Whether this account's replies are known to end with a trailer."""
    replay_reasoning: bool = True
    """False when the service refused a replayed signature: earlier reasoning stays behind."""


class Progress(msgspec.Struct, frozen=True):
    """How far an answer has come that takes several requests to the service.

    A search on the web and a second try at structured output are further requests; the client
    sees one message.
    """

    begun: bool = False
    """Whether the head of the message is out."""
    blocks: int = 0
    """Content blocks given out so far: the next one's index."""
    input_tokens: int = 0
    """Read afresh; with the next two, all that the model has read."""
    cache_written: int = 0
    cache_read: int = 0
    output_tokens: int = 0
    searches: int = 0
    """Searches on the web that gave results."""
    credits: float | None = None
    notes: Notes = ()
    """What was changed in the answer so far."""

    @property
    def whole_input(self) -> int:
        return self.input_tokens + self.cache_written + self.cache_read

    def usage(self, *, searching: bool) -> m.Usage:
        """What the client is told; *searching* says whether the call offers web search."""
        return m.Usage(
            self.input_tokens,
            self.cache_written,
            self.cache_read,
            self.output_tokens,
            server_tool_use=m.ServerToolUsage(self.searches) if searching else msgspec.UNSET,
        )


class Search(msgspec.Struct, frozen=True):
    """A search that the model asked for and the gateway is to make."""

    id: str
    """``srvtoolu_…``, of the block that is out already."""
    query: str | None
    """None where the model's input holds none."""


class Outcome(msgspec.Struct):
    """What a reply turned out to be, filled in as it ends; for the log and the records.

    Numbers are those of the whole answer, however many requests it took.
    """

    stop_reason: str = ""
    """Empty as long as the answer goes on, also where this request's part of it has ended."""
    input_tokens: int = 0
    output_tokens: int = 0
    request_tokens: int = 0
    """Of the input, what this one request took: estimates learn from it."""
    usage_source: str = "estimate"
    """``service``, ``context`` (from the context percentage) or ``estimate``."""
    credits: float | None = None
    unknown_events: list[str] = []
    """Names of event types nobody knew, each once."""
    notes: list[Note] = []
    """What was changed in the answer; see :func:`merged`."""
    torn: bool = False
    """Whether the answer broke in the middle of a tool call."""

    def note(self, note: "Note") -> None:
        """Something was changed in the answer; each change is told once."""
        if note not in self.notes:
            self.notes.append(note)


class Translator(Protocol):
    """One reply, retold. Feed it the bytes in order, then call exactly one of finish and fail.

    Between calls the events given out so far always form a prefix of a legal stream, so the
    connection may drop at any moment.

    A model may ask for a search of the web in the middle of its reply: then ``wanted`` is set,
    and what follows is held back until ``answer``. When the reply has ended with searches, the
    answer is ``unfinished``: the next request goes on with it, its translator starting from
    this one's ``progress``.
    """

    failure: GatewayError | None
    """Why ``feed`` or ``answer`` stopped short: what it returned is good, the rest is lost."""
    stuck: bool
    """Whether more bytes are no use to it: it has failed or is done, or a search is wanted."""
    unfinished: bool
    """After ``finish``: the message has not ended, for the model waits for what it searched."""
    progress: Progress
    """After ``finish``: where the message stands."""
    outcome: Outcome

    def begin(self) -> list[m.StreamEvent]:
        """The head of the message, for an answer that must begin before the service does."""

    def feed(self, data: bytes) -> list[m.StreamEvent]:
        """Take the next bytes. Raises nothing: see ``failure``."""

    def answer(self, block: m.WebSearchToolResultBlock) -> list[m.StreamEvent]:
        """Give out what the wanted search found, and then what was held back.

        Raises nothing: see ``failure``. Another search may be wanted after it.
        """

    def finish(self) -> list[m.StreamEvent]:
        """The stream ended as it should, or was cancelled because of ``done``.

        Where a search is wanted after it, call it again once that is answered. Where the answer
        is ``unfinished`` after it, the message has no end yet.

        Raises:
            GatewayError: what came is not a whole answer. Then call ``fail``.
        """

    def conclude(self, reason: m.StopReason) -> list[m.StreamEvent]:
        """End an unfinished message after all."""

    def fail(self, error: GatewayError) -> list[m.StreamEvent]:
        """The reply broke off."""

    @property
    def wanted(self) -> Search | None:
        """A search to be made and answered; until then nothing more comes out."""

    @property
    def done(self) -> bool:
        """Whether the message ended before its stream: the rest may be cancelled."""

    @property
    def answering(self) -> bool:
        """Whether anything of the answer has come: text, reasoning or a tool call."""

    @property
    def trailer(self) -> bool:
        """Whether the service marked the end, and so can be expected to."""


class Prepared(msgspec.Struct, frozen=True):
    """A call ready to be sent: the request, how to read its reply, what was changed."""

    ask: Ask
    """Without credentials."""
    translator: Translator
    notes: Notes
    input_tokens: int
    """An estimate."""
    model_id: str
    """The service's name of the model."""
    size: tokens.Size
    """What the estimate is made from."""
