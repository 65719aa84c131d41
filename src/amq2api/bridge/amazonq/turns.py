"""Messages as turns: user, assistant, user, assistant, and nothing blank.

The service wants strict alternation (upstream-protocol.md 2.10 I2). Clients send several
messages of one role in a row, system messages in between, and empty ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

import msgspec

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest

from .content import Piece, Reader, is_blank, kind
from .fidelity import Ledger, row_of
from .searching import unfolded

__all__ = ["Speaker", "Turn", "UserPiece", "gather"]

Speaker: TypeAlias = Literal["user", "assistant"]

UserPiece: TypeAlias = str | m.Image | m.ToolResult

# Beside texts.
_MAY_SAY: dict[Speaker, frozenset[type]] = {
    "user": frozenset({m.Image, m.ToolResult}),
    "assistant": frozenset({m.Image, m.ToolUse, m.ToolResult, m.Thinking, m.RedactedThinking}),
}
_NOT_THE_ASSISTANTS = frozenset({m.ToolResult, m.Image})
"""What an assistant message may hold and the service has with the user only: what searches found,
and pictures in a document."""
_THOUGHTS = frozenset({m.Thinking, m.RedactedThinking})


class Turn(msgspec.Struct):
    """What one side says before the other speaks. No text in it is blank."""

    speaker: Speaker
    at: int
    """Where it begins: index of a message of the call."""
    pieces: list[Piece] = []
    """As :func:`gather` makes them, only such as the speaker may say."""

    @property
    def speaks(self) -> bool:
        """Thoughts alone are no message to the service (I6)."""
        return not _THOUGHTS.issuperset(map(type, self.pieces))


def gather(messages: Sequence[m.Message], reader: Reader, ledger: Ledger) -> list[Turn]:
    """The turns of a conversation, alternating; either side may begin and end it.

    System messages keep their place: their text is part of the user turn around them.
    """
    turns = _merged(_read(messages, reader, ledger))
    silent = [turn for turn in turns if not turn.speaks]
    if not silent:
        return turns
    for turn in silent:
        ledger.dropped("messages")
        for thought in turn.pieces:
            ledger.dropped(row_of(kind(thought)))
    # What stood on both sides of a silent turn belongs together now.
    return _merged(turn for turn in turns if turn.speaks)


def _read(messages: Sequence[m.Message], reader: Reader, ledger: Ledger) -> Iterator[Turn]:
    places = reversed(range(len(messages)))
    last_asked = next((at for at in places if messages[at].role == "user"), 0)
    for at, message in enumerate(messages):
        config = message.output_config
        if config is not None and (config.format or config.task_budget):
            ledger.dropped("messages.output_config")
        content = message.content or ()
        if message.clear_at == "next_user_message" and at < last_asked:
            # The client keeps it where it stood, so that its conversation only grows.
            content, said = _changes(content), content
            if len(content) < len(said):
                ledger.dropped("messages.clear_at")
        if turns := _told(at, message.role, content, reader, ledger):
            yield from turns
        elif not (config or message.clear_at or _changes(content)):
            ledger.dropped("messages")


def _changes(content: str | Sequence[m.Block]) -> list[m.Block]:
    """What changes the tools, and is heard without being said."""
    heard = (m.ToolAddition, m.ToolRemoval)
    return [] if isinstance(content, str) else [b for b in content if isinstance(b, heard)]


def _told(
    at: int, role: m.Role, content: str | Sequence[m.Block], reader: Reader, ledger: Ledger
) -> list[Turn]:
    """A message as turns: several only where the assistant's has something that must be the
    user's."""
    if role != "assistant":
        pieces = _fitting(at, "user", content, reader)
        return [Turn("user", at, pieces)] if pieces else []
    if not isinstance(content, str):
        content = unfolded(content, ledger)
    pieces = _fitting(at, "assistant", content, reader)
    if _NOT_THE_ASSISTANTS.isdisjoint(map(type, pieces)):
        return [Turn("assistant", at, pieces)] if pieces else []
    return [turn for turn in _dealt(at, pieces) if turn.pieces]


def _dealt(at: int, pieces: Iterable[Piece]) -> list[Turn]:
    """An assistant's pieces, dealt to whom the service has them with."""
    said, found = Turn("assistant", at), Turn("user", at)
    turns = [said, found]
    for piece in pieces:
        if type(piece) in _NOT_THE_ASSISTANTS:
            found.pieces.append(piece)
            continue
        if found.pieces and not _waits(said, found):
            said, found = Turn("assistant", at), Turn("user", at)
            turns += [said, found]
        said.pieces.append(piece)
    return turns


def _fitting(
    at: int, speaker: Speaker, content: str | Sequence[m.Block], reader: Reader
) -> list[Piece]:
    """The pieces without blank texts."""
    allowed = _MAY_SAY[speaker]
    pieces = reader.pieces(content)
    blank = False
    for piece in pieces:
        if type(piece) is str:
            blank = blank or not piece or piece.isspace()
        elif type(piece) not in allowed:
            what = kind(piece)
            raise BadRequest(f"messages.{at}.content: `{what}` cannot be in a {speaker} turn")
    # Hardly any is, and then the list is good as it came.
    return [p for p in pieces if type(p) is not str or not is_blank(p)] if blank else pieces


def _waits(said: Turn, found: Turn) -> bool:
    """Whether a tool was called whose result the next message may bring: it must find the call
    in the turn before it (I5)."""
    answered = {piece.tool_use_id for piece in found.pieces if isinstance(piece, m.ToolResult)}
    return any(isinstance(piece, m.ToolUse) and piece.id not in answered for piece in said.pieces)


def _merged(turns: Iterable[Turn]) -> list[Turn]:
    made: list[Turn] = []
    for turn in turns:
        if made and made[-1].speaker == turn.speaker:
            made[-1].pieces += turn.pieces
        else:
            made.append(turn)
    return made
