"""What a back end is: pure functions that prepare a call, retell the reply and judge a refusal.

Everything that waits is written once, in relay.py and upstream/, against these protocols.
"""

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from amq2api.dialects import messages as m
from amq2api.errors import GatewayError
from amq2api.wire.eventstream import Frame
from amq2api.wire.exchange import Answer, Ask


@dataclass(frozen=True, slots=True)
class Note:
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


@dataclass(frozen=True, slots=True)
class Identity:
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
    replay_reasoning: bool = True
    """False when the service refused a replayed signature: earlier reasoning stays behind."""


@dataclass(slots=True)
class Outcome:
    """What a reply turned out to be, filled in as it ends; for the log and the records."""

    stop_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usage_source: str = "estimate"
    """``service``, ``context`` (from the context percentage) or ``estimate``."""
    credits: float | None = None
    upstream_events: list[str] = field(default_factory=list)
    """Names of event types nobody knew, each once."""


class Translator(Protocol):
    """One reply, retold. Feed it every frame in order, then call exactly one of finish and fail.

    Between calls the events given out so far always form a prefix of a legal stream, so the
    connection may drop at any moment.
    """

    outcome: Outcome

    def begin(self) -> list[m.StreamEvent]:
        """The head of the message, for an answer that must begin before the service does."""

    def feed(self, frames: list[Frame]) -> list[m.StreamEvent]:
        """Raise a GatewayError where the service reports one, or where it breaks the format."""

    def finish(self) -> list[m.StreamEvent]:
        """The service's stream ended on a frame boundary. Raises as feed does."""

    def fail(self, error: GatewayError) -> list[m.StreamEvent]:
        """The reply broke off."""

    @property
    def done(self) -> bool:
        """Whether the message has ended before the stream: the rest may be cancelled."""

    @property
    def answering(self) -> bool:
        """Whether anything of the answer itself has come: text, reasoning or a tool call."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call ready to be sent: the request, how to read its reply, what was changed."""

    ask: Ask
    """Without credentials."""
    translator: Translator
    notes: Notes
    input_tokens: int
    """An estimate."""


class Backend(Protocol):
    """One upstream service."""

    def prepare(self, call: m.Call, identity: Identity) -> Prepared: ...

    def verdict(self, answer: Answer) -> GatewayError: ...
