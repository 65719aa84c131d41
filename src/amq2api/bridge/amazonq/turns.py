"""Messages as turns: user, assistant, user, assistant, and nothing blank.

The service wants strict alternation (upstream-protocol.md 2.10 I2). Clients send several
messages of one role in a row, system messages in between, and empty ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest

from .content import Piece, Reader, is_blank, kind
from .fidelity import Ledger, row_of

__all__ = ["AssistantPiece", "Speaker", "Turn", "UserPiece", "gather"]

Speaker: TypeAlias = Literal["user", "assistant"]

UserPiece: TypeAlias = str | m.Image | m.ToolResult
AssistantPiece: TypeAlias = str | m.ToolUse | m.Thinking | m.RedactedThinking

_MAY_SAY: dict[Speaker, tuple[type, ...]] = {
    "user": (str, m.Image, m.ToolResult),
    "assistant": (str, m.ToolUse, m.Thinking, m.RedactedThinking),
}
_SPEECH = (str, m.Image, m.ToolUse, m.ToolResult)


@dataclass(slots=True)
class Turn:
    """What one side says before the other speaks. No text in it is blank."""

    speaker: Speaker
    at: int
    """Where it begins: index of a message of the call."""
    pieces: list[Piece] = field(default_factory=list)
    """As :func:`gather` makes them, only such as the speaker may say."""

    @property
    def speaks(self) -> bool:
        """Thoughts alone are no message to the service (I6)."""
        return any(isinstance(piece, _SPEECH) for piece in self.pieces)


def gather(messages: Sequence[m.Message], reader: Reader, ledger: Ledger) -> list[Turn]:
    """The turns of a conversation, alternating; either side may begin and end it.

    System messages keep their place: their text is part of the user turn around them.
    """
    turns: list[Turn] = []
    for turn in _merged(_read(messages, reader, ledger)):
        if turn.speaks:
            turns.append(turn)
        else:
            ledger.dropped("messages")
            for thought in turn.pieces:
                ledger.dropped(row_of(kind(thought)))
    # What stood on both sides of a silent turn belongs together now.
    return list(_merged(turns))


def _read(messages: Sequence[m.Message], reader: Reader, ledger: Ledger) -> Iterator[Turn]:
    for at, message in enumerate(messages):
        if message.output_config is not None:
            ledger.dropped("messages.output_config")
        speaker: Speaker = "assistant" if message.role == "assistant" else "user"
        turn = Turn(speaker, at)
        allowed = _MAY_SAY[speaker]
        for piece in reader.pieces(message.content or ()):
            if not isinstance(piece, allowed):
                what = kind(piece)
                raise BadRequest(f"messages.{at}.content: `{what}` cannot be in a {speaker} turn")
            if not isinstance(piece, str) or not is_blank(piece):
                turn.pieces.append(piece)
        if turn.pieces:
            yield turn
        elif message.output_config is None:
            ledger.dropped("messages")


def _merged(turns: Iterable[Turn]) -> Iterator[Turn]:
    last: Turn | None = None
    for turn in turns:
        if last is not None and last.speaker == turn.speaker:
            last.pieces += turn.pieces
            continue
        if last is not None:
            yield last
        last = turn
    if last is not None:
        yield last
